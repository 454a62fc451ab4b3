"""Its style sheet and scripts."""

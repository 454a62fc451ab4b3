"""The documentation, which the safety case takes its words from."""

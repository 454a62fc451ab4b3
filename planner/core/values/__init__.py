"""Exact figures, stretches of them, and how both are written."""

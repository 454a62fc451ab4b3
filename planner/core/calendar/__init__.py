"""The clinic, its hours and rooms, and what is taken of them."""

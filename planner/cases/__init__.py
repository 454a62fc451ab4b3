"""The published cases: another program can be held against them."""

"""The installation proves itself where it stands."""

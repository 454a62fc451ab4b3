"""The protocol as data: its decision table with the proof, regimens, limits, sources."""

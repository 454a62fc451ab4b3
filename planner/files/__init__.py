"""Files to core types and back; every problem of a file is told at once."""

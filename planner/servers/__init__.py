"""Calendar servers: the only room that speaks to a network."""

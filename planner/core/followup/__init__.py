"""A course under way: its events, what they lead to, what has to be asked, how it responds."""

"""A course through its life: its events, kept in SQLite or PostgreSQL."""

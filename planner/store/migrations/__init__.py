"""How the database came to its form: one module a version, read by Alembic."""

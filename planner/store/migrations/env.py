"""What Alembic runs: the migrations on the connection that the register hands in."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()

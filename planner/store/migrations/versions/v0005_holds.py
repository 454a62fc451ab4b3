"""An index of holds: which lesions are held is asked whenever somebody looks at what waits."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add an index; nothing of the history is touched."""
    holds = sa.text("kind = 'held'")
    op.create_index(
        "events_of_holds", "events", ["course"], sqlite_where=holds, postgresql_where=holds
    )

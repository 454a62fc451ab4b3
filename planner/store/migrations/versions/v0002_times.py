"""Visits with their times and clinic, the codes of single pages, patients' ids as people read them.

The courses themselves are migrated beside this, by the code that follows them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the drawn tables anew; nothing of the history is touched."""
    op.add_column("patients", sa.Column("read_as", sa.Text))
    op.create_index("patients_read_as", "patients", ["read_as"])
    op.drop_table("visits")
    op.create_table(
        "visits",
        sa.Column("course", sa.Text, sa.ForeignKey("courses.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("clinic", sa.Text, nullable=False),
        sa.Column("day", sa.Text),
        sa.Column("start", sa.Text),
        sa.Column("end", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
    )
    op.create_index("visits_by_day", "visits", ["day", "clinic"])
    op.create_table(
        "pages",
        sa.Column("course", sa.Text, sa.ForeignKey("courses.id"), primary_key=True),
        sa.Column("event", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("page", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
    )
    op.create_index("pages_by_code", "pages", ["code"])
    op.execute("INSERT INTO pages SELECT course, event, '', code FROM issues")
    op.drop_table("issues")

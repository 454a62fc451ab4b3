"""Clinics with their versions and closures, what waits for whom, the waiting list.

The clinics of the courses that are there are made beside this, by the code that reads them.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add tables and columns; nothing of the history is touched."""
    _add_columns()
    op.create_table(
        "clinics",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("input", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
    op.create_table(
        "clinic_events",
        sa.Column("clinic", sa.Text, sa.ForeignKey("clinics.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
    op.create_table(
        "waiting",
        sa.Column("course", sa.Text, primary_key=True),
        sa.Column("clinic", sa.Text, sa.ForeignKey("clinics.id"), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("read_as", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("protocol", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_index("ix_waiting_clinic", "waiting", ["clinic"])
    _keep_the_history()
    _without_capacity()


def _add_columns() -> None:
    op.add_column("courses", sa.Column("clinic", sa.Text, nullable=False, server_default=""))
    for name in ("waits", "to_tell", "to_see"):
        op.add_column("courses", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.create_index("ix_courses_clinic", "courses", ["clinic"])


def _keep_the_history() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER clinic_events_keep_{action.lower()} BEFORE {action}"
                " ON clinic_events BEGIN"
                f" SELECT RAISE(ABORT, 'the history is kept: no {action} of clinic_events'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER clinic_events_keep BEFORE UPDATE OR DELETE ON clinic_events"
        " FOR EACH ROW EXECUTE FUNCTION keep_history()"
    )
    op.execute(
        "CREATE TRIGGER clinic_events_keep_all BEFORE TRUNCATE ON clinic_events"
        " EXECUTE FUNCTION keep_history()"
    )


def _without_capacity() -> None:
    """A visit says no more how many rooms its clinic had when it was drawn."""
    visits = sa.table(
        "visits",
        sa.column("course", sa.Text),
        sa.column("number", sa.Integer),
        sa.column("summary", sa.Text),
    )
    there = op.get_bind()
    for course, number, summary in there.execute(sa.select(visits)).all():
        found = json.loads(summary)
        if found.pop("capacity", None) is not None:
            here = (visits.c.course == course) & (visits.c.number == number)
            kept = json.dumps(found, ensure_ascii=False)
            there.execute(sa.update(visits).where(here).values(summary=kept))

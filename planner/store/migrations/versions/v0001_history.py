"""The history, what is drawn from it, and the triggers that keep it as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# What may be done to each table that is kept: texts can be blanked and nothing else.
_KEPT = {"events": ("UPDATE", "DELETE"), "inputs": ("UPDATE", "DELETE"), "texts": ("DELETE",)}


def upgrade() -> None:
    """Make the tables and their triggers."""
    _make_history()
    _make_drawn()
    _keep_by_postgresql() if op.get_bind().dialect.name == "postgresql" else _keep_by_sqlite()


def _make_history() -> None:
    op.create_table(
        "inputs",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "patients",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, unique=True),
        sa.Column("name", sa.Text),
        sa.Column("birth_date", sa.Text),
        sa.Column("restricted", sa.Text),
        sa.Column("erased", sa.Text),
    )
    op.create_table(
        "courses",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("patient", sa.Integer, sa.ForeignKey("patients.key"), nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
    op.create_index("ix_courses_patient", "courses", ["patient"])
    op.create_table(
        "events",
        sa.Column("course", sa.Text, sa.ForeignKey("courses.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("texts_sha256", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
    op.create_table(
        "texts",
        sa.Column("course", sa.Text, primary_key=True),
        sa.Column("event", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("salt", sa.Text),
        sa.Column("content", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(("course", "event"), ("events.course", "events.number")),
    )


def _make_drawn() -> None:
    op.create_table(
        "visits",
        sa.Column("course", sa.Text, sa.ForeignKey("courses.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("day", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
    )
    op.create_index("visits_by_day", "visits", ["day"])
    op.create_table(
        "issues",
        sa.Column("course", sa.Text, sa.ForeignKey("courses.id"), primary_key=True),
        sa.Column("event", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
    )
    op.create_index("issues_by_code", "issues", ["code"])


def _keep_by_sqlite() -> None:
    for table, actions in _KEPT.items():
        for action in actions:
            op.execute(
                f"CREATE TRIGGER {table}_keep_{action.lower()} BEFORE {action} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, 'the history is kept: no {action} of {table}'); END"
            )
    op.execute(
        "CREATE TRIGGER texts_only_blanked BEFORE UPDATE ON texts WHEN NEW.salt IS NOT NULL"
        " BEGIN SELECT RAISE(ABORT, 'the history is kept: texts are only blanked'); END"
    )


def _keep_by_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION keep_history() RETURNS trigger AS $$ BEGIN"
        " RAISE EXCEPTION 'the history is kept: no % of %', TG_OP, TG_TABLE_NAME;"
        " END $$ LANGUAGE plpgsql"
    )
    for table, actions in _KEPT.items():
        op.execute(
            f"CREATE TRIGGER {table}_keep BEFORE {' OR '.join(actions)} ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION keep_history()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table}"
            " EXECUTE FUNCTION keep_history()"
        )
    op.execute(
        "CREATE TRIGGER texts_only_blanked BEFORE UPDATE ON texts FOR EACH ROW"
        " WHEN (NEW.salt IS NOT NULL) EXECUTE FUNCTION keep_history()"
    )

"""A register as the first edition left it, and what that edition said of it (make.py says how)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic import command
from alembic.config import Config

import planner.store

HERE = Path(__file__).parent
EXPORT = HERE / "export.jsonl"
_MIGRATIONS = Path(planner.store.__file__).parent / "migrations"


def kept(name: str) -> Any:
    """What the first edition said: `shows` of each course, `due` of all days."""
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def put_at(url: str) -> None:
    """Put the register at a URL, an SQLite file or an empty PostgreSQL database."""
    content = (HERE / "register.db").read_bytes()
    if "://" not in url:
        Path(url).write_bytes(content)
        return
    kept_rows = sqlalchemy.create_engine(f"sqlite:///file:{HERE / 'register.db'}?mode=ro&uri=true")
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with kept_rows.connect() as source, engine.begin() as target:
        config = Config(attributes={"connection": target})
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.set_main_option("path_separator", "os")
        command.upgrade(config, "0001")
        tables = sqlalchemy.MetaData()
        tables.reflect(target)
        for table in tables.sorted_tables:
            if table.name != "alembic_version":
                rows = [dict(row) for row in source.execute(sqlalchemy.select(table)).mappings()]
                target.execute(table.insert(), rows)
        keys = "SELECT setval(pg_get_serial_sequence('patients', 'key'), max(key)) FROM patients"
        target.execute(sqlalchemy.text(keys))
    kept_rows.dispose()
    engine.dispose()

"""The tables of the register, as the newest migration leaves them.

`events` and `inputs` are the history: triggers refuse to change them. `patients` and `texts` hold
all that can tell who somebody is, so that it can be blanked; `waiting` holds it too, for as long
as somebody waits. `clinic_events` is the history of the clinics. `courses`, `visits` and `pages`
are drawn from the events and can be made again. `accounts` to `audit` are of the web page: who may
use it, who does, and who read and changed what.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    text,
)
from sqlalchemy.types import Text

metadata = MetaData()

inputs = Table(
    "inputs",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("content", Text, nullable=False),
)
patients = Table(
    "patients",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("id", Text, unique=True),
    Column("name", Text),
    Column("birth_date", Text),
    Column("restricted", Text),
    Column("erased", Text),
    # The id as people read it: two that look alike are one patient.
    Column("read_as", Text),
    Index("patients_read_as", "read_as"),
)
courses = Table(
    "courses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("patient", Integer, ForeignKey("patients.key"), nullable=False, index=True),
    Column("events", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("digest", Text, nullable=False),
    # Where it is treated; empty only before its first event.
    Column("clinic", Text, nullable=False, server_default="", index=True),
    # How many findings wait for a physician.
    Column("waits", Integer, nullable=False, server_default="0"),
    # The event whose moves nobody told the patient of yet, and that which a nurse answered
    # questions with and no physician saw: 0 for none.
    Column("to_tell", Integer, nullable=False, server_default="0"),
    Column("to_see", Integer, nullable=False, server_default="0"),
    # The digest of the secret address of the patient's calendar; empty where there is none.
    Column("subscription", Text, nullable=False, server_default="", index=True),
)
events = Table(
    "events",
    metadata,
    Column("course", Text, ForeignKey("courses.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("texts_sha256", Text, nullable=False),
    Column("digest", Text, nullable=False),
    # Which courses have lesions held is asked often, and few ever had any.
    Index(
        "events_of_holds",
        "course",
        sqlite_where=text("kind = 'held'"),
        postgresql_where=text("kind = 'held'"),
    ),
)
texts = Table(
    "texts",
    metadata,
    Column("course", Text, primary_key=True),
    Column("event", Integer, primary_key=True, autoincrement=False),
    Column("salt", Text),
    Column("content", Text, nullable=False),
    ForeignKeyConstraint(("course", "event"), ("events.course", "events.number")),
)
visits = Table(
    "visits",
    metadata,
    Column("course", Text, ForeignKey("courses.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("clinic", Text, nullable=False),
    Column("day", Text),
    Column("start", Text),
    Column("end", Text),
    Column("state", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Index("visits_by_day", "day", "clinic"),
)
# A clinic's file and its closures, each change an event; `events`, `version` (of its file), `input`
# and `digest` are those of the last one.
clinics = Table(
    "clinics",
    metadata,
    Column("id", Text, primary_key=True),
    Column("events", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("input", Text, nullable=False),
    Column("digest", Text, nullable=False),
)
clinic_events = Table(
    "clinic_events",
    metadata,
    Column("clinic", Text, ForeignKey("clinics.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("digest", Text, nullable=False),
)
# Courses that wait for their first day; one leaves when it is booked or its patient is erased.
waiting = Table(
    "waiting",
    metadata,
    Column("course", Text, primary_key=True),
    Column("clinic", Text, ForeignKey("clinics.id"), nullable=False, index=True),
    Column("place", Integer, nullable=False),
    Column("read_as", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("content", Text, nullable=False),
)
# A page of the first edition has no name: one code stood on all pages of a set.
pages = Table(
    "pages",
    metadata,
    Column("course", Text, ForeignKey("courses.id"), primary_key=True),
    Column("event", Integer, primary_key=True, autoincrement=False),
    Column("page", Text, primary_key=True),
    Column("code", Text, nullable=False),
    Index("pages_by_code", "code"),
)
# Who may use the web page; `password` is a salted digest that is slow to guess.
accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("read_as", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("disabled", Text),
)
# Who is signed in, by the digest of a cookie.
sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.name"), nullable=False, index=True),
    Column("at", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("locked", Integer, nullable=False),
)
# Forms that came when nobody was signed in any more: given back to the same account alone.
kept_forms = Table(
    "kept_forms",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("at", Text, nullable=False),
)
# What opens a door by itself, by its digest: the address that begins, the tokens of programs; and
# what the page signs its forms with.
secrets = Table(
    "secrets",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
)
# Wrong passwords, by account and by address.
attempts = Table(
    "attempts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("last", Text, nullable=False),
)
audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", Text, nullable=False, index=True),
    Column("person", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("course", Text, nullable=False, index=True),
    Column("address", Text, nullable=False),
    # What a form is told from others by, so that one sent twice is one change.
    Column("form", Text, index=True),
)

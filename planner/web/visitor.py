"""Who is at the page, and what of the register they are at."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime
from typing import Any

from flask import current_app, g, request

from planner.app.accounts import program_of
from planner.app.clinics import clinics_listed
from planner.app.queries import clinic_of
from planner.app.roles import Author, Role
from planner.app.signing_in import Visitor, session_of, sign_in_trusted
from planner.core.values.lettering import as_people_read
from planner.core.values.said import said
from planner.errors import NotFoundError, Problem
from planner.store.accounts import Session
from planner.store.clinics import Place
from planner.store.database import Database
from planner.web.register import Register
from planner.web.settings import Settings

COOKIE, FORM_COOKIE = "planner_session", "planner_form"
FORM_FIELD = "form"
_NONCE_BYTES = 12
# What a program reads as: it sees all that is treated, and changes nothing.
_PROGRAM_ROLE: Role = "auditor"


def settings() -> Settings:
    """How the page is served."""
    found: Settings = current_app.config["PLANNER"]
    return found


def register() -> Register:
    """The register that is served."""
    found: Register = current_app.config["REGISTER"]
    return found


def database() -> Database:
    """The register's database. Raises ServiceError where it cannot be opened."""
    if "database" not in g:
        g.database = register().database
    found: Database = g.database
    return found


def now() -> datetime:
    """The moment of the request, in UTC."""
    if "now" not in g:
        g.now = datetime.now(UTC)
    found: datetime = g.now
    return found


def visitor() -> Visitor:
    """The address that the page is used from."""
    return Visitor(request.remote_addr or "", now())


def session() -> Session | None:
    """Who is signed in, locked or not."""
    if "session" not in g:
        g.session, g.new_cookie = _session()
    found: Session | None = g.session
    return found


def _session() -> tuple[Session | None, str | None]:
    trusted, cookie = _trusted_name(), request.cookies.get(COOKIE)
    found = session_of(database(), cookie, now()) if cookie else None
    if trusted is None or (found is not None and _is_read_as(found.account.name, trusted)):
        return found, None
    begun = sign_in_trusted(database(), trusted, visitor())
    if begun is None:
        return None, None
    return session_of(database(), begun[0], now()), begun[0]


def _trusted_name() -> str | None:
    """Who somebody is as the proxy says, where that is switched on."""
    name = settings().trust_header
    named = request.headers.get(name) if name and is_from_proxy() else None
    if named is None:
        return None
    try:
        # A proxy sends UTF-8; a header is read as Latin-1.
        return named.encode("latin-1").decode()
    except UnicodeError:
        return named


def _is_read_as(one: str, other: str) -> bool:
    return as_people_read(one) == as_people_read(other)


def is_from_proxy() -> bool:
    """Whether the proxy handed the request on."""
    return bool(request.environ.get("planner.from_proxy"))


def is_trusted() -> bool:
    """Whether a proxy vouches for who is signed in."""
    return _trusted_name() is not None


def program() -> str | None:
    """The program that reads with a token; None for people."""
    if "program" not in g:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        is_token = kind.lower() == "bearer" and bool(token.strip())
        g.program = program_of(database(), token.strip()) if is_token else None
    found: str | None = g.program
    return found


def author() -> Author:
    """Who reads or changes something."""
    there = session()
    if "author" not in g or g.author_of is not there:
        g.author_of, g.author = there, _author(there)
    found: Author = g.author
    return found


def _author(there: Session | None) -> Author:
    if there is None:
        name = program()
        who = f"program {name}" if name else ""
        return Author(who, now(), role=_PROGRAM_ROLE, through="page", address=visitor().address)
    return visitor().author(there.account)._replace(form=form_nonce())


def role() -> Role:
    """As what."""
    return author().role


def places() -> list[Place]:
    """The clinics of the register."""
    if "places" not in g:
        g.places = list(clinics_listed(database(), "auditor"))
    found: list[Place] = g.places
    return found


def clinic_wanted() -> str | None:
    """The id of the clinic that the address names, or that its course belongs to."""
    if "clinic_wanted" not in g:
        course = (request.view_args or {}).get("course")
        named = request.args.get("clinic")
        g.clinic_wanted = named or (clinic_of(database(), course) if course else None)
    found: str | None = g.clinic_wanted
    return found


def place_shown() -> Place | None:
    """The clinic that is wanted, else the first; None where there is none, or no such one."""
    wanted = clinic_wanted()
    if wanted is None:
        return next(iter(places()), None)
    return next((one for one in places() if one.id == wanted), None)


def place() -> Place | None:
    """As `place_shown`. Raises NotFoundError where the address names a clinic that is none."""
    there = place_shown()
    if there is None and clinic_wanted():
        raise NotFoundError(Problem("", said("There is no such clinic.")))
    return there


def wall() -> datetime:
    """The clinic's wall clock; UTC where there is no clinic yet."""
    there = place_shown()
    return there.clinic.wall_clock(now()) if there else now().replace(tzinfo=None)


def clinic_here() -> Place:
    """The clinic that is looked at. Raises NotFoundError before the register has one."""
    there = place()
    if there is None:
        raise NotFoundError(Problem("", said("There is no clinic yet.")))
    return there


def form_token() -> str:
    """What a form is told from others by, signed with whose it is."""
    there = session()
    name = there.account.name if there else ""
    nonce = secrets.token_hex(_NONCE_BYTES)
    whose = base64.urlsafe_b64encode(name.encode()).decode()
    return f"{nonce}.{whose}.{_signature(nonce, whose)}"


def _signature(nonce: str, whose: str) -> str:
    told = f"{nonce}.{whose}".encode()
    return hmac.new(register().key, told, hashlib.sha256).hexdigest()[:32]


def _token_parts() -> tuple[str, str] | None:
    """The nonce of a form that was sent, and whose it is; None where we made no such form."""
    parts = request.form.get(FORM_FIELD, "").split(".")
    if len(parts) != 3 or not hmac.compare_digest(
        _signature(parts[0], parts[1]).encode(), parts[2].encode()
    ):
        return None
    return parts[0], base64.urlsafe_b64decode(parts[1]).decode()


def form_nonce() -> str | None:
    """What the form that was sent is told from others by: where it is from, and all it says."""
    parts = _token_parts()
    if parts is None:
        return None
    filled = sorted(one for one in request.form.items(multi=True) if one[0] != FORM_FIELD)
    told = json.dumps([request.path, filled]).encode()
    return f"{parts[0]}.{hashlib.sha256(told).hexdigest()[:16]}"


def form_owner() -> str | None:
    """Whose form was sent, as we signed it."""
    parts = _token_parts()
    return parts[1] if parts else None


def wants_json() -> bool:
    """Whether a program asks."""
    best: Any = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return bool(best == "application/json")

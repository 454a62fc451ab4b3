"""Coming in and going out: sign in, lock and unlock, one's own account, what needs no sign-in."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from flask import g, make_response, redirect, request, url_for
from sqlalchemy import text
from werkzeug import Response

from planner.app import accounts
from planner.app.auditing import note_seen
from planner.app.roles import Author
from planner.app.signing_in import (
    LONGEST,
    TooManyError,
    WrongPasswordError,
    form_of,
    form_path,
    kept_form,
    lock,
    sign_in,
    sign_out,
    unlock,
    unlock_trusted,
)
from planner.core.values.languages import LANGUAGES
from planner.core.values.said import said
from planner.errors import NotFoundError, PlannerError, Problem
from planner.web.fields import by_place
from planner.web.guard import SAFE
from planner.web.routes import Pages
from planner.web.show import problems_json, show
from planner.web.visitor import (
    COOKIE,
    FORM_COOKIE,
    author,
    database,
    form_owner,
    is_trusted,
    now,
    session,
    visitor,
    wants_json,
)

pages = Pages()
# What somebody may ask for whose page is locked.
OF_LOCKED = ("unlock_page", "logout", "lock_page")
# An address of ours to go on to: no other host, nothing that a browser reads as one.
_NEXT = re.compile(r"/(?![/\\])[\w/.?=&%:+-]*", re.ASCII)
_MOST_KEPT = 300_000
_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.2, 1.0
_KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@pages.open("/healthz")
def healthz() -> Response:
    """Whether the database answers."""
    with database().reading() as connection:
        connection.execute(text("SELECT 1"))
    return Response("ok\n", mimetype="text/plain")


@pages.open("/static/<name>")
def static(name: str) -> Response:
    """A style sheet or a script."""
    content = _static_files().get(name)
    if content is None:
        raise NotFoundError(Problem("", said("There is no such file.")))
    answer = Response(content, mimetype=_KINDS[name.rpartition(".")[2]])
    answer.headers["Cache-Control"] = "max-age=3600"
    answer.add_etag()
    return answer.make_conditional(request)


@cache
def _static_files() -> Mapping[str, bytes]:
    folder = files("planner.templates") / "web" / "static"
    there = (one for one in folder.iterdir() if one.name.rpartition(".")[2] in _KINDS)
    return {one.name: one.read_bytes() for one in there}


@pages.open("/login", "GET", "POST")
def login() -> Response:
    """Sign in."""
    if request.method in SAFE:
        return _login(200)
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        cookie, account = sign_in(database(), name, password, visitor())
    except WrongPasswordError as error:
        time.sleep(min(_WAIT_SECONDS * error.number, _LONGEST_WAIT_SECONDS))
        return _login(401, name=name, problems=error.problems)
    except TooManyError as error:
        return _too_many(error, _login(429, problems=error.problems))
    if (before := session()) is not None:
        # Whoever was signed in here before is so no more.
        sign_out(database(), before, visitor())
    answer = redirect(_after_sign_in(account.name), 303)
    set_cookie(answer, COOKIE, cookie)
    return answer


def _login(status: int, **told: object) -> Response:
    lost = request.values.get("lost", "")
    return show("login.html.j2", status, next=_next(), lost=lost, **told)


def _too_many(error: TooManyError, answer: Response) -> Response:
    note_seen(database(), author(), "refused: too many wrong passwords")
    answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _wanted() -> str:
    """The address that was asked for, with its clinic, if it is one to go on to; else nothing."""
    wanted = request.full_path.rstrip("?")
    return wanted if _NEXT.fullmatch(wanted) else ""


def _next() -> str:
    wanted = request.values.get("next", "")
    return wanted if _NEXT.fullmatch(wanted) else ""


def _after_sign_in(name: str) -> str:
    """Where somebody wanted to go: back to a form that was kept, else where they came from."""
    secret = request.cookies.get(FORM_COOKIE)
    path = form_path(database(), secret, name) if secret else None
    return path or _next() or url_for("home")


def set_cookie(answer: Response, name: str, value: str) -> None:
    """Set a cookie that no script reads and no other page sends."""
    answer.set_cookie(
        name,
        value,
        max_age=int(LONGEST.total_seconds()),
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )


def sign_in_first() -> Response:
    """Nobody is signed in: a form that was sent is kept for whose it was."""
    if wants_json():
        return problems_json([Problem("", said("sign in, or send a token"))], 401)
    if request.method in SAFE:
        wanted = _wanted()
        following = wanted if wanted not in ("", "/") else None
        return redirect(url_for("login", next=following), 303)
    answer = make_response()
    is_kept = _keep(answer, form_owner())
    answer.status_code, answer.location = 303, url_for("login", lost="no" if is_kept else "yes")
    return answer


def unlock_first() -> Response:
    """The page is locked: a form that was sent is kept."""
    if wants_json():
        return problems_json([Problem("", said("the page is locked"))], 403)
    is_read = request.method in SAFE
    answer = show("locked.html.j2", 403, next=_wanted() if is_read else "")
    there = session()
    if not is_read and there is not None:
        _keep(answer, there.account.name)
    return answer


# The forms that somebody comes back to.
_KEPT = ("change_page", "visit_change_page", "record", "course_new", "preview_new", "clinic")


def _keep(answer: Response, owner: str | None) -> bool:
    """Keep the form that was sent for its owner, and let the browser know by what; if it can be."""
    content = json.dumps(list(request.form.items(multi=True)))
    if not owner or request.endpoint not in _KEPT or len(content) > _MOST_KEPT:
        return False
    path, mark, query = (_wanted() or request.path).partition("?")
    address = f"{path.removesuffix('/preview')}{mark}{query}"
    set_cookie(answer, FORM_COOKIE, kept_form(database(), owner, address, content, now()))
    return True


def kept_fields() -> list[tuple[str, str]] | None:
    """What was filled into this form before somebody had to sign in again; once."""
    secret, there = request.cookies.get(FORM_COOKIE), session()
    if not secret or there is None:
        return None
    address = form_path(database(), secret, there.account.name) or ""
    if address.partition("?")[0] != request.path:
        return None
    found = form_of(database(), secret, there.account.name)
    return [(str(name), str(value)) for name, value in json.loads(found.content)] if found else None


@pages.action("/logout", may=None)
def logout() -> Response:
    """Sign out."""
    there = session()
    assert there is not None
    sign_out(database(), there, visitor())
    answer = make_response(redirect(url_for("login"), 303))
    answer.delete_cookie(COOKIE)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@pages.action("/lock", may=None)
def lock_page() -> Response:
    """Lock the page until its password is given."""
    there = session()
    assert there is not None
    lock(database(), there, visitor())
    g.session = there._replace(is_locked=True)
    return show("locked.html.j2", next=_next())


@pages.form("/unlock", may=None)
def unlock_page() -> Response:
    """Unlock the page."""
    there = session()
    assert there is not None
    if request.method in SAFE:
        return show("locked.html.j2", next=_next())
    if request.form.get("name", there.account.name) != there.account.name:
        # Somebody else signed in meanwhile: what is behind the lock is not theirs.
        return show("locked.html.j2", 403, next="")
    try:
        if is_trusted():
            unlock_trusted(database(), there, visitor())
        else:
            unlock(database(), there, request.form.get("password", ""), visitor())
    except WrongPasswordError as error:
        time.sleep(min(_WAIT_SECONDS * error.number, _LONGEST_WAIT_SECONDS))
        return show("locked.html.j2", 403, next=_next(), problems=error.problems)
    except TooManyError as error:
        return _too_many(error, show("locked.html.j2", 429, next=_next(), problems=error.problems))
    if request.form.get("stay"):
        # A script covers the page, and shows it again.
        return Response(status=204)
    return redirect(_after_sign_in(there.account.name), 303)


@pages.open("/setup/<secret>", "GET", "POST")
def setup(secret: str) -> Response:
    """Make the first administrator."""
    if not accounts.is_setup(database(), secret):
        raise NotFoundError(Problem("", said("This address holds no more.")))
    if request.method in SAFE:
        return show("setup.html.j2", form={})
    name, password = request.form.get("name", ""), request.form.get("password", "")
    first = Author("set-up", now(), role="administrator", through="page", address=visitor().address)
    try:
        accounts.set_up(database(), secret, name, password, first)
    except PlannerError as error:
        problems = error.problems
        return show(
            "setup.html.j2", 422, form=request.form, problems=problems, wrong=by_place(problems)
        )
    return redirect(url_for("login"), 303)


@pages.form("/account", may=None, of_clinic=True)
def account() -> Response:
    """One's own account: its language."""
    if request.method in SAFE:
        return show("account.html.j2", languages=list(LANGUAGES))
    try:
        accounts.set_language(database(), author(), request.form.get("language", ""))
    except PlannerError as error:
        return show("account.html.j2", 422, languages=list(LANGUAGES), problems=error.problems)
    return redirect(url_for("home"), 303)

"""Accounts and the tokens of programs; who read and changed what."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort, redirect, request, url_for
from werkzeug import Response

from planner.app import accounts
from planner.app.accounts import NewAccount
from planner.app.auditing import as_csv, note_seen, seen_by
from planner.app.roles import ROLES
from planner.core.values.languages import LANGUAGES
from planner.errors import NotAllowedError, PlannerError, Problem, ServiceError
from planner.store.audit import MOST_ROWS, Noted, Sought
from planner.web.fields import Fields, by_place
from planner.web.guard import SAFE
from planner.web.routes import Pages
from planner.web.show import file, show
from planner.web.visitor import author, database, role

pages = Pages()


@pages.form("/accounts", may="accounts")
def account_list() -> Response:
    """The accounts and tokens; one more, or one changed."""
    if request.method in SAFE:
        return _shown(200)
    fields = Fields(request.form, has_commas=False)
    try:
        token = _changed(fields, request.form.get("act", ""))
    except (NotAllowedError, ServiceError):
        raise
    except PlannerError as error:
        status = 422 if error.exit_code in (2, 10) else 409
        return _shown(status, problems=error.problems)
    if token is not None:
        return _shown(200, token=token)
    return redirect(url_for("account_list"), 303)


def _changed(fields: Fields, act: str) -> str | None:
    """Change an account; the token of a program where one was made."""
    name, password = fields.said("name"), fields.values.get("password", "")
    who, wanted = author(), fields.said("role")
    match act:
        case "add":
            new = NewAccount(name, wanted, password, fields.said("language"))
            accounts.add(database(), who, new)
        case "role":
            accounts.set_role(database(), who, name, wanted)
        case "password":
            accounts.set_password(database(), who, name, password)
        case "disable":
            accounts.disable(database(), who, name)
        case "token":
            return accounts.make_token(database(), who, fields.said("program"))
        case "withdraw":
            accounts.withdraw_token(database(), who, fields.said("program"))
        case _:
            abort(404)
    return None


def _shown(status: int, *, token: str | None = None, problems: Sequence[Problem] = ()) -> Response:
    return show(
        "accounts.html.j2",
        status,
        accounts=accounts.listed(database(), role()),
        tokens=accounts.tokens(database(), role()),
        roles=ROLES,
        languages=list(LANGUAGES),
        form=request.form,
        act=request.form.get("act", ""),
        token=token,
        problems=problems,
        wrong=by_place(problems),
    )


@pages.page("/audit", may="audit")
def audit() -> Response:
    """Who read and changed what, by person, course and day."""
    fields = Fields(request.args, has_commas=False)
    sought = Sought(fields.said("person") or None, fields.said("course") or None, fields.day("day"))
    is_file = fields.said("as") == "csv"
    if fields.problems:
        return _audit(fields, (), 422)
    found = seen_by(database(), role(), sought, None if is_file else MOST_ROWS)
    note_seen(database(), author(), "read audit")
    if is_file:
        return file(as_csv(found), "text/csv", "audit.csv", inline=False)
    return _audit(fields, found)


def _audit(fields: Fields, found: Sequence[Noted], status: int = 200) -> Response:
    return show(
        "audit.html.j2",
        status,
        found=found,
        asked=request.args,
        most=MOST_ROWS,
        problems=fields.problems,
        wrong=by_place(fields.problems),
    )

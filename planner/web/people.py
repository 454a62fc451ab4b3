"""Accounts and the tokens of programs; who read and changed what."""

from __future__ import annotations

from collections.abc import Sequence

from flask import redirect, request, url_for
from werkzeug import Response

from planner.app import accounts
from planner.app.accounts import NewAccount
from planner.app.auditing import as_csv, note_seen, seen_by
from planner.app.roles import ROLES
from planner.core.values.languages import LANGUAGES
from planner.core.values.said import said
from planner.documents.language import msgid
from planner.errors import NotAllowedError, NotFoundError, PlannerError, Problem, ServiceError
from planner.store.audit import MOST_ROWS, Noted, Sought
from planner.web.asking import is_done, seen_of
from planner.web.fields import Fields, by_place
from planner.web.guard import SAFE
from planner.web.routes import Pages
from planner.web.show import file, say, show
from planner.web.visitor import author, database, role

pages = Pages()


# The forms of the page of accounts: what their fields are called.
_LABELS: dict[str, dict[str, str]] = {
    "add": {
        "name": msgid("Name"), "role": msgid("Role"), "password": msgid("Password"),
        "language": msgid("Language"),
    },
    "role": {"name": msgid("Account"), "role": msgid("New role")},
    "password": {
        "name": msgid("Account with a new password"), "password": msgid("New password"),
    },
    "disable": {"name": msgid("Account to disable")},
    "token": {"program": msgid("Program")},
    "withdraw": {"program": msgid("Program")},
}  # fmt: skip


@pages.form("/accounts", may="accounts", of_clinic=True)
def account_list() -> Response:
    """The accounts and tokens; one more, or one changed: looked at, then written."""
    if request.method in SAFE:
        return _shown(200)
    act = request.form.get("what", "")
    if act not in _LABELS:
        raise NotFoundError(Problem("", said("There is no such page.")))
    try:
        return _sent(Fields(request.form, has_commas=False), act)
    except (NotAllowedError, ServiceError):
        raise
    except PlannerError as error:
        status = 422 if error.exit_code in (2, 10) else 409
        return _shown(status, act, problems=error.problems)


def _sent(fields: Fields, act: str) -> Response:
    """A form that was sent: looked at, or written if it was looked at before."""
    if is_done():
        return redirect(url_for("account_list"), 303)
    _changed(fields, act, is_dry=True)
    led_to = _led_to(fields, act)
    seen = seen_of(request.form, led_to)
    if request.form.get("act") != "write":
        return _shown(200, act, led_to=led_to, seen=seen)
    if request.form.get("seen") != seen:
        return _shown(422, act, problems=[_not_as_seen(act)])
    token = _changed(fields, act, is_dry=False)
    return _shown(200, token=token) if token else redirect(url_for("account_list"), 303)


def _not_as_seen(act: str) -> Problem:
    """What is wrong where something else was shown before; a password is typed twice."""
    if "password" in _LABELS[act]:
        problem = said("it is not what was shown, or another password than before")
        return Problem("password", problem, said("look at it again, and type the password twice"))
    return Problem("", said("This is not what was shown before: look at it again."))


def _changed(fields: Fields, act: str, *, is_dry: bool) -> str | None:
    """Change an account, or see that it can be; the token of a program where one was made."""
    name, password = fields.said("name"), fields.values.get("password", "")
    who, wanted, program = author(), fields.said("role"), fields.said("program")
    match act:
        case "add":
            new = NewAccount(name, wanted, password, fields.said("language") or "en")
            accounts.add(database(), who, new, is_dry=is_dry)
        case "role":
            accounts.set_role(database(), who, name, wanted, is_dry=is_dry)
        case "password":
            accounts.set_password(database(), who, name, password, is_dry=is_dry)
        case "disable":
            accounts.disable(database(), who, name, is_dry=is_dry)
        case "token":
            return accounts.make_token(database(), who, program, is_dry=is_dry)
        case "withdraw":
            accounts.withdraw_token(database(), who, program, is_dry=is_dry)
    return None


def _led_to(fields: Fields, act: str) -> str:
    """What a change leads to."""
    words, name, program = say(), fields.said("name"), fields.said("program")
    role_named = words(fields.said("role"))
    match act:
        case "add":
            return words("{name} may use the page, as {role}", name=name, role=role_named)
        case "role":
            return words("{name} is {role}, and has to sign in again", name=name, role=role_named)
        case "password":
            return words("{name} has to sign in again, with the new password", name=name)
        case "disable":
            return words("{name} is signed out, and signs in no more", name=name)
        case "token":
            return words("{program} reads with a token, which is shown once", program=program)
        case _:
            return words("{program} reads no more", program=program)


def _shown(
    status: int,
    act: str = "",
    *,
    led_to: str = "",
    seen: str = "",
    token: str | None = None,
    problems: Sequence[Problem] = (),
) -> Response:
    words = say()
    return show(
        "accounts.html.j2",
        status,
        accounts=accounts.listed(database(), role()),
        tokens=accounts.tokens(database(), role()),
        roles=ROLES,
        languages=list(LANGUAGES),
        form=request.form,
        act=act,
        led_to=led_to,
        seen=seen,
        token=token,
        problems=problems,
        wrong=by_place(problems),
        fields=_LABELS,
        labels={name: words(label) for name, label in _LABELS.get(act, {}).items()},
    )


@pages.page("/audit", may="audit", of_clinic=True)
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

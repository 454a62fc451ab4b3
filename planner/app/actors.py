"""Who may do what: a person, a role, and the roles that each use case is for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, get_args

from planner.core.followup import events
from planner.errors import Problem, RefusedError

Role = events.Role
ROLES: tuple[Role, ...] = get_args(Role)


class Answer(NamedTuple):
    """What somebody says yes to: a question or finding by its code, for one value alone."""

    code: str
    value: str


class Author(NamedTuple):
    """Who makes a change, when (UTC), and why, where a reason is asked for."""

    name: str
    now: datetime
    reason: str | None = None
    # What the author says to what is asked; None where nothing is confirmed.
    confirm: str | None = None
    role: Role = "physician"
    # What `confirm` is said to; None for all that is asked.
    answers: frozenset[Answer] | None = None


# Each use case, an event by its kind, in words and with the roles that may. A physician may all,
# and alone what is not here.
_RECORDS: tuple[Role, ...] = ("nurse",)
MAY: Mapping[str, tuple[str, tuple[Role, ...]]] = {
    "read": ("read courses", ("nurse", "secretary", "auditor")),
    "planned": ("add a course", ()),
    "given": ("record what was given", _RECORDS),
    "evaluated": ("record an evaluation", _RECORDS),
    "answered": ("record an answer of the patient", _RECORDS),
    "answer-taken-back": ("take back what was a reason to stop", ()),
    "missed": ("record that a visit was missed", _RECORDS),
    "moved": ("move a visit", ("secretary",)),
    "held": ("hold a lesion", ()),
    "resumed": ("release a lesion", ()),
    "dose-changed": ("change a dose", ()),
    "lesion-added": ("add a lesion", ()),
    "confirmed": ("confirm a finding", ()),
    "ended": ("end a course", ()),
    "corrected": ("correct a record", ()),
    "undone": ("withdraw their own last entry", _RECORDS),
    "issued": ("make documents", ("nurse", "secretary")),
    "rearranged": ("change the clinic of a course", ()),
    "told": ("record that a patient was told", ("nurse", "secretary")),
    "clinic-read": ("read a clinic", ("nurse", "secretary", "auditor", "administrator")),
    "clinic-put": ("put a clinic's file", ("administrator",)),
    "clinic-days": ("close or open a clinic's days", ("secretary", "administrator")),
    "waiting": ("work with the waiting list", ("secretary",)),
    "patients": ("export, restrict or erase a patient's data", ()),
    "export": ("export the register", ("auditor",)),
    "upkeep": ("import, check or back the register up", ("administrator",)),
}


def may(role: Role, what: str) -> bool:
    """Whether a role may do something; `what` is a key of MAY."""
    return role == "physician" or (what in MAY and role in MAY[what][1])


def check_may(role: Role, what: str) -> None:
    """Refuse what a role may not do."""
    if not may(role, what):
        words, others = MAY.get(what, (f"enter {what}", ()))
        who = " or ".join(("physician", *others))
        raise RefusedError(Problem("role", f"as {role} you may not {words}", f"ask a {who}"))

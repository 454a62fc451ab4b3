"""Who may do what: a person, a role, and the roles that each use case is for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, get_args

from planner.core.followup import events
from planner.core.followup.events import Entry, Event, Through
from planner.errors import NotAllowedError, Problem

Role = events.Role
ROLES: tuple[Role, ...] = get_args(Role)


class Answer(NamedTuple):
    """What somebody says yes to: a question or finding by its code, for one value alone.

    `target` is the lesion or the number of the visit that a finding is of, empty where it has none.
    """

    code: str
    value: str
    target: str = ""


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
    through: Through = "terminal"
    # The address that a page was used from, and what its form is told from others by.
    address: str = ""
    form: str | None = None

    def entry(self, number: int, event: Event, reason: str | None) -> Entry:
        """An event as this author enters it."""
        return Entry(
            number, self.now, self.name, reason, event, role=self.role, through=self.through
        )


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
    "series": ("see the series", ("nurse", "secretary", "auditor")),
    "upkeep": ("import, check or back the register up", ("administrator",)),
    "subscribed": ("withdraw or renew the address of a calendar", ("secretary",)),
    "accounts": ("work with accounts", ("administrator",)),
    "audit": ("see who read and changed what", ("auditor",)),
}
# What is no matter of treatment: a physician may it no more than others.
_NO_TREATMENT = ("accounts", "audit")


def may(role: Role, what: str) -> bool:
    """Whether a role may do something; `what` is a key of MAY."""
    is_physicians = role == "physician" and what not in _NO_TREATMENT
    return is_physicians or (what in MAY and role in MAY[what][1])


def check_may(role: Role, what: str) -> None:
    """Refuse what a role may not do."""
    if not may(role, what):
        words, others = MAY.get(what, (f"enter {what}", ()))
        who = " or ".join(others if what in _NO_TREATMENT else ("physician", *others))
        raise NotAllowedError(Problem("role", f"as {role} you may not {words}", f"ask a {who}"))

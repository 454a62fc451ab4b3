"""Who may do what: a person, a role, and the roles that each use case is for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, get_args

from planner.core.followup import events
from planner.core.followup.events import Entry, Event, Through
from planner.core.values.formatting import listing
from planner.core.values.said import said
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


# Each use case, an event by its kind, in words and with the roles that may. A physician may all
# but `_NO_TREATMENT`, and alone what is not here.
_RECORDS: tuple[Role, ...] = ("nurse",)
MAY: Mapping[str, tuple[str, tuple[Role, ...]]] = {
    "read": (said("read courses"), ("nurse", "secretary", "auditor")),
    "planned": (said("add a course"), ()),
    "given": (said("record what was given"), _RECORDS),
    "evaluated": (said("record an evaluation"), _RECORDS),
    "answered": (said("record an answer of the patient"), _RECORDS),
    "answer-taken-back": (said("take back what was a reason to stop"), ()),
    "missed": (said("record that a visit was missed"), _RECORDS),
    "moved": (said("move a visit"), ("secretary",)),
    "held": (said("hold a lesion"), ()),
    "resumed": (said("release a lesion"), ()),
    "dose-changed": (said("change a dose"), ()),
    "lesion-added": (said("add a lesion"), ()),
    "confirmed": (said("confirm a finding"), ()),
    "ended": (said("end a course"), ()),
    "corrected": (said("correct a record"), ()),
    "undone": (said("withdraw their own last entry"), _RECORDS),
    "issued": (said("make documents"), ("nurse", "secretary")),
    "rearranged": (said("change the clinic of a course"), ()),
    "told": (said("record that a patient was told"), ("nurse", "secretary")),
    "clinic-read": (said("read a clinic"), ("nurse", "secretary", "auditor", "administrator")),
    "clinic-put": (said("put a clinic's file"), ("administrator",)),
    "clinic-days": (said("close or open a clinic's days"), ("secretary", "administrator")),
    "waiting": (said("work with the waiting list"), ("secretary",)),
    "patients": (said("export, restrict or erase a patient's data"), ()),
    "export": (said("export the register"), ("auditor",)),
    "series": (said("see the series"), ("nurse", "secretary", "auditor")),
    "upkeep": (said("import, check or back the register up"), ("administrator",)),
    "subscribed": (said("withdraw or renew the address of a calendar"), ("secretary",)),
    "accounts": (said("work with accounts"), ("administrator",)),
    "audit": (said("see who read and changed what"), ("auditor",)),
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
        words, others = MAY.get(what, (said("enter {what}", what=what), ()))
        is_apart = what in _NO_TREATMENT
        who = listing([said(one) for one in (others if is_apart else ("physician", *others))], "or")
        raise NotAllowedError(
            Problem(
                "role",
                said("as {role} you may not {words}", role=said(role), words=words),
                said("ask an {who}", who=who) if is_apart else said("ask a {who}", who=who),
            )
        )

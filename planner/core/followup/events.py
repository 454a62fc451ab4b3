"""What happens to a course: one record an event, appended and never altered."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from planner.core.plan.appointments import Named, Slot
from planner.core.plan.course import Confirmation, Course, Lesion
from planner.core.plan.findings import Finding
from planner.core.plan.plan import Decision, Ending, Observed, Page, PlannedVisit


class Planned(NamedTuple):
    """The course as it was added; protocol and clinic by the sha256 of what was read.

    `calendar_key` (hex) is random, and what calendar ids of the course are made with; courses that
    were added before there was one have none.
    """

    course: Course
    protocol: str
    clinic: str
    calendar_key: str | None = None


class Injected(NamedTuple):
    """What a lesion really got: the dose as it was entered, and what the syringe held.

    Pain is on a scale from 0 to 10.
    """

    lesion: str
    injection: int
    dose_mg: Fraction
    drawn_ml: Fraction
    drawn_mg: Fraction
    pain_before: Decimal | None = None
    pain_after: Decimal | None = None
    complication: str | None = None


class Given(NamedTuple):
    """Injections of a visit; `visit` has all its appointments, `at` is the clinic's wall clock."""

    visit: tuple[Named, ...]
    injections: tuple[Injected, ...]
    at: datetime
    lot: str | None = None
    expiry: str | None = None
    observed: tuple[Observed, ...] = ()


class Evaluated(NamedTuple):
    """A lesion measured at a visit; a size of 0 mm is a lesion that is gone."""

    visit: tuple[Named, ...]
    lesion: str
    evaluation: int
    at: datetime
    size_mm: Decimal
    ulcerated: bool | None = None
    pain: Decimal | None = None
    measured_by: str | None = None


class Missed(NamedTuple):
    """What was not done of a visit that was to be `at` (the clinic's wall clock)."""

    visit: tuple[Named, ...]
    at: datetime


class Moved(NamedTuple):
    """What is still to be done of a visit, at another time."""

    visit: tuple[Named, ...]
    to: datetime


class Held(NamedTuple):
    """Lesions whose remaining injections wait, from a day on."""

    lesions: tuple[str, ...]
    on: date


class Resumed(NamedTuple):
    """Held lesions that a physician released on a day."""

    lesions: tuple[str, ...]
    on: date


class DoseChanged(NamedTuple):
    """The dose of a lesion's injections that are to come, from one of them on."""

    lesion: str
    dose_mg: Fraction
    from_injection: int


class LesionAdded(NamedTuple):
    """A lesion found later; its own first injection is due `on` a day."""

    lesion: Lesion
    on: date


class Confirmed(NamedTuple):
    """A physician's word for a finding of the plan as it then was."""

    confirmation: Confirmation


class Answered(NamedTuple):
    """A question of the protocol was answered."""

    screen: str
    answer: bool


class Ended(NamedTuple):
    """The course is over; what was not done is cancelled."""

    ending: Ending
    on: date


class Document(NamedTuple):
    """A file that was made, by its name in the folder and the sha256 of its bytes."""

    name: str
    sha256: str


class Issued(NamedTuple):
    """Documents of a revision were made; `pages` are their pages with their codes.

    In the first edition one `code` stood on all pages, and of the files only the names were kept.
    """

    revision: int
    code: str
    documents: tuple[str, ...]
    files: tuple[Document, ...] = ()
    pages: tuple[Page, ...] = ()


class Identified(NamedTuple):
    """What became known of the patient in the course `source`; None for what did not."""

    source: str
    name: str | None = None
    birth_date: date | None = None
    sulfite_allergy: bool | None = None
    address: str | None = None


class Papers(NamedTuple):
    """What had been settled when papers were made, by the number of that event."""

    event: int
    settled: Settled


class Migrated(NamedTuple):
    """A course of the first edition, which kept no times: they are what this event settled.

    `known` names what the course knew of its patient, as its own events do not say. `papers` has
    what had been settled each time that papers were made which a later event changed.
    """

    known: tuple[str, ...] = ()
    papers: tuple[Papers, ...] = ()


class Rearrangement(NamedTuple):
    """What is to come of a visit, and its new start by the clinic's clock; None: it has no day."""

    visit: tuple[Named, ...]
    to: datetime | None


class Rearranged(NamedTuple):
    """The clinic changed, and what no longer fitted there stands at other times.

    They were chosen for all its courses at once. `clinic` is the sha256 of the file that holds from
    now on, None where that is as before; with other syringes or stock all is `drawn_anew`.
    """

    visits: tuple[Rearrangement, ...]
    clinic: str | None = None
    drawn_anew: bool = False


class Told(NamedTuple):
    """The patient was told what the event `rearranged` (its number) moved, and `how`."""

    rearranged: int
    how: str


class Subscribed(NamedTuple):
    """The secret address of the patient's calendar is another one (its number), or withdrawn."""

    address: int | None


class Corrected(NamedTuple):
    """An earlier event (by its number) was a slip: what holds in its place, None for nothing."""

    event: int
    instead: Given | Evaluated | None


Event = (
    Planned
    | Given
    | Evaluated
    | Missed
    | Moved
    | Held
    | Resumed
    | DoseChanged
    | LesionAdded
    | Confirmed
    | Answered
    | Ended
    | Issued
    | Identified
    | Migrated
    | Rearranged
    | Told
    | Subscribed
    | Corrected
)
# How each is called in the database, in exports and in a history.
KINDS: dict[str, type[Event]] = {
    "planned": Planned,
    "given": Given,
    "evaluated": Evaluated,
    "missed": Missed,
    "moved": Moved,
    "held": Held,
    "resumed": Resumed,
    "dose-changed": DoseChanged,
    "lesion-added": LesionAdded,
    "confirmed": Confirmed,
    "answered": Answered,
    "ended": Ended,
    "issued": Issued,
    "identified": Identified,
    "migrated": Migrated,
    "rearranged": Rearranged,
    "told": Told,
    "subscribed": Subscribed,
    "corrected": Corrected,
}
_NAMES = {kind: name for name, kind in KINDS.items()}


def kind_of(event: Event) -> str:
    """`given`, `moved` and so on."""
    return _NAMES[type(event)]


# What raises no revision: it changes nothing of the course.
UNCOUNTED = (Planned, Issued, Migrated, Told, Subscribed)
# What decides nothing of what is to come.
UNSETTLED = (Issued, Told, Subscribed)


class Scheduled(NamedTuple):
    """The time of a visit that is to come; None where no day was found."""

    visit: int
    start: datetime | None
    end: datetime | None


class Settled(NamedTuple):
    """What was decided when an event was made, and is a fact from then on.

    `scheduled` has every visit that is left to come; `visits` those whose content or time changed,
    `gone` the numbers of those that are no more, `slots` the appointments that changed and
    `dropped` those that are no more. `decisions` are of the lesions that came with the event;
    `findings` are all of the plan, None where they are as before.
    """

    scheduled: tuple[Scheduled, ...]
    slots: tuple[tuple[Named, Slot], ...] = ()
    dropped: tuple[Named, ...] = ()
    visits: tuple[PlannedVisit, ...] = ()
    gone: tuple[int, ...] = ()
    decisions: tuple[Decision, ...] = ()
    findings: tuple[Finding, ...] | None = None


# Where an event was entered: on a command line, or on the web page.
Through = Literal["terminal", "page"]
# As what somebody enters an event.
Role = Literal["physician", "nurse", "secretary", "auditor", "administrator"]


class Entry(NamedTuple):
    """An event with its number (1, 2, ... within the course), when it was entered, by whom, why.

    `at` is in UTC. `confirmations` are what the author confirmed together with it, `answered` the
    questions of fact that the author said yes to. `settled` is None for what decides nothing, and
    for all of the first edition's events.
    """

    number: int
    at: datetime
    by: str
    reason: str | None
    event: Event
    confirmations: tuple[Confirmation, ...] = ()
    settled: Settled | None = None
    role: Role = "physician"
    answered: tuple[str, ...] = ()
    through: Through = "terminal"

"""A clinic: where it is, when it is open, what it draws up with, what it has in stock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from planner.core.dosing.equipment import Stock, Syringe
from planner.core.values.languages import LANGUAGES

# A sheet of labels: 70 x 37 mm, flags of 45.7 x 21.2 mm, and 30 on Letter paper.
Label = Literal["A4-24", "A4-48", "Letter-30"]
# What a visit is for. The evaluation comes first: a lesion is measured before it is injected.
Purpose = Literal["evaluation", "injection"]
PURPOSES: tuple[Purpose, ...] = ("evaluation", "injection")
# What a visit takes of a clinic while it lasts.
Kind = Literal["rooms", "nurses", "physicians"]
KINDS: tuple[Kind, ...] = ("rooms", "nurses", "physicians")
# So many of each kind; a visit, or a clinic's whole.
Share = Mapping[Kind, int]
ONE_ROOM: Share = MappingProxyType({"rooms": 1})


class OpeningHours(NamedTuple):
    """Opening hours from `start` (inclusive) to `end`, when the last visit is over."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


class Closure(NamedTuple):
    """Days without visits, both inclusive; with `hours` only then on each of them.

    Of a `kind` it closes nothing, but there are `less` of it for that time.
    """

    first: date
    last: date
    hours: OpeningHours | None = None
    kind: Kind | None = None
    less: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether there is no visit at all on its days."""
        return self.hours is None and self.kind is None

    def is_on(self, day: date) -> bool:
        """Whether it is of a day."""
        return self.first <= day <= self.last


class Approval(NamedTuple):
    """That the clinic lets a version of a protocol be used, until `review_by` (inclusive)."""

    protocol: str
    version: str
    by: str
    on: date
    review_by: date


class Clinic(NamedTuple):
    """A clinic as its file states it; `assumed` names what the file leaves to the planner.

    `id` is what the register knows it by. `capacity` says how many of each kind there are, `needs`
    how many a visit of a purpose takes; a kind that is not in it has no limit. `opening` has a
    tuple of spans for each weekday, Monday first. `public_holidays` is None where they are working
    days; otherwise it names those of `holiday_years` and of no other. `holiday_parts` are parts of
    the country that have more of their own, where the file states none. `calendar_key` is the
    secret that calendar ids are made with; it stands in no document. `most_ml` is the clinic's own
    limit for one injection at a site; `further_lesion_minutes` is what each lesion of a purpose
    after its first adds to a visit. `codes` has system and code of a site for other systems.
    """

    name: str
    address: str
    phone: str
    timezone: str
    opening: tuple[tuple[OpeningHours, ...], ...]
    closures: tuple[Closure, ...]
    injection_minutes: int
    evaluation_minutes: int
    capacity: Share
    reminders: tuple[timedelta, ...]
    paper: Literal["A4", "Letter"]
    language: str
    draw_up: Literal["each", "shared"]
    second_check: bool
    stock: Stock | None
    syringes: tuple[Syringe, ...]
    approvals: tuple[Approval, ...]
    public_holidays: Mapping[date, str] | None = None
    holiday_years: range = range(0)
    holiday_parts: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    id: str = "clinic"
    calendar_key: str | None = None
    further_lesion_minutes: int = 0
    most_ml: Mapping[str, Fraction] = MappingProxyType({})
    needle_change: bool = False
    label: Label | None = None
    needs: Mapping[Purpose, Share] = MappingProxyType(
        {"injection": ONE_ROOM, "evaluation": ONE_ROOM}
    )
    codes: Mapping[str, tuple[str, str]] = MappingProxyType({})

    def wall_clock(self, moment: datetime) -> datetime:
        """What its clock on the wall shows at a moment."""
        return moment.astimezone(ZoneInfo(self.timezone)).replace(tzinfo=None)

    @property
    def draws(self) -> object:
        """What of it a draw-up follows, and the limits that it is held against."""
        return self.syringes, self.stock, self.draw_up, self.needle_change, dict(self.most_ml)

    @property
    def writes_commas(self) -> bool:
        """Whether a decimal has a comma in its language."""
        return LANGUAGES[self.language].decimal_mark == ","

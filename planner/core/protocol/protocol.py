"""A protocol: the rules, regimens, limits and sources of a treatment, as data."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NamedTuple

from planner.core.protocol.decisions import DecisionTable
from planner.core.values.intervals import Interval
from planner.core.values.quantities import Strength
from planner.core.values.said import Said, said


class Source(NamedTuple):
    """A publication. `caveat` says how much it can bear ("6 patients, uncontrolled")."""

    id: str
    citation: str
    caveat: str = ""


class Regimen(NamedTuple):
    """A series of injections into one lesion, `interval_days` apart, or on `days` of its own.

    `days` count from the first injection, which is on day 0. `dose_mg` is what the source's cases
    were given at one injection (None: nothing to compare).
    """

    id: str
    title: str
    injections: int
    interval_days: int
    dose_mg: Interval | None
    place: str
    days: tuple[int, ...] | None = None

    def due_days(self, first: date) -> list[date]:
        """The days of its injections, the first one on a day."""
        if self.days is not None:
            return [first + timedelta(days=count) for count in self.days]
        from dateutil.rrule import DAILY, rrule

        start = datetime.combine(first, time())
        every = rrule(DAILY, start, interval=self.interval_days or 1, count=self.injections)
        return [one.date() for one in every]

    @property
    def last_day(self) -> int:
        """The day of its last injection, counted from the first."""
        start = date(2000, 1, 1)
        return (self.due_days(start)[-1] - start).days

    def days_before(self, count: int) -> int:
        """The days from the injection before one (1, 2, ...); from the first to the next."""
        if self.days is None or len(self.days) == 1:
            return self.interval_days
        later = max(count, 2)
        return self.days[later - 1] - self.days[later - 2]


class Evaluation(NamedTuple):
    """A look at a lesion, counted from its first injection; the window reaches both ways."""

    after_days: int
    window_days: int


class Policy(NamedTuple):
    """The clinic's own latitude, not the source's: both in days, both inclusive."""

    injection_window_days: int
    shortest_interval_days: int


class TreatedRange(NamedTuple):
    """What the source treated at all; whatever is left out is not compared."""

    place: str
    size_mm: Interval | None
    visit_dose_mg: Interval | None
    sites: tuple[str, ...] | None
    diagnoses: tuple[str, ...] | None
    age: Interval | None = None


class Screen(NamedTuple):
    """A question to ask before treatment; an answer that `stops` waits for a physician.

    Asked of courses with a lesion at one of `sites`; None for all. `is_policy` says that it is a
    matter of safety that the source does not speak of.
    """

    id: str
    question: str
    stops: bool
    sites: tuple[str, ...] | None
    because: str
    place: str
    is_policy: bool

    def concerns(self, sites: Collection[str]) -> bool:
        """Whether a course with lesions at these sites is asked it."""
        return self.sites is None or any(one in sites for one in self.sites)


# The drug's own question: every course is asked it, whatever its protocol asks besides.
SULFITE_ALLERGY = Screen(
    "sulfite-allergy",
    "sulfite allergy (not sulfonamide)",
    stops=True,
    sites=None,
    because="nothing is injected before a physician decided",
    place="",
    is_policy=True,
)


class Observation(NamedTuple):
    """Something to note at a visit, never asked for; of a lesion at one of `sites`, None: of any.

    A quantity has its `unit`, a choice its `values`.
    """

    id: str
    label: str
    when: Literal["before", "after"]
    type: Literal["yes-no", "quantity", "text", "choice"]
    unit: str
    values: tuple[str, ...]
    sites: tuple[str, ...] | None

    def is_of(self, sites: Collection[str]) -> bool:
        """Whether it is noted where lesions at these sites are treated."""
        return self.sites is None or any(one in self.sites for one in sites)

    def may_be(self, value: str) -> bool:
        """Whether a value is one as it is kept: yes or no, a plain decimal, a choice, a text."""
        if self.type == "yes-no":
            return value in ("yes", "no")
        if self.type == "choice":
            return value in self.values
        if self.type == "quantity":
            return re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value) is not None
        return bool(value.strip())


class FollowUp(NamedTuple):
    """A lesion's size some weeks after its first injection, and the reduction as printed."""

    week: int
    size_mm: Decimal
    reduction_percent: Decimal


class Case(NamedTuple):
    """One lesion of the source, as printed; `ulcerated` is None where it is not reported.

    `caveat` says what of it the source leaves open.
    """

    id: str
    patient: str
    diagnosis: str
    age: int | None
    site: str
    size_mm: Decimal
    ulcerated: bool | None
    regimen: str
    injections: int
    mean_dose_mg: Decimal
    dose_range_mg: Interval
    complications: str
    follow_up: tuple[FollowUp, ...]
    place: str
    caveat: str = ""


class Claim(NamedTuple):
    """A figure of the source's text; `measure` names how its own cases are counted for it.

    `table` is what stands against it where that is no figure.
    """

    says: str
    place: str
    measure: str
    figure: str
    week: int
    sites: tuple[str, ...]
    complication: str
    table: str


class Protocol(NamedTuple):
    """All that a treatment is planned by. `sha256` is that of the file's bytes.

    `like` says which site a site is compared with, `drug_names` how the drug is called on paper of
    a language, `population` whom it is for and who may use it.
    """

    id: str
    version: str
    title: str
    drug: str
    strength: Strength
    route: str
    technique: str
    use: str
    not_for: tuple[str, ...]
    sources: Mapping[str, Source]
    table: DecisionTable
    unpaired: frozenset[str]
    regimens: Mapping[str, Regimen]
    evaluations: tuple[Evaluation, ...]
    policy: Policy
    observed: TreatedRange | None
    cases: tuple[Case, ...]
    claims: tuple[Claim, ...]
    sha256: str
    screens: tuple[Screen, ...] = ()
    observations: tuple[Observation, ...] = ()
    like: Mapping[str, str] = MappingProxyType({})
    drug_names: Mapping[str, str] = MappingProxyType({})
    population: str = ""

    @property
    def questions(self) -> tuple[Screen, ...]:
        """All that is asked before treatment, the drug's own question first."""
        return SULFITE_ALLERGY, *self.screens

    def may_note(self, observation: str, value: str, sites: Collection[str]) -> bool:
        """Whether something is noted so of lesions at some sites."""
        found = next((one for one in self.observations if one.id == observation), None)
        if found is None or not sites or not found.may_be(value):
            return False
        return found.sites is None or any(one in found.sites for one in sites)

    def cited(self, source: str, place: str) -> Said:
        """`Methods, paragraph 1 (citation)`: where a figure stands."""
        citation = self.sources[source].citation
        return said("{place} ({citation})", place=said(place), citation=citation)

"""What a plan says: the records that are written to plan.json and printed from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple, get_args

from planner.core.calendar.clinic import Label, Purpose
from planner.core.dosing.draw_up import Aliquot
from planner.core.dosing.equipment import Stock, Syringe
from planner.core.plan.appointments import Named, VisitState
from planner.core.plan.course import Indication, Patient, Screened, Side
from planner.core.plan.findings import Finding, hindering
from planner.core.plan.response import Remission
from planner.core.protocol.protocol import FollowUp, Observation, Regimen, Screen, Source
from planner.core.protocol.rules import Evidence

# The file that a plan is kept in, among its papers.
PLAN_NAME = "plan.json"
Ending = Literal["completed", "stopped", "died", "lost"]
ENDINGS: tuple[Ending, ...] = get_args(Ending)


class ProtocolInUse(NamedTuple):
    """What the papers say of the protocol that the plan was made by."""

    id: str
    version: str
    sha256: str
    title: str
    drug: str
    strength_mg_per_ml: Fraction
    route: str
    technique: str
    use: str
    not_for: tuple[str, ...]
    sources: tuple[Source, ...]
    regimens: tuple[Regimen, ...]
    evaluation_days: tuple[int, ...]
    injection_window_days: int
    evaluation_window_days: tuple[int, ...]
    precision_mm: Decimal
    screens: tuple[Screen, ...] = ()
    observations: tuple[Observation, ...] = ()
    drug_names: tuple[tuple[str, str], ...] = ()
    population: str = ""


class SiteCode(NamedTuple):
    """What a clinic's coding system calls a site of the protocol."""

    site: str
    system: str
    code: str


class ClinicInUse(NamedTuple):
    """What the papers and calendars say of the clinic, and its codes for other systems."""

    name: str
    address: str
    phone: str
    timezone: str
    paper: Literal["A4", "Letter"]
    language: str
    draw_up: Literal["each", "shared"]
    second_check: bool
    reminder_minutes: tuple[int, ...]
    stock: Stock | None
    syringes: tuple[Syringe, ...]
    needle_change: bool = False
    label: Label | None = None
    codes: tuple[SiteCode, ...] = ()


class PlannedLesion(NamedTuple):
    """A lesion as it was understood."""

    id: str
    site: str
    side: Side | None
    site_detail: str | None
    size_mm: Decimal
    ulcerated: bool
    measured_by: str | None
    held_since: date | None = None


class Decision(NamedTuple):
    """The regimen of a lesion and its grounds; `by_rule` is what the rule alone would give.

    `cases` names the source's nearest cases of that regimen, nearest first: a reference.
    """

    lesion: str
    regimen: str
    rule: str
    evidence: Evidence
    reasons: tuple[str, ...]
    sources: tuple[str, ...]
    by_rule: str
    because: str
    cases: tuple[str, ...]


class ReferenceCase(NamedTuple):
    """One lesion of the source; doses are of one treatment, sizes and reductions as printed."""

    id: str
    patient: str
    diagnosis: str
    site: str
    size_mm: Decimal
    ulcerated: bool | None
    regimen: str
    injections: int
    mean_dose_mg: Decimal
    dose_range_mg: str
    follow_up: tuple[FollowUp, ...]
    place: str
    caveat: str = ""


class Measured(NamedTuple):
    """What an evaluation found `on` a day of the clinic. A pain is on a scale from 0 to 10."""

    on: date
    size_mm: Decimal
    ulcerated: bool | None
    pain: Decimal | None
    measured_by: str | None
    reduction_percent: Fraction
    remission: Remission
    # Against the pain before the lesion's first injection; None where one is not known.
    pain_change: Decimal | None


class PlannedEvaluation(NamedTuple):
    """A look at a lesion at a visit, `after_days` from its first injection."""

    lesion: str
    evaluation: int
    after_days: int
    result: Measured | None = None
    state: VisitState = "planned"


class Observed(NamedTuple):
    """What was noted at a visit, by the id that the protocol has for it; of a lesion, or of all."""

    observation: str
    value: str
    lesion: str | None = None


class GivenDose(NamedTuple):
    """What was injected: the dose as it was entered, and what the syringe held.

    `at` carries the clinic's offset; a pain is on a scale from 0 to 10.
    """

    dose_mg: Fraction
    drawn_ml: Fraction
    drawn_mg: Fraction
    at: datetime
    by: str
    lot: str | None
    expiry: str | None
    pain_before: Decimal | None
    pain_after: Decimal | None
    complication: str | None
    observed: tuple[Observed, ...] = ()


class PlannedInjection(NamedTuple):
    """One injection of a lesion. A dose that was left open is None, as is all that follows.

    `changed_from_mg` is the dose that was planned before somebody changed it.
    """

    lesion: str
    injection: int
    dose_mg: Fraction | None
    volume_ml: Fraction | None
    drawn_ml: Fraction | None
    drawn_mg: Fraction | None
    deviation_percent: Fraction | None
    given: GivenDose | None = None
    state: VisitState = "planned"
    changed_from_mg: Fraction | None = None


class PlannedSyringe(NamedTuple):
    """A syringe as it is drawn up for a visit."""

    number: int
    capacity_ml: Fraction
    graduation_ml: Fraction
    drawn_ml: Fraction
    aliquots: tuple[Aliquot, ...]


class Preparation(NamedTuple):
    """What is taken from the stock (of `strength_mg_per_ml`) for a visit, dead space included."""

    strength_mg_per_ml: Fraction
    salt: str
    stock_ml: Fraction
    diluent_ml: Fraction
    batch_ml: Fraction
    vials: int | None
    wasted_ml: Fraction | None


class PlannedVisit(NamedTuple):
    """A visit; `start` and `end` carry the clinic's offset and are None where no day was found.

    `choices` are then free times, on the clinic's clock, that a physician could move it to.
    """

    number: int
    uid: str
    purposes: tuple[Purpose, ...]
    due: date
    start: datetime | None
    end: datetime | None
    timezone: str
    moved_because: str | None
    choices: tuple[datetime, ...]
    evaluations: tuple[PlannedEvaluation, ...]
    injections: tuple[PlannedInjection, ...]
    syringes: tuple[PlannedSyringe, ...]
    total_dose_mg: Fraction | None
    total_drawn_ml: Fraction | None
    total_drawn_mg: Fraction | None
    preparation: Preparation | None
    state: VisitState = "planned"

    @property
    def names(self) -> tuple[Named, ...]:
        """All that belongs to it, by what it is."""
        evaluations = [Named(one.lesion, "evaluation", one.evaluation) for one in self.evaluations]
        injections = [Named(one.lesion, "injection", one.injection) for one in self.injections]
        return (*evaluations, *injections)

    @property
    def as_it_stands(self) -> PlannedVisit:
        """It with what is left of it alone; where it is over, with what became of it as a whole."""
        return self._replace(
            evaluations=tuple(one for one in self.evaluations if one.state == self.state),
            injections=tuple(one for one in self.injections if one.state == self.state),
        )

    @property
    def each_purpose(self) -> list[Purpose]:
        """What it takes time for, once for each lesion: what was missed takes none of the rest."""
        gone = ("missed", "cancelled") if self.state == "planned" else ()
        looks = [one.state for one in self.evaluations]
        there = zip(self.names, [*looks, *(one.state for one in self.injections)], strict=True)
        return [name.purpose for name, state in there if state not in gone]


def by_time(visits: Iterable[PlannedVisit]) -> Sequence[PlannedVisit]:
    """Visits in the order of their days; one without a day stands where it is due."""

    def when(visit: PlannedVisit) -> tuple[date, int]:
        return visit.start.date() if visit.start else visit.due, visit.number

    return sorted(visits, key=when)


class Supplies(NamedTuple):
    """What the whole course takes from the stock; None where a visit's share is not known."""

    vials: int | None
    wasted_ml: Fraction | None


class Page(NamedTuple):
    """A page of the papers, `visit-3` or the like, and the code of what it tells to do."""

    page: str
    code: str


class EndedCourse(NamedTuple):
    """How a course ended, and on which day."""

    ending: Ending
    on: date


class Plan(NamedTuple):
    """All that any document prints. `remarks` tell of confirmations that confirm nothing.

    `replaces` is the revision whose papers these replace, None where there are none. `visits`
    stand in the order of their days; their numbers stay, so that they may stand in another one.
    `last_number` is the highest that a visit was ever given, 0 where that is the highest there is.
    """

    course: str
    revision: int
    protocol: ProtocolInUse
    first_visit: datetime
    clinic: ClinicInUse
    patient: Patient
    diagnosis: str
    indication: Indication | None
    prescriber: str | None
    lesions: tuple[PlannedLesion, ...]
    decisions: tuple[Decision, ...]
    visits: tuple[PlannedVisit, ...]
    supplies: Supplies
    findings: tuple[Finding, ...]
    cases: tuple[ReferenceCase, ...]
    remarks: tuple[str, ...] = ()
    replaces: int | None = None
    ending: EndedCourse | None = None
    pages: tuple[Page, ...] = ()
    last_number: int = 0
    screening: tuple[Screened, ...] = ()

    @property
    def coming(self) -> tuple[PlannedVisit, ...]:
        """The visits that are still to be."""
        return tuple(visit for visit in self.visits if visit.state == "planned")

    def unrecorded(self, now: datetime) -> Iterator[tuple[PlannedVisit, PlannedInjection]]:
        """The injections to come whose hour was before `now`: nobody recorded anything of them."""
        for visit in self.coming:
            if visit.start is not None and visit.start < now:
                yield from ((visit, one) for one in visit.injections if one.state == "planned")

    @property
    def kept(self) -> tuple[PlannedVisit, ...]:
        """The visits that were or are to be; none that was missed or cancelled."""
        return tuple(visit for visit in self.visits if visit.state in ("planned", "done"))

    @property
    def lesion_ids(self) -> Sequence[str]:
        """The lesions in their order."""
        return [lesion.id for lesion in self.lesions]

    @property
    def has_errors(self) -> bool:
        """Whether nothing can be printed at all."""
        return any(one.severity == "error" for one in self.findings)

    @property
    def is_confirmed(self) -> bool:
        """Whether nothing stops it from being issued."""
        return self.ending is not None or not any(one.stops for one in self.findings)

    @property
    def hindering(self) -> Sequence[Finding]:
        """What its papers wait for: nothing once it is over, and only says what does not come."""
        return () if self.ending is not None else hindering(self.findings)

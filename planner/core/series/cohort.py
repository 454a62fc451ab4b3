"""The courses that are described: what each lesion got and how it was seen, without names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from planner.core.plan.course import Background
from planner.core.plan.response import Remission, reduction_percent, remission
from planner.core.protocol.protocol import Case, Protocol, Regimen

# The name of the source's own cases as a series.
LETTER = "letter"
# How a course ended; `running` where it goes on, `not-reported` of a source that does not say.
Fate = Literal["completed", "stopped", "died", "lost", "running", "not-reported"]


class Shot(NamedTuple):
    """An injection, on a day counted from the course's first; a pain is from 0 to 10.

    `injection` is its lesion's own count: one that was missed has a number too.
    """

    injection: int
    day: int
    dose_mg: Fraction
    drawn_ml: Fraction | None = None
    pain_before: Decimal | None = None
    pain_after: Decimal | None = None
    complication: str | None = None


class Look(NamedTuple):
    """What was seen so many days after the lesion's first injection was due."""

    after_days: int
    day: int
    size_mm: Decimal
    reduction_percent: Fraction
    remission: Remission
    ulcerated: bool | None = None
    pain: Decimal | None = None
    pain_change: Decimal | None = None


class Hold(NamedTuple):
    """The days from which and until which a lesion waited; None where it was not released."""

    first: int
    released: int | None


class SeriesLesion(NamedTuple):
    """A lesion: `planned` are the looks (days after) that its protocol has, `due` those to come.

    `missed` counts injections that were not given; `is_ill_sometime` tells of a complication whose
    injection the source does not name.
    """

    id: str
    site: str
    side: str | None
    size_mm: Decimal
    ulcerated: bool | None
    regimen: str
    shots: tuple[Shot, ...]
    looks: tuple[Look, ...]
    planned: tuple[int, ...]
    due: tuple[int, ...] = ()
    holds: tuple[Hold, ...] = ()
    missed: int = 0
    is_ill_sometime: bool = False

    @property
    def is_treated(self) -> bool:
        """Whether it was injected at all."""
        return bool(self.shots)

    def look(self, after_days: int) -> Look | None:
        """What was seen then."""
        return next((one for one in self.looks if one.after_days == after_days), None)


class SeriesCourse(NamedTuple):
    """A course; `patient` tells patients apart and names nobody, `last_day` is its last so far.

    `began` is its first day, shown nowhere: it tells which of a patient's courses is the earliest.
    """

    id: str
    patient: str
    diagnosis: str
    age: int | None
    lesions: tuple[SeriesLesion, ...]
    fate: Fate
    last_day: int
    background: Background = Background()
    began: date = date.min

    @property
    def is_treated(self) -> bool:
        """Whether any of its lesions was injected."""
        return any(one.is_treated for one in self.lesions)


class Cohort(NamedTuple):
    """All courses of a series, in the order of their ids; its looks, in days after the first.

    The looks are those of all its protocols: not every lesion has each of them.
    """

    name: str
    courses: tuple[SeriesCourse, ...]
    looks: tuple[int, ...]

    @property
    def lesions(self) -> Iterator[tuple[SeriesCourse, SeriesLesion]]:
        """Each lesion with its course."""
        return ((course, one) for course in self.courses for one in course.lesions)

    @property
    def in_time(self) -> list[SeriesCourse]:
        """The courses, the earliest first."""
        return sorted(self.courses, key=lambda one: one.began)

    @property
    def patients(self) -> list[str]:
        """The patients, each once, in the order of their courses."""
        return list(dict.fromkeys(one.patient for one in self.courses))


def cohort_of(name: str, courses: Iterable[SeriesCourse], looks: Sequence[int]) -> Cohort:
    """A cohort whose order does not hang on that in which its courses came."""
    return Cohort(name, tuple(sorted(courses, key=lambda one: one.id)), tuple(sorted(looks)))


def letters_cohort(protocol: Protocol) -> Cohort:
    """The source's own cases, each row of its table a lesion; what it does not print is missing."""
    looks = sorted({look.week * 7 for case in protocol.cases for look in case.follow_up})
    by_patient: dict[str, list[Case]] = {}
    for case in protocol.cases:
        by_patient.setdefault(case.patient, []).append(case)
    courses = [_course(patient, cases, protocol, looks) for patient, cases in by_patient.items()]
    return cohort_of(LETTER, courses, looks)


def _course(
    patient: str, cases: Sequence[Case], protocol: Protocol, looks: Sequence[int]
) -> SeriesCourse:
    lesions = tuple(_lesion(one, protocol, looks) for one in cases)
    shots = [shot.day for one in lesions for shot in one.shots]
    seen = [look.day for one in lesions for look in one.looks]
    return SeriesCourse(
        id=f"case {patient}",
        patient=patient,
        diagnosis=cases[0].diagnosis,
        age=cases[0].age,
        lesions=lesions,
        fate=_fate(cases, looks),
        last_day=max(shots + seen),
    )


def _fate(cases: Sequence[Case], looks: Sequence[int]) -> Fate:
    """A patient whom the source saw to the last look completed; of others it does not say here."""
    last = {7 * look.week for one in cases for look in one.follow_up}
    return "completed" if looks and looks[-1] in last else "not-reported"


def _days(case: Case, regimen: Regimen) -> list[int]:
    """The days of a case's injections: the source prints how many, and their regimen when.

    Those that a regimen on days of its own does not have stand on its last.
    """
    if regimen.days is None:
        return [n * regimen.interval_days for n in range(case.injections)]
    return [regimen.days[min(n, len(regimen.days) - 1)] for n in range(case.injections)]


def _lesion(case: Case, protocol: Protocol, planned: Sequence[int]) -> SeriesLesion:
    dose = Fraction(case.mean_dose_mg)
    shots = tuple(
        Shot(count, day, dose)
        for count, day in enumerate(_days(case, protocol.regimens[case.regimen]), start=1)
    )
    looks = tuple(
        Look(
            after_days=one.week * 7,
            day=one.week * 7,
            size_mm=one.size_mm,
            reduction_percent=reduction_percent(case.size_mm, one.size_mm),
            remission=remission(case.size_mm, one.size_mm, protocol.table.domains.precision_mm),
        )
        for one in case.follow_up
    )
    return SeriesLesion(
        id=case.id,
        site=case.site,
        side=None,
        size_mm=case.size_mm,
        ulcerated=case.ulcerated,
        regimen=case.regimen,
        shots=shots,
        looks=looks,
        planned=tuple(planned),
        is_ill_sometime=case.complications != "none",
    )

"""A series in figures: counts with both denominators, reductions, remission, pain, endings.

Lesions of one patient are not independent: a proportion of lesions has the interval of Korn and
Graubard, one of patients that of Clopper and Pearson. Nothing is tested and nothing suggested.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import NamedTuple, TypeVar, get_args

from planner.core.plan.course import Background, Sex
from planner.core.plan.response import Remission, mean
from planner.core.series.cohort import LETTER, Cohort, Fate, Look, SeriesCourse, SeriesLesion
from planner.core.series.proportions import (
    FEWEST_PATIENTS,
    ConfidenceInterval,
    clopper_pearson,
    korn_graubard,
)

REMISSIONS: tuple[Remission, ...] = get_args(Remission)
FATES: tuple[Fate, ...] = get_args(Fate)
SEXES: tuple[Sex, ...] = get_args(Sex)
_Name = TypeVar("_Name", bound=str)
NOT_KNOWN = "not_known"
# In what is published, fewer people than this are not counted out: it may tell who they are.
LEAST_TOLD = 5
BAND_YEARS = 10


class Few(Enum):
    """What is not told in public, as it is of so few people."""

    FEW = LEAST_TOLD

    def __str__(self) -> str:
        """`fewer than 5`."""
        return f"fewer than {self.value}"


class Spread(NamedTuple):
    """The mean of some values with their range."""

    mean: Fraction
    min: Fraction
    max: Fraction


class AllGone(NamedTuple):
    """Patients of whom every treated lesion was evaluated and is gone."""

    n: int
    of_treated: int
    interval_95: ConfidenceInterval | None


class AtLook(NamedTuple):
    """What is known at a look, so many days after the first injection.

    Treated are those that got an injection and whose protocol has the look; evaluated those of
    them that were measured then.
    `not_yet_due` are treated lesions whose look is still to come.
    """

    after_days: int
    evaluated_lesions: int
    treated_lesions: int
    evaluated_patients: int
    treated_patients: int
    not_yet_due: int
    by_lesion: Spread | Few | None
    by_patient: Spread | Few | None
    remissions: Mapping[Remission, int] | Few
    complete_interval_95: ConfidenceInterval | None
    all_gone: AllGone


class PainChange(NamedTuple):
    """The change of pain of patients, from before the first injection to their last look."""

    patients: int
    median: Fraction | None
    min: Fraction | None
    max: Fraction | None


class Complications(NamedTuple):
    """Injections after which something was noted, and the lesions and patients that they are of.

    `injections` is None where the source tells of a complication but not of its injection.
    """

    injections: int | None
    of_injections: int
    lesions: int
    patients: int


class Description(NamedTuple):
    """A series in figures; a public one tells nothing that is of few people."""

    name: str
    patients: int
    courses: int
    lesions: int
    treated_patients: int
    treated_lesions: int
    injections: int
    missed_injections: int
    held_lesions: int
    age: Spread | Few | None
    sexes: Mapping[str, int]
    disease_years: Spread | Few | None
    consecutive: int
    consent_to_publish: int
    looks: tuple[AtLook, ...]
    pain: PainChange
    complications: Complications
    endings: Mapping[Fate, int]
    is_public: bool = False

    @property
    def marks_few(self) -> bool:
        """Whether few people are not counted out; those in the source are published already."""
        return _marks_few(self.name, self.is_public)

    def is_told(self, count: int) -> bool:
        """Whether a count of people is shown as it is."""
        return not (self.marks_few and _is_few(count))

    def people(self, count: int) -> int | str:
        """A count of people or of their courses as it is shown: `<5` for one to four of them."""
        return count if self.is_told(count) else f"<{LEAST_TOLD}"

    def parts(self, counts: Mapping[_Name, int]) -> dict[_Name, int | str]:
        """Counts whose sum stands beside them: with a `<5` the others are `>=5`.

        Else it could be read off.
        """
        if all(map(self.is_told, counts.values())):
            return dict(counts)
        return {
            name: self.people(n) if n < LEAST_TOLD else f">={LEAST_TOLD}"
            for name, n in counts.items()
        }


def _marks_few(name: str, is_public: bool) -> bool:
    return is_public and name != LETTER


def _is_few(count: int) -> bool:
    return 0 < count < LEAST_TOLD


def described(cohort: Cohort, *, is_public: bool = False) -> Description:
    """All figures of a series; what is public marks few people, but for those in the source."""
    lesions = list(cohort.lesions)
    shots = [shot for _, one in lesions for shot in one.shots]
    there = backgrounds(cohort)
    marks_few = _marks_few(cohort.name, is_public)
    looks = (_at_look(cohort, days) for days in cohort.looks)
    years = [Fraction(one.disease_years) for one in there if one.disease_years is not None]
    old = [Fraction(age) for age in ages(cohort).values()]
    return Description(
        name=cohort.name,
        patients=len(cohort.patients),
        courses=len(cohort.courses),
        lesions=len(lesions),
        treated_patients=len({one.patient for one in cohort.courses if one.is_treated}),
        treated_lesions=sum(one.is_treated for _, one in lesions),
        injections=len(shots),
        missed_injections=sum(one.missed for _, one in lesions),
        held_lesions=sum(bool(one.holds) for _, one in lesions),
        age=_public_ages(old) if marks_few else _spread(old),
        sexes=_sexes(there),
        disease_years=Few.FEW if marks_few and _is_few(len(years)) else _spread(years),
        consecutive=sum(bool(one.consecutive) for one in there),
        consent_to_publish=sum(bool(one.consent_to_publish) for one in there),
        looks=tuple(_without_few(one) if marks_few else one for one in looks),
        pain=_pain(cohort, marks_few),
        complications=_complications(cohort),
        endings={fate: sum(one.fate == fate for one in cohort.courses) for fate in FATES},
        is_public=is_public,
    )


def backgrounds(cohort: Cohort) -> list[Background]:
    """What is known of each patient: of several courses the earliest that says something."""
    found = {patient: Background() for patient in cohort.patients}
    for one in cohort.in_time:
        before = found[one.patient]
        pairs = zip(before, one.background, strict=True)
        found[one.patient] = Background._make(new if old is None else old for old, new in pairs)
    return [*found.values()]


def _sexes(there: Sequence[Background]) -> dict[str, int]:
    names = [one.sex or NOT_KNOWN for one in there]
    return {name: names.count(name) for name in (*SEXES, NOT_KNOWN)}


def ages(cohort: Cohort) -> dict[str, int]:
    """The age of each patient that it is known of, at the earliest course."""
    found: dict[str, int] = {}
    for one in cohort.in_time:
        if one.age is not None:
            found.setdefault(one.patient, one.age)
    return found


def _public_ages(old: Sequence[Fraction]) -> Spread | Few | None:
    """The same with a band of ages at both ends: the least and the most are of single patients."""
    found = _spread(old)
    if found is None or _is_few(len(old)):
        return None if found is None else Few.FEW
    low, high = (value // BAND_YEARS * BAND_YEARS for value in (found.min, found.max))
    return Spread(found.mean, Fraction(low), Fraction(high + BAND_YEARS - 1))


def _spread(values: Iterable[Fraction]) -> Spread | None:
    found = list(values)
    average = mean(found)
    return None if average is None else Spread(average, min(found), max(found))


class _Seen(NamedTuple):
    """A treated lesion with what was seen of it at a look, None for nothing."""

    course: SeriesCourse
    lesion: SeriesLesion
    look: Look | None


def _at_look(cohort: Cohort, days: int) -> AtLook:
    treated = [
        _Seen(course, one, one.look(days))
        for course, one in cohort.lesions
        if one.is_treated and days in one.planned
    ]
    seen = [one.look for one in treated if one.look is not None]
    patients = _by_patient(treated)
    reductions = {
        patient: [one.look.reduction_percent for one in there if one.look]
        for patient, there in patients.items()
    }
    found = {patient: values for patient, values in reductions.items() if values}
    means = (average for values in found.values() if (average := mean(values)) is not None)
    return AtLook(
        after_days=days,
        evaluated_lesions=len(seen),
        treated_lesions=len(treated),
        evaluated_patients=len(found),
        treated_patients=len(patients),
        not_yet_due=sum(one.look is None and days in one.lesion.due for one in treated),
        by_lesion=_spread(look.reduction_percent for look in seen),
        by_patient=_spread(means),
        remissions={name: sum(one.remission == name for one in seen) for name in REMISSIONS},
        complete_interval_95=korn_graubard([_gone(there) for there in patients.values()]),
        all_gone=_all_gone(patients),
    )


def _without_few(look: AtLook) -> AtLook:
    """The same without what is of few patients; an interval would tell how many they are."""
    gone = look.all_gone
    if _is_few(gone.n) or _is_few(gone.of_treated):
        look = look._replace(all_gone=gone._replace(interval_95=None))
    if not _is_few(look.evaluated_patients):
        return look
    few = Few.FEW
    return look._replace(by_lesion=few, by_patient=few, remissions=few, complete_interval_95=None)


def _by_patient(treated: Sequence[_Seen]) -> dict[str, list[_Seen]]:
    found: dict[str, list[_Seen]] = {}
    for one in treated:
        found.setdefault(one.course.patient, []).append(one)
    return found


def _gone(there: Sequence[_Seen]) -> tuple[int, int]:
    """How many lesions of a patient are gone, of those that were seen."""
    looks = [one.look for one in there if one.look is not None]
    return sum(one.remission == "complete" for one in looks), len(looks)


def _all_gone(patients: Mapping[str, Sequence[_Seen]]) -> AllGone:
    number = sum(
        all(one.look is not None and one.look.remission == "complete" for one in there)
        for there in patients.values()
    )
    is_enough = len(patients) >= FEWEST_PATIENTS
    interval = clopper_pearson(number, len(patients)) if is_enough else None
    return AllGone(number, len(patients), interval)


def _pain(cohort: Cohort, marks_few: bool) -> PainChange:
    changes = sorted(pain_changes(cohort).values())
    if not changes or (marks_few and _is_few(len(changes))):
        return PainChange(len(changes), None, None, None)
    half = len(changes) // 2
    median = changes[half] if len(changes) % 2 else (changes[half - 1] + changes[half]) / 2
    return PainChange(len(changes), median, changes[0], changes[-1])


def pain_changes(cohort: Cohort) -> dict[str, Fraction]:
    """The change of each patient's pain at the last look that has one, the mean of the lesions.

    A look of a later course comes after those of an earlier one.
    """
    found: dict[str, dict[tuple[date, int], list[Decimal]]] = {}
    for course, lesion in cohort.lesions:
        for look in lesion.looks:
            if look.pain_change is not None:
                of_patient = found.setdefault(course.patient, {})
                at = (course.began, look.after_days)
                of_patient.setdefault(at, []).append(look.pain_change)
    return {
        patient: sum(map(Fraction, looks[max(looks)]), Fraction(0)) / len(looks[max(looks)])
        for patient, looks in found.items()
    }


def _complications(cohort: Cohort) -> Complications:
    lesions = [
        (course.patient, one)
        for course, one in cohort.lesions
        if one.is_ill_sometime or any(shot.complication for shot in one.shots)
    ]
    shots = [shot for _, one in cohort.lesions for shot in one.shots]
    is_known = not any(one.is_ill_sometime for _, one in lesions)
    return Complications(
        injections=sum(bool(shot.complication) for shot in shots) if is_known else None,
        of_injections=len(shots),
        lesions=len(lesions),
        patients=len({patient for patient, _ in lesions}),
    )


class Flow(NamedTuple):
    """How many patients and lesions came how far: registered, treated, evaluated at each look."""

    step: str
    patients: int
    lesions: int


def flow_of(found: Description) -> list[Flow]:
    """The steps of a series, from the register to the last look."""
    steps = [
        Flow("registered", found.patients, found.lesions),
        Flow("treated", found.treated_patients, found.treated_lesions),
    ]
    for one in found.looks:
        steps.append(Flow(f"{one.after_days}", one.evaluated_patients, one.evaluated_lesions))
    return steps

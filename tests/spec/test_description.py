"""A series in figures: the letter's own, small ones by hand, intervals against other libraries."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from planner.core.plan.course import Background
from planner.core.plan.response import reduction_percent, remission
from planner.core.protocol.evidence import slips
from planner.core.protocol.protocol import Protocol
from planner.core.series.cohort import (
    Cohort,
    Fate,
    Look,
    SeriesCourse,
    SeriesLesion,
    Shot,
    cohort_of,
    letters_cohort,
)
from planner.core.series.description import AtLook, Description, Few, Spread, described, flow_of
from planner.core.series.proportions import (
    ConfidenceInterval,
    clopper_pearson,
    incomplete_beta,
    korn_graubard,
)


def lesion(
    name: str,
    *sizes: int | None,
    shots: int = 1,
    due: tuple[int, ...] = (),
    pain: int | None = None,
    planned: tuple[int, ...] = (28, 84),
) -> SeriesLesion:
    """A lesion of 40 mm with its sizes in weeks 4 and 12, None where it was not seen."""
    looks = tuple(
        Look(
            days,
            days,
            Decimal(size),
            reduction_percent(Decimal(40), Decimal(size)),
            remission(Decimal(40), Decimal(size), Decimal(1)),
            pain_change=None if pain is None else Decimal(pain),
        )
        for days, size in zip((28, 84), sizes, strict=False)
        if size is not None
    )
    given = tuple(Shot(n + 1, 7 * n, Fraction(50)) for n in range(shots))
    return SeriesLesion(
        name, "knee", "left", Decimal(40), True, "weekly", given, looks, planned, due
    )


def course(
    name: str, *lesions: SeriesLesion, fate: Fate = "running", patient: str = ""
) -> SeriesCourse:
    return SeriesCourse(name, patient or name, "scleroderma", 60, lesions, fate, 84)


def series(*courses: SeriesCourse) -> Cohort:
    return cohort_of("register", courses, (28, 84))


def week(found: Description, number: int) -> AtLook:
    return next(one for one in found.looks if one.after_days == 7 * number)


def whole(bounds: ConfidenceInterval | None) -> tuple[int, int] | None:
    return None if bounds is None else (round(bounds.low), round(bounds.high))


def test_the_letters_figures_are_those_of_its_table(sts_150: Protocol) -> None:
    found = described(letters_cohort(sts_150))
    assert (found.patients, found.lesions, found.injections) == (6, 7, 20)
    four, twelve = week(found, 4), week(found, 12)
    assert four.by_lesion is not None
    assert four.by_patient is not None
    assert f"{float(four.by_lesion.mean):.1f}" == "62.6"
    assert f"{float(four.by_patient.mean):.1f}" == "63.2"
    assert (four.evaluated_lesions, twelve.evaluated_lesions) == (7, 5)
    assert twelve.remissions["complete"] == 2
    assert whole(twelve.complete_interval_95) == (3, 89)
    assert (twelve.all_gone.n, twelve.all_gone.of_treated) == (2, 6)
    assert whole(twelve.all_gone.interval_95) == (4, 78)


def test_what_the_letter_does_not_say_is_not_counted(sts_150: Protocol) -> None:
    found = described(letters_cohort(sts_150))
    assert found.complications.injections is None
    assert (found.complications.lesions, found.complications.patients) == (5, 4)
    assert (found.pain.patients, found.pain.median) == (0, None)
    assert found.endings["not-reported"] == 1


def test_a_cases_injections_are_on_the_days_of_its_regimen(sts_150: Protocol) -> None:
    case = sts_150.cases[1]._replace(follow_up=(), injections=4)
    weekly = sts_150.regimens[case.regimen]._replace(days=(0, 3, 7, 14), interval_days=0)
    own = sts_150._replace(cases=(case,), regimens={**sts_150.regimens, case.regimen: weekly})
    (only,) = letters_cohort(own).courses
    assert [shot.day for shot in only.lesions[0].shots] == [0, 3, 7, 14]
    assert only.last_day == 14


def test_where_the_letter_differs_from_itself_is_told(sts_150: Protocol) -> None:
    told = "\n".join(slips(sts_150))
    for one in ("4-lower-leg, week 12", "8 lesions", "67 %", "50 %", "lost to follow-up"):
        assert one in told
    assert "mean age" not in told


CASES = {
    "gone in both": (series(course("1", lesion("A", 0, 0))), (1, 1, 1, 1)),
    "one of two gone": (series(course("1", lesion("A", 20, 0), lesion("B", 20, 10))), (1, 2, 0, 1)),
    "one of two not seen": (series(course("1", lesion("A", 0, 0), lesion("B", 0))), (1, 1, 0, 1)),
    "one of two not treated": (
        series(course("1", lesion("A", 0, 0), lesion("B", shots=0))),
        (1, 1, 1, 1),
    ),
    "seen but not treated": (
        series(course("1", lesion("A", 0, 0), lesion("B", 0, 0, shots=0))),
        (1, 1, 1, 1),
    ),
    "two courses of a patient": (
        series(
            course("1", lesion("A", 0, 0), patient="p"),
            course("2", lesion("A", 20, 20), patient="p"),
        ),
        (1, 2, 0, 1),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_gone_is_counted_by_lesion_and_by_patient(name: str) -> None:
    cohort, (gone, seen, patients, treated) = CASES[name]
    look = week(described(cohort), 12)
    assert (look.remissions["complete"], look.evaluated_lesions) == (gone, seen)
    assert (look.all_gone.n, look.all_gone.of_treated) == (patients, treated)


def test_of_one_patient_no_interval_is_told() -> None:
    look = week(described(series(course("1", lesion("A", 0, 0), lesion("B", 0, 20)))), 12)
    assert look.complete_interval_95 is None
    assert look.all_gone.interval_95 is None


def test_a_mean_by_patient_is_not_one_by_lesion() -> None:
    found = described(
        series(course("1", *(lesion(name, 0) for name in "ABC")), course("2", lesion("A", 40)))
    )
    look = week(found, 4)
    assert look.by_lesion is not None
    assert look.by_patient is not None
    assert (look.by_lesion.mean, look.by_patient.mean) == (75, 50)


def test_missing_is_told_apart_from_what_is_not_yet_due() -> None:
    found = described(
        series(
            course("1", lesion("A", 20, due=(84,))),
            course("2", lesion("A", 20), fate="died"),
            course("3", lesion("A", 20), fate="lost"),
        )
    )
    look = week(found, 12)
    assert (look.not_yet_due, look.evaluated_lesions, look.treated_lesions) == (1, 0, 3)
    assert look.by_lesion is None
    assert (found.endings["died"], found.endings["lost"], found.endings["running"]) == (1, 1, 1)
    assert [one.lesions for one in flow_of(found)] == [3, 3, 3, 0]


def test_a_look_is_of_the_lesions_whose_protocol_has_it() -> None:
    ours = (course(f"o{n}", lesion("A", 0, planned=(28,))) for n in range(2))
    theirs = (course(f"t{n}", lesion("A", None, 0, planned=(84,))) for n in range(4))
    found = described(series(*ours, *theirs))
    looks = [week(found, 4), week(found, 12)]
    assert [(one.treated_lesions, one.treated_patients) for one in looks] == [(2, 2), (4, 4)]
    assert [(one.all_gone.n, one.all_gone.of_treated) for one in looks] == [(2, 2), (4, 4)]
    assert [one.lesions for one in flow_of(found)] == [6, 6, 2, 4]


@pytest.mark.parametrize(("changes", "median"), [((-4, -2, 1), -2), ((-4, -1), Fraction(-5, 2))])
def test_pain_has_the_median_of_patients(changes: tuple[int, ...], median: Fraction) -> None:
    found = described(
        series(*(course(f"{n}", lesion("A", 20, 10, pain=one)) for n, one in enumerate(changes)))
    )
    assert (found.pain.patients, found.pain.median) == (len(changes), median)
    assert (found.pain.min, found.pain.max) == (min(changes), max(changes))


def test_the_last_look_of_a_patient_is_that_of_the_later_course() -> None:
    """Week 12 of January's course was before week 4 of September's."""
    first = course("1", lesion("A", None, 10, pain=-7), patient="p")
    later = course("2", lesion("A", 20, pain=-1), patient="p")
    found = described(
        series(first._replace(began=date(2026, 1, 5)), later._replace(began=date(2026, 9, 7)))
    )
    assert (found.pain.patients, found.pain.median) == (1, -1)


@pytest.mark.parametrize(("count", "told"), [(0, 0), (1, "<5"), (4, "<5"), (5, 5)])
def test_few_people_are_not_counted_out_in_public(count: int, told: int | str) -> None:
    cohort = series(course("1", lesion("A", 0)))
    assert described(cohort, is_public=True).people(count) == told
    assert described(cohort).people(count) == count


def told_ones(patients: int) -> Cohort:
    """So many patients with an age, years of the disease and a change of pain; two are gone."""
    return series(
        *(
            course(f"{n}", lesion("A", 0 if n < 2 else 20, pain=-4 - n))._replace(
                age=61 + n, background=Background(disease_years=Decimal("7.5"))
            )
            for n in range(patients)
        )
    )


def test_nothing_in_public_is_of_few_people() -> None:
    found = described(told_ones(4), is_public=True)
    look = week(found, 4)
    assert (found.age, found.disease_years) == (Few.FEW, Few.FEW)
    assert (look.by_lesion, look.by_patient) == (Few.FEW, Few.FEW)
    assert (look.complete_interval_95, look.all_gone.interval_95) == (None, None)
    assert found.pain == (4, None, None, None)


def test_what_is_of_enough_people_is_told_in_public() -> None:
    found = described(told_ones(7), is_public=True)
    assert found.age == (64, 60, 69)
    assert isinstance(found.disease_years, Spread)
    look = week(found, 4)
    assert look.complete_interval_95 is not None
    assert look.all_gone == (2, 7, None)
    assert found.pain.median == -7


def test_the_letters_people_are_published_already(sts_150: Protocol) -> None:
    assert described(letters_cohort(sts_150), is_public=True).people(2) == 2


@pytest.mark.slow
@pytest.mark.parametrize("trials", [1, 2, 6, 7, 50, 300])
def test_exact_intervals_are_those_of_statsmodels(trials: int) -> None:
    from statsmodels.stats.proportion import proportion_confint

    for found in {0, 1, trials // 2, trials - 1, trials}:
        low, high = proportion_confint(found, trials, method="beta")
        ours = clopper_pearson(found, trials)
        assert ours is not None
        assert ours == pytest.approx((100 * low, 100 * high), abs=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("a", [0.5, 1, 2.37, 40, 400.5])
@pytest.mark.parametrize("b", [0.5, 1, 3.91, 55, 350.25])
def test_the_incomplete_beta_function_is_that_of_scipy(a: float, b: float) -> None:
    from scipy.special import betainc

    for x in (0, 1e-9, 0.03, 0.3, 0.5, 0.77, 0.999, 1):
        assert incomplete_beta(x, a, b) == pytest.approx(betainc(a, b, x), abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    "clusters",
    [
        [(1, 1), (0, 1), (1, 2), (0, 1), (0, 0)],
        [(3, 3), (0, 4), (1, 2), (2, 5), (0, 1), (1, 1)],
        [(n % 4, 3 + n % 2) for n in range(40)],
    ],
)
def test_korn_and_graubards_interval_is_that_of_its_formula(
    clusters: list[tuple[int, int]],
) -> None:
    """Written anew with scipy: the variance between patients, the quotient of Student's t."""
    from scipy.stats import beta, t

    there = [one for one in clusters if one[1]]
    patients, lesions = len(there), sum(m for _, m in there)
    share = sum(x for x, _ in there) / lesions
    between = sum((x - share * m) ** 2 for x, m in there) / lesions**2
    variance = between * patients / (patients - 1)
    factor = (t.ppf(0.975, lesions - 1) / t.ppf(0.975, patients - 1)) ** 2
    worth = min(share * (1 - share) / variance * factor, lesions)
    x = share * worth
    expected = beta.ppf(0.025, x, worth - x + 1), beta.ppf(0.975, x + 1, worth - x)
    ours = korn_graubard(clusters)
    assert ours is not None
    assert ours == pytest.approx([100 * one for one in expected], abs=1e-6)


@pytest.mark.parametrize("is_gone", [True, False])
def test_where_all_are_alike_a_patient_counts_once(is_gone: bool) -> None:
    clusters = [(3 * is_gone, 3)] * 4
    assert korn_graubard(clusters) == clopper_pearson(4 * is_gone, 4)


@pytest.mark.parametrize("clusters", [[], [(1, 3)], [(0, 0), (2, 2)]])
def test_of_fewer_than_two_patients_there_is_none(clusters: list[tuple[int, int]]) -> None:
    assert korn_graubard(clusters) is None

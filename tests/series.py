"""Series for tests: made up, with a known truth; lesions of a patient are alike more or less."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

from planner.core.plan.response import reduction_percent, remission
from planner.core.series.cohort import (
    Cohort,
    Fate,
    Hold,
    Look,
    SeriesCourse,
    SeriesLesion,
    Shot,
    cohort_of,
)

LOOKS = (28, 84)
FATES: tuple[Fate, ...] = ("completed", "stopped", "died", "lost", "running")


def made_up(lesions: int, seed: int = 1, per_patient: int = 3) -> Cohort:
    """A cohort of so many lesions, a few a patient."""
    chance = random.Random(seed)
    courses = []
    left = lesions
    while left > 0:
        number = min(left, chance.randint(1, per_patient))
        courses.append(_course(len(courses) + 1, number, chance))
        left -= number
    return cohort_of("made up", courses, LOOKS)


def _course(number: int, lesions: int, chance: random.Random) -> SeriesCourse:
    fate = chance.choice(FATES)
    return SeriesCourse(
        id=f"K-{number:04}",
        patient=f"{number}",
        diagnosis="systemic sclerosis",
        age=chance.randint(30, 80),
        lesions=tuple(_lesion(chr(65 + n % 26), chance) for n in range(lesions)),
        fate=fate,
        last_day=chance.choice((20, 60, 84, 90)),
    )


def _lesion(name: str, chance: random.Random) -> SeriesLesion:
    size = Decimal(chance.randint(5, 80))
    shots = tuple(
        Shot(
            n + 1,
            7 * n,
            Fraction(chance.choice((25, 50, 150))),
            pain_before=Decimal(chance.randint(0, 6)),
            complication="redness" if chance.random() < 0.1 else None,
        )
        for n in range(chance.choice((1, 4)))
    )
    looks = []
    for days in LOOKS:
        if chance.random() < 0.85:
            now = Decimal(0) if chance.random() < 0.3 else (size * chance.randint(2, 12)) // 10
            looks.append(
                Look(
                    days,
                    days,
                    now,
                    reduction_percent(size, now),
                    remission(size, now, Decimal(1)),
                    pain=Decimal(chance.randint(0, 6)),
                    pain_change=Decimal(chance.randint(-6, 6)),
                )
            )
    holds = (Hold(21, None),) if chance.random() < 0.1 else ()
    return SeriesLesion(
        name, "knee", "right", size, True, "weekly", shots, tuple(looks), LOOKS, holds=holds
    )

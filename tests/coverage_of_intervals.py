"""How often the intervals of a series hold the truth: python -m tests.coverage_of_intervals [RUNS].

Registers are made up whose truth is known: each patient has some lesions that are gone with a
chance of the patient's own, so that lesions of a patient are alike. Korn and Graubard's interval
has to hold the truth in 94 % of the runs for every size; the exact one, as if lesions were
independent, stands beside it. Exit code 1 where it does not. Minutes.
"""

from __future__ import annotations

import random
import sys
from itertools import product

from planner.core.series.proportions import ConfidenceInterval, clopper_pearson, korn_graubard

RUNS, WANTED = 2_000, 94.0
PATIENTS = (6, 12, 38)
# How alike lesions of a patient are: the correlation within a patient.
ALIKE = (0.0, 0.3, 0.6)
TRUTHS = (0.2, 0.4, 0.7)


def cluster(truth: float, alike: float, chance: random.Random) -> tuple[int, int]:
    """Lesions of a patient: how many are gone, and how many there are."""
    lesions = chance.randint(1, 5)
    own = truth
    if alike:
        spread = (1 - alike) / alike
        own = chance.betavariate(truth * spread, (1 - truth) * spread)
    return sum(chance.random() < own for _ in range(lesions)), lesions


def holds(bounds: ConfidenceInterval | None, truth: float) -> bool:
    return bounds is None or bounds.low <= 100 * truth <= bounds.high


def covered(patients: int, alike: float, truth: float, runs: int) -> tuple[float, float]:
    """In how many of a hundred runs the interval holds the truth; the same of the exact one."""
    chance = random.Random(f"{patients} {alike} {truth}")
    ours = exact = 0
    for _ in range(runs):
        there = [cluster(truth, alike, chance) for _ in range(patients)]
        gone, lesions = (sum(one[n] for one in there) for n in (0, 1))
        ours += holds(korn_graubard(there), truth)
        exact += holds(clopper_pearson(gone, lesions), truth)
    return 100 * ours / runs, 100 * exact / runs


def main(runs: int) -> bool:
    """Print each scenario; whether all hold."""
    is_held = True
    for patients, alike, truth in product(PATIENTS, ALIKE, TRUTHS):
        ours, exact = covered(patients, alike, truth, runs)
        is_held = is_held and ours >= WANTED
        verdict = "" if ours >= WANTED else "  TOO FEW"
        print(
            f"{patients:3} patients, alike {alike}, truth {truth}: {ours:5.1f} %"
            f" (as if independent {exact:5.1f} %){verdict}",
            flush=True,
        )
    return is_held


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))

"""Intervals of 95 % for proportions: of patients exact, of lesions with what patients share.

Clopper and Pearson (Biometrika 1934): the exact interval of independent trials. Korn and Graubard
(Survey Methodology 1998): the same with the number of trials that lesions of the same patients are
worth. All in per cent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, lgamma, log, log1p
from typing import NamedTuple

LEVEL = 0.95
_TAIL = (1 - LEVEL) / 2
_TINY, _STEPS, _CLOSE = 1e-300, 300, 1e-15
FEWEST_PATIENTS = 2


class ConfidenceInterval(NamedTuple):
    """An interval in per cent."""

    low: float
    high: float


def clopper_pearson(successes: float, trials: float) -> ConfidenceInterval | None:
    """The exact interval of so many successes in so many trials, which may be no whole numbers."""
    if trials <= 0:
        return None
    low = 0.0 if successes <= 0 else _quantile(_TAIL, successes, trials - successes + 1)
    high = 100.0
    if successes < trials:
        high = 100 * _quantile(1 - _TAIL, successes + 1, trials - successes)
    return ConfidenceInterval(100 * low, high)


def korn_graubard(clusters: Sequence[tuple[int, int]]) -> ConfidenceInterval | None:
    """The interval of a proportion of lesions; a cluster has (successes, lesions) of a patient.

    None with fewer than two patients.
    """
    there = [one for one in clusters if one[1]]
    if len(there) < FEWEST_PATIENTS:
        return None
    lesions = sum(number for _, number in there)
    share = sum(found for found, _ in there) / lesions
    worth = _effective(there, lesions, share)
    return clopper_pearson(share * worth, worth)


def _effective(there: Sequence[tuple[int, int]], lesions: int, share: float) -> float:
    """How many independent lesions they are worth: at most as many as there are.

    Where all are alike nothing tells how alike lesions of a patient are: a patient counts once.
    """
    patients = len(there)
    if share in (0.0, 1.0):
        return float(patients)
    spread = sum((found - share * number) ** 2 for found, number in there)
    variance = patients / (patients - 1) * spread / lesions**2
    if variance == 0:
        return float(patients)
    worth = share * (1 - share) / variance
    degrees = _student(patients - 1), _student(max(lesions - 1, 1))
    return min(worth * (degrees[1] / degrees[0]) ** 2, float(lesions))


def _student(degrees: int) -> float:
    """The quantile of Student's t at 97.5 %."""

    def below(t: float) -> float:
        return 1 - incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2

    return _solved(below, 1 - _TAIL, 0.0, 1000.0)


def _quantile(share: float, a: float, b: float) -> float:
    """Where a beta distribution has a share of its mass below."""
    return _solved(lambda x: incomplete_beta(x, a, b), share, 0.0, 1.0)


def _solved(function: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Where a function that grows has a value."""
    for _ in range(200):
        middle = (low + high) / 2
        if function(middle) < wanted:
            low = middle
        else:
            high = middle
        if high - low <= _CLOSE * max(1.0, abs(high)):
            break
    return (low + high) / 2


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    found = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + term * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + term / c
            c = c if abs(c) > _TINY else _TINY
            found *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return found

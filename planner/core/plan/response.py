"""What a lesion came to: its reduction, its remission, and a series in one figure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Literal

Remission = Literal["complete", "partial", "unchanged", "larger"]


def reduction_percent(baseline_mm: Decimal, size_mm: Decimal) -> Fraction:
    """How much smaller a lesion is, in per cent of its baseline; negative where it grew."""
    return (Fraction(baseline_mm) - Fraction(size_mm)) / Fraction(baseline_mm) * 100


def remission(baseline_mm: Decimal, size_mm: Decimal, precision_mm: Decimal) -> Remission:
    """Gone, or smaller or larger by more than the stated precision, or unchanged."""
    if size_mm == 0:
        return "complete"
    if baseline_mm - size_mm > precision_mm:
        return "partial"
    if size_mm - baseline_mm > precision_mm:
        return "larger"
    return "unchanged"


def mean(values: Iterable[Fraction]) -> Fraction | None:
    """The mean, as the source forms it over its lesions; None of nothing."""
    found = list(values)
    return sum(found, Fraction(0)) / len(found) if found else None

"""A visit in a line of a day's list: what it is for, and what is drawn in all."""

from __future__ import annotations

from collections.abc import Sequence

from planner.core.values.formatting import mg_per_ml, ml
from planner.core.values.quantities import Number


def purposes_in_short(number: int, evaluations: Sequence[str], injections: Sequence[str]) -> str:
    """`visit 2: evaluation A; injection A, B`, each with its lesions."""
    parts = []
    if evaluations:
        parts.append(f"evaluation {', '.join(evaluations)}")
    if injections:
        parts.append(f"injection {', '.join(injections)}")
    return f"visit {number}: {'; '.join(parts)}"


def volume_in_short(total_ml: Number | None, strength_mg_per_ml: Number) -> str:
    """`0.38 mL of 150 mg/mL`, for a visit with injections; None where a dose is open."""
    if total_ml is None:
        return "doses open"
    return f"{ml(total_ml)} of {mg_per_ml(strength_mg_per_ml)}"

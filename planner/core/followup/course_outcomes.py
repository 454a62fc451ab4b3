"""A course in one figure for each evaluation, beside the source's cases."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from planner.core.plan.plan import Plan
from planner.core.plan.response import mean, reduction_percent


class SeriesOutcome(NamedTuple):
    """The mean reduction of the lesions measured at an evaluation, in per cent.

    `reference_percent` is that of the source's cases, from their printed sizes; None where the
    source has none then.
    """

    after_days: int
    lesions: int
    reduction_percent: Fraction | None
    reference_percent: Fraction | None


def outcomes(plan: Plan) -> Iterator[SeriesOutcome]:
    """One for each evaluation of the protocol, in the order of their days."""
    for after_days in plan.protocol.evaluation_days:
        found = [
            one.result.reduction_percent
            for visit in plan.visits
            for one in visit.evaluations
            if one.result is not None and one.after_days == after_days
        ]
        reference = mean(
            reduction_percent(case.size_mm, look.size_mm)
            for case in plan.cases
            for look in case.follow_up
            if look.week * 7 == after_days
        )
        yield SeriesOutcome(after_days, len(found), mean(found), reference)

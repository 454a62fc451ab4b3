"""Courses as rows for a statistician: one a lesion, one an injection, one an evaluation."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from planner.core.formatting import number
from planner.core.records import Plan
from planner.register.changes import Standing

COLUMNS = (
    "row", "course", "patient", "status", "ending", "revision", "protocol", "diagnosis", "lesion",
    "site", "side", "size_mm", "ulcerated", "regimen", "evidence", "held", "injections_given",
    "injection", "state", "due", "start", "dose_planned_mg", "dose_given_mg", "drawn_ml",
    "drawn_mg", "lot", "expiry", "given_at", "pain_before", "pain_after", "complication",
    "evaluation", "after_days", "date", "measured_mm", "measured_ulcerated", "pain", "pain_change",
    "reduction_percent", "remission",
)  # fmt: skip
# What a spreadsheet would run as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(courses: Iterable[Standing]) -> str:
    """All rows with a head; figures have a point, days are ISO 8601, nothing is left to guess."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for standing in courses:
        for row in _rows(standing):
            writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def _rows(standing: Standing) -> Iterator[dict[str, Any]]:
    plan, state = standing.plan, standing.state
    decisions = {one.lesion: one for one in plan.decisions}
    for lesion in plan.lesions:
        same = {
            "course": plan.course,
            "patient": plan.patient.id,
            "status": state.status,
            "ending": state.ended.ending if state.ended else None,
            "revision": plan.revision,
            "protocol": f"{plan.protocol.id} {plan.protocol.version}",
            "diagnosis": plan.diagnosis,
            "lesion": lesion.id,
            "site": lesion.site,
            "side": lesion.side,
            "size_mm": lesion.size_mm,
            "ulcerated": lesion.ulcerated,
            "regimen": decisions[lesion.id].regimen,
        }
        injections = list(_injections(plan, lesion.id))
        yield {
            "row": "lesion",
            **same,
            "evidence": decisions[lesion.id].evidence,
            "held": lesion.held_since is not None,
            "injections_given": sum(one["given_at"] is not None for one in injections),
        }
        yield from ({"row": "injection", **same, **one} for one in injections)
        yield from ({"row": "evaluation", **same, **one} for one in _looks(plan, lesion.id))


def _injections(plan: Plan, lesion: str) -> Iterator[dict[str, Any]]:
    for visit in plan.visits:
        for one in visit.injections:
            if one.lesion != lesion:
                continue
            given = one.given
            yield {
                "injection": one.injection,
                "state": one.state,
                "due": visit.due,
                "start": visit.start,
                "dose_planned_mg": one.dose_mg,
                "dose_given_mg": given and given.dose_mg,
                "drawn_ml": given and given.drawn_ml,
                "drawn_mg": given and given.drawn_mg,
                "lot": given and given.lot,
                "expiry": given and given.expiry,
                "given_at": given and given.at,
                "pain_before": given and given.pain_before,
                "pain_after": given and given.pain_after,
                "complication": given and given.complication,
            }


def _looks(plan: Plan, lesion: str) -> Iterator[dict[str, Any]]:
    for visit in plan.visits:
        for one in visit.evaluations:
            if one.lesion == lesion:
                found = one.result
                yield {
                    "evaluation": one.evaluation,
                    "state": one.state,
                    "due": visit.due,
                    "start": visit.start,
                    "after_days": one.after_days,
                    "date": found and found.on,
                    "measured_mm": found and found.size_mm,
                    "measured_ulcerated": found and found.ulcerated,
                    "pain": found and found.pain,
                    "pain_change": found and found.pain_change,
                    "reduction_percent": found and found.reduction_percent,
                    "remission": found and found.remission,
                }


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction | Decimal | int):
        return number(value)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return str(value.isoformat())

"""Courses as rows for a statistician: one a lesion, one an injection, one an evaluation."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from planner.core.plan.plan import Observed, Plan
from planner.core.values.formatting import number
from planner.store.standing import Standing

# What each column says, and its unit; the order is that of the columns.
DICTIONARY = {
    "row": ("", "lesion, injection or evaluation"),
    "course": ("", "the course's id"),
    "patient": ("", "the clinic's id of the patient"),
    "status": ("", "planned, running, held or ended"),
    "ending": ("", "completed, stopped, died or lost; empty while it goes on"),
    "revision": ("", "the revision of the course"),
    "protocol": ("", "the protocol and its version"),
    "diagnosis": ("", "as it was entered"),
    "lesion": ("", "the lesion's id within the course"),
    "site": ("", "of the protocol's vocabulary"),
    "side": ("", "left or right; empty where the site has none"),
    "size_mm": ("mm", "largest diameter before treatment"),
    "ulcerated": ("", "before treatment: yes or no"),
    "regimen": ("", "the regimen that was decided"),
    "evidence": ("", "stated, inferred or extrapolated"),
    "held": ("", "whether the lesion is held: yes or no"),
    "injections_given": ("", "how many injections were given"),
    "injection": ("", "the lesion's own count: 1, 2, ..."),
    "state": ("", "planned, done, missed or cancelled"),
    "due": ("date", "when it was due"),
    "start": ("time", "when it is, or was"),
    "dose_planned_mg": ("mg", "the dose prescribed; empty where it was left open"),
    "dose_given_mg": ("mg", "the dose given"),
    "drawn_ml": ("mL", "the volume drawn for it"),
    "drawn_mg": ("mg", "the dose in that volume"),
    "lot": ("", "of the vial"),
    "expiry": ("date", "of the vial"),
    "given_at": ("time", "when it was given"),
    "pain_before": ("of 10", "pain before the injection"),
    "pain_after": ("of 10", "pain after the injection"),
    "complication": ("", "as it was entered"),
    "observed": ("", "what was noted: its id = its value, one after the other"),
    "evaluation": ("", "the lesion's own count: 1, 2, ..."),
    "after_days": ("days", "days after the first injection when it is due"),
    "date": ("date", "when it was measured"),
    "measured_mm": ("mm", "largest diameter then; 0 is gone"),
    "measured_ulcerated": ("", "then: yes or no"),
    "pain": ("of 10", "pain then"),
    "pain_change": ("of 10", "against the pain before the first injection"),
    "reduction_percent": ("%", "how much smaller than before treatment"),
    "remission": ("", "complete, partial, unchanged or larger"),
}
COLUMNS = tuple(DICTIONARY)
# The columns of a lesion, which the other rows repeat, and those of each kind of row.
_OF_LESION = COLUMNS[: COLUMNS.index("evidence")]
_KINDS = {
    "lesion": COLUMNS[COLUMNS.index("evidence") : COLUMNS.index("injection")],
    "injection": COLUMNS[COLUMNS.index("injection") : COLUMNS.index("evaluation")],
    "evaluation": ("state", "due", "start", *COLUMNS[COLUMNS.index("evaluation") :]),
}
# What a spreadsheet would run as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Dialect(NamedTuple):
    """How a table is written: for programs, or as a spreadsheet of a language opens it."""

    separator: str = ","
    decimal: str = "."
    mark: str = ""

    @classmethod
    def of_excel(cls, courses: Sequence[Standing]) -> Dialect:
        """With a mark of its encoding, semicolons, and the decimals of the clinics' language."""
        has_commas = any(one.record.opening.clinic.writes_commas for one in courses)
        return cls(";", "," if has_commas else ".", "\ufeff")


def csv_text(courses: Iterable[Standing], dialect: Dialect) -> str:
    """All rows with a head; days are ISO 8601, nothing is left to guess."""
    rows = (row for standing in courses for row in _rows(standing))
    return _table(COLUMNS, rows, dialect)


def csv_files(courses: Sequence[Standing], dialect: Dialect) -> dict[str, str]:
    """A table for each kind of row, and one that says what the columns mean."""
    rows = [row for standing in courses for row in _rows(standing)]
    files = {
        f"{kind}s.csv": _table(
            (*_OF_LESION[1:], *columns), (one for one in rows if one["row"] == kind), dialect
        )
        for kind, columns in _KINDS.items()
    }
    meanings = (
        {"column": name, "unit": unit, "meaning": meaning}
        for name, (unit, meaning) in DICTIONARY.items()
        if name != "row"
    )
    return {**files, "dictionary.csv": _table(("column", "unit", "meaning"), meanings, dialect)}


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], dialect: Dialect) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(
        out, columns, lineterminator="\r\n", delimiter=dialect.separator, extrasaction="ignore"
    )
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell_of(value, dialect.decimal) for name, value in row.items()})
    return dialect.mark + out.getvalue()


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
                "observed": given and "; ".join(map(_noted, given.observed)),
            }


def _noted(one: Observed) -> str:
    """`refill-before = 2`; a text that could be taken for several stands in quotes."""
    is_plain = not {";", "=", '"'} & {*one.value}
    return f"{one.observation} = {one.value if is_plain else json.dumps(one.value)}"


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


def cell_of(value: Any, decimal: str = ".") -> str:
    """A value as a cell of a table: nothing that a spreadsheet would run as a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction | Decimal | int):
        return number(value).replace(".", decimal)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return str(value.isoformat())

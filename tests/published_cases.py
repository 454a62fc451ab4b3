"""`python -m tests.published_cases` writes the spreadsheet and the schema of the published cases.

The cases themselves are written by hand: what has to come out is looked up in the source, worked
out, or decided, and tests/second_implementation.py has to find the same.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from planner.files.cases import CaseFile, CaseTable, InjectionTable, VisitTable, case_files

FOLDER = Path(__file__).parents[1] / "planner" / "cases"
SPREADSHEET = FOLDER / "cases.csv"
SCHEMA = FOLDER / "cases.schema.json"

FIGURES = ("dose_mg", "volume_ml", "drawn_ml", "drawn_mg", "deviation_percent")
PREPARED = ("stock_ml", "diluent_ml", "batch_ml", "vials", "wasted_ml")
COLUMNS = (
    "case", "topic", "protocol", "reason", "source", "author", "date", "course", "clinic", "events",
    "refused", "findings", "visit", "due", "start", "end", "purposes", "state", "lesion", "regimen",
    "rule", "evidence", "injection", *FIGURES, "syringes", *PREPARED,
)  # fmt: skip


def spreadsheet() -> bytes:
    """A row for each injection, and for each visit without one; what is of a case stands first."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for file in case_files():
        for case in file.case:
            head = _head(file, case)
            for row in list(_visits(case)) or [{}]:
                writer.writerow({**head, **row})
                head = {"case": case.id}
    return out.getvalue().encode()


def _head(file: CaseFile, case: CaseTable) -> dict[str, Any]:
    findings = (
        " ".join(filter(None, (one.severity, one.code, one.lesion, one.due, f"({one.value})")))
        for one in case.expected.findings
    )
    events = [one.model_dump(exclude_defaults=True) for one in case.event]
    return {
        "case": case.id,
        "topic": file.topic,
        "protocol": f"{file.protocol} {file.protocol_version}",
        "reason": case.reason,
        "source": case.source,
        "author": case.author,
        "date": case.date,
        "course": case.course,
        "clinic": file.clinic[case.clinic],
        "events": json.dumps(events) if events else "",
        "refused": "; ".join(case.expected.refused),
        "findings": "; ".join(findings),
    }


def _visits(case: CaseTable) -> Iterator[dict[str, Any]]:
    decided = {one.lesion: one for one in case.expected.lesions}
    for visit in case.expected.visits:
        shared = _visit(visit)
        for injection in visit.injections or [None]:
            yield shared | (_injection(injection, decided) if injection else {})
            shared = {"visit": visit.number}


def _visit(visit: VisitTable) -> dict[str, Any]:
    syringes = (
        f"{one.drawn_ml} mL in {one.capacity_ml} mL: {' '.join(one.lesions)}"
        for one in visit.syringes
    )
    prepared = visit.preparation
    return {
        "visit": visit.number,
        "due": visit.due,
        "start": visit.start,
        "end": visit.end,
        "purposes": " and ".join(visit.purposes),
        "state": visit.state,
        "syringes": "; ".join(syringes),
        **({name: getattr(prepared, name) for name in PREPARED} if prepared else {}),
    }


def _injection(one: InjectionTable, decided: dict[str, Any]) -> dict[str, Any]:
    by = decided[one.lesion]
    figures = {name: getattr(one, name) for name in FIGURES}
    grounds = {"regimen": by.regimen, "rule": by.rule, "evidence": by.evidence}
    return {"lesion": one.lesion, **grounds, "injection": one.injection, **figures}


def schema() -> bytes:
    """The JSON Schema of a file of cases."""
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **CaseFile.model_json_schema(),
    }
    return f"{json.dumps(described, indent=2, ensure_ascii=False)}\n".encode()


if __name__ == "__main__":
    SPREADSHEET.write_bytes(spreadsheet())
    SCHEMA.write_bytes(schema())

"""Records as the JSON of files and answers: exact figures, days, and no key that says nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from planner.core.plan.course import Patient
from planner.core.plan.findings import Finding
from planner.core.plan.plan import (
    ClinicInUse,
    GivenDose,
    Plan,
    PlannedInjection,
    ProtocolInUse,
    ReferenceCase,
)
from planner.core.protocol.protocol import Regimen
from planner.core.values.formatting import decimal
from planner.core.values.intervals import Interval
from planner.core.values.quantities import Dose
from planner.core.values.records import every_field, plain, unusual_fields

# Of these only what they have is written, so that a plan without it is the same as before there
# was such a thing; elsewhere a value that is not there is null.
_LEFT_OUT: dict[type, set[str]] = {
    Finding: {"lesion", "visit", "due", "confirmed_by", "reason"},
    Regimen: {"days"},
    ProtocolInUse: {"screens", "observations", "drug_names", "population"},
    ClinicInUse: {"needle_change", "label", "codes"},
    ReferenceCase: {"caveat"},
    GivenDose: {"observed"},
    PlannedInjection: {"changed_from_mg"},
    Plan: {"screening"},
    Patient: {"address"},
}


def json_bytes(value: object) -> bytes:
    """Records as indented JSON; numbers are exact, with six decimals where they do not end."""
    return indented(as_written(value))


def as_written(value: object) -> Any:
    """Records as tables, lists, texts and numbers."""
    return plain(value, _leaf, _fields)


def indented(tables: object) -> bytes:
    """Tables as the text of a file."""
    import simplejson

    text = simplejson.dumps(tables, use_decimal=True, indent=2, ensure_ascii=False)
    return f"{text}\n".encode()


def _leaf(value: Any) -> Any:
    match value:
        case Fraction() | Decimal():
            return decimal(value)
        case date():
            return value.isoformat()
        case Dose(mg):
            return decimal(mg)
        case Interval():
            return str(value)
    return value


def _fields(record: Any) -> Iterable[tuple[str, Any]]:
    left_out = _LEFT_OUT.get(type(record))
    if left_out is None:
        return every_field(record)
    said = {name for name, _ in unusual_fields(record)}
    return (pair for pair in every_field(record) if pair[0] in said or pair[0] not in left_out)

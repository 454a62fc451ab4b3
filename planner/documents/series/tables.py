"""A series as tidy tables with what their columns mean, and as REDCap imports it.

Nothing in them says who somebody is: patients are numbers, days are counted from the course's first
injection, an age is one of a band where few are of it.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from planner.core.series.cohort import Cohort, SeriesCourse, SeriesLesion
from planner.core.series.description import BAND_YEARS, LEAST_TOLD, ages, backgrounds
from planner.core.values.formatting import number


class Column(NamedTuple):
    """A column: its name, its type as Table Schema has it, its unit, what it means."""

    name: str
    type: str
    unit: str
    meaning: str


_COURSE = Column("course", "string", "", "the course")
_PATIENT = Column("patient", "string", "", "a number that tells patients apart and names nobody")
_LESION = Column("lesion", "string", "", "the lesion within its course")
_DAY = Column("day", "integer", "d", "day, counted from the course's first injection (0)")
TABLES: Mapping[str, tuple[Column, ...]] = {
    "patients": (
        _PATIENT,
        Column("courses", "integer", "", "how many courses of the patient are described"),
        Column("age", "string", "a", "age in years at the first one; a band where few are of it"),
        Column("sex", "string", "", "female, male or other"),
        Column("disease_years", "number", "a", "how long the disease was there"),
    ),
    "courses": (
        _COURSE,
        _PATIENT,
        Column("diagnosis", "string", "", "as it was entered"),
        Column("serology", "string", "", "as it was entered"),
        Column("co_treatments", "string", "", "other treatment, as it was entered"),
        Column("earlier_treatment", "string", "", "of the lesions, as it was entered"),
        Column("consecutive", "boolean", "", "whether nobody who came before was passed over"),
        Column("consent_to_publish", "boolean", "", "whether the patient agreed"),
        Column("fate", "string", "", "completed, stopped, died, lost, running or not-reported"),
        Column("last_day", "integer", "d", "the last day that something was recorded of it"),
    ),
    "lesions": (
        _COURSE,
        _LESION,
        Column("site", "string", "", "of the protocol's vocabulary"),
        Column("side", "string", "", "left, right or midline"),
        Column("size_mm", "number", "mm", "largest diameter before treatment"),
        Column("ulcerated", "boolean", "", "before treatment"),
        Column("regimen", "string", "", "the regimen that was decided"),
        Column("injections", "integer", "", "how many were given"),
        Column("missed", "integer", "", "how many were not given"),
        Column("held_from_day", "integer", "d", "the day from which it was first held"),
        Column("complication", "boolean", "", "whether one was noted after any injection"),
    ),
    "injections": (
        _COURSE,
        _LESION,
        Column("injection", "integer", "", "the lesion's own count: 1, 2, ..."),
        _DAY,
        Column("dose_mg", "number", "mg", "the dose given"),
        Column("drawn_ml", "number", "mL", "the volume drawn for it"),
        Column("pain_before", "number", "{score}", "of 10"),
        Column("pain_after", "number", "{score}", "of 10"),
        Column("complication", "boolean", "", "whether one was noted; empty: not said of which"),
    ),
    "evaluations": (
        _COURSE,
        _LESION,
        Column("after_days", "integer", "d", "the look: days after the first injection was due"),
        _DAY,
        Column("size_mm", "number", "mm", "largest diameter then; 0 is gone"),
        Column("reduction_percent", "number", "%", "how much smaller than before treatment"),
        Column("remission", "string", "", "complete, partial, unchanged or larger"),
        Column("ulcerated", "boolean", "", "then"),
        Column("pain", "number", "{score}", "of 10"),
        Column("pain_change", "number", "{score}", "against the pain before the first injection"),
    ),
    "events": (
        _COURSE,
        _DAY,
        Column("what", "string", "", "injection, evaluation, complication, hold, release, ending"),
        Column("lesion", "string", "", "the lesion, where it is of one"),
    ),
}  # fmt: skip
Rows = Iterable[Mapping[str, Any]]


def tables(cohort: Cohort) -> dict[str, bytes]:
    """The tables by the names of their files, with datapackage.json."""
    shown = _ages(cohort)
    rows: dict[str, Callable[[], Rows]] = {
        "patients": lambda: _patients(cohort, shown),
        "courses": lambda: _courses(cohort),
        "lesions": lambda: _lesions(cohort),
        "injections": lambda: _injections(cohort),
        "evaluations": lambda: _evaluations(cohort),
        "events": lambda: _events(cohort),
    }
    made = {f"{name}.csv": table(TABLES[name], make()) for name, make in rows.items()}
    return {**made, "datapackage.json": _package(cohort)}


def table(columns: Sequence[Column], rows: Rows) -> bytes:
    """A table with a head; an empty cell is not known."""
    out = io.StringIO()
    names = [one.name for one in columns]
    writer = csv.DictWriter(out, names, lineterminator="\n", extrasaction="raise")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A spreadsheet would run it.
        return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
    return number(value)


def _package(cohort: Cohort) -> bytes:
    """What the tables are, as Frictionless reads it."""
    said = {
        "profile": "tabular-data-package",
        "name": f"series-{cohort.name}",
        "title": "A series of intralesional injections",
        "resources": [_resource(name, columns) for name, columns in TABLES.items()],
    }
    return (json.dumps(said, indent=2) + "\n").encode()


_KEYS = {
    "patients": ["patient"], "courses": ["course"], "lesions": ["course", "lesion"],
    "injections": ["course", "lesion", "injection"],
    "evaluations": ["course", "lesion", "after_days"], "events": [],
}  # fmt: skip


def _resource(name: str, columns: Sequence[Column]) -> dict[str, Any]:
    fields = [
        {"name": one.name, "type": one.type, "description": one.meaning}
        | ({"unit": one.unit} if one.unit else {})
        for one in columns
    ]
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    if _KEYS[name]:
        schema["primaryKey"] = _KEYS[name]
    return {
        "profile": "tabular-data-resource",
        "name": name,
        "path": f"{name}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": schema,
    }


def _ages(cohort: Cohort) -> dict[str, str]:
    """The age of each patient; where few are of one, all are told in bands of ten years."""
    known = ages(cohort)
    is_few = any(number < LEAST_TOLD for number in Counter(known.values()).values())
    if not is_few:
        return {patient: f"{age}" for patient, age in known.items()}
    low = {patient: age // BAND_YEARS * BAND_YEARS for patient, age in known.items()}
    return {patient: f"{age} to {age + BAND_YEARS - 1}" for patient, age in low.items()}


def _patients(cohort: Cohort, shown: Mapping[str, str]) -> Rows:
    counted = Counter(one.patient for one in cohort.courses)
    for patient, known in zip(cohort.patients, backgrounds(cohort), strict=True):
        yield {
            "patient": patient,
            "courses": counted[patient],
            "age": shown.get(patient),
            "sex": known.sex,
            "disease_years": known.disease_years,
        }


def _courses(cohort: Cohort) -> Rows:
    for one in cohort.courses:
        yield {
            "course": one.id,
            "patient": one.patient,
            "diagnosis": one.diagnosis,
            "serology": one.background.serology,
            "co_treatments": one.background.co_treatments,
            "earlier_treatment": one.background.earlier_treatment,
            "consecutive": one.background.consecutive,
            "consent_to_publish": one.background.consent_to_publish,
            "fate": one.fate,
            "last_day": one.last_day,
        }


def _lesions(cohort: Cohort) -> Rows:
    for course, one in cohort.lesions:
        yield {
            "course": course.id,
            "lesion": one.id,
            "site": one.site,
            "side": one.side,
            "size_mm": one.size_mm,
            "ulcerated": one.ulcerated,
            "regimen": one.regimen,
            "injections": len(one.shots),
            "missed": one.missed,
            "held_from_day": one.holds[0].first if one.holds else None,
            "complication": one.is_ill_sometime or any(shot.complication for shot in one.shots),
        }


def _injections(cohort: Cohort) -> Rows:
    for course, one in cohort.lesions:
        for shot in one.shots:
            yield {
                "course": course.id,
                "lesion": one.id,
                "injection": shot.injection,
                "day": shot.day,
                "dose_mg": shot.dose_mg,
                "drawn_ml": shot.drawn_ml,
                "pain_before": shot.pain_before,
                "pain_after": shot.pain_after,
                "complication": None if one.is_ill_sometime else bool(shot.complication),
            }


def _evaluations(cohort: Cohort) -> Rows:
    for course, one in cohort.lesions:
        for look in one.looks:
            yield {
                "course": course.id,
                "lesion": one.id,
                "after_days": look.after_days,
                "day": look.day,
                "size_mm": look.size_mm,
                "reduction_percent": look.reduction_percent,
                "remission": look.remission,
                "ulcerated": look.ulcerated,
                "pain": look.pain,
                "pain_change": look.pain_change,
            }


def _events(cohort: Cohort) -> Rows:
    for course in cohort.courses:
        found = [*(each for one in course.lesions for each in _of_lesion(one)), *_end(course)]
        for day, what, lesion in sorted(found):
            yield {"course": course.id, "day": day, "what": what, "lesion": lesion or None}


def _of_lesion(one: SeriesLesion) -> Iterator[tuple[int, str, str]]:
    for shot in one.shots:
        yield shot.day, "injection", one.id
        if shot.complication:
            yield shot.day, "complication", one.id
    yield from ((look.day, "evaluation", one.id) for look in one.looks)
    for hold in one.holds:
        yield hold.first, "hold", one.id
        if hold.released is not None:
            yield hold.released, "release", one.id


def _end(course: SeriesCourse) -> Iterator[tuple[int, str, str]]:
    if course.fate not in ("running", "not-reported"):
        yield course.last_day, f"ending: {course.fate}", ""


# REDCap: a record is a patient; lesions, injections and evaluations repeat.
_FORMS = {
    "patients": "patient", "lesions": "lesion", "injections": "injection",
    "evaluations": "look",
}  # fmt: skip
_EVENT = "series_arm_1"


def redcap(cohort: Cohort) -> dict[str, bytes]:
    """The import and the data dictionary of REDCap."""
    patient_of = {one.id: one.patient for one in cohort.courses}
    fields = [
        (name, one) for name in _FORMS for one in TABLES[name] if one.name != "patient"
    ]  # fmt: skip
    head = [
        "record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance",
        *(f"{_FORMS[name]}_{one.name}" for name, one in fields),
    ]  # fmt: skip
    out = io.StringIO()
    writer = csv.DictWriter(out, head, lineterminator="\n", restval="")
    writer.writeheader()
    counts: Counter[tuple[str, str]] = Counter()
    sources: dict[str, Rows] = {
        "patients": _patients(cohort, _ages(cohort)),
        "lesions": _lesions(cohort),
        "injections": _injections(cohort),
        "evaluations": _evaluations(cohort),
    }
    for name, rows in sources.items():
        for row in rows:
            patient = row.get("patient") or patient_of[row["course"]]
            counts[name, patient] += 1
            is_once = name == "patients"
            said = {
                f"{_FORMS[name]}_{key}": _coded(value)
                for key, value in row.items()
                if key != "patient"
            }
            writer.writerow(
                {
                    "record_id": patient,
                    "redcap_event_name": _EVENT,
                    "redcap_repeat_instrument": "" if is_once else _FORMS[name],
                    "redcap_repeat_instance": "" if is_once else counts[name, patient],
                    **said,
                }
            )
    return {"redcap.csv": out.getvalue().encode(), "redcap-dictionary.csv": _dictionary(fields)}


def _coded(value: Any) -> str:
    """A cell as REDCap imports it: yes is 1, no is 0."""
    return f"{int(value)}" if isinstance(value, bool) else _cell(value)


_DICTIONARY = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
_VALIDATION = {"integer": "integer", "number": "number"}


def _dictionary(fields: Sequence[tuple[str, Column]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, _DICTIONARY, lineterminator="\n", restval="")
    writer.writeheader()
    rows = [("record_id", "patient", Column("record_id", "string", "", _PATIENT.meaning))]
    rows += [(f"{_FORMS[name]}_{one.name}", _FORMS[name], one) for name, one in fields]
    for name, form, one in rows:
        is_yes_no = one.type == "boolean"
        writer.writerow(
            {
                "Variable / Field Name": name,
                "Form Name": form,
                "Field Type": "truefalse" if is_yes_no else "text",
                "Field Label": one.meaning,
                "Field Note": one.unit,
                "Text Validation Type OR Show Slider Number": _VALIDATION.get(one.type, ""),
            }
        )
    return out.getvalue().encode()

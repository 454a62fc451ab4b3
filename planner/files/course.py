"""Course files: who, which lesions, which doses, which first day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema

from planner.core.course import Confirmation, Course, Lesion, Move, Patient
from planner.core.findings import CODES
from planner.core.opening import clock_problem
from planner.core.plan import lesion_problems
from planner.core.protocol import Protocol
from planner.core.quantities import Dose
from planner.errors import InputError, Problem, raise_if_any
from planner.files.fields import (
    BirthDate,
    Day,
    FieldError,
    FileModel,
    Id,
    Moment,
    Text,
    check_date,
    check_id,
    exact_number,
    nearest,
    problems,
    whole_number,
)
from planner.files.reading import Table

DEFAULT_PROTOCOL = "sts-150"
MOST_LESIONS = 500
_DoseNumber = exact_number(above="0", most="100000")
_one_dose = _DoseNumber.__metadata__[0].func


def _doses(value: object) -> list[Decimal]:
    """A dose for all injections, or a list with one for each, in mg."""
    if not isinstance(value, list):
        return [_one_dose(value)]
    if not value:
        raise FieldError("the list is empty", "give a dose, or leave dose_mg out")
    if len(value) > 100:
        raise FieldError("over 100 doses", "give one number for all, or one for each injection")
    return [_one_dose(one) for one in value]


def _some(check: Any) -> Any:
    """One value, or a list of them."""

    def several(value: object) -> list[Any]:
        values = value if isinstance(value, list) else [value]
        if not values:
            raise FieldError("the list is empty", "name one, or leave the key out")
        return [check(one) for one in values]

    return several


_one_or_more = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Doses = Annotated[
    list[Decimal],
    BeforeValidator(_doses),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "array", "items": {"type": "number", "exclusiveMinimum": 0}},
            ],
            "description": _doses.__doc__,
        }
    ),
]
Lesions = Annotated[list[str], BeforeValidator(_some(check_id)), WithJsonSchema(_one_or_more)]
Days = Annotated[list[date], BeforeValidator(_some(check_date)), WithJsonSchema(_one_or_more)]


class PatientTable(FileModel):
    """The patient; without name or birth date the papers have a box for the label."""

    id: Text
    name: Text | None = None
    birth_date: BirthDate | None = None
    sulfite_allergy: bool | None = None


class LesionTable(FileModel):
    """A calcification; `size_mm` is its largest diameter."""

    id: Id
    site: Text
    side: Literal["left", "right", "midline"] | None = None
    site_detail: Text | None = None
    size_mm: exact_number(above="0", most="10000")  # type: ignore[valid-type]
    ulcerated: bool
    dose_mg: Doses | None = None
    regimen: Text | None = None
    measured_by: Text | None = None


class MoveTable(FileModel):
    """A visit, by the day when it is due, at a time of the physician's choice."""

    from_: Day = Field(alias="from")
    to: Moment


class ConfirmTable(FileModel):
    """A physician's word for a finding, as long as its value is what the plan says."""

    finding: Text
    lesion: Lesions | None = None
    due: Days | None = None
    value: Text
    by: Text
    reason: Text


class CourseFile(FileModel):
    """A course of injections for one patient."""

    id: Id
    revision: whole_number(0, 9999) = 0  # type: ignore[valid-type]
    protocol: Text = DEFAULT_PROTOCOL
    diagnosis: Text
    indication: Literal["severe", "ulcerated", "before-surgery"] | None = None
    first_visit: Moment
    prescriber: Text | None = None
    patient: PatientTable
    lesion: list[LesionTable] = Field(min_length=1, max_length=MOST_LESIONS)
    move: list[MoveTable] = Field(default=[], max_length=100)
    confirm: list[ConfirmTable] = Field(default=[], max_length=1000)


def course_from(table: Table, protocol: Protocol, zone: ZoneInfo | None) -> Course:
    """The course of a file's table. Raises InputError with every problem, by its place.

    `zone` is the clinic's; None where the clinic could not be read, and hours go unchecked.
    """
    found: list[Problem] = []
    try:
        file = CourseFile.model_validate(table)
    except ValidationError as error:
        found += problems(error, CourseFile)
        found += _sound_parts(table, protocol)
        raise InputError(*found) from error
    found += _lesions_problems(enumerate(file.lesion), protocol)
    found += _reference_problems(file)
    found += _clock_problems(file, zone)
    raise_if_any(InputError, found)
    return Course(
        id=file.id,
        revision=file.revision,
        first_visit=file.first_visit.replace(tzinfo=None),
        patient=Patient(**file.patient.model_dump()),
        diagnosis=file.diagnosis,
        indication=file.indication,
        prescriber=file.prescriber,
        lesions=tuple(_lesion(lesion) for lesion in file.lesion),
        moves=tuple(Move(move.from_, move.to.replace(tzinfo=None)) for move in file.move),
        confirmations=tuple(_confirmation(one) for one in file.confirm),
    )


def _sound_parts(table: Table, protocol: Protocol) -> Iterator[Problem]:
    """What the protocol says of those lesions that can be read, where the file has other faults."""
    lesions = table.get("lesion")
    if not isinstance(lesions, list):
        return
    sound = []
    for index, one in enumerate(lesions):
        try:
            sound.append((index, LesionTable.model_validate(one)))
        except ValidationError:
            continue
    yield from _lesions_problems(sound, protocol)


def _lesions_problems(
    lesions: Iterator[tuple[int, LesionTable]] | Sequence[tuple[int, LesionTable]],
    protocol: Protocol,
) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, table in lesions:
        name = f"lesion[{index + 1}]"
        if table.id in seen:
            first = seen[table.id] + 1
            yield Problem(f"{name}.id", f"{table.id} is lesion[{first}] already", "rename one")
        seen.setdefault(table.id, index)
        for problem in lesion_problems(_lesion(table), protocol):
            yield Problem(f"{name}.{problem.place}", problem.problem, problem.fix)


def _reference_problems(file: CourseFile) -> Iterator[Problem]:
    """Confirmations of codes or lesions that there are not."""
    lesions = [lesion.id for lesion in file.lesion]
    for index, one in enumerate(file.confirm, start=1):
        place = f"confirm[{index}]"
        if one.finding not in CODES:
            fix = nearest(one.finding, list(CODES))
            yield Problem(f"{place}.finding", f"{one.finding!r} is no finding", fix)
        if one.lesion and one.due:
            yield Problem(place, "it names lesions and due days", "keep those of the finding")
        for lesion in one.lesion or ():
            if lesion not in lesions:
                yield Problem(f"{place}.lesion", f"{lesion} is no lesion", nearest(lesion, lesions))


def _clock_problems(file: CourseFile, zone: ZoneInfo | None) -> Iterator[Problem]:
    """Hours that the clinic's clock does not show once."""
    if zone is None:
        return
    moments = [("first_visit", file.first_visit)]
    moments += [(f"move[{index}].to", move.to) for index, move in enumerate(file.move, start=1)]
    for place, moment in moments:
        yield from moment_problems(place, moment, zone)


def moment_problems(place: str, moment: datetime, zone: ZoneInfo) -> Iterator[Problem]:
    """Why a typed time is not one moment of the clinic's clock, if it is not."""
    wall = moment.replace(tzinfo=None)
    if reason := clock_problem(wall, zone):
        yield Problem(place, reason, "choose another hour")
    elif moment.tzinfo is not None and moment.utcoffset() != wall.replace(tzinfo=zone).utcoffset():
        yield Problem(place, f"its offset is not that of {zone.key}", "write the clinic's time")


def _lesion(table: LesionTable) -> Lesion:
    return Lesion(
        id=table.id,
        site=table.site,
        side=table.side,
        site_detail=table.site_detail,
        size_mm=table.size_mm,
        ulcerated=table.ulcerated,
        doses=tuple(Dose(Fraction(dose)) for dose in table.dose_mg or ()),
        regimen=table.regimen,
        measured_by=table.measured_by,
    )


def _confirmation(table: ConfirmTable) -> Confirmation:
    return Confirmation(
        finding=table.finding,
        value=table.value,
        by=table.by,
        reason=table.reason,
        lesions=tuple(table.lesion or ()),
        due=tuple(table.due or ()),
    )

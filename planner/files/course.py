"""Course files: who, which lesions, which doses, which first day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from planner.core.calendar.availability import Opening, clock_problem
from planner.core.calendar.clinic import Clinic
from planner.core.calendar.occupancy import Occupancy
from planner.core.plan.course import (
    Background,
    Confirmation,
    Course,
    Indication,
    Lesion,
    Move,
    Patient,
    Screened,
    Sex,
    Side,
)
from planner.core.plan.findings import CODES
from planner.core.plan.planning import decide, lesion_problems, screening_problems
from planner.core.plan.typed_days import TypedMove, due_problems, times_problems
from planner.core.protocol.protocol import Protocol, Regimen
from planner.core.values.quantities import MOST_MG, MOST_MM, Dose
from planner.core.values.said import said
from planner.errors import InputError, Problem, raise_if_any
from planner.files.bundled import DEFAULT_PROTOCOL
from planner.files.fields import (
    BirthDate,
    Day,
    FieldError,
    FileModel,
    Id,
    Moment,
    PatientId,
    Text,
    check_birth_date,
    check_date,
    check_exact,
    check_id,
    check_moment,
    check_text,
    exact_number,
    is_id,
    nearest,
    problems,
    shown,
    whole_number,
)
from planner.files.reading import Table

# What papers can be made of within some seconds; a patient has fewer.
MOST_LESIONS = 100
V = TypeVar("V")
DoseMg = Annotated[Decimal, *exact_number(above="0", most=str(MOST_MG))]
SizeMm = Annotated[Decimal, *exact_number(above="0", most=str(MOST_MM))]
DiseaseYears = Annotated[Decimal, *exact_number(least="0", most="120")]
Revision = Annotated[int, *whole_number(0, 9999)]


class Doses(NamedTuple):
    """Doses in mg: one for each injection, or one that is `same` for all."""

    mg: tuple[Decimal, ...]
    same: bool


def _doses(value: object, read_list: ValidatorFunctionWrapHandler) -> Doses:
    """A dose in mg for all injections, or a list with one for each."""
    if not isinstance(value, list):
        (dose,) = (check_exact(DoseMg, value),)
        return Doses((dose,), True)
    if not value:
        raise FieldError(said("the list is empty"), said("give a dose, or leave dose_mg out"))
    if len(value) > 100:
        raise FieldError(
            said("over 100 doses"), said("give one number for all, or one for each injection")
        )
    return Doses(tuple(read_list(value)), False)


def _some(check: Any) -> Any:
    """One value, or a list of them."""

    def several(value: object) -> list[Any]:
        values = value if isinstance(value, list) else [value]
        if not values:
            raise FieldError(said("the list is empty"), said("name one, or leave the key out"))
        return [check(one) for one in values]

    return several


_one_or_more = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
DoseList = Annotated[
    list[DoseMg],
    WrapValidator(_doses),
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


MOST_ADDRESS_LINES = 8


def _postal_address(value: object) -> str:
    """An address, its lines between commas, as the window of an envelope shows them."""
    lines = [one.strip() for one in check_text(value).split(",") if one.strip()]
    if not lines:
        raise FieldError(said("it has no line"), said("write it as Vestergade 1, 1456 Copenhagen"))
    if len(lines) > MOST_ADDRESS_LINES:
        text = said(
            "it has {n} lines, an envelope shows {most_address_lines}",
            n=len(lines),
            most_address_lines=MOST_ADDRESS_LINES,
        )
        raise FieldError(text, said("leave some out"))
    return ", ".join(lines)


PostalAddress = Annotated[str, BeforeValidator(_postal_address), WithJsonSchema({"type": "string"})]


class PatientTable(FileModel):
    """The patient; without name or birth date the papers have a box for the label."""

    id: PatientId
    name: Text | None = None
    birth_date: BirthDate | None = None
    sulfite_allergy: bool | None = None
    address: PostalAddress | None = None


class LesionTable(FileModel):
    """A calcification; `size_mm` is its largest diameter."""

    id: Id
    site: Text
    side: Side | None = None
    site_detail: Text | None = None
    size_mm: SizeMm
    ulcerated: bool
    dose_mg: DoseList | None = None
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


class BackgroundTable(FileModel):
    """What reports of a series ask of a patient; no plan hangs on it, and all may be left out."""

    sex: Sex | None = None
    disease_years: DiseaseYears | None = None
    serology: Text | None = None
    co_treatments: Text | None = None
    earlier_treatment: Text | None = None
    consecutive: bool | None = None
    consent_to_publish: bool | None = None
    ethics: Text | None = None


class CourseFile(FileModel):
    """A course of injections for one patient."""

    id: Id
    revision: Revision = 0
    protocol: Text = DEFAULT_PROTOCOL
    diagnosis: Text
    indication: Indication | None = None
    first_visit: Moment
    prescriber: Text | None = None
    patient: PatientTable
    lesion: list[LesionTable] = Field(min_length=1, max_length=MOST_LESIONS)
    screening: dict[Id, bool] = Field(default={}, max_length=100)
    background: BackgroundTable | None = None
    move: list[MoveTable] = Field(default=[], max_length=100)
    confirm: list[ConfirmTable] = Field(default=[], max_length=1000)


def course_from(
    table: Table, protocol: Protocol | None, zone: ZoneInfo | None, *, is_typed: bool = False
) -> Course:
    """The course of a file's table. Raises InputError with every problem, by its place.

    `zone` is the clinic's; None where the clinic could not be read, and hours go unchecked. So do
    sites, sizes and doses without the protocol. `is_typed` where the figures were read of a form or
    a spreadsheet: TOML alone takes the comma of a decimal for the end of a figure.
    """
    found: list[Problem] = []
    file = None
    try:
        file = CourseFile.model_validate(table)
    except ValidationError as error:
        found += problems(error, CourseFile)
    found += _same_ids(table)
    if protocol is not None:
        of_lesions = _lesions_problems(file.lesion if file else _tables(table, "lesion"), protocol)
        found += of_lesions if is_typed else map(_with_mark, of_lesions)
        found += _screening_problems(table, protocol)
    found += _reference_problems(table)
    found += _clock_problems(table, zone)
    found += _birth_problems(table)
    raise_if_any(InputError, found)
    if file is None:
        raise AssertionError("a file that was refused has a problem")
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
        screening=tuple(Screened(name, answer) for name, answer in file.screening.items()),
        background=Background(**file.background.model_dump()) if file.background else None,
    )


def _screening_problems(table: Table, protocol: Protocol) -> Iterator[Problem]:
    answers = table.get("screening")
    if isinstance(answers, dict):
        # Of a name that is no id the file's model says so.
        yield from screening_problems([one for one in answers if is_id(one)], protocol)


def _tables(table: Table, name: str) -> list[Any]:
    """The tables of a list of a file, whatever they are."""
    found = table.get(name)
    return found if isinstance(found, list) else []


def _ids(table: Table) -> list[str]:
    """The ids of the lesions; none where one has no id, or stands under a misspelt name."""
    tables = _tables(table, "lesion")
    ids = [one.get("id") if isinstance(one, dict) else None for one in tables]
    known = [one for one in ids if isinstance(one, str)]
    return known if len(known) == len(ids) and not _has_tables_elsewhere(table) else []


def _same_ids(table: Table) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, one in enumerate(_tables(table, "lesion"), start=1):
        name = one.get("id") if isinstance(one, dict) else None
        if isinstance(name, str):
            # `A` and `a` are told apart by no label.
            first = seen.setdefault(name.casefold(), index)
            if first != index:
                named = shown(name).strip('"')
                problem = said("{named} is lesion[{first}] already", named=named, first=f"{first}")
                yield Problem(f"lesion[{index}].id", problem, said("rename one"))


def _lesions_problems(tables: Sequence[object], protocol: Protocol) -> Iterator[Problem]:
    """Where the lesions contradict the protocol, each as far as it can be read."""
    for index, one in enumerate(tables, start=1):
        lesion, unread = _as_far_as_read(one, protocol)
        for problem in lesion_problems(_lesion(lesion), protocol) if lesion else ():
            if problem.place not in unread:
                yield Problem(f"lesion[{index}].{problem.place}", problem.problem, problem.fix)


def _with_mark(problem: Problem) -> Problem:
    """What is wrong with how many doses there are: a decimal comma makes two of one."""
    if not problem.place.endswith(".dose_mg"):
        return problem
    fix = said("{fix}; a decimal has a point: 12.5, not 12,5", fix=problem.fix)
    return replace(problem, fix=fix)


def _as_far_as_read(table: object, protocol: Protocol) -> tuple[LesionTable | None, set[str]]:
    """A lesion with a stand-in for each value that is missing or wrong, and what hangs on those."""
    if isinstance(table, LesionTable):
        return table, set()
    domains = protocol.table.domains
    stand_ins = {
        "id": "A",
        "site": domains.sites[0],
        "size_mm": next(iter(domains.size_mm.bounds[::-1]), 1),
        "ulcerated": True,
    }
    try:
        return LesionTable.model_validate(table), set()
    except ValidationError as error:
        wrong = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
    if not isinstance(table, dict):
        return None, set()
    known = {key: value for key, value in table.items() if key in LesionTable.model_fields}
    readable = {key: value for key, value in known.items() if key not in wrong}
    unread = wrong & {*LesionTable.model_fields}
    if unread & {"site"}:
        unread |= {"side"}
    # How many doses there have to be follows from the regimen, and that from these.
    if unread & {"site", "size_mm", "ulcerated", "regimen"}:
        unread |= {"dose_mg"}
    return LesionTable.model_validate({**stand_ins, **readable}), unread


def _reference_problems(table: Table) -> Iterator[Problem]:
    """Confirmations of codes or lesions that there are not, each as far as it can be read."""
    known = _ids(table)
    for index, one in enumerate(_tables(table, "confirm"), start=1):
        if not isinstance(one, dict):
            continue
        place = f"confirm[{index}]"
        finding = _if_read(check_text, one.get("finding"))
        if finding is not None and finding not in CODES:
            problem = said("{finding} is no finding", finding=shown(finding))
            yield Problem(f"{place}.finding", problem, nearest(finding, list(CODES)))
        if one.get("lesion") and one.get("due"):
            fix = said("keep those of the finding")
            yield Problem(place, said("it names lesions and due days"), fix)
        lesions = one.get("lesion")
        for name in lesions if isinstance(lesions, list) else [lesions]:
            lesion = _if_read(check_id, name)
            if known and lesion is not None and lesion not in known:
                problem = said("{lesion} is no lesion", lesion=lesion)
                yield Problem(f"{place}.lesion", problem, nearest(lesion, known))


def _birth_problems(table: Table) -> Iterator[Problem]:
    patient = table.get("patient")
    born = _if_read(check_birth_date, patient.get("birth_date") if isinstance(patient, dict) else 0)
    first = _if_read(check_moment, table.get("first_visit"))
    if born and first and born > first.date():
        text, fix = said("it is after the first visit"), said("correct the one that is wrong")
        yield Problem("patient.birth_date", text, fix)


def _clock_problems(table: Table, zone: ZoneInfo | None) -> Iterator[Problem]:
    """Hours that the clinic's clock does not show once."""
    if zone is None:
        return
    for place, value in typed_moments(table):
        if (moment := _if_read(check_moment, value)) is not None:
            yield from moment_problems(place, moment, zone)


def typed_moments(table: Table) -> Iterator[tuple[str, object]]:
    """The times of a course file by their places, unchecked."""
    yield "first_visit", table.get("first_visit")
    for index, move in enumerate(_tables(table, "move"), start=1):
        if isinstance(move, dict):
            yield f"move[{index}].to", move.get("to")


def days_problems(
    table: Table, protocol: Protocol | None, clinic: Clinic | None
) -> Iterator[Problem]:
    """What is wrong with the days of a course that cannot be planned, as far as it can be known.

    A time at which the clinic has no visits, however short; a move of a day on which no visit can
    be due, whatever the rest of the file is meant to say.
    """
    first, moves = _if_read(check_moment, table.get("first_visit")), list(_typed_moves(table))
    first = first and first.replace(tzinfo=None)
    yield from times_problems(first, moves, Opening(clinic, Occupancy()) if clinic else None)
    if protocol is not None and first is not None:
        if _has_moves_elsewhere(table):
            moves.insert(0, TypedMove("", None, None, is_whole=False))
        yield from due_problems(first.date(), moves, list(_regimens(table, protocol)), protocol)


def _if_read(check: Callable[[object], V], value: object) -> V | None:
    """A value that can be read; of one that cannot the file's model says what is wrong with it."""
    try:
        return check(value)
    except FieldError:
        return None


def _typed_moves(table: Table) -> Iterator[TypedMove]:
    """The moves, each as far as it can be read."""
    for index, one in enumerate(_tables(table, "move"), start=1):
        typed = one if isinstance(one, dict) else {}
        to = _if_read(check_moment, typed.get("to"))
        due = _if_read(check_date, typed.get("from"))
        is_whole = to is not None and due is not None and typed.keys() == {"from", "to"}
        yield TypedMove(f"move[{index}]", due, to and to.replace(tzinfo=None), is_whole)


def _elsewhere(table: Table) -> list[object]:
    """What stands under names that no course file knows: it may be meant for any other."""
    return [one for name, one in table.items() if name not in CourseFile.model_fields]


def _has_tables_elsewhere(table: Table) -> bool:
    return any(isinstance(one, dict | list) for one in _elsewhere(table))


def _has_moves_elsewhere(table: Table) -> bool:
    """Whether there may be moves under a misspelt name, which shift the days of the others."""
    lists = (one for one in _elsewhere(table) if isinstance(one, list))
    tables = (one for each in lists for one in each if isinstance(one, dict))
    return any({"from", "to"} & one.keys() for one in tables)


def _regimens(table: Table, protocol: Protocol) -> Iterator[set[Regimen]]:
    """The regimens that each lesion may have: all of them for one that cannot be decided on.

    So may one that is missing, or stands under a misspelt name.
    """
    lesions = _tables(table, "lesion")
    if not lesions or _has_tables_elsewhere(table):
        yield {*protocol.regimens.values()}
    for one in lesions:
        read, unread = _as_far_as_read(one, protocol)
        lesion = _lesion(read) if read and not unread else None
        if lesion is None or any(lesion_problems(lesion, protocol)):
            yield {*protocol.regimens.values()}
        else:
            yield {protocol.regimens[decide(lesion, protocol).regimen]}


def moment_problems(place: str, moment: datetime, zone: ZoneInfo) -> Iterator[Problem]:
    """Why a typed time is not one moment of the clinic's clock, if it is not."""
    wall = moment.replace(tzinfo=None)
    if reason := clock_problem(wall, zone):
        yield Problem(place, reason, said("choose another hour"))
    elif moment.tzinfo is not None and moment.utcoffset() != wall.replace(tzinfo=zone).utcoffset():
        yield Problem(
            place,
            said("its offset is not that of {key}", key=zone.key),
            said("write the clinic's time"),
        )


def _lesion(table: LesionTable) -> Lesion:
    doses: Any = table.dose_mg
    return Lesion(
        id=table.id,
        site=table.site,
        side=table.side,
        site_detail=table.site_detail,
        size_mm=table.size_mm,
        ulcerated=table.ulcerated,
        doses=() if doses is None else tuple(Dose(Fraction(dose)) for dose in doses.mg),
        same_dose=doses is not None and doses.same,
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

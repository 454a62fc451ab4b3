"""Clinic files: hours, closures, syringes, stock; and what is assumed without one."""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema

from planner.core.calendar.clinic import (
    KINDS,
    ONE_ROOM,
    PURPOSES,
    Approval,
    Clinic,
    Closure,
    OpeningHours,
    Purpose,
    Share,
)
from planner.core.dosing.equipment import USUAL_SYRINGES, Stock, Syringe
from planner.core.values.formatting import shown_day
from planner.core.values.said import said
from planner.errors import InputError, Problem, raise_if_any
from planner.files.fields import (
    Closed,
    Day,
    FieldError,
    FileModel,
    Id,
    LanguageCode,
    MgPerMl,
    Reminder,
    Text,
    check_line,
    check_span,
    check_text,
    check_whole,
    exact_number,
    problems,
    shown,
    whole_number,
)
from planner.files.reading import LONGEST_TEXT, Table

MOST_GRADUATIONS = 1000
INJECTION_MINUTES, EVALUATION_MINUTES = 30, 20
OFFICE_HOURS = OpeningHours(time(8), time(16))
WEEKDAYS = ((OFFICE_HOURS,),) * 5 + ((),) * 2
REMINDERS = (timedelta(days=1), timedelta(hours=2))
_ASSUMED_OPENING = said("weekdays {hours}", hours=str(OFFICE_HOURS))
_ASSUMED_SYRINGES = said("syringes of 1, 3, 5 and 10 mL")
ID_LENGTH = 40
# Letters that no decomposition makes plain, as the languages of clinics write them out.
_LETTERS = {
    "\u00e6": "ae",
    "\u00f8": "oe",
    "\u00e5": "aa",
    "\u00e4": "ae",
    "\u00f6": "oe",
    "\u00fc": "ue",
}
VisitMinutes = Annotated[int, *whole_number(5, 480)]
FurtherMinutes = Annotated[int, *whole_number(0, 60)]
AtOnce = Annotated[int, *whole_number(1, 100)]
Taken = Annotated[int, *whole_number(0, 100)]
RetentionYears = Annotated[int, *whole_number(1, 100)]
VialMl = Annotated[Decimal, *exact_number(above="0", most="1000")]
CapacityMl = Annotated[Decimal, *exact_number(least="0.1", most="100")]
GraduationMl = Annotated[Decimal, *exact_number(least="0.001", most="100")]
DeadSpaceMl = Annotated[Decimal, *exact_number(least="0", most="100")]
MostMl = Annotated[Decimal, *exact_number(above="0", most="100")]


def _spans(value: object) -> list[OpeningHours]:
    """The opening hours of a day, one span or several; spans that touch are one."""
    spans = sorted(
        (check_span(one) for one in (value if isinstance(value, list) else [value])),
        key=lambda span: span.start,
    )
    joined = spans[:1]
    for span in spans[1:]:
        if span.start < joined[-1].end:
            raise FieldError(said("its spans overlap"), said("merge them"))
        if span.start == joined[-1].end:
            joined[-1] = OpeningHours(joined[-1].start, span.end)
        else:
            joined.append(span)
    return joined


# Names of zones that say nothing of where a clinic is.
_NO_PLACE = {"localtime", "posixrules", "Factory"}


def check_timezone(value: object) -> str:
    """A zone of the IANA database, by its name."""
    name = value if isinstance(value, str) else ""
    try:
        if not re.fullmatch(r"[A-Za-z0-9_+/-]{1,60}", name) or name in _NO_PLACE:
            raise ZoneInfoNotFoundError(name)
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise FieldError(
            said("{value} is no time zone", value=shown(value)), _zone(name)
        ) from error
    return name


def _zone(typed: str) -> str:
    """What zone may be meant: one whose place is typed alike. Letters alone stand for none."""
    there = sorted(one for one in available_timezones() if "/" in one)
    places = {one.rpartition("/")[2].casefold(): one for one in there}
    wanted = typed.rpartition("/")[2].casefold().replace(" ", "_")
    for place in difflib.get_close_matches(wanted, places, n=1, cutoff=0.85):
        return said("did you mean {near}?", near=places[place])
    return said("write it as Europe/Copenhagen")


Spans = Annotated[
    list[OpeningHours],
    BeforeValidator(_spans),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "examples": ["08:00-15:30"],
        }
    ),
]
TimeZone = Annotated[
    str, BeforeValidator(check_timezone), WithJsonSchema({"type": "string", "examples": ["UTC"]})
]


class OpeningTable(FileModel):
    """The hours of each day; a day left out is closed."""

    mon: Spans = []
    tue: Spans = []
    wed: Spans = []
    thu: Spans = []
    fri: Spans = []
    sat: Spans = []
    sun: Spans = []


class MinutesTable(FileModel):
    """How long a visit takes for each purpose."""

    injection: VisitMinutes = INJECTION_MINUTES
    evaluation: VisitMinutes = EVALUATION_MINUTES
    each_further_lesion: FurtherMinutes = 0


class CapacityTable(FileModel):
    """How many of each kind there are at the same time."""

    rooms: AtOnce
    nurses: AtOnce | None = None
    physicians: AtOnce | None = None


def _of_rooms(value: object) -> object:
    """A number alone means rooms."""
    return value if isinstance(value, dict) else {"rooms": check_whole(1, 100)(value)}


Capacity = Annotated[
    CapacityTable,
    BeforeValidator(_of_rooms),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 100},
                CapacityTable.model_json_schema(),
            ]
        }
    ),
]


class NeedTable(FileModel):
    """How many of each kind a visit takes; one that is left out is not taken."""

    rooms: Taken = 0
    nurses: Taken = 0
    physicians: Taken = 0


class NeedsTable(FileModel):
    """What a visit of each purpose takes."""

    injection: NeedTable
    evaluation: NeedTable


class StockTable(FileModel):
    """What the clinic draws from."""

    strength_mg_per_ml: MgPerMl
    salt: Literal["pentahydrate", "anhydrous", "not stated"] = "not stated"
    vial_ml: VialMl | None = None


class SyringeTable(FileModel):
    """A size of syringe; the dead space stays behind in it and its needle."""

    capacity_ml: CapacityMl
    graduation_ml: GraduationMl
    dead_space_ml: DeadSpaceMl = Decimal(0)


class ApprovalTable(FileModel):
    """That the clinic approved a version of a protocol."""

    protocol: Id
    version: Text
    by: Text
    on: Day
    review_by: Day


def _coding_system(value: object) -> str:
    """The address of a coding system, as FHIR wants one: absolute, and no program."""
    text = check_text(value)
    if not re.fullmatch(r"(https?://|urn:(oid|uuid):)[^\s<>\"{}|\\^`]+", text):
        fix = said("write it as http://snomed.info/sct, or urn:oid:...")
        raise FieldError(said("{value} is no address of a coding system", value=shown(value)), fix)
    if text == "http://unitsofmeasure.org":
        raise FieldError(
            said("it has units, not sites"), said("name the system of the site's code")
        )
    return text


def _code(value: object) -> str:
    """A code, as FHIR wants one: no white space but single spaces inside."""
    text = check_line(value)
    if not re.fullmatch(r"\S+( \S+)*", text):
        raise FieldError(
            said("{value} is no code", value=shown(value)), said("write it as the system has it")
        )
    return text


class CodeTable(FileModel):
    """What another system calls a site: its coding system, by an address, and its code there."""

    system: Annotated[str, BeforeValidator(_coding_system), WithJsonSchema({"type": "string"})]
    code: Annotated[str, BeforeValidator(_code), WithJsonSchema({"type": "string"})]


LEAST_KEY = 16


def _calendar_key(value: object) -> str:
    """A secret. No message shows it."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_TEXT:
        raise FieldError(
            said("it is not a line of text"), said("put random letters and digits in quotes")
        )
    if len(value.strip()) < LEAST_KEY:
        raise FieldError(
            said("it is too short to be a secret"),
            said("use at least {least_key} characters", least_key=LEAST_KEY),
        )
    return value.strip()


class ClinicFile(FileModel):
    """A clinic. Only the time zone has to be said; what is left out is told as assumed."""

    id: Id | None = None
    name: Text | None = None
    address: Text | None = None
    phone: Text | None = None
    timezone: TimeZone
    country: Text | None = None
    subdivision: Text | None = None
    opening: OpeningTable | None = None
    closed: list[Closed] = []
    holidays: bool | None = None
    minutes: MinutesTable | None = None
    capacity: Capacity = CapacityTable(rooms=1)
    needs: NeedsTable | None = None
    reminders: list[Reminder] | None = None
    paper: Literal["A4", "Letter"] = "A4"
    language: LanguageCode = "en"
    draw_up: Literal["each", "shared"] = "each"
    second_check: bool = False
    label: Literal["A4-24", "A4-48", "Letter-30"] | None = None
    needle_change: bool = False
    most_ml: dict[Id, MostMl] = {}
    stock: StockTable | None = None
    syringe: list[SyringeTable] | None = Field(default=None, min_length=1, max_length=20)
    approval: list[ApprovalTable] = []
    calendar_key: (
        Annotated[
            str,
            BeforeValidator(_calendar_key),
            WithJsonSchema({"type": "string", "minLength": LEAST_KEY}),
        ]
        | None
    ) = None
    codes: dict[Id, CodeTable] = {}
    retention_years: RetentionYears | None = None


def clinic_from(table: Table, years: range) -> Clinic:
    """The clinic of a file's table. Raises InputError with every problem, by its place.

    `years` are those whose public holidays the plan may need.
    """
    try:
        file = ClinicFile.model_validate(table)
    except ValidationError as error:
        apart = _problems_apart(table, error)
        raise InputError(*problems(error, ClinicFile), *apart) from error
    raise_if_any(InputError, _problems(file))
    assumed = []
    if file.opening is None:
        assumed.append(_ASSUMED_OPENING)
    if file.syringe is None:
        assumed.append(_ASSUMED_SYRINGES)
    return _clinic(file, tuple(assumed), years)


def built_in_clinic(timezone: str) -> Clinic:
    """What serves without a clinic file, in a stated time zone. Raises InputError for no zone."""
    try:
        zone = check_timezone(timezone)
    except FieldError as error:
        raise InputError(Problem("", error.problem, error.fix)) from error
    return Clinic(
        name="",
        address="",
        phone="",
        timezone=zone,
        opening=WEEKDAYS,
        closures=(),
        injection_minutes=INJECTION_MINUTES,
        evaluation_minutes=EVALUATION_MINUTES,
        capacity={"rooms": 1},
        reminders=REMINDERS,
        paper="A4",
        language="en",
        draw_up="each",
        second_check=False,
        stock=None,
        syringes=USUAL_SYRINGES,
        approvals=(),
        id=id_of(zone),
        assumed=(_ASSUMED_OPENING, said("no public holidays"), _ASSUMED_SYRINGES, said("no stock")),
    )


# What can only be said of a part where another part can be read.
_HANGS_ON = {"holidays": "country", "label": "paper", "capacity": "needs", "needs": "capacity"}


def _problems_apart(table: Table, error: ValidationError) -> Iterator[Problem]:
    """What else is wrong with a file in which some parts are wrong in themselves."""
    wrong = {str(one["loc"][0]) for one in error.errors(include_url=False) if one["loc"]}
    there = {"timezone": "UTC"} | {key: one for key, one in table.items() if key not in wrong}
    try:
        file = ClinicFile.model_validate(there)
    except ValidationError:
        return
    for one in _problems(file):
        if _HANGS_ON.get(re.split(r"[.\[]", one.place)[0]) not in wrong:
            yield one


def _problems(file: ClinicFile) -> Iterator[Problem]:
    if file.holidays and file.country is None:
        yield Problem(
            "holidays", said("the country is not stated"), said('add country = "DK" or the like')
        )
    if file.country is not None and file.holidays is not False:
        from planner.files.public_holidays import country_problems

        yield from country_problems(file.country.upper())
    if file.opening is not None and not any(_hours(file.opening)):
        yield Problem("opening", said("no day is open"), said("give the hours of at least one day"))
    if file.label is not None and not file.label.startswith(file.paper):
        fix = said("leave it out, or choose the paper that it has")
        yield Problem(
            "label",
            said("{label} is no sheet of {paper} paper", label=file.label, paper=file.paper),
            fix,
        )
    for index, approval in enumerate(file.approval, start=1):
        if approval.review_by < approval.on:
            problem = said(
                "{review_by} is before the day of approval", review_by=shown_day(approval.review_by)
            )
            yield Problem(f"approval[{index}].review_by", problem, said("correct it"))
    yield from _kind_problems(file)
    yield from _syringe_problems(file.syringe or ())


def _kind_problems(file: ClinicFile) -> Iterator[Problem]:
    """Kinds of which it is not said what a visit takes, and visits that take more than there is."""
    there = _capacity(file)
    if file.needs is None:
        if len(there) > 1:
            fix = said("say it: needs = { injection = { rooms = 1, nurses = 1 }, ... }")
            yield Problem("needs", said("what a visit takes of each kind is not stated"), fix)
        return
    for purpose, share in _needs(file).items():
        if not any(share.values()):
            fix = said("say at least of one kind how many")
            yield Problem(f"needs.{purpose}", said("a visit would take nothing"), fix)
        for kind, number in share.items():
            if number > there.get(kind, 0):
                text = said(
                    "a visit takes {number}, the clinic has {kind}",
                    number=number,
                    kind=there.get(kind, 0),
                )
                fix = said("correct it, or the capacity")
                yield Problem(f"needs.{purpose}.{kind}", text, fix)


def _syringe_problems(syringes: Sequence[SyringeTable]) -> Iterator[Problem]:
    """Syringes that no one can read, and those that stand twice."""
    seen: dict[Decimal, int] = {}
    for index, one in enumerate(syringes, start=1):
        place = f"syringe[{index}]"
        lines = Fraction(one.capacity_ml) / Fraction(one.graduation_ml)
        if lines.denominator != 1:
            yield Problem(
                f"{place}.graduation_ml",
                said(
                    "{graduation_ml} does not divide {capacity_ml} mL",
                    graduation_ml=one.graduation_ml,
                    capacity_ml=one.capacity_ml,
                ),
                said("read both off the syringe"),
            )
        elif lines > MOST_GRADUATIONS:
            problem = said(
                "over {most_graduations} graduations on one syringe",
                most_graduations=MOST_GRADUATIONS,
            )
            yield Problem(f"{place}.graduation_ml", problem, said("read it off the syringe"))
        if one.dead_space_ml > one.capacity_ml:
            problem = said(
                "{dead_space_ml} mL is more than the syringe holds", dead_space_ml=one.dead_space_ml
            )
            yield Problem(f"{place}.dead_space_ml", problem, said("give what stays behind, in mL"))
        if one.capacity_ml in seen:
            problem = said(
                "syringe[{seen}] has {capacity_ml} mL already",
                seen=seen[one.capacity_ml],
                capacity_ml=one.capacity_ml,
            )
            yield Problem(f"{place}.capacity_ml", problem, said("keep one of each size"))
        seen.setdefault(one.capacity_ml, index)


def _clinic(file: ClinicFile, assumed: tuple[str, ...], years: range) -> Clinic:
    observed = file.holidays if file.holidays is not None else file.country is not None
    holidays = None
    if observed and file.country is not None:
        from planner.files.public_holidays import public_holidays

        holidays = public_holidays(file.country.upper(), file.subdivision, years)
    return Clinic(
        name=file.name or "",
        address=file.address or "",
        phone=file.phone or "",
        timezone=file.timezone,
        opening=WEEKDAYS if file.opening is None else _hours(file.opening),
        closures=tuple(Closure(first, last) for first, last in file.closed),
        injection_minutes=file.minutes.injection if file.minutes else INJECTION_MINUTES,
        evaluation_minutes=file.minutes.evaluation if file.minutes else EVALUATION_MINUTES,
        capacity=_capacity(file),
        needs=_needs(file),
        reminders=REMINDERS
        if file.reminders is None
        else tuple(sorted(set(file.reminders), reverse=True)),
        paper=file.paper,
        language=file.language,
        draw_up=file.draw_up,
        second_check=file.second_check,
        stock=None if file.stock is None else _stock(file.stock),
        syringes=_syringes(file),
        approvals=tuple(
            Approval(one.protocol, one.version, one.by, one.on, one.review_by)
            for one in file.approval
        ),
        public_holidays=holidays.days if holidays else None,
        holiday_years=holidays.years if holidays else range(0),
        holiday_parts=holidays.parts if holidays else (),
        assumed=assumed,
        id=file.id or id_of(file.name or ""),
        calendar_key=file.calendar_key,
        further_lesion_minutes=file.minutes.each_further_lesion if file.minutes else 0,
        most_ml={site: Fraction(most) for site, most in file.most_ml.items()},
        codes={site: (one.system, one.code) for site, one in file.codes.items()},
        needle_change=file.needle_change,
        label=file.label,
    )


def _capacity(file: ClinicFile) -> Share:
    """How many of each kind there are, as far as the file says it."""
    found = ((kind, getattr(file.capacity, kind)) for kind in KINDS)
    return {kind: number for kind, number in found if number is not None}


def _needs(file: ClinicFile) -> Mapping[Purpose, Share]:
    """What a visit of each purpose takes: a room, where nothing is stated."""
    if file.needs is None:
        return dict.fromkeys(PURPOSES, ONE_ROOM)
    tables = {"injection": file.needs.injection, "evaluation": file.needs.evaluation}
    return {
        purpose: {kind: number for kind in KINDS if (number := getattr(tables[purpose], kind))}
        for purpose in PURPOSES
    }


def id_of(name: str) -> str:
    """What the register knows a clinic by whose file does not say: its name, written as an id."""
    plain = "".join(_LETTERS.get(one, one) for one in name.casefold())
    ascii_only = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    found = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:ID_LENGTH].strip("-")
    if found or not name:
        return found or "clinic"
    # A name of other letters has its own id all the same.
    return f"clinic-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _stock(table: StockTable) -> Stock:
    vial = None if table.vial_ml is None else Fraction(table.vial_ml)
    return Stock(Fraction(table.strength_mg_per_ml), table.salt, vial)


def _hours(opening: OpeningTable) -> tuple[tuple[OpeningHours, ...], ...]:
    """The spans of each weekday, Monday first."""
    return tuple(tuple(getattr(opening, day)) for day in OpeningTable.model_fields)


def _syringes(file: ClinicFile) -> tuple[Syringe, ...]:
    """The clinic's syringes, ascending; the usual ones where the file names none."""
    if file.syringe is None:
        return USUAL_SYRINGES
    return tuple(
        Syringe(Fraction(one.capacity_ml), Fraction(one.graduation_ml), Fraction(one.dead_space_ml))
        for one in sorted(file.syringe, key=lambda one: one.capacity_ml)
    )

"""The kinds of value that files hold, each strict, and the messages that say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from planner.core.calendar.clinic import OpeningHours
from planner.core.values.days import FIRST_DAY, LAST_DAY
from planner.core.values.formatting import PLACES, ends, listing, number
from planner.core.values.intervals import Interval
from planner.core.values.languages import LANGUAGES
from planner.core.values.lettering import is_control, is_unseen, named, shows_nothing
from planner.core.values.near import did_you_mean
from planner.core.values.quantities import MOST_MG_PER_ML
from planner.core.values.said import Said, said
from planner.core.values.shown import shown as shown  # noqa: PLC0414 (readers have it from here)
from planner.errors import FieldError as FieldError  # noqa: PLC0414
from planner.errors import Problem
from planner.files.reading import LONGEST_TEXT

# Nobody reads more, and to look for what each unknown key may have meant takes its time.
MOST_PROBLEMS = 100
# What checks a value, and how a schema describes it: `Annotated[int, *whole_number(0, 9)]`.
Checked = tuple[BeforeValidator, WithJsonSchema]


class FileModel(BaseModel):
    """A table of a file: strict types, no key but those named."""

    # Built when first used: a table inside another is never built on its own.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


def _exact(
    least: Decimal | None, above: Decimal | None, most: Decimal
) -> Callable[[object], Decimal]:
    """A check for a plain decimal: at least `least`, or over `above`, and at most `most`."""

    def check(value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            quoted = isinstance(value, str) and re.fullmatch(r"[\d.,]+", value)
            fix = (
                said("write it without quotes, with a point")
                if quoted
                else said("write it as 12.5")
            )
            raise FieldError(said("{text} is not a number", text=shown(value)), fix)
        exact = Decimal(value)
        if exact.is_infinite():
            raise FieldError(said("it is beyond any figure"), said("correct it"))
        if exact.is_nan():
            raise FieldError(
                said("{text} is not a number", text=shown(value)),
                said("write it as {text}", text="12.5"),
            )
        if above is not None and exact <= above:
            raise FieldError(
                said("{value} is not above {above}", value=shown(value), above=number(above)),
                said("correct it"),
            )
        if least is not None and exact < least:
            raise FieldError(
                said("{value} is below {least}", value=shown(value), least=number(least)),
                said("correct it"),
            )
        if exact > most:
            raise FieldError(
                said("{value} is above {most}", value=shown(value), most=number(most)),
                said("is the unit right?"),
            )
        if not ends(exact):
            problem = said(
                "{value} has more than {places} decimals", value=shown(value), places=PLACES
            )
            raise FieldError(problem, said("round it as it is meant"))
        return exact

    return check


def exact_number(*, above: str | None = None, least: str | None = None, most: str) -> Checked:
    """What makes a Decimal a plain one within bounds."""
    limits = [None if text is None else Decimal(text) for text in (least, above)]
    schema: dict[str, Any] = {"type": "number", "maximum": float(most)}
    if least is not None:
        schema["minimum"] = float(least)
    if above is not None:
        schema["exclusiveMinimum"] = float(above)
    check = _exact(limits[0], limits[1], Decimal(most))
    return BeforeValidator(check), WithJsonSchema(schema)


def check_exact(kind: Any, value: object) -> Decimal:
    """A value as one of the number types above. Raises FieldError."""
    checked: Decimal = kind.__metadata__[0].func(value)
    return checked


def check_whole(least: int, most: int) -> Callable[[object], int]:
    """The check of a whole number; both bounds are inclusive."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise FieldError(
                said("{value} is not a whole number", value=shown(value)),
                said("write it without a point"),
            )
        if not least <= value <= most:
            raise FieldError(
                said("{value} is not from {least} to {most}", value=value, least=least, most=most),
                said("correct it"),
            )
        return value

    return check


def whole_number(least: int, most: int) -> Checked:
    """What makes an int a whole number within bounds; both are inclusive."""
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return BeforeValidator(check_whole(least, most)), WithJsonSchema(schema)


class OneOf:
    """What makes a text one of some that are known only to a table: a Literal of its keys."""

    def __init__(self, choices: Iterable[str]) -> None:
        self.choices = list(choices)

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """How pydantic checks it."""
        return core_schema.literal_schema(self.choices)


def check_text(value: object) -> str:
    """A line of text, without blanks around it, as `check_line` has it."""
    return check_line(value).strip()


def check_line(value: object) -> str:
    """A line of text that shows something and can be printed as it is: no control characters."""
    if not isinstance(value, str):
        raise FieldError(said("{value} is not text", value=shown(value)), said("put it in quotes"))
    if not value.strip():
        raise FieldError(said("it is empty"), said("fill it in"))
    if len(value) > LONGEST_TEXT:
        raise FieldError(
            said("it has over {longest_text} characters", longest_text=LONGEST_TEXT),
            said("shorten it"),
        )
    for character in value:
        if is_control(character):
            raise FieldError(
                said("it holds a control character ({character})", character=named(character)),
                said("remove it"),
            )
    if shows_nothing(value):
        raise FieldError(
            said("it shows nothing ({character})", character=named(value.strip()[0])),
            said("fill it in"),
        )
    return value


def check_patient_id(value: object) -> str:
    """A patient's id: a line of text in which every character is seen.

    Blanks around it are kept: calendar ids are made of it, and it is compared without them.
    """
    text = check_line(value)
    for character in text:
        if is_unseen(character):
            # Two ids that read the same would be two patients.
            raise FieldError(
                said(
                    "it holds a character that nobody sees ({character})",
                    character=named(character),
                ),
                said("remove it"),
            )
    return text


def is_id(value: str) -> bool:
    """Whether a text is an id."""
    return re.fullmatch(r"[A-Za-z0-9_-]{1,40}", value) is not None


def check_id(value: object) -> str:
    """An id: letters, digits, - and _; at most 40."""
    if not isinstance(value, str):
        raise FieldError(said("{value} is not text", value=shown(value)), said("put it in quotes"))
    if not is_id(value):
        fix = said("use letters a to z, digits, - and _, at most 40")
        raise FieldError(said("{value} is not an id", value=shown(value)), fix)
    return value


def check_date(value: object) -> date:
    """A day, as a TOML date or as text, from 2000 to 2099."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else value
        except ValueError as error:
            raise FieldError(
                said("{value} is no day of the calendar", value=shown(value)), said("correct it")
            ) from error
    if isinstance(value, datetime) or not isinstance(value, date):
        raise FieldError(
            said("{text} is not a date", text=shown(value)),
            said("write it as {text}", text="2026-09-07"),
        )
    return _in_reach(value)


def check_birth_date(value: object) -> date:
    """A day of birth, which may lie before 2000."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            value = date.fromisoformat(value)
        except ValueError as error:
            raise FieldError(
                said("{value} is no day of the calendar", value=shown(value)), said("correct it")
            ) from error
    if isinstance(value, datetime) or not isinstance(value, date):
        raise FieldError(
            said("{text} is not a date", text=shown(value)),
            said("write it as {text}", text="1961-05-01"),
        )
    if not 1890 <= value.year <= LAST_DAY.year:
        raise FieldError(said("its year is no year of birth"), said("correct it"))
    return value


def check_moment(value: object) -> datetime:
    """A day and hour, in text or as a TOML date-time; with an offset if it has one."""
    if isinstance(value, str):
        pattern = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:00)?"
        if not re.fullmatch(pattern, value):
            raise FieldError(
                said("{text} is not a day and hour", text=shown(value)),
                said("write 2026-09-07 09:00"),
            )
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise FieldError(
                said("{value} does not exist", value=shown(value)), said("correct it")
            ) from error
    if not isinstance(value, datetime):
        raise FieldError(
            said("{text} is not a day and hour", text=shown(value)),
            said('write "2026-09-07 09:00"'),
        )
    if value.second or value.microsecond:
        raise FieldError(said("{value} has seconds", value=value), said("write whole minutes"))
    _in_reach(value.date())
    return value


def _in_reach(value: date) -> date:
    if not FIRST_DAY <= value <= LAST_DAY:
        fix = said("days lie from {year} to {last}", year=FIRST_DAY.year, last=LAST_DAY.year)
        raise FieldError(said("{value} is out of reach", value=value), fix)
    return value


def check_span(value: object) -> OpeningHours:
    """Opening hours: `08:00-15:30`."""
    match = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", value) if isinstance(value, str) else None
    if match is None:
        raise FieldError(
            said("{value} is not a span of hours", value=shown(value)), said('write "08:00-15:30"')
        )
    try:
        start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    except ValueError as error:
        raise FieldError(
            said("{value} has no such hour", value=shown(value)), said('write "08:00-15:30"')
        ) from error
    if end <= start:
        raise FieldError(
            said("{value} ends before it starts", value=shown(value)), said("swap the hours")
        )
    return OpeningHours(start, end)


def check_closure(value: object) -> tuple[date, date]:
    """A closed day, or the first and last of several: `2026-12-24/2026-12-31`."""
    if isinstance(value, str) and "/" in value:
        parts = value.split("/")
        if len(parts) != 2:
            raise FieldError(
                said("{value} is not a range", value=shown(value)),
                said("write 2026-12-24/2026-12-31"),
            )
        first, last = check_date(parts[0]), check_date(parts[1])
        if last < first:
            raise FieldError(
                said("{value} ends before it starts", value=shown(value)), said("swap the days")
            )
        return first, last
    day = check_date(value)
    return day, day


def check_reminder(value: object) -> timedelta:
    """How long before a visit a calendar reminds: `1 day`, `2 hours`, `30 minutes`."""
    pattern = r"(\d{1,3}) (day|hour|minute)s?"
    match = re.fullmatch(pattern, value) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise FieldError(
            said("{value} is not a time before", value=shown(value)),
            said('write "1 day" or "2 hours"'),
        )
    return timedelta(**{f"{match[2]}s": int(match[1])})


def check_interval(value: object) -> Interval:
    """A bound as DMN writes it, in text so that it is exact: `< 5`, `[5..20)`."""
    fix = said('write it as text: "< 5", ">= 5", "= 3" or "[5..20)"')
    if not isinstance(value, str):
        raise FieldError(said("{value} is not a bound", value=shown(value)), fix)
    try:
        interval = Interval.parse(value)
    except ValueError as error:
        raise FieldError(said("{value} is not a bound", value=shown(value)), fix) from error
    if interval.is_empty:
        raise FieldError(
            said("{value} holds no number", value=shown(value)), said("swap or correct its ends")
        )
    return interval


def _text_type(check: Callable[[object], Any], example: str) -> dict[str, Any]:
    return {"type": "string", "examples": [example], "description": check.__doc__}


Text = Annotated[str, BeforeValidator(check_text), WithJsonSchema({"type": "string"})]
PatientId = Annotated[str, BeforeValidator(check_patient_id), WithJsonSchema({"type": "string"})]
Id = Annotated[
    str,
    BeforeValidator(check_id),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$"}),
]
Day = Annotated[
    date, BeforeValidator(check_date), WithJsonSchema(_text_type(check_date, "2026-09-07"))
]
BirthDate = Annotated[
    date,
    BeforeValidator(check_birth_date),
    WithJsonSchema(_text_type(check_birth_date, "1961-05-01")),
]
Moment = Annotated[
    datetime,
    BeforeValidator(check_moment),
    WithJsonSchema(_text_type(check_moment, "2026-09-07 09:00")),
]
Closed = Annotated[
    tuple[date, date],
    BeforeValidator(check_closure),
    WithJsonSchema(_text_type(check_closure, "2026-12-24/2026-12-31")),
]
Reminder = Annotated[
    timedelta, BeforeValidator(check_reminder), WithJsonSchema(_text_type(check_reminder, "1 day"))
]
MgPerMl = Annotated[Decimal, *exact_number(above="0", most=str(MOST_MG_PER_ML))]
LanguageCode = Annotated[str, OneOf(LANGUAGES)]
Bound = Annotated[
    Interval, BeforeValidator(check_interval), WithJsonSchema(_text_type(check_interval, "< 5"))
]


def nearest(name: str, names: Sequence[str]) -> str:
    """The fix for an unknown name: of a unit left out, the name that has it."""
    begun = [one for one in names if one.startswith(f"{name}_")]
    near = did_you_mean(name, begun if len(begun) == 1 else names)
    return near or said("known are {names}", names=", ".join(names))


def problems(error: ValidationError, model: type[FileModel]) -> Iterator[Problem]:
    """All that a file's model found wrong, a problem each."""
    details = error.errors(include_url=False)
    if len(details) > MOST_PROBLEMS:
        yield Problem(
            "",
            said(
                "{n} problems, the first {most_problems} follow",
                n=len(details),
                most_problems=MOST_PROBLEMS,
            ),
            said("mend them"),
        )
    for detail in details[:MOST_PROBLEMS]:
        yield _problem(detail, model)


def place(location: Sequence[str | int]) -> str:
    """`lesion[2].size_mm`: tables of a list are counted from 1, as a reader counts them."""
    text = ""
    for part in location:
        if part == "[key]":
            continue  # what pydantic calls the name itself, of what stands under it
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{shown_key(part)}" if text else shown_key(part)
    return text


def shown_key(key: str) -> str:
    """A key as a message repeats it."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", key) else shown(key)


# What pydantic finds wrong; {value} is what stands there.
_FIXES = {
    "missing": (said("it is missing"), said("add it")),
    "bool_type": (
        said("{value} is not true or false"),
        said("write true or false, without quotes"),
    ),
    "list_type": (said("{value} is not a list"), said("put it in [ ]")),
    "dict_type": (said("{value} is not a table"), said("write it as a [table]")),
    "model_type": (said("{value} is not a table"), said("write it as a [table]")),
    "model_attributes_type": (said("{value} is not a table"), said("write it as a [table]")),
    "too_short": (said("it is empty"), said("add at least one")),
    "too_long": (said("it holds more than {most}"), said("shorten it")),
}


def _problem(detail: ErrorDetails, model: type[FileModel]) -> Problem:
    where = place(detail["loc"])
    raised = detail.get("ctx", {}).get("error")
    if isinstance(raised, FieldError):
        return Problem(where, _discreet(detail, raised.problem), raised.fix)
    if detail["type"] == "extra_forbidden":
        known = _keys_at(model, detail["loc"][:-1])
        return Problem(where, said("unknown key"), nearest(str(detail["loc"][-1]), known))
    if detail["type"] == "literal_error":
        choices = [f'"{one}"' for one in re.findall(r"'([^']*)'", detail["ctx"]["expected"])]
        return Problem(
            where,
            said("{value} is not known", value=shown(detail["input"])),
            said("write {expected}", expected=listing(choices, "or")),
        )
    if detail["type"] not in _FIXES:
        return Problem(where, _discreet(detail, detail["msg"]), said("correct it"))
    problem, fix = _FIXES[detail["type"]]
    places = {"value": shown(detail["input"]), "most": detail.get("ctx", {}).get("max_length", 0)}
    return Problem(where, _discreet(detail, said(problem, **places)), fix)


def _discreet(detail: ErrorDetails, problem: str) -> str:
    """A problem that repeats nothing of what stands under [patient]: messages end up in logs."""
    is_patients = detail["loc"][:1] == ("patient",)
    if not is_patients:
        return problem
    typed, hidden = shown(detail["input"]), said("what stands there")
    if isinstance(problem, Said) and typed in problem.places.values():
        places = {name: hidden if one == typed else one for name, one in problem.places.items()}
        problem = said(problem.template, **places)
    return problem.replace(typed, hidden) if typed in problem else problem


def _keys_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """The keys that a model knows at a place."""
    current = model
    for part in location:
        # A name of the user's own, as of a regimen, is no field: its table is of the model before.
        if isinstance(part, str) and part in current.model_fields:
            current = _model_in(current.model_fields[part].annotation) or current
    return [field.alias or name for name, field in current.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `list[Model]`, `Model | None` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(one) for one in getattr(annotation, "__args__", ()))
    return next((one for one in inner if one is not None), None)

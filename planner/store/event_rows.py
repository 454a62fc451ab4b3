"""Events as the database holds them: facts, and apart from them all that somebody typed.

Each event carries a digest of itself and of the one before it, so that a changed, missing or
added one is found. Typed text enters it by a salted digest: it can be blanked without a break.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from planner.core.followup.events import KINDS, Entry, Event, Settled, kind_of
from planner.core.plan.appointments import Appointment, Slot
from planner.core.plan.course import Confirmation
from planner.core.plan.findings import Finding
from planner.core.plan.plan import Decision, PlannedVisit
from planner.core.values.formatting import number
from planner.core.values.quantities import Dose
from planner.core.values.records import every_field, plain, unusual_fields
from planner.files.reading import exact_decimal, refuse_constant
from planner.files.wordings import (
    WORDING,
    check_belong,
    read_wordings,
    worded,
    worded_text,
    wordings,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter

R = TypeVar("R")
# Who entered or confirmed something; and what people write freely, which may say who somebody is.
_AUTHORS = {"by", "confirmed_by"}
_TYPED = _AUTHORS | {
    "reason", "complication", "site_detail", "measured_by", "diagnosis", "prescriber", "lot",
    "address", "how", "serology", "co_treatments", "earlier_treatment", "ethics",
}  # fmt: skip
# A lot as vials have it: one word with a digit. Anything else may be somebody's name.
_LOT = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9./-]{0,19}")
_NUMERIC = re.compile(r"mg|ml|[a-z_]+_(mg|ml|mm|percent|per_ml)")
_LONGEST = 60
_FIGURE = re.compile(rf"-?\d{{1,{_LONGEST}}}(/\d{{1,{_LONGEST}}})?")
# This finding repeats the diagnosis.
_SAYS_DIAGNOSIS = {"message", "value"}
# Who the patient is stands in the table of patients; the id also among the texts of the plan, so
# that the history tells whose it is. An event says what of it the course knows.
KNOWN, KNOWABLE = "known", ("name", "birth_date")
PATIENT_ID = "/event/course/patient/id"
ERASED = "erased"
# What rows call an appointment to come, since the second edition's first ones.
_TO_COME = "open"
# What reading a history leads to that no planner wrote.
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class EventRow(NamedTuple):
    """An event as its table has it; `texts` is what was typed, by its place in the facts.

    So is its author; `author` has the name in events that were written before it could be blanked.
    """

    number: int
    at: str
    author: str
    kind: str
    facts: str
    texts: Mapping[str, str]
    salt: str | None

    @property
    def texts_sha256(self) -> str:
        """A digest that tells nothing of the texts without their salt."""
        return "" if self.salt is None else _salted_sha256(self.salt, tuple(self.texts.items()))


class KnownPatient(NamedTuple):
    """Who a patient is, as the table of patients has it."""

    id: str
    name: str | None = None
    birth_date: date | None = None


def to_row(entry: Entry, salt: str) -> EventRow:
    """An entry as a row; `salt` is random."""
    facts = {
        "event": plain(entry.event, _exact, _event_fields),
        "reason": entry.reason,
        "by": entry.by,
    }
    if entry.confirmations:
        facts["confirmations"] = plain(entry.confirmations, _exact)
    if entry.role != "physician":
        facts["role"] = entry.role
    if entry.answered:
        facts["answered"] = list(entry.answered)
    if entry.through != "terminal":
        facts["through"] = entry.through
    typed = dict(_take_identity(facts["event"]))
    if entry.settled is not None:
        settled = plain(entry.settled, _exact, _settled_fields)
        facts["scheduled"] = settled.pop("scheduled")
        facts["settled"] = settled
    said_of = () if entry.settled is None else _that_say(entry.settled)
    if kept := wordings(said_of, entry.answered):
        facts[WORDING] = kept
    typed |= _take_typed(facts, "")
    kind = kind_of(entry.event)
    return EventRow(entry.number, entry.at.isoformat(), "", kind, _json(facts), typed, salt)


def from_row(row: EventRow, patient: KnownPatient, known: Collection[str] = KNOWABLE) -> Entry:
    """The entry of a row. Raises ValueError where it cannot be one.

    `known` is what a course of the first edition knew of its patient when it was migrated: it
    did not say so itself.
    """
    facts = json.loads(
        row.facts,
        parse_float=exact_decimal,
        parse_int=_whole,
        parse_constant=refuse_constant,
        object_hook=_with_figures,
    )
    if row.author and "by" in facts:
        raise ValueError("it has two authors")
    for place, text in row.texts.items():
        _put(facts, place, text)
    _put_identity(facts["event"], row.kind, patient, known)
    kind: Any = KINDS.get(row.kind)
    if kind is None:
        raise ValueError(f"no event is called {row.kind}")
    for one in facts["event"].get("papers", ()):
        _with_states(one["settled"])
    event: Event = _adapter(kind).validate_python(facts["event"])
    confirmations = facts.get("confirmations", [])
    if not isinstance(facts.get("answered", []), list):
        raise ValueError("what was asked is a list")
    settled = facts.get("settled")
    if settled is not None:
        _with_states(settled)
        settled = _adapter(Settled).validate_python({**settled, "scheduled": facts["scheduled"]})
    entry = Entry(
        number=row.number,
        at=datetime.fromisoformat(row.at),
        by=facts.get("by", row.author) or "",
        reason=facts["reason"],
        event=event,
        confirmations=tuple(_adapter(Confirmation).validate_python(one) for one in confirmations),
        settled=settled,
        role=facts.get("role", "physician"),
        answered=tuple(facts.get("answered", ())),
        through=facts.get("through", "terminal"),
    )
    # An earlier version kept its sentences as texts alone.
    return _worded(entry, facts[WORDING]) if WORDING in facts else entry


def _that_say(settled: Settled) -> Iterator[Finding | Decision | PlannedVisit]:
    """What of it has sentences."""
    yield from settled.findings or ()
    yield from settled.decisions
    yield from settled.visits


def _worded(entry: Entry, kept: Any) -> Entry:
    """An event, its sentences as they were made."""
    known, settled = read_wordings(kept), entry.settled
    check_belong(known, () if settled is None else _that_say(settled), entry.answered)
    entry = entry._replace(answered=tuple(worded_text(one, known) for one in entry.answered))
    if settled is None:
        return entry
    findings = None if settled.findings is None else worded(settled.findings, known)
    return entry._replace(
        settled=settled._replace(
            findings=findings,
            decisions=worded(settled.decisions, known),
            visits=worded(settled.visits, known),
        )
    )


def record_text(record: Any) -> str:
    """A record as text, all of it."""
    return _json(plain(record, _exact))


def record_from(kind: Callable[..., R], text: str) -> R:
    """A record of a kind out of its text. Raises ValueError where it is none."""
    said = json.loads(text, parse_float=exact_decimal, parse_constant=refuse_constant)
    found: R = _adapter(kind).validate_python(said)
    return found


def scheduled_of(row: EventRow) -> Any:
    """The times that an event set, as an export has them; None where it set none."""
    return json.loads(row.facts).get("scheduled")


def known_when_migrated(rows: Iterable[EventRow]) -> Collection[str]:
    """What a course of the first edition knew of its patient when it was migrated."""
    for row in rows:
        if row.kind == "migrated":
            known: list[str] = json.loads(row.facts)["event"][KNOWN]
            return known
    return KNOWABLE


def _take_identity(event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Who the patient is, out of an event: the table of patients has it, `known` says what."""
    patient = event.get("course", {}).get("patient") if "course" in event else event
    if patient is None or not set(KNOWABLE) <= set(patient):
        return
    said = {name: patient.pop(name) for name in KNOWABLE}
    patient[KNOWN] = [name for name, value in said.items() if value is not None]
    if "course" in event:
        yield PATIENT_ID, patient.pop("id")


def _put_identity(
    event: dict[str, Any], kind: str, patient: KnownPatient, known: Collection[str]
) -> None:
    if kind == "planned":
        there = event["course"]["patient"]
        known = there.pop(KNOWN, known)
        there["id"] = patient.id
    elif kind == "identified":
        there, known = event, event.pop(KNOWN)
    else:
        return
    there.update({name: getattr(patient, name) if name in known else None for name in KNOWABLE})


def digest(course: str, row: EventRow, texts_sha256: str, before: str) -> str:
    """What an event is known by: its content after the digest of the one before it."""
    own = (row.number, row.at, row.author, row.kind, row.facts)
    return _sha256((before, course, *own, texts_sha256))


# Kept by all that they are of: a long history is not counted anew for each change of it.
@lru_cache(maxsize=1024)
def _sha256(content: tuple[str | int, ...]) -> str:
    return hashlib.sha256(_json(content).encode()).hexdigest()


@lru_cache(maxsize=1024)
def _salted_sha256(salt: str, texts: tuple[tuple[str, str], ...]) -> str:
    return hashlib.sha256(f"{salt}{_json(dict(texts))}".encode()).hexdigest()


def blanked(texts: Mapping[str, str], *, with_authors: bool) -> dict[str, str]:
    """The texts of an erased patient, with or without the names of who entered and confirmed."""
    return {
        place: text if says_nothing_of_patient(place, text, with_authors=with_authors) else ERASED
        for place, text in texts.items()
    }


def says_nothing_of_patient(place: str, text: str, *, with_authors: bool = False) -> bool:
    """Whether a text may stay when its patient is erased: a lot as vials have it, an author."""
    last = place.rpartition("/")[2]
    if last in _AUTHORS:
        return not with_authors
    return last == "lot" and _LOT.fullmatch(text) is not None


def is_typed_place(place: str, facts: Any) -> bool:
    """Whether a text may stand at a place of the facts: where one is typed, and none is yet."""
    if place == PATIENT_ID:
        return True
    *way, last = place.strip("/").split("/")
    try:
        for part in way:
            facts = facts[int(part)] if isinstance(facts, list) else facts[part]
    except (LookupError, TypeError, ValueError):
        return False
    is_typed = last in _TYPED or last in _SAYS_DIAGNOSIS
    return is_typed and isinstance(facts, dict) and last in facts and facts[last] is None


def typed_in_facts(facts: Any) -> Iterator[str]:
    """The places of the facts at which a typed text was left."""
    yield from (place for place, _ in _take_typed(json.loads(json.dumps(facts)), ""))


def _whole(text: str) -> int:
    """A whole number. Refuses one that no plan has: to work a billion digits out takes for ever."""
    if len(text) > _LONGEST:
        raise ValueError("a number is beyond any figure")
    return int(text)


def _with_figures(table: dict[str, Any]) -> dict[str, Any]:
    """A table of facts, if what stands as text where a figure does is one."""
    for name, one in table.items():
        if type(one) is str and _NUMERIC.fullmatch(name) and not _FIGURE.fullmatch(one):
            raise ValueError("a figure is none")
    return table


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _json(value: object) -> str:
    text: str = _encoder().encode(value)
    return text


@cache
def _encoder() -> Any:
    from simplejson import JSONEncoder

    return JSONEncoder(use_decimal=True, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _exact(value: Any) -> Any:
    """Days as texts, quantities as tables; a fraction that does not end is written as one."""
    match value:
        case date():
            return value.isoformat()
        case Fraction():
            shown = Decimal(number(value, 30))
            return shown if Fraction(shown) == value else str(value)
        case Dose(mg):
            return {"mg": _exact(mg)}
        case Appointment():
            return {name: _exact(one) for name, one in asdict(value).items()} | {"state": _TO_COME}
    return value


def _event_fields(record: Any) -> Iterable[tuple[str, Any]]:
    """All of an event; a course of the first edition has with it what had been settled before."""
    if isinstance(record, Settled):
        found: dict[str, Any] = plain(record, _exact, _settled_fields)
        return found.items()
    return every_field(record)


def _settled_fields(record: Any) -> Iterator[tuple[str, Any]]:
    """What is as it is anyway is left out. A state stands beside its appointment."""
    yield from unusual_fields(record)
    if isinstance(record, Slot) and record.state != "planned":
        yield "state", record.state


def _with_states(settled: Any) -> None:
    """Give appointments the states that stand beside them."""
    for _, slot in settled.get("slots", ()):
        state = slot.pop("state", _TO_COME)
        slot["appointment"]["state"] = "planned" if state == _TO_COME else state


def _take_typed(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Every typed text by its place, and null in its stead."""
    if isinstance(value, dict):
        is_diagnosis = value.get("code") == "diagnosis-outside-observed"
        is_noted = "observation" in value
        for name, one in value.items():
            is_typed = name in _TYPED or (is_diagnosis and name in _SAYS_DIAGNOSIS)
            is_typed = is_typed or (is_noted and name == "value")
            if is_typed and isinstance(one, str):
                yield f"{place}/{name}", one
                value[name] = None
            else:
                yield from _take_typed(one, f"{place}/{name}")
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _take_typed(one, f"{place}/{index}")


def _put(facts: Any, place: str, text: str) -> None:
    *way, last = place.strip("/").split("/")
    for part in way:
        facts = facts[int(part)] if isinstance(facts, list) else facts[part]
    facts[last] = text

"""What a history says, held against what the commands would ever have written.

A digest proves that nothing changed since it was made; anybody can make one. So what comes from
elsewhere is looked through figure by figure before it is believed, and `check` does so again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, get_args
from zoneinfo import ZoneInfo

from planner.core.followup.course_state import State
from planner.core.followup.events import (
    Answered,
    Corrected,
    Entry,
    Evaluated,
    Event,
    Given,
    Issued,
    LesionAdded,
    Planned,
    Role,
    Subscribed,
    Through,
)
from planner.core.plan.appointments import Named
from planner.core.plan.course import Lesion
from planner.core.plan.plan import PlannedInjection, PlannedVisit
from planner.core.plan.planning import lesion_problems
from planner.core.protocol.protocol import SULFITE_ALLERGY, Protocol
from planner.core.values.days import FIRST_DAY, LAST_DAY
from planner.core.values.quantities import MOST_MG, MOST_ML, MOST_MM, MOST_PAIN
from planner.documents.folder import is_document
from planner.errors import Problem
from planner.files.fields import FieldError, check_text
from planner.files.plan import is_uid
from planner.files.reading import LONGEST_TEXT
from planner.store.event_rows import (
    ERASED,
    PATIENT_ID,
    EventRow,
    is_typed_place,
    says_nothing_of_patient,
    typed_in_facts,
)
from planner.store.histories import Record

MOST_REVISIONS = 1_000_000
# Of a question as it was put, with all its figures.
MOST_ASKED = 5_000
_EXPIRY = re.compile(r"\d{4}-\d\d(-\d\d)?", re.ASCII)
# A zone's rules may have changed since; so far they never do.
_MOST_CHANGED = timedelta(hours=3)
_KEY = re.compile(r"[0-9a-f]{64}")
_FIX = "it was not made by the planner; export the register anew"


class _Wrong(NamedTuple):
    """What cannot be, and where."""

    where: str
    problem: str


def unproven(record: Record, state: State) -> Iterator[Problem]:
    """Where a history says what no command writes, each by its event or visit."""
    for where, problem in _wrong(record, state):
        yield Problem(f"{record.course}: {where}", problem, _FIX)


def _wrong(record: Record, state: State) -> Iterator[_Wrong]:
    lesions: list[Lesion] = []
    for entry in record.entries:
        where = f"event {entry.number}"
        event = entry.event
        if (entry.number == 1) != isinstance(event, Planned):
            yield _Wrong(where, "a history begins with its plan, and has one")
        if isinstance(event, Planned):
            if event.course.id != record.course:
                yield _Wrong(where, "it is the plan of another course")
            if event.calendar_key is not None and not _KEY.fullmatch(event.calendar_key):
                yield _Wrong(where, "its calendar key is none")
            if not 0 <= event.course.revision <= MOST_REVISIONS:
                yield _Wrong(where, "its revision is none")
        yield from (_Wrong(where, one) for one in _of_entry(entry))
        inner = event.instead if isinstance(event, Corrected) else event
        lesions += _lesions_of(inner)
        strength = record.protocol.strength.mg_per_ml
        yield from (_Wrong(where, one) for one in _of_event(inner, state, strength))
        yield from (_Wrong(where, one) for one in _of_words(inner, record, state))
    yield from _of_screening(state, record.protocol)
    yield from _of_lesions(lesions, state, record.protocol)
    zone = record.opening.clinic.timezone
    for visit in state.visits.values():
        where = f"visit {visit.number}"
        if visit.timezone != zone:
            yield _Wrong(where, "it is in another zone than its clinic")
            continue
        yield from (_Wrong(where, one) for one in _of_visit(visit, state, record.protocol))
    uids = [visit.uid for visit in state.visits.values()]
    if len({*uids}) != len(uids):
        yield _Wrong("visits", "two have one calendar id")
    yield from _of_slots(record.entries, state)


def _lesions_of(event: Event | None) -> Sequence[Lesion]:
    if isinstance(event, Planned):
        return event.course.lesions
    return (event.lesion,) if isinstance(event, LesionAdded) else ()


def _of_entry(entry: Entry) -> Iterator[str]:
    if entry.at.tzinfo is None or not 2000 <= entry.at.year < 2200:
        yield "its time is none"
    for said in (entry.by, *(one.by for one in entry.confirmations)):
        try:
            check_text(said)
        except FieldError:
            yield "its author is no name"
    if entry.role not in get_args(Role):
        yield "its role is none"
    if entry.through not in get_args(Through):
        yield "where it was entered is nowhere"
    if isinstance(entry.event, Subscribed) and not _is_address(entry.event.address):
        yield "its address is none"
    if not all(isinstance(one, str) and 0 < len(one) <= MOST_ASKED for one in entry.answered):
        yield "what was asked is none"
    if isinstance(entry.event, Issued):
        if not 0 <= entry.event.revision <= MOST_REVISIONS:
            yield "its revision is none"
        names = [*entry.event.documents, *(one.name for one in entry.event.files)]
        yield from (f"{name!r} is no document" for name in names if not is_document(name))


def _is_address(number: int | None) -> bool:
    return number is None or 1 <= number <= MOST_REVISIONS


def _of_words(event: Event | None, record: Record, state: State) -> Iterator[str]:
    """Answers and observations that the protocol does not ask or note."""
    protocol, is_erased = record.protocol, record.patient.erased is not None
    asked = {one.id for one in protocol.screens}
    if isinstance(event, Answered) and event.screen not in {*asked, SULFITE_ALLERGY.id}:
        yield "it answers what the protocol does not ask"
    if isinstance(event, Planned):
        screens = [one.screen for one in event.course.screening]
        if {*screens} - asked or len({*screens}) != len(screens):
            yield "its answers are not those to the protocol's questions"
    if isinstance(event, Given):
        sites = {one.id: one.site for one in state.course.lesions}
        names = [one.lesion for one in event.injections]
        for noted in event.observed:
            there = [noted.lesion] if noted.lesion is not None else names
            known = [sites[one] for one in there if one in names and one in sites]
            is_blank = is_erased and noted.value == ERASED
            if not is_blank and not protocol.may_note(noted.observation, noted.value, known):
                yield "something is noted that the protocol does not note so"


def _of_screening(state: State, protocol: Protocol) -> Iterator[_Wrong]:
    """An answer that is a reason to stop, and nobody was asked about."""
    told = " ".join(one.value for one in state.findings if one.code == "screening-positive")
    sites = [one.site for one in state.course.lesions]
    stops = {one.id: one.stops for one in protocol.screens if one.concerns(sites)}
    for screen, answer in state.course.screening:
        if stops.get(screen) == answer and f"{screen}: " not in told:
            yield _Wrong("screening", f"{screen} is a reason to stop, and no finding says so")


def _of_event(event: Event | None, state: State, strength: Fraction) -> Iterator[str]:
    if not isinstance(event, Given | Evaluated):
        return
    if not FIRST_DAY <= event.at.date() <= LAST_DAY or event.at.tzinfo is not None:
        yield "its time is none"
    if isinstance(event, Given):
        yield from _of_given(event, state, strength)
        return
    if not 0 <= event.size_mm <= MOST_MM:
        yield "a size is no size"
    if Named(event.lesion, "evaluation", event.evaluation) not in state.slots:
        yield "it is of an evaluation that the course does not have"
    if not _is_pain(event.pain):
        yield "a pain is not from 0 to 10"


def _of_given(event: Given, state: State, strength: Fraction) -> Iterator[str]:
    if event.lot is not None and (len(event.lot) > LONGEST_TEXT or not event.lot.isprintable()):
        yield "its lot is none"
    if event.expiry is not None and not _EXPIRY.fullmatch(event.expiry):
        yield "its expiry is no date"
    for one in event.injections:
        if not (0 < one.dose_mg <= MOST_MG and 0 < one.drawn_ml <= MOST_ML):
            yield "a dose is no dose"
        if one.drawn_mg != one.drawn_ml * strength:
            yield "what was drawn is not the dose that it is said to be"
        if Named(one.lesion, "injection", one.injection) not in state.slots:
            yield "it is of an injection that the course does not have"
        if not (_is_pain(one.pain_before) and _is_pain(one.pain_after)):
            yield "a pain is not from 0 to 10"


def _is_pain(pain: Decimal | None) -> bool:
    return pain is None or 0 <= pain <= MOST_PAIN


def _of_lesions(entered: Iterable[Lesion], state: State, protocol: Protocol) -> Iterator[_Wrong]:
    # One that was withdrawn may be entered anew under its id.
    ids = [one.id.casefold() for one in state.course.lesions]
    if len({*ids}) != len(ids):
        yield _Wrong("lesions", "one stands twice")
    for lesion in entered:
        where = f"lesion {lesion.id}"
        for problem in lesion_problems(lesion, protocol):
            yield _Wrong(f"{where}: {problem.place}", problem.problem)
        if any(dose is not None and not 0 < dose.mg <= MOST_MG for dose in lesion.doses):
            yield _Wrong(where, "a dose is no dose")


def _of_visit(visit: PlannedVisit, state: State, protocol: Protocol) -> Iterator[str]:
    if not is_uid(visit.uid):
        yield "its calendar id is none"
    yield from _of_times(visit.start, visit.end, ZoneInfo(visit.timezone))
    strength = protocol.strength.mg_per_ml
    lesions = {one.id: one for one in state.course.lesions}
    for one in visit.injections:
        yield from _of_planned(one, strength)
        slot = state.slots.get(_named(one))
        lesion = lesions.get(one.lesion)
        if lesion is None or slot is None or not 0 < one.injection <= len(lesion.doses):
            yield f"injection {one.injection} of lesion {one.lesion} is none of the course"
            continue
        dose = lesion.doses[one.injection - 1]
        if slot.state == "planned" and one.dose_mg != (None if dose is None else dose.mg):
            yield f"lesion {one.lesion} is drawn up for another dose than it is to have"
    if all(one.drawn_ml is not None and one.state == "planned" for one in visit.injections):
        yield from _of_syringes(visit, state)


def _named(one: PlannedInjection) -> Named:
    return Named(one.lesion, "injection", one.injection)


def _of_times(start: datetime | None, end: datetime | None, zone: ZoneInfo) -> Iterator[str]:
    if start is None or end is None:
        if start is not end:
            yield "it has a start or an end alone"
        return
    if start.tzinfo is None or end.tzinfo is None or not start < end:
        yield "its times are none"
        return
    by_zone = start.replace(tzinfo=zone)
    if abs(start - by_zone) > _MOST_CHANGED or not FIRST_DAY <= start.date() <= LAST_DAY:
        yield "its offset from UTC is none of its zone"


def _of_planned(one: PlannedInjection, strength: Fraction) -> Iterator[str]:
    if one.dose_mg is None or one.drawn_ml is None or one.drawn_mg is None:
        return
    name = f"lesion {one.lesion}: {one.dose_mg} mg"
    if not 0 < one.dose_mg <= MOST_MG:
        yield f"{name} is no dose"
    elif one.volume_ml != one.dose_mg / strength or one.drawn_mg != one.drawn_ml * strength:
        yield f"{name}, the volume and what is drawn contradict one another"
    elif not 0 <= one.drawn_mg <= 2 * one.dose_mg:
        yield f"{name} is drawn up as another dose"


def _of_syringes(visit: PlannedVisit, state: State) -> Iterator[str]:
    """Where syringes hold something else than what is to be drawn, lesion by lesion and in all.

    Once a part of a visit was done or missed they are of the rest alone, or of what was done.
    """
    held: dict[str, Fraction] = {}
    for syringe in visit.syringes:
        for aliquot in syringe.aliquots:
            held[aliquot.lesion] = held.get(aliquot.lesion, Fraction()) + aliquot.ml
        if syringe.drawn_ml != sum((one.ml for one in syringe.aliquots), Fraction()):
            yield f"syringe {syringe.number} does not hold what it is said to hold"
    whole = _drawn_by_lesion(visit, state)
    rest, done = (_drawn_by_lesion(visit, state, only) for only in ("planned", "done"))
    is_other = any(
        ml not in (whole.get(one), rest.get(one), done.get(one)) for one, ml in held.items() if ml
    )
    if is_other or any(ml and one not in held for one, ml in rest.items()):
        yield "its syringes hold something else than what is to be drawn"
    if visit.injections and visit.total_drawn_ml != sum(held.values(), Fraction()):
        yield "its total is not the sum of what is drawn"


def _drawn_by_lesion(
    visit: PlannedVisit, state: State, only: str | None = None
) -> Mapping[str, Fraction]:
    """What is drawn at a visit for each lesion, in mL: of its injections in a state, or of all."""
    found: dict[str, Fraction] = {}
    for one in visit.injections:
        slot = state.slots.get(_named(one))
        if only is None or (slot is not None and slot.state == only):
            found[one.lesion] = found.get(one.lesion, Fraction()) + (one.drawn_ml or 0)
    return found


def _of_slots(entries: Sequence[Entry], state: State) -> Iterator[_Wrong]:
    lesions = {one.id for one in state.course.lesions}
    for name, slot in state.slots.items():
        where = f"{name.purpose} {name.number} of lesion {name.lesion}"
        if name.lesion not in lesions:
            yield _Wrong(where, "the course has no such lesion")
        if slot.state == "done" and name not in state.given and name not in state.seen:
            yield _Wrong(where, "it is said to be done, and nobody recorded it")
    settled = [one.settled for one in entries if one.settled is not None]
    if settled and not state.ended:
        told = {one.visit for one in settled[-1].scheduled}
        coming = {
            visit.number
            for visit in state.visits.values()
            if any(map(state.is_to_come, visit.names))
        }
        if told != coming:
            yield _Wrong("the last event", "its times are not those of the visits to come")


def untrue_texts(course: str, rows: Sequence[EventRow], *, is_erased: bool) -> Iterator[Problem]:
    """Texts in places where nobody types, or that show something else than a line of text."""
    for row in rows:
        where = f"{course}: event {row.number}"
        facts = json.loads(row.facts)
        # Before their authors could be blanked, events had lots and authors among their facts.
        left = [] if row.author else [*typed_in_facts(facts)]
        yield from (
            Problem(where, f"a text stands among its facts ({place})", _FIX) for place in left
        )
        for place, text in row.texts.items():
            if not is_typed_place(place, facts):
                yield Problem(where, f"a text stands where none is typed ({place!r:.60})", _FIX)
            elif is_erased:
                # A finding repeats the diagnosis, which was erased before.
                is_blank = text == ERASED or text.startswith(f"{ERASED};")
                if not is_blank and not says_nothing_of_patient(place, text):
                    yield Problem(where, "its patient is erased, and a text is not", _FIX)
            elif place != PATIENT_ID:
                try:
                    check_text(text)
                except FieldError as error:
                    yield Problem(where, f"a text: {error.problem}", _FIX)

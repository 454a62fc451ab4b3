"""What has to be asked before an event is written; it is then recorded as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple

from planner.core.followup.course_state import State, as_corrected
from planner.core.followup.events import (
    Answered,
    DoseChanged,
    Ended,
    Entry,
    Evaluated,
    Event,
    Given,
    Held,
    Injected,
    Missed,
    Resumed,
)
from planner.core.followup.law_of_series import Breach
from planner.core.plan.appointments import Named
from planner.core.plan.checks import JUMP
from planner.core.plan.course import Lesion
from planner.core.protocol.comparison import comparison
from planner.core.protocol.protocol import Protocol
from planner.core.values.formatting import count, day, mg, ml, mm, moment
from planner.core.values.intervals import Interval

# A size over this many times the baseline, and so much above it, is asked for.
FAR_SIZE_TIMES, FAR_SIZE_MM = 2, 10
# A dose or volume that differs from the plan by more than this share of it is asked for.
FAR_SHARE = Fraction(1, 2)


class Question(NamedTuple):
    """Why a record may be a slip: `message` has every figure that makes it one.

    `field` is what of the record it is about, empty for all of it; `fix` what to look at.
    """

    code: str
    field: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.message}; {self.fix}"


def questions(state: State, event: Event, protocol: Protocol, now: datetime) -> Iterator[Question]:
    """Why a record may be a slip. `now` is wall clock, `state` the course before the event."""
    if isinstance(event, Missed) and event.at > now:
        text = f"{moment(event.at)} is in the future; nothing is missed yet"
        yield Question("missed-in-future", "", text, "move it, or wait")
    if isinstance(event, Given | Evaluated) and event.at > now:
        yield Question("time-in-future", "", f"{moment(event.at)} is in the future", "when was it?")
    if isinstance(event, Given):
        yield from _of_given(state, event, protocol)
    if isinstance(event, Evaluated):
        yield from _size(state, event)
    if isinstance(event, DoseChanged):
        yield from _jump(state, event)
    if isinstance(event, Answered):
        yield from _answer(event, protocol)
    if isinstance(event, Ended):
        yield from _ending(state, event, now)


def hold_questions(event: Event, entries: Sequence[Entry]) -> Iterator[Question]:
    """What was given inside a hold, as it stands in the history before the record."""
    if not isinstance(event, Given):
        return
    on, history = event.at.date(), as_corrected(entries)
    for lesion in dict.fromkeys(one.lesion for one in event.injections):
        since: date | None = None
        for entry in history:
            match entry.event:
                case Held(lesions, begin) if lesion in lesions:
                    since = begin
                case Resumed(lesions, end) if lesion in lesions and since is not None:
                    if since <= on < end:
                        break
                    since = None
        if since is not None and on >= since:
            text = f"lesion {lesion} was held from {day(since)} on, {day(on)} lies in it"
            yield Question("inside-hold", "", text, "correct the time")


def law_questions(breach: Breach, shortest_days: int) -> Question:
    """What is asked where the law of a series would be broken, with its figures."""
    one, other = breach.earlier, breach.later
    name = f"lesion {one.lesion}"
    if breach.clause == "hold":
        text = f"injection {one.number} of {name} would be on {day(one.on)}, inside its hold"
        return Question("inside-hold", "", text, "resume it first")
    if breach.clause in ("interval", "one-a-day"):
        was, now = sorted((one, other), key=lambda each: (each.on, each.number))
        said = "was injected" if was.is_given else "is to be injected"
        then = "" if now.is_given else f" and is to be again on {day(now.on)}"
        text = (
            f"{name} {said} on {day(was.on)}{then}, {count(breach.days, 'day')} apart;"
            f" the shortest interval is {count(shortest_days, 'day')}"
        )
        return Question("interval-too-short", "", text, "correct the time")
    side = "before" if one.on > other.on else "after"
    text = f"injection {other.number} of {name} on {day(other.on)} is {side} injection {one.number}"
    return Question("out-of-order", "", f"{text}, {day(one.on)}", "correct the time")


def _of_given(state: State, event: Given, protocol: Protocol) -> Iterator[Question]:
    yield from _early(state, event)
    if event.expiry is not None and f"{event.at:%Y-%m-%d}"[: len(event.expiry)] > event.expiry:
        text = f"the vial expired {event.expiry}, before {day(event.at)}"
        yield Question("vial-expired", "expiry", text, "correct it")
    for one in event.injections:
        name = Named(one.lesion, "injection", one.injection)
        yield from _passed_over(state, name)
        yield from _far_dose(state, one, protocol)


def _early(state: State, event: Given) -> Iterator[Question]:
    """An injection before the first day of the course, out of the reach of its visit's window."""
    windows = [state.slots[name].appointment.window_days for name in event.visit]
    if windows and (state.began - event.at.date()).days > min(windows):
        text = f"{day(event.at)} is before the course began on {day(state.began)}"
        yield Question("before-course", "", text, "correct the time")


def _passed_over(state: State, name: Named) -> Iterator[Question]:
    """Earlier injections that are open would count as missed; one that was missed was given."""
    for other, slot in state.injections(name.lesion):
        what = f"injection {other.number} of lesion {name.lesion}"
        if other.number < name.number and slot.state in ("open", "waiting"):
            text = f"{what} is still open; it would count as missed"
            yield Question("passed-over", "", text, f"record injection {other.number} first")
        if other == name and slot.state == "missed":
            text = f"{what} counts as missed since {day(slot.day)}"
            yield Question("missed-before", "", text, "was it given after all?")


def _far_dose(state: State, one: Injected, protocol: Protocol) -> Iterator[Question]:
    """What was given, far from what was planned; without a plan, beyond the source's cases."""
    planned = next(
        (
            planned
            for visit in state.visits.values()
            for planned in visit.injections
            if (planned.lesion, planned.injection) == (one.lesion, one.injection)
        ),
        None,
    )
    if planned is None or planned.dose_mg is None:
        yield from _beyond_cases(state, one, protocol)
        return
    pairs = ((one.dose_mg, planned.dose_mg), (one.drawn_ml, planned.drawn_ml))
    if any(wanted and abs(given - wanted) > FAR_SHARE * wanted for given, wanted in pairs):
        drawn = "" if planned.drawn_ml is None else f" ({ml(planned.drawn_ml)})"
        text = (
            f"lesion {one.lesion}: {mg(one.dose_mg)} ({ml(one.drawn_ml)}) recorded,"
            f" {mg(planned.dose_mg)}{drawn} planned"
        )
        yield Question("dose-far-from-plan", "", text, "is it a slip?")


def _beyond_cases(state: State, one: Injected, protocol: Protocol) -> Iterator[Question]:
    regimen = protocol.regimens[state.decisions[one.lesion].regimen]
    reached: Interval | None = regimen.dose_mg
    lesion = _lesion(state, one.lesion)
    most = comparison(protocol, lesion.site, lesion.size_mm).least_mg
    said = f"lesion {one.lesion}: {mg(one.dose_mg)} recorded, none planned"
    if reached is not None and one.dose_mg not in reached:
        cases = f"cases of the {regimen.id} regimen were given {reached.words('mg')}"
        yield Question("dose-beyond-cases", "", f"{said}; {cases}", "is it a slip?")
    elif most is not None and one.dose_mg > most:
        cases = f"cases at its site or of its size were given at most {mg(Fraction(most))}"
        yield Question("dose-beyond-cases", "", f"{said}; {cases}", "is it a slip?")


def takes_back(state: State, event: Answered, protocol: Protocol) -> bool:
    """Whether an answer takes back one that was a reason to stop."""
    was = state.course.answers
    return any(
        screen.id == event.screen and was.get(screen.id) == screen.stops != event.answer
        for screen in protocol.questions
    )


def _answer(event: Answered, protocol: Protocol) -> Iterator[Question]:
    """An answer that is a reason to stop and think; it then waits for a physician."""
    for screen in protocol.questions:
        if screen.id == event.screen and screen.stops == event.answer:
            text = f"{screen.question}: {'yes' if event.answer else 'no'}; {screen.because}"
            yield Question("screening-answer", "screen", text, "the course waits for a physician")


def _size(state: State, event: Evaluated) -> Iterator[Question]:
    lesion = _lesion(state, event.lesion)
    start = lesion.size_mm
    if event.size_mm > FAR_SIZE_TIMES * start and event.size_mm - start > FAR_SIZE_MM:
        text = f"lesion {lesion.id} measures {mm(event.size_mm)}, it was {mm(start)} at the start"
        yield Question("size-far", "size_mm", text, "is a point misplaced?")


def _jump(state: State, event: DoseChanged) -> Iterator[Question]:
    """A dose far from the lesion's last one, as that was given: the plan knows what was planned."""
    done = [one for name, one in state.given.items() if name.lesion == event.lesion]
    if not done:
        return
    last = max(done, key=lambda one: one.given.at).injected.dose_mg
    if event.dose_mg >= JUMP * last or last >= JUMP * event.dose_mg:
        text = f"{mg(last)} were given last, this is {mg(event.dose_mg)}"
        yield Question("dose-far-from-last", "mg", text, "is a point misplaced?")


def _ending(state: State, event: Ended, now: datetime) -> Iterator[Question]:
    if event.on > now.date():
        yield Question(
            "end-in-future", "on", f"{day(event.on)} is in the future", "correct the day"
        )
    if event.on < min(state.began, state.entered):
        text = f"{day(event.on)} is before the course began on {day(state.began)}"
        yield Question("end-before-course", "on", text, "correct the day")
    if event.ending != "completed":
        return
    left = [
        name
        for name, slot in state.slots.items()
        if name.purpose == "injection" and slot.state in ("open", "waiting")
    ]
    if left:
        names = dict.fromkeys(name.lesion for name in left)
        text = f"{count(len(left), 'injection')} of lesion {', '.join(names)} not given yet"
        yield Question(
            "injections-left", "as", f"{text}; completed would cancel them", "is it stopped?"
        )


def _lesion(state: State, wanted: str) -> Lesion:
    return next(one for one in state.course.lesions if one.id == wanted)

"""What of a record is unlikely and asked before it is written; it is then recorded as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
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
    LesionAdded,
    Missed,
    Resumed,
)
from planner.core.followup.law_of_series import Breach, Injection
from planner.core.plan.appointments import Named
from planner.core.plan.checks import answer
from planner.core.plan.course import Lesion
from planner.core.plan.dose_checks import is_jump
from planner.core.plan.findings import AGAINST_TREATMENT
from planner.core.protocol.comparison import comparison
from planner.core.protocol.protocol import Protocol
from planner.core.values.formatting import count, mg, ml, mm, moment
from planner.core.values.intervals import Interval
from planner.core.values.said import Said, joined, said, term

# A size over this many times the baseline, and so much above it, is asked for.
FAR_SIZE_TIMES, FAR_SIZE_MM = 2, 10
# A dose or volume that differs from the plan by more than this share of it is asked for.
FAR_SHARE = Fraction(1, 2)
# A day further than this behind all that is to come is asked for: a year is easily mistyped.
FAR_DAYS = 84


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
    if isinstance(event, Missed) and event.at > now and not _has_begun(state, event):
        text = said("{at} is in the future; nothing is missed yet", at=moment(event.at))
        yield Question("missed-in-future", "", text, said("move it, or wait"))
    if isinstance(event, Given | Evaluated) and event.at > now:
        text = said("{at} is in the future", at=moment(event.at))
        yield Question("time-in-future", "", text, said("when was it?"))
    if isinstance(event, Given):
        yield from _of_given(state, event, protocol)
    if isinstance(event, Evaluated):
        yield from _size(state, event)
        yield from _look(state, event, protocol)
    if isinstance(event, DoseChanged):
        yield from _jump(state, event)
    if isinstance(event, Answered):
        yield from _answer(event, protocol)
    if isinstance(event, Ended):
        yield from _ending(state, event, now)
    if isinstance(event, Held):
        yield from _idle_hold(state, event, now)
    if isinstance(event, Resumed | LesionAdded):
        yield from _far_day(state, event.on, now)


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
            text = said(
                "lesion {lesion} was held from {since} on, {on} lies in it",
                lesion=lesion,
                since=since,
                on=on,
            )
            yield Question("inside-hold", "", text, said("correct the time"))


def _has_begun(state: State, event: Missed) -> bool:
    """Whether something else of the visit was recorded on its day: the patient came early."""
    recorded: list[Given | Evaluated] = [one.given for one in state.given.values()]
    recorded += [one.evaluated for one in state.seen.values()]
    return any(
        one.at.date() == event.at.date() and not {*one.visit}.isdisjoint(event.visit)
        for one in recorded
    )


def law_questions(breach: Breach, shortest_days: int) -> Question:
    """What is asked where the law of a series would be broken, with its figures."""
    one, other = breach.earlier, breach.later
    if breach.clause == "hold":
        text = said(
            "injection {n} of lesion {lesion} would be on {on}, inside its hold",
            n=one.number,
            lesion=one.lesion,
            on=one.on,
        )
        return Question("inside-hold", "", text, said("resume it first"))
    if breach.clause in ("interval", "one-a-day"):
        text = said(
            "{injections}, {days} apart; the shortest interval is {least}",
            injections=_both(*sorted((one, other), key=lambda each: (each.on, each.number))),
            days=count(breach.days, "day"),
            least=count(shortest_days, "day"),
        )
        return Question("interval-too-short", "", text, said("correct the time"))
    text = said(
        "injection {n} of lesion {lesion} on {on} is before injection {other}, {then}"
        if one.on > other.on
        else "injection {n} of lesion {lesion} on {on} is after injection {other}, {then}",
        n=other.number,
        lesion=one.lesion,
        on=other.on,
        other=one.number,
        then=one.on,
    )
    return Question("out-of-order", "", text, said("correct the time"))


def _both(was: Injection, now: Injection) -> Said:
    """Two injections of a lesion, the earlier one first."""
    if now.is_given:
        return said(
            "lesion {lesion} was injected on {on}"
            if was.is_given
            else "lesion {lesion} is to be injected on {on}",
            lesion=was.lesion,
            on=was.on,
        )
    return said(
        "lesion {lesion} was injected on {on} and is to be again on {again}"
        if was.is_given
        else "lesion {lesion} is to be injected on {on} and is to be again on {again}",
        lesion=was.lesion,
        on=was.on,
        again=now.on,
    )


def _of_given(state: State, event: Given, protocol: Protocol) -> Iterator[Question]:
    yield from _early(state, event)
    yield from _undecided(state)
    if event.expiry is not None and f"{event.at:%Y-%m-%d}"[: len(event.expiry)] > event.expiry:
        text = said(
            "the vial expired {expiry}, before {on}", expiry=event.expiry, on=event.at.date()
        )
        yield Question("vial-expired", "expiry", text, said("correct it"))
    for one in event.injections:
        name = Named(one.lesion, "injection", one.injection)
        yield from _passed_over(state, name)
        yield from _far_dose(state, one, protocol)


def _undecided(state: State) -> Iterator[Question]:
    """What speaks against an injection at all, while a physician has not decided on it."""
    for one in state.findings:
        if one.is_open and one.code in AGAINST_TREATMENT:
            text = said("a physician has not decided yet: {finding}", finding=one.alone)
            yield Question("undecided", "", text, said("was it given all the same?"))


def _early(state: State, event: Given) -> Iterator[Question]:
    """An injection before the first day of the course, out of the reach of its visit's window."""
    windows = [state.slots[name].appointment.window_days for name in event.visit]
    if windows and (state.began - event.at.date()).days > min(windows):
        text = _before_the_course(event.at.date(), state)
        yield Question("before-course", "", text, said("correct the time"))


def _before_the_course(on: date, state: State) -> Said:
    return said("{on} is before the course began on {began}", on=on, began=state.began)


def _passed_over(state: State, name: Named) -> Iterator[Question]:
    """Earlier injections that are open would count as missed; one that was missed was given."""
    for other, slot in state.injections(name.lesion):
        what: dict[str, str | int] = {"n": other.number, "lesion": name.lesion}
        if other.number < name.number and slot.state in ("planned", "waiting"):
            text = said(
                "injection {n} of lesion {lesion} is still open; it would count as missed", **what
            )
            fix = said("record injection {n} first", n=other.number)
            yield Question("passed-over", "", text, fix)
        if other == name and slot.state == "missed":
            text = said(
                "injection {n} of lesion {lesion} counts as missed since {day}",
                day=slot.day,
                **what,
            )
            yield Question("missed-before", "", text, said("was it given after all?"))


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
        text = said(
            "lesion {lesion}: {given} recorded, {planned} planned",
            lesion=one.lesion,
            given=_dose(one.dose_mg, one.drawn_ml),
            planned=_dose(planned.dose_mg, planned.drawn_ml),
        )
        yield Question("dose-far-from-plan", "", text, said("is it a slip?"))


def _dose(dose_mg: Fraction, drawn_ml: Fraction | None) -> Said:
    if drawn_ml is None:
        return mg(dose_mg)
    return said("{dose} ({drawn})", dose=mg(dose_mg), drawn=ml(drawn_ml))


def _beyond_cases(state: State, one: Injected, protocol: Protocol) -> Iterator[Question]:
    regimen = protocol.regimens[state.decisions[one.lesion].regimen]
    reached: Interval | None = regimen.dose_mg
    lesion = _lesion(state, one.lesion)
    most = comparison(protocol, lesion.site, lesion.size_mm).least_mg
    recorded = said(
        "lesion {lesion}: {dose} recorded, none planned", lesion=one.lesion, dose=mg(one.dose_mg)
    )
    if reached is not None and one.dose_mg not in reached:
        cases = said(
            "cases of the {regimen} regimen were given {given}",
            regimen=term("regimen", regimen.id),
            given=reached.words("mg"),
        )
        yield _beyond(recorded, cases)
    elif most is not None and one.dose_mg > most:
        cases = said("cases at its site or of its size were given at most {most}", most=mg(most))
        yield _beyond(recorded, cases)


def _beyond(recorded: Said, cases: Said) -> Question:
    text = joined([recorded, cases], "; ")
    return Question("dose-beyond-cases", "", text, said("is it a slip?"))


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
            told = answer(said(screen.question), event.answer)
            text = joined([told, said(screen.because)], "; ")
            fix = said("the course waits for a physician")
            yield Question("screening-answer", "screen", text, fix)


def _size(state: State, event: Evaluated) -> Iterator[Question]:
    lesion = _lesion(state, event.lesion)
    start = lesion.size_mm
    if event.size_mm > FAR_SIZE_TIMES * start and event.size_mm - start > FAR_SIZE_MM:
        text = said(
            "lesion {lesion} measures {size}, it was {start} at the start",
            lesion=lesion.id,
            size=mm(event.size_mm),
            start=mm(start),
        )
        yield Question("size-far", "size_mm", text, said("is a point misplaced?"))


def _jump(state: State, event: DoseChanged) -> Iterator[Question]:
    """A dose far from the lesion's last one, as that was given; before any, from the planned one.

    A later dose of a titration is far from the first one, and nothing else would say so.
    """
    fix, new = said("is a point misplaced?"), event.dose_mg
    done = [one for name, one in state.given.items() if name.lesion == event.lesion]
    if done:
        last = max(done, key=lambda one: one.given.at).injected.dose_mg
        if is_jump(last, new):
            text = said("{last} were given last, this is {dose}", last=mg(last), dose=mg(new))
            yield Question("dose-far-from-last", "mg", text, fix)
        return
    doses = next((one.doses for one in state.course.lesions if one.id == event.lesion), ())
    planned = doses[event.from_injection - 1] if event.from_injection <= len(doses) else None
    if planned is not None and is_jump(planned.mg, new):
        text = said("{planned} are planned, this is {dose}", planned=mg(planned.mg), dose=mg(new))
        yield Question("dose-far-from-plan", "mg", text, fix)


def _ending(state: State, event: Ended, now: datetime) -> Iterator[Question]:
    if event.on > now.date():
        text = said("{on} is in the future", on=event.on)
        yield Question("end-in-future", "on", text, said("correct the day"))
    if event.on < min(state.began, state.entered):
        text = _before_the_course(event.on, state)
        yield Question("end-before-course", "on", text, said("correct the day"))
    if event.ending != "completed":
        return
    left = [
        name
        for name, slot in state.slots.items()
        if name.purpose == "injection" and slot.state in ("planned", "waiting")
    ]
    if left:
        names = dict.fromkeys(name.lesion for name in left)
        text = said(
            "{injections} of lesion {lesions} not given yet; completed would cancel them",
            injections=count(len(left), "injection"),
            lesions=", ".join(names),
        )
        yield Question("injections-left", "as", text, said("is it stopped?"))


def _idle_hold(state: State, event: Held, now: datetime) -> Iterator[Question]:
    """A hold from a day to come on, behind all that it could stop."""
    coming = [
        at.date()
        for name, at in state.starts.items()
        if name.purpose == "injection" and name.lesion in event.lesions and state.is_to_come(name)
    ]
    if event.on > max([now.date(), *coming]):
        text = said(
            "{on} is in the future, and no injection of lesion {lesions} is to come from then on",
            on=event.on,
            lesions=", ".join(event.lesions),
        )
        yield Question("hold-stops-nothing", "on", text, said("correct the day"))


def _far_day(state: State, on: date, now: datetime) -> Iterator[Question]:
    """A day far behind today, its holds and all that is to come of the course."""
    coming = [at.date() for name, at in state.starts.items() if state.is_to_come(name)]
    last = max([now.date(), *state.held.values(), *coming])
    if (on - last).days > FAR_DAYS:
        text = said(
            "{on} is {days} behind {last}, when the rest of the course is over",
            on=on,
            days=count((on - last).days, "day"),
            last=last,
        )
        yield Question("day-far", "on", text, said("correct the day"))


def _look(state: State, event: Evaluated, protocol: Protocol) -> Iterator[Question]:
    """A look on a day that is nearer to another one of the lesion, or to its first injection."""
    slots = [slot for _, slot in state.injections(event.lesion)]
    given = [one.day for one in slots if one.state == "done"]
    first = min(given or [one.day for one in slots])
    days = [one.after_days for one in protocol.evaluations]
    meant, on = days[event.evaluation - 1], event.at.date()
    away = abs((on - first).days - meant)
    if any(abs((on - first).days - other) < away for other in (0, *days)):
        text = said(
            "lesion {lesion}: {on} is {days} away from {due}, when this look is due; another look,"
            " or the first injection, is nearer",
            lesion=event.lesion,
            on=on,
            days=count(away, "day"),
            due=first + timedelta(days=meant),
        )
        yield Question("look-on-other-day", "at", text, said("is it this look?"))


def _lesion(state: State, wanted: str) -> Lesion:
    return next(one for one in state.course.lesions if one.id == wanted)

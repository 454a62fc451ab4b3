"""What has to be asked before something done is recorded; it is then recorded as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from planner.core.checks import JUMP
from planner.core.events import DoseChanged, Ended, Evaluated, Event, Given, Missed, Named
from planner.core.formatting import count, day, mg, moment
from planner.core.history import State
from planner.core.protocol import Protocol
from planner.errors import Problem


def questions(state: State, event: Event, protocol: Protocol, now: datetime) -> Iterator[Problem]:
    """Why a record may be a slip: the future, the order, the interval. `now` is wall clock."""
    if isinstance(event, Given):
        yield from _early(state, event)
    if isinstance(event, Missed) and event.at > now:
        text = f"{moment(event.at)} is in the future; nothing is missed yet"
        yield Problem("", text, "move it, or wait")
    if isinstance(event, Given | Evaluated) and event.at > now:
        yield Problem("", f"{moment(event.at)} is in the future", "give the time with --at")
    if isinstance(event, Ended) and event.on > now.date():
        yield Problem("--on", f"{day(event.on)} is in the future", "correct the day")
    if isinstance(event, DoseChanged):
        yield from _jump(state, event)
    if isinstance(event, Given):
        for one in event.injections:
            name = Named(one.lesion, "injection", one.injection)
            yield from _order(state, name, event)
            yield from _interval(state, name, event, protocol.policy.shortest_interval_days)


def _early(state: State, event: Given) -> Iterator[Problem]:
    """An injection before the first day of the course, out of the reach of its visit's window."""
    windows = [state.slots[name].appointment.window_days for name in event.visit]
    if (state.began - event.at.date()).days > min(windows):
        text = f"{day(event.at)} is before the course began on {day(state.began)}"
        yield Problem("", text, "correct --at")


def _jump(state: State, event: DoseChanged) -> Iterator[Problem]:
    """A dose far from the lesion's last one, as that was given: the plan knows what was planned."""
    done = [one for name, one in state.given.items() if name.lesion == event.lesion]
    if not done:
        return
    last = max(done, key=lambda one: one.given.at).injected.dose_mg
    if event.dose_mg >= JUMP * last or last >= JUMP * event.dose_mg:
        text = f"{mg(last)} were given last, this is {mg(event.dose_mg)}"
        yield Problem("--mg", text, "is a point misplaced?")


def _order(state: State, name: Named, event: Given) -> Iterator[Problem]:
    what = f"injection {name.number} of lesion {name.lesion}"
    for other, slot in state.slots.items():
        if other.lesion != name.lesion or other.purpose != "injection" or other == name:
            continue
        is_earlier = other.number < name.number
        if is_earlier and slot.state == "open":
            text = f"injection {other.number} of lesion {name.lesion} is still open; it would count"
            yield Problem("", f"{text} as missed", f"record injection {other.number} first")
        elif slot.state == "done" and slot.at is not None and is_earlier != (slot.at < event.at):
            side = "before" if is_earlier else "after"
            text = f"{what} on {day(event.at)} is {side} injection {other.number}, {day(slot.at)}"
            yield Problem("", text, "correct --at")


def _interval(state: State, name: Named, event: Given, shortest: int) -> Iterator[Problem]:
    for other, done in state.given.items():
        if other.lesion != name.lesion or other == name:
            continue
        gap = abs((done.given.at.date() - event.at.date()).days)
        if gap < shortest:
            text = (
                f"lesion {name.lesion} was injected on {day(done.given.at)}, {count(gap, 'day')}"
                f" apart; the shortest interval is {count(shortest, 'day')}"
            )
            yield Problem("", text, "correct --at")

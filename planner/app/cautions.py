"""What a change does not ask, and whoever makes it has to know: what else is to be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection

from planner.app.one_patient import states_of
from planner.core.followup.events import DoseChanged, Ended, Event, Held
from planner.core.plan.plan import PlannedInjection, PlannedVisit
from planner.core.values.formatting import listing
from planner.core.values.said import Said, said
from planner.store.standing import Standing


def cautions(
    connection: Connection,
    events: Iterable[Event],
    before: Standing,
    after: Standing,
    now: datetime,
) -> Iterator[Said]:
    """What events leave to be done, the course being as it stood `before` and `after` them."""
    for event in events:
        if isinstance(event, Ended) and event.ending == "died":
            yield from _still_running(connection, after)
        elif isinstance(event, Held):
            yield from _not_recorded(after, now)
            yield from _put_off_today(event, before, now)
        elif isinstance(event, DoseChanged):
            yield from _changed_for_the_past(event, after, now)


def _still_running(connection: Connection, after: Standing) -> Iterator[Said]:
    """The other courses of a patient who died."""
    states = states_of(connection, after.record.patient)
    others = (name for name in states if name != after.record.course)
    running = [name for name in others if not states[name].ended]
    if running:
        yield said(
            "of the same patient still runs: {courses}; end it too, as died",
            courses=listing(running),
        )


def _not_recorded(after: Standing, now: datetime) -> Iterator[Said]:
    """What comes before a hold may have been given; nobody knows until it is recorded."""
    for visit, one in after.plan.unrecorded(now):
        if one.lesion in after.state.held:
            yield said(
                "injection {n} of lesion {lesion} (visit {visit}) comes before the hold and is"
                " not recorded: give it, or miss it",
                **_places(visit, one),
            )


def _put_off_today(event: Held, before: Standing, now: datetime) -> Iterator[Said]:
    """What was to come on the very day of a hold may be why it is held: it waits now."""
    for visit, one in before.plan.unrecorded(now):
        is_that_day = visit.start is not None and visit.start.date() == event.on
        if is_that_day and one.lesion in event.lesions:
            yield said(
                "injection {n} of lesion {lesion} (visit {visit}) was to come on the day of the"
                " hold and is not recorded: if it was given, undo the hold, record it, hold again",
                **_places(visit, one),
            )


def _changed_for_the_past(event: DoseChanged, after: Standing, now: datetime) -> Iterator[Said]:
    """What is over and not recorded may have been given at the dose that it had."""
    for visit, one in after.plan.unrecorded(now):
        if one.lesion == event.lesion and one.injection >= event.from_injection:
            yield said(
                "injection {n} of lesion {lesion} (visit {visit}) is over and not recorded, and"
                " would have the new dose: record first what was given",
                **_places(visit, one),
            )


def _places(visit: PlannedVisit, one: PlannedInjection) -> dict[str, int | str]:
    return {"n": one.injection, "lesion": one.lesion, "visit": visit.number}

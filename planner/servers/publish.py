"""Publishing a plan's visits to the clinic's calendar: one resource a visit, never over others.

What is up there tells by itself what it is (`published`). Where somebody changed it nothing is
overwritten; all is looked at before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from planner.core.plan.plan import Plan, PlannedVisit
from planner.core.values.formatting import moment
from planner.documents.calendars import clinic_entry, clinic_entry_before
from planner.documents.ical import CalendarEntry
from planner.errors import Problem, RefusedError, raise_if_any
from planner.servers.caldav import Collection, Resource
from planner.servers.published import Published, content_of, ours_of, read_published

Kind = Literal["create", "move", "update", "adopt", "cancel", "keep"]
# How far before and after the plan an earlier revision's visits are looked for.
REACH_DAYS = 366
_DONE = {"create": "created", "move": "moved", "update": "updated", "adopt": "taken over",
         "cancel": "cancelled", "keep": "kept"}  # fmt: skip


class Action(NamedTuple):
    """What is done about one visit; `there` is the event as it is now, if it is."""

    kind: Kind
    what: str
    name: str
    content: bytes
    there: Resource | None

    def carry_out(self, collection: Collection) -> None:
        """Do it, on the condition that nobody changed the event meanwhile."""
        if self.kind == "create":
            collection.create(self.name, self.content)
        elif self.kind != "keep" and self.there is not None:
            collection.replace(self.there, self.content)


def actions(plan: Plan, collection: Collection, stamp: datetime) -> list[Action]:
    """What has to be done, cancellations last.

    Raises RefusedError, before anything is done, where somebody changed an event that is to come,
    or where a later revision or another plan of the same revision is up there.
    """
    there, problems = _of_course(plan, collection)
    found: list[Action] = []
    left = dict(there)
    for visit in plan.kept:
        now = left.pop(visit.uid, None)
        deciding = _Deciding(plan, stamp, now)
        found.append(deciding.of_visit(visit))
        problems += deciding.problems
    for now in left.values():
        deciding = _Deciding(plan, stamp, now)
        found.append(deciding.of_stray(now))
        problems += deciding.problems
    raise_if_any(RefusedError, problems)
    for one in found:
        if one.there is not None and one.kind != "keep":
            collection.address(one.there.href)
    return found


def _of_course(plan: Plan, collection: Collection) -> tuple[Mapping[str, Published], list[Problem]]:
    """The course's events by UID: those around the plan's days, and those of its visits."""
    # A plan whose lesions are all held has no visit; its first day is where they were.
    first = plan.first_visit.date().toordinal()
    days = [first, *(visit.due.toordinal() for visit in plan.visits)]
    reach = range(min(days) - REACH_DAYS, max(days) + REACH_DAYS)
    resources = collection.between(reach, ZoneInfo(plan.clinic.timezone))
    read = {one: list(read_published(one, plan)) for one in resources}
    seen = {one.uid for each in read.values() for one in each if isinstance(one, Published)}
    for visit in plan.kept:
        if visit.uid not in seen:
            # Somebody may have moved it far away, or brought it in under another name.
            more = (one for one in collection.with_uid(visit.uid) if one not in read)
            read |= {one: list(read_published(one, plan)) for one in more}
    found: dict[str, Published] = {}
    problems: list[Problem] = []
    for one in (one for each in read.values() for one in each):
        if isinstance(one, Problem):
            problems.append(one)
        elif one.uid in found:
            problems.append(Problem(one.summary, "it is in the calendar twice", _REMOVE))
        else:
            found[one.uid] = one
    return found, list(dict.fromkeys(problems))


_REMOVE = "remove one of them, then publish again"


class _Deciding:
    """What to do about one event; why nothing can be done goes to `problems`."""

    def __init__(self, plan: Plan, stamp: datetime, now: Published | None) -> None:
        self.plan = plan
        self.stamp = stamp
        self.now = now
        self.problems: list[Problem] = []

    def of_visit(self, visit: PlannedVisit) -> Action:
        """What to do about a visit of the plan."""
        entry = clinic_entry(self.plan, visit, self.stamp)
        what = f"visit {visit.number}, {moment(entry.start)}"
        name, now = f"{visit.uid}.ics", self.now
        if now is None:
            return Action("create", what, name, self._content(entry), None)
        content = self._content(entry._replace(sequence=self._sequence(now)))
        ours = ours_of(content)
        before = self._content(clinic_entry_before(self.plan, visit, self.stamp))
        is_same = any(now.says(one, entry) for one in (ours, ours_of(before)))
        if is_same:
            kind: Kind = self._kind_of_same(now, ours, content, entry)
        else:
            kind = "update" if now.is_at(entry) else "move"
        if self._is_left(now, kind, entry.end):
            what, kind = f"{what}: left as somebody changed it", "keep"
        else:
            self._check(now, what, kind, is_same=is_same)
        return Action(kind, what, name, content, now.resource)

    def of_stray(self, now: Published) -> Action:
        """What to do about a visit that the plan no longer has."""
        entry = _cancelled(now, self.stamp)._replace(sequence=self._sequence(now))
        kind: Kind = "keep" if now.is_cancelled else "cancel"
        what = now.summary
        if self._is_left(now, kind, now.end):
            what, kind = f"{what}: left as somebody changed it", "keep"
        else:
            self._check(now, what, kind, is_same=False)
        return Action(kind, what, "", self._content(entry), now.resource)

    def _kind_of_same(
        self, now: Published, ours: Any, content: bytes, entry: CalendarEntry
    ) -> Kind:
        """What to do about an event that says what the plan says, in the words of then or now."""
        if not now.course:
            return "adopt"
        # Only words or the zone's rules changed: the same plan, told by those of today.
        today = now._replace(
            resource=Resource("", "", content), start=ours["DTSTART"].dt, end=ours["DTEND"].dt
        )
        is_kept = now.says(ours, entry) and now.told() == today.told()
        return "keep" if is_kept else "update"

    def _is_left(self, now: Published, kind: Kind, end: datetime) -> bool:
        """Whether it is past, and somebody wrote into it: that stops nothing that is to come."""
        is_past = end < self.stamp and now.end < self.stamp
        return is_past and kind not in ("keep", "adopt") and not now.is_ours

    def _check(self, now: Published, what: str, kind: Kind, *, is_same: bool) -> None:
        if not now.course and kind != "adopt":
            text = f"its id is in the calendar already, and says something else: {now.summary}"
            fix = "remove it, or undo there what was changed"
            self.problems.append(Problem(what, text, fix))
        elif not (now.is_ours or is_same):
            text = "somebody changed it in the calendar; it was not overwritten"
            fix = "take the change into the course file, or undo it there"
            self.problems.append(Problem(what, text, fix))
        elif now.revision > self.plan.revision and now.course:
            text = f"revision {now.revision} is in the calendar already, this is"
            text = f"{text} {self.plan.revision}"
            self.problems.append(Problem(what, text, "publish the newest plan"))
        elif kind not in ("keep", "adopt") and not is_same and now.revision == self.plan.revision:
            text = f"another plan of revision {now.revision} is in the calendar"
            self.problems.append(Problem(what, text, "raise the revision of the course"))

    def _sequence(self, now: Published) -> int:
        """The revision, or more where somebody's program counted on: readers take the highest."""
        counted_on = now.sequence + 1 if now.sequence > now.revision else 0
        return max(self.plan.revision, counted_on)

    def _content(self, entry: CalendarEntry) -> bytes:
        return content_of(entry, self.plan)


def _cancelled(now: Published, stamp: datetime) -> CalendarEntry:
    """An event of ours that the plan no longer has, as cancelled."""
    event = now.event
    return CalendarEntry(
        uid=now.uid,
        sequence=now.sequence,
        stamp=stamp,
        start=now.start,
        end=now.end if now.end > now.start else now.start,
        timezone=str(event["DTSTART"].params.get("TZID", "UTC")),
        summary=str(event.get("SUMMARY", "")),
        location=str(event.get("LOCATION", "")),
        description=str(event.get("DESCRIPTION", "")),
        cancelled=True,
    )


def summary(done: Sequence[Action]) -> str:
    """`4 created, 1 moved, 1 kept`."""
    counts = {kind: sum(one.kind == kind for one in done) for kind in _DONE}
    return ", ".join(f"{n} {_DONE[kind]}" for kind, n in counts.items() if n) or "nothing to do"

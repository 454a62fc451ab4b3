"""What a clinic's change leads to: what no longer fits, laid out anew over all its courses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from planner.app.changing import Step, kept_reason, new_findings, settled
from planner.app.free_times import times_outside
from planner.app.roles import Author
from planner.core.calendar.availability import Opening
from planner.core.calendar.clinic import Clinic, Purpose
from planner.core.calendar.occupancy import Busy, Occupancy
from planner.core.followup.displaced import (
    Displaced,
    Surroundings,
    coming_visits,
    displaced,
    is_begun,
    left_of,
    may_make_room,
)
from planner.core.followup.events import Rearranged, Rearrangement
from planner.core.followup.settling import unlawful
from planner.core.plan.findings import Finding, hindering
from planner.core.plan.plan import PlannedVisit, Preparation
from planner.core.plan.recording import record_clinic
from planner.core.roster.laying_out import laid_out
from planner.core.values.formatting import count, mg_per_ml, ml
from planner.core.values.said import joined, said
from planner.errors import RefusedError
from planner.store.clinics import Place
from planner.store.day_list import restricted_courses
from planner.store.histories import read_course
from planner.store.standing import Standing
from planner.store.summary import purposes_of, read_summary
from planner.store.tables import courses, visits
from planner.store.taken_times import beside_others, taken_at


class VisitMoved(NamedTuple):
    """A visit that stands at another time, all with their offset; `to` is None for no day."""

    course: str
    visit: int
    due: date
    stood: datetime
    to: datetime | None
    choices: tuple[datetime, ...] = ()


class DrawnAnew(NamedTuple):
    """A visit to come that is drawn up otherwise, in words."""

    course: str
    visit: int
    was: str
    now: str


class Outcome(NamedTuple):
    """What a change leads to: a step of each course that it concerns, and what to tell of it.

    `hinders` are the findings that papers wait for from then on, with the course of each. Of
    patients whose data is restricted nothing is told but how many visits move, as `hidden`.
    """

    steps: tuple[tuple[Standing, Step], ...] = ()
    moves: tuple[VisitMoved, ...] = ()
    without_day: tuple[VisitMoved, ...] = ()
    draw_ups: tuple[DrawnAnew, ...] = ()
    unrecorded: tuple[tuple[str, int, datetime], ...] = ()
    hinders: tuple[tuple[str, Finding], ...] = ()
    hidden: int = 0


def rearranged(
    connection: Connection, before: Place, after: Place, author: Author, days: tuple[date, date]
) -> Outcome:
    """What follows from a clinic that stands otherwise on some days, both inclusive.

    Nothing is written. Raises ServiceError where no best answer can be found.
    """
    return _Rearranging(connection, before, after, author).outcome(days)


class _Rearranging:
    """All that a change of a clinic concerns."""

    def __init__(self, connection: Connection, before: Place, after: Place, author: Author) -> None:
        self.connection = connection
        self.before = before
        self.after = after
        self.author = author
        self.now = after.clinic.wall_clock(author.now)
        self.is_drawn_anew = before.clinic.draws != after.clinic.draws
        self.is_named_anew = record_clinic(before.clinic) != record_clinic(after.clinic)
        self.has_other_minutes = _minutes(before.clinic) != _minutes(after.clinic)

    def outcome(self, days: tuple[date, date]) -> Outcome:
        """The whole of it."""
        must, may = self._unfit(days)
        concerned = {course for course, _ in (*must, *may)}
        if self.is_drawn_anew or self.is_named_anew or self.has_other_minutes:
            concerned |= set(self._running())
        there = {one: self._standing(one) for one in sorted(concerned)}
        there = {one: found for one, found in there.items() if found.state.ended is None}
        starts = self._starts(there, must, may)
        steps = [
            (standing, step)
            for course, standing in there.items()
            if (step := self._step(standing, self._changed(course, standing, starts)))
        ]
        free = self._opening_after(steps)
        shown = [one for one in steps if one[0].record.patient.restricted is None]
        moves = [one for standing, step in shown for one in moves_of(standing, step, free)]
        moved = sum(1 for standing, step in steps for _ in moves_of(standing, step, free))
        return Outcome(
            tuple(steps),
            tuple(one for one in moves if one.to is not None),
            tuple(one for one in moves if one.to is None),
            tuple(one for standing, step in shown for one in _draw_ups(standing, step)),
            tuple(self._unrecorded(days)),
            tuple(one for standing, step in shown for one in _hinders(standing, step)),
            moved - len(moves),
        )

    def _opening_after(self, steps: Sequence[tuple[Standing, Step]]) -> Opening:
        """The clinic as it stands once all that is laid out anew stands there."""
        moved = {standing.record.course for standing, _ in steps}

        def stays(course: str, _number: int) -> bool:
            return course not in moved

        alone = Opening(self.after.clinic, Occupancy())
        there = [
            Busy(visit.start, visit.end, alone.stay(visit.each_purpose).takes)
            for _, step in steps
            for visit in coming_visits(step.after.state, self.now)
            if visit.start is not None and visit.end is not None
        ]
        return self._opening(stays, there)

    def _rows(self, days: tuple[date, date]) -> Sequence[tuple[str, int, datetime, list[Purpose]]]:
        """The visits to come of some days, each with its start and what is done at it."""
        query = select(visits.c.course, visits.c.number, visits.c.start, visits.c.summary).where(
            visits.c.clinic == self.after.id,
            visits.c.state == "planned",
            visits.c.day.between(days[0].isoformat(), days[1].isoformat()),
        )
        return [
            (
                course,
                number,
                datetime.fromisoformat(start).replace(tzinfo=None),
                [*purposes_of(read_summary(summary))],
            )
            for course, number, start, summary in self.connection.execute(query)
        ]

    def _unfit(self, days: tuple[date, date]) -> tuple[set[tuple[str, int]], set[tuple[str, int]]]:
        """The visits that cannot stay, and those of which not all can."""
        opening = self._opening()
        must: set[tuple[str, int]] = set()
        may: set[tuple[str, int]] = set()
        for course, number, start, purposes in self._rows(days):
            if start < self.now:
                continue
            stay = opening.stay(purposes)
            if opening.shut(start, stay):
                must.add((course, number))
            elif opening.is_overfull(start, stay):
                may.add((course, number))
        return must, may

    def _opening(
        self,
        is_counted: Callable[[str, int], bool] = lambda _course, _number: True,
        busy: Sequence[Busy] = (),
    ) -> Opening:
        """The clinic as it will stand, around the visits that count, and what else is taken."""
        anew = self.has_other_minutes
        taken = taken_at(self.connection, self.after, is_counted, busy, lasts_anew=anew)
        return Opening(self.after.clinic, taken)

    def _unrecorded(self, days: tuple[date, date]) -> Iterator[tuple[str, int, datetime]]:
        """The visits of days that are over of which nobody said what became."""
        hidden = set(restricted_courses(self.connection))
        for course, number, start, _ in sorted(self._rows(days)):
            if start < self.now and course not in hidden:
                yield course, number, start

    def _running(self) -> Iterator[str]:
        query = select(courses.c.id).where(
            courses.c.clinic == self.after.id, courses.c.status != "ended"
        )
        yield from (one.id for one in self.connection.execute(query))

    def _standing(self, course: str) -> Standing:
        record = read_course(self.connection, course, is_locked=True)
        return Standing.of(beside_others(self.connection, self.after, record))

    def _starts(
        self,
        there: Mapping[str, Standing],
        must: set[tuple[str, int]],
        may: set[tuple[str, int]],
    ) -> Mapping[tuple[str, int], datetime | None]:
        """The new start of each visit that is laid out, by course and number."""
        if not must and not may:
            return {}
        found = self._solved(there, must, may)
        if None not in found.values():
            return found
        # Where somebody would find no day, other visits of those courses may make room.
        others = {
            (course, visit.number)
            for course, standing in there.items()
            if any(one == course for one, _ in must | may)
            for visit in coming_visits(standing.state, self.now)
            if may_make_room(visit, standing.state)
        }
        return self._solved(there, must, may | (others - must))

    def _solved(
        self,
        there: Mapping[str, Standing],
        must: set[tuple[str, int]],
        may: set[tuple[str, int]],
    ) -> Mapping[tuple[str, int], datetime | None]:
        wanted = must | may

        def stands(course: str, number: int) -> bool:
            return (course, number) not in wanted

        opening = self._opening(stands)
        parts: list[Displaced] = []
        for course, standing in there.items():
            numbers = [number for name, number in wanted if name == course]
            stay = [number for name, number in may if name == course]
            around = Surroundings(
                course, standing.state, standing.record.protocol, opening, self.now
            )
            parts.append(displaced(around, numbers, stay))
        movables = [one for part in parts for one in part.movables]
        distances = [one for part in parts for one in part.distances]
        found = laid_out(movables, distances, opening, self.now)
        if not found:
            raise AssertionError("no answer, where each visit may be without a day")
        return found

    def _changed(
        self,
        course: str,
        standing: Standing,
        starts: Mapping[tuple[str, int], datetime | None],
    ) -> Sequence[Rearrangement]:
        """The visits of a course that stand at other times, or for longer, from now on."""
        found = []
        for visit in coming_visits(standing.state, self.now):
            assert visit.start is not None
            stood = visit.start.replace(tzinfo=None)
            to = starts.get((course, visit.number), stood)
            if to != stood or self._lasts_otherwise(standing, visit):
                found.append(Rearrangement(left_of(visit, standing.state), to))
        return found

    def _lasts_otherwise(self, standing: Standing, visit: PlannedVisit) -> bool:
        """Whether a visit takes other minutes; one that was begun keeps those that it has."""
        if not self.has_other_minutes or visit.start is None or is_begun(visit, standing.state):
            return False
        opening = standing.record.opening
        start = visit.start.replace(tzinfo=None)
        return opening.placed(start, opening.stay(visit.each_purpose))[1] != visit.end

    def _step(self, standing: Standing, changed: Sequence[Rearrangement]) -> Step | None:
        """A course with its event; None where nothing of it changes."""
        is_anew = self.is_drawn_anew and any(coming_visits(standing.state, self.now))
        if not (changed or is_anew or self.is_named_anew):
            return None
        file = self._new_file(standing)
        try:
            return step_to(standing, changed, self.author, file=file, is_anew=is_anew)
        except RefusedError as error:
            where = f"course {standing.record.course}"
            raise RefusedError(*(replace(one, place=where) for one in error.problems)) from error

    def _new_file(self, standing: Standing) -> str | None:
        """The file that the papers of a course follow from now on, where it is another one."""
        return self.after.input if self.after.input != standing.record.clinic_file else None


def step_to(
    standing: Standing,
    changed: Sequence[Rearrangement],
    author: Author,
    *,
    file: str | None = None,
    is_anew: bool = False,
) -> Step:
    """A course of which some visits stand otherwise, as its clinic's courses were laid out."""
    record = standing.record
    event, number = Rearranged(tuple(changed), file, is_anew), len(record.entries) + 1
    entry = author.entry(number, event, kept_reason(record, author.reason or author.confirm))
    after, entry = settled(record, standing.state, entry)
    _check(standing, after, changed)
    return Step(after, entry, ())


def _check(before: Standing, after: Standing, changed: Sequence[Rearrangement]) -> None:
    """Whatever was laid out stands as it was chosen, and breaks no law that held before.

    What is held by then waits.
    """
    starts = after.state.starts
    names = {name: one.to for one in changed for name in one.visit}
    wanted = {name: to for name, to in names.items() if after.state.slots[name].state != "waiting"}
    if any(starts.get(name) != to for name, to in wanted.items()):
        raise AssertionError(f"course {before.record.course} stands otherwise than was chosen")
    protocol = before.record.protocol
    if set(unlawful(after.state, protocol)) - set(unlawful(before.state, protocol)):
        raise AssertionError(f"course {before.record.course} would break the law of a series")


def moves_of(standing: Standing, step: Step, opening: Opening) -> Iterator[VisitMoved]:
    """The visits of a course that a step moves; times of `opening` for those without a day.

    A visit of a held lesion that finds no day before the hold waits with the rest: it has none.
    What is left of one that was begun may be a visit of its own by then.
    """
    was, now = standing.state, step.after.state
    there = {name: visit for visit in now.visits.values() for name in left_of(visit, now)}
    for number, old in sorted(was.visits.items()):
        left = left_of(old, was)
        visit = next((there[name] for name in left if name in there), None)
        to = visit and visit.start
        if not left or old.start is None or to == old.start:
            continue
        zone = ZoneInfo(old.timezone)
        now_here = step.entry.at.astimezone(zone).replace(tzinfo=None)
        free = times_outside(visit, now, opening, now_here) if visit and to is None else ()
        choices = tuple(one.replace(tzinfo=zone) for one in free)
        due = visit.due if visit else old.due
        yield VisitMoved(standing.record.course, number, due, old.start, to, choices)


def _draw_ups(standing: Standing, step: Step) -> Iterator[DrawnAnew]:
    was, now = standing.state.visits, step.after.state
    for number, visit in sorted(now.visits.items()):
        old = was.get(number)
        if old is None or not left_of(visit, now):
            continue
        before, then = _drawn_words(old), _drawn_words(visit)
        if before != then:
            yield DrawnAnew(standing.record.course, number, before, then)


def _hinders(standing: Standing, step: Step) -> Iterator[tuple[str, Finding]]:
    new = new_findings(step.after.state.findings, standing.state.findings)
    yield from ((standing.record.course, one) for one in hindering([*new]))


def _drawn_words(visit: PlannedVisit) -> str:
    """`A 0.4 mL; 1 syringe of 1 mL, lines of 0.01 mL; 0.47 mL of 150 mg/mL, pentahydrate`."""
    drawn = [
        said("{lesion} {volume}", lesion=one.lesion, volume=ml(one.drawn_ml))
        if one.drawn_ml is not None
        else said("{lesion}: dose open", lesion=one.lesion)
        for one in visit.injections
    ]
    return joined([joined(drawn), *_sizes(visit), *_from_stock(visit.preparation)], "; ")


def _sizes(visit: PlannedVisit) -> Iterator[str]:
    found = Counter((one.capacity_ml, one.graduation_ml) for one in visit.syringes)
    for (size, line), number in found.items():
        yield said(
            "{syringes} of {size}, lines of {line}",
            syringes=count(number, "syringe"), size=ml(size), line=ml(line),
        )  # fmt: skip


def _from_stock(made: Preparation | None) -> Iterator[str]:
    if made is None:
        return
    taken, strength, salt = ml(made.stock_ml), mg_per_ml(made.strength_mg_per_ml), said(made.salt)
    if made.diluent_ml:
        yield said(
            "{taken} of {strength} ({salt}) + {diluent} diluent",
            taken=taken, strength=strength, salt=salt, diluent=ml(made.diluent_ml),
        )  # fmt: skip
    else:
        yield said("{taken} of {strength} ({salt})", taken=taken, strength=strength, salt=salt)


def _minutes(clinic: Clinic) -> object:
    return clinic.injection_minutes, clinic.evaluation_minutes, clinic.further_lesion_minutes

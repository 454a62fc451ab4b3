"""The register's own series, course by course: described, not judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from planner.app.roles import Role, check_may
from planner.core.followup.course_state import State, as_corrected
from planner.core.followup.current_plan import with_done
from planner.core.followup.events import Held, Resumed
from planner.core.plan.course import Background, Lesion
from planner.core.plan.plan import PlannedEvaluation, PlannedVisit, by_time
from planner.core.series.cohort import (
    Cohort,
    Hold,
    Look,
    SeriesCourse,
    SeriesLesion,
    Shot,
    cohort_of,
)
from planner.core.series.description import (
    AtLook,
    Description,
    Few,
    Spread,
    described,
)
from planner.core.series.proportions import ConfidenceInterval
from planner.core.values.days import age_on
from planner.core.values.formatting import shown_day
from planner.core.values.said import said
from planner.errors import InputError, NotFoundError, Problem
from planner.files.fields import nearest, shown
from planner.store.clinics import read_place
from planner.store.database import Database
from planner.store.histories import Record, read_course
from planner.store.tables import courses, patients


class Chosen(NamedTuple):
    """Which courses: of a protocol, a clinic, begun from a day to another, as of a day; None: all.

    `on` describes the register as it was at the end of that day.
    """

    protocol: str | None = None
    clinic: str | None = None
    first: date | None = None
    last: date | None = None
    on: date | None = None

    def has_day(self, began: date) -> bool:
        """Whether a course that began on a day is among them."""
        is_early = self.first is not None and began < self.first
        return not is_early and (self.last is None or began <= self.last)


def check_not_to_come(on: date | None, today: date, place: str) -> None:
    """Refuse a day to come: what is due until then would count as missed."""
    if on is not None and on > today:
        problem = said("{on} is still to come", on=shown_day(on))
        raise InputError(Problem(place, problem, said("choose a day until today")))


def register_cohort(database: Database, role: Role, chosen: Chosen, today: date) -> Cohort:
    """The courses of the register that are chosen, read one after the other.

    Those of restricted patients are left out. `today` tells what is not yet due. Raises
    NotFoundError for a clinic that the register does not have, and a protocol that no course of
    it follows.
    """
    check_may(role, "series")
    found: list[SeriesCourse] = []
    followed: set[str] = set()
    looks: set[int] = set()
    with database.reading() as connection:
        if chosen.clinic is not None:
            read_place(connection, chosen.clinic)
        for course in _ids(connection, chosen):
            record = _as_of(read_course(connection, course), chosen.on)
            followed |= {record.protocol.id} if record else set()
            if record is None or chosen.protocol not in (None, record.protocol.id):
                continue
            reader = _Reader.of(record, chosen.on or today)
            if chosen.has_day(reader.first):
                looks |= {each.after_days for each in record.protocol.evaluations}
                found.append(reader.course())
    if chosen.protocol is not None and followed and chosen.protocol not in followed:
        problem = f"no course follows the protocol {shown(chosen.protocol)}"
        raise NotFoundError(
            Problem("protocol", problem, nearest(chosen.protocol, sorted(followed)))
        )
    return _without_keys(cohort_of("register", found, sorted(looks)))


def _ids(connection: Connection, chosen: Chosen) -> list[str]:
    query = (
        select(courses.c.id)
        .join(patients, patients.c.key == courses.c.patient)
        .where(patients.c.restricted.is_(None))
        .order_by(courses.c.id)
    )
    if chosen.clinic is not None:
        query = query.where(courses.c.clinic == chosen.clinic)
    return [one.id for one in connection.execute(query)]


def _as_of(record: Record, on: date | None) -> Record | None:
    """A course as it was at the end of a day; None where it was not there yet."""
    if on is None:
        return record
    clinic = record.opening.clinic
    then = [one for one in record.entries if clinic.wall_clock(one.at).date() <= on]
    return record.as_of(len(then)) if then else None


class _Reader(NamedTuple):
    """A course as it stands, whose days are counted from its first.

    That is the day of the first injection, else of the plan.
    """

    record: Record
    state: State
    visits: list[PlannedVisit]
    first: date
    on: date

    @classmethod
    def of(cls, record: Record, on: date) -> _Reader:
        """The same of a record, as of a day."""
        state, clinic = record.state, record.opening.clinic
        visits = [
            with_done(one, state, record.protocol, clinic) for one in by_time(state.visits.values())
        ]
        given = [one.given.at.date() for visit in visits for one in visit.injections if one.given]
        first = min(given, default=state.course.first_visit.date())
        return cls(record, state, visits, first, on)

    def course(self) -> SeriesCourse:
        """The course as it is described; its patient is known by a key alone."""
        course, ended = self.state.course, self.state.ended
        born = course.patient.birth_date
        lesions = tuple(self.lesion(one) for one in course.lesions)
        days = {shot.day for one in lesions for shot in one.shots}
        days |= {look.day for one in lesions for look in one.looks}
        holds = [hold for one in lesions for hold in one.holds]
        days |= {hold.released or hold.first for hold in holds}
        last = (ended.on - self.first).days if ended else max(days, default=0)
        return SeriesCourse(
            id=self.record.course,
            patient=f"{self.record.patient.key:09}",
            diagnosis=course.diagnosis,
            age=None if born is None else age_on(born, self.first),
            lesions=lesions,
            fate=ended.ending if ended else "running",
            last_day=max(last, 0),
            background=course.background or Background(),
            began=self.first,
        )

    def lesion(self, one: Lesion) -> SeriesLesion:
        """A lesion with all that became of it."""
        return SeriesLesion(
            id=one.id,
            site=one.site,
            side=one.side,
            size_mm=one.size_mm,
            ulcerated=one.ulcerated,
            regimen=self.state.decisions[one.id].regimen,
            shots=tuple(self.shots(one.id)),
            looks=tuple(self.looks(one.id)),
            planned=tuple(each.after_days for each in self.record.protocol.evaluations),
            due=tuple(self.due(one.id)),
            holds=tuple(self.holds(one.id)),
            missed=sum(
                each.lesion == one.id and each.state == "missed"
                for visit in self.visits
                for each in visit.injections
            ),
        )

    def holds(self, lesion: str) -> Iterator[Hold]:
        """When it waited; the end of a course leaves it as it was."""
        since: date | None = None
        for entry in as_corrected(self.record.entries):
            match entry.event:
                case Held(lesions, on) if lesion in lesions:
                    since = on
                case Resumed(lesions, on) if lesion in lesions and since is not None:
                    yield Hold((since - self.first).days, (on - self.first).days)
                    since = None
        if since is not None:
            yield Hold((since - self.first).days, None)

    def shots(self, lesion: str) -> Iterator[Shot]:
        """Its injections, in the order of their days."""
        for visit in self.visits:
            for one in visit.injections:
                if one.lesion == lesion and one.given is not None:
                    given = one.given
                    yield Shot(
                        one.injection,
                        (given.at.date() - self.first).days,
                        given.dose_mg,
                        given.drawn_ml,
                        given.pain_before,
                        given.pain_after,
                        given.complication,
                    )

    def looks(self, lesion: str) -> Iterator[Look]:
        """What was seen of it."""
        for one in self._evaluations(lesion):
            if (found := one.result) is not None:
                yield Look(
                    one.after_days,
                    (found.on - self.first).days,
                    found.size_mm,
                    found.reduction_percent,
                    found.remission,
                    found.ulcerated,
                    found.pain,
                    found.pain_change,
                )

    def due(self, lesion: str) -> Iterator[int]:
        """The looks that are still to come, in their window or where they were moved to.

        None where the course ended.
        """
        if self.state.ended is not None:
            return
        windows = {one.after_days: one.window_days for one in self.record.protocol.evaluations}
        for visit in self.visits:
            for one in visit.evaluations:
                last = visit.due + timedelta(days=windows.get(one.after_days, 0))
                if visit.start is not None:
                    last = max(last, visit.start.date())
                if one.lesion == lesion and one.state == "planned" and last >= self.on:
                    yield one.after_days

    def _evaluations(self, lesion: str) -> Iterator[PlannedEvaluation]:
        for visit in self.visits:
            yield from (one for one in visit.evaluations if one.lesion == lesion)


def _without_keys(cohort: Cohort) -> Cohort:
    """The same with patients numbered as their courses stand: nothing tells when they came."""
    names = {key: f"{number}" for number, key in enumerate(cohort.patients, start=1)}
    named = tuple(one._replace(patient=names[one.patient]) for one in cohort.courses)
    return cohort._replace(courses=named)


def description_json(found: Description) -> dict[str, Any]:
    """A description as programs read it; figures in per cent have one decimal."""
    people = found.people
    return {
        "patients": people(found.patients),
        "courses": people(found.courses),
        "lesions": found.lesions,
        "treated_lesions": found.treated_lesions,
        "injections": found.injections,
        "missed_injections": found.missed_injections,
        "held_lesions": found.held_lesions,
        "age": _spread(found.age),
        "sex": found.parts(found.sexes),
        "disease_years": _spread(found.disease_years),
        "consecutive": people(found.consecutive),
        "consent_to_publish": people(found.consent_to_publish),
        "weeks": {_week(one.after_days): _look_json(one, found) for one in found.looks},
        "pain_change": {
            "patients": people(found.pain.patients),
            "median": _rounded(found.pain.median),
            "min": _rounded(found.pain.min),
            "max": _rounded(found.pain.max),
        },
        "complications": {
            **found.complications._asdict(),
            "patients": people(found.complications.patients),
        },
        "endings": {name.replace("-", "_"): n for name, n in found.parts(found.endings).items()},
    }


def _week(days: int) -> str:
    return f"{days // 7}" if days % 7 == 0 else f"day {days}"


def _look_json(one: AtLook, found: Description) -> dict[str, Any]:
    gone, people = one.all_gone, found.people
    return {
        "evaluated_lesions": one.evaluated_lesions,
        "treated_lesions": one.treated_lesions,
        "evaluated_patients": people(one.evaluated_patients),
        "treated_patients": people(one.treated_patients),
        "not_yet_due": one.not_yet_due,
        "reduction_percent": {
            "by_lesion": _spread(one.by_lesion),
            "by_patient": _spread(one.by_patient),
        },
        "lesions": None if isinstance(one.remissions, Few) else dict(one.remissions),
        "complete_interval_95": _bounds(one.complete_interval_95),
        "patients_all_complete": {
            "n": people(gone.n),
            "of_treated": people(gone.of_treated),
            "interval_95": _bounds(gone.interval_95),
        },
    }


def _spread(found: Spread | Few | None) -> dict[str, Any] | None:
    if found is None or isinstance(found, Few):
        return None
    return {name: _rounded(value) for name, value in found._asdict().items()}


def _rounded(value: Any) -> Any:
    from planner.core.values.formatting import rounded

    return None if value is None else rounded(value, 1)


def _bounds(found: ConfidenceInterval | None) -> list[Any] | None:
    from decimal import Decimal

    if found is None:
        return None
    return [Decimal(str(round(one, 1))) for one in found]


def described_series(
    cohorts: Mapping[str, Cohort], *, is_public: bool = False
) -> dict[str, Description]:
    """Each series in figures, by its name."""
    return {name: described(one, is_public=is_public) for name, one in cohorts.items()}

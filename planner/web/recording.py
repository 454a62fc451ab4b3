"""A visit recorded: sizes first, then what each lesion was given; looked at, then written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from flask import redirect, url_for
from werkzeug import Response

from planner.app.administration import (
    Amount,
    Circumstances,
    Felt,
    Measurement,
    asks_vial,
    check_vial,
    clinics_time,
    evaluated,
    given,
    missed,
    observed_at,
    visit_of,
)
from planner.app.asked import AskedError
from planner.app.auditing import note_seen
from planner.app.changing import may_now
from planner.app.courses import Changed, Make, Reasoned, as_it_is, change
from planner.app.queries import course_to_record
from planner.app.roles import Author
from planner.core.followup.events import Evaluated
from planner.core.plan.plan import Observed, PlannedInjection, PlannedVisit
from planner.core.protocol.protocol import Observation
from planner.core.values.formatting import decimal
from planner.core.values.said import said, term
from planner.documents.language import Language
from planner.documents.wording import where
from planner.errors import (
    InputError,
    MovedOnError,
    NotAllowedError,
    NotFoundError,
    PlannerError,
    Problem,
    ServiceError,
)
from planner.files.fields import FieldError
from planner.files.figures import ML, SIZE_MM, STRENGTH, VAS
from planner.files.lesions import read_number
from planner.store.standing import Standing
from planner.web.asking import (
    Form,
    answering,
    if_revision,
    is_done,
    questions,
    seen_of,
    sent_form,
    unsaid_why,
)
from planner.web.changes import can_write, fields_of, led_to, preview_of, what_changes
from planner.web.courses import dose_line, head_of, visit_lines
from planner.web.fields import YES_NO, Fields, by_place
from planner.web.routes import Pages
from planner.web.show import say, show
from planner.web.visitor import author, database, role

pages = Pages()
PLANNED, OTHER, NOT_GIVEN = "planned", "other", "not"
# Elsewhere these words say that nobody stated something.
_NOT_GIVEN = term("visit", "not given")
HOW = (
    (PLANNED, said("as planned")),
    (OTHER, said("another dose")),
    (NOT_GIVEN, _NOT_GIVEN),
)
# What is asked of a lesion to be measured, and of one to be injected, by the names of the fields.
_SEEN = {"size": "Size, mm", "ulcerated": "Ulcerated", "pain": "Pain, 0 to 10"}
_INJECTED = {
    "how": "Given", "ml": "Given, mL", "pain_before": "Pain before", "pain_after": "Pain after",
    "complication": "Complication", "reason": "Reason",
}  # fmt: skip
_WHOLE = {
    "time": "Time", "lot": "Lot", "expiry": "Expiry", "strength": "Strength on the vial, mg/mL",
}  # fmt: skip
# What the choices of a field are called; all else is somebody's own text.
_CHOICES = {"how": dict(HOW), "ulcerated": {"yes": said("yes"), "no": said("no")}}
# An hour as people write it: 9, 09:10, 9.10.
_HOUR = re.compile(r"(\d?\d)(?:[:.](\d\d))?", re.ASCII)


class Group(NamedTuple):
    """What is asked of a lesion at a visit: to be measured, injected, or both."""

    lesion: str
    where: str
    start: str
    is_measured: bool
    injection: PlannedInjection | None
    planned: str

    @property
    def prefix(self) -> str:
        """What the names of its fields begin with."""
        return _prefix(self.lesion)

    @property
    def asked(self) -> set[str]:
        """The names of its fields."""
        names = [*(_SEEN if self.is_measured else ()), *(_INJECTED if self.injection else ())]
        return {f"{self.prefix}{name}" for name in names}


class Kept(NamedTuple):
    """A field that was filled in and is not asked any more: what stands in it, and in words."""

    name: str
    label: str
    value: str
    words: str


class Line(NamedTuple):
    """What will be written of a lesion, in words."""

    lesion: str
    what: str
    figures: str


class Recorded(NamedTuple):
    """What a form says of a visit: its events, and what stands in the summary."""

    makes: Sequence[Make]
    lines: Sequence[Line]
    at: datetime | None


@pages.form("/courses/<course>/visits/<int:visit>", may="given")
def record(course: str, visit: int) -> Response:
    """Record a visit."""
    standing = course_to_record(database(), role(), course)
    form = sent_form()
    note_seen(database(), author(), "read", standing.record.course)
    try:
        planned = visit_of(standing, visit)
    except NotFoundError as error:
        if form is None or form.get("if_revision") == str(standing.state.revision):
            raise
        # The course moved on while somebody filled it in: what they typed is handed back.
        return _Visit(standing, _gone(standing, visit)).form(form, 409, problems=error.problems)
    if form is None:
        return _Visit(standing, planned).form(Form(), 200)
    return _Visit(standing, planned).sent(form)


class _Visit(NamedTuple):
    """A visit that is being recorded."""

    standing: Standing
    planned: PlannedVisit

    @property
    def groups(self) -> list[Group]:
        """Its lesions in their order, with what is left to be recorded of each."""
        measured = [one.lesion for one in self.planned.evaluations if one.result is None]
        injected = {one.lesion: one for one in self.planned.injections if one.given is None}
        return [
            self._group(lesion.id, lesion.id in measured, injected.get(lesion.id))
            for lesion in self.standing.plan.lesions
            if lesion.id in measured or lesion.id in injected
        ]

    def _group(self, name: str, is_measured: bool, injection: PlannedInjection | None) -> Group:
        lesion = next(one for one in self.standing.plan.lesions if one.id == name)
        planned = "" if injection is None else dose_line(injection, say())
        return Group(
            name, where(lesion, say()), say().mm(lesion.size_mm), is_measured, injection, planned
        )

    @property
    def observations(self) -> list[Observation]:
        """What the protocol lets be noted of what is left to be injected."""
        injected = {one.lesion for one in self.planned.injections if one.given is None}
        sites = {one.site for one in self.standing.plan.lesions if one.id in injected}
        every = self.standing.record.protocol.observations if injected else ()
        return [one for one in every if one.is_of(sites)]

    @property
    def labels(self) -> dict[str, str]:
        """What the form of any visit of the course asks, by the names of its fields."""
        words, every = say(), self.standing.record.protocol.observations
        whole = {f"observed.{one.id}": one.label for one in every} | _WHOLE
        of_lesions = {
            f"{_prefix(one.id)}{name}": f"{words('Lesion {lesion}', lesion=one.id)}, {words(label)}"
            for one in self.standing.plan.lesions
            for name, label in (_SEEN | _INJECTED).items()
        }
        return of_lesions | {name: words(label) for name, label in whole.items()}

    def left_over(self, form: Form) -> list[Kept]:
        """What was filled in and is not asked any more: somebody else recorded or changed it."""
        asked = {f"observed.{one.id}" for one in self.observations}
        asked |= {name for one in self.groups for name in one.asked}
        asked |= {*_WHOLE} if self.groups else set()
        return [
            Kept(name, label, value, self._chosen(name, value))
            for name, label in self.labels.items()
            if name not in asked and (value := form.get(name, "").strip())
        ]

    def _chosen(self, name: str, value: str) -> str:
        """What stands in a field, in words where it is a choice."""
        every = self.standing.record.protocol.observations
        is_answer = name in {f"observed.{one.id}" for one in every if one.type == "yes-no"}
        choices = _CHOICES.get("ulcerated" if is_answer else name.rpartition(".")[2], {})
        return say().sentence(choices.get(value, value))

    def all_as_planned(self, form: Form) -> Response:
        """The form with every injection that has a dose given as planned: then what differs."""
        for one in self.groups:
            if one.injection is not None and one.injection.drawn_ml is not None:
                # What somebody chose of a lesion stays.
                form.setdefault(f"{one.prefix}how", PLANNED)
        return self.form(form, 200)

    def sent(self, form: Form) -> Response:
        """A form that was sent: looked at, or written if it was looked at before."""
        if form.get("act") == "all":
            return self.all_as_planned(form)
        if self._is_done(form):
            return self.back()
        fields, lacking = fields_of(self.standing, form), unsaid_why(form)
        found, led, seen = None, None, ""
        try:
            revision = if_revision(form, self.standing)
            found = self.read(fields)
            who = answering(form)
            led = preview_of(self.standing, found.makes, who)
            seen = self.seen(form, found, led)
            is_written = form.get("act") == "write" and form.get("seen") == seen
            lacking += self.wrong_strength(form) if is_written else []
            if is_written and not lacking:
                return self.written(found, who, revision)
            status = 422 if lacking else 409 if led.asked else 200
            return self.form(form, status, found=found, led=led, seen=seen, problems=lacking)
        except (NotAllowedError, ServiceError):
            raise
        except AskedError:
            return self.form(form, 409, found=found, led=led, seen=seen)
        except PlannerError as error:
            # The same form may have come twice at once, by one press too many.
            return self.back() if self._is_done(form) else self._refused(form, error, lacking)

    def _is_done(self, form: Form) -> bool:
        """Whether the form was written before, and nobody withdrew it since."""
        if not is_done():
            return False
        standing = course_to_record(database(), role(), self.standing.record.course)
        now = _Visit(standing, visit_of(standing, self.planned.number))
        return not now._is_withdrawn(form)

    def _is_withdrawn(self, form: Form) -> bool:
        """Whether what a form says was done is still, or again, to be recorded."""
        return self._gives(form) or self._measures(form)

    def seen(self, form: Form, found: Recorded, led: Changed) -> str:
        """What stands for a form and what it leads to."""
        there = (self.standing.record.course, self.planned.number, self.standing.state.revision)
        return seen_of(form, *there, *found.lines, *what_changes(led, say()), *led.asked)

    def back(self) -> Response:
        """To the page of the course."""
        return redirect(url_for("course_page", course=self.standing.record.course), 303)

    def _refused(self, form: Form, error: PlannerError, lacking: Sequence[Problem]) -> Response:
        """The form with what is wrong; what was filled in stays."""
        status = 422 if isinstance(error, InputError) else 409
        if isinstance(error, MovedOnError):
            # What was planned may be another dose now than the one that somebody chose.
            for one in self.groups:
                if form.get(f"{one.prefix}how") == PLANNED:
                    del form[f"{one.prefix}how"]
        # The form has another name for what the records call `at`.
        told = [
            replace(one, place={"at": "time"}.get(one.place, one.place)) for one in error.problems
        ]
        return self.form(form, status, problems=[*told, *lacking])

    def wrong_strength(self, form: Form) -> list[Problem]:
        """What is wrong with what the vial says: it is asked where nobody stated it."""
        if not self._asks_vial(form):
            return []
        fields = fields_of(self.standing, form)
        strength = fields.number("strength", STRENGTH, must=True)
        if strength is not None:
            with fields.noting("strength"):
                check_vial(self.standing, strength)
        return fields.problems

    def _asks_vial(self, form: Form) -> bool:
        return asks_vial(self.standing) and self._gives(form)

    def _gives(self, form: Mapping[str, str]) -> bool:
        return any(form.get(f"{one.prefix}how") in (PLANNED, OTHER) for one in self.groups)

    def _measures(self, form: Mapping[str, str]) -> bool:
        return any(one.is_measured and form.get(f"{one.prefix}size") for one in self.groups)

    def written(self, found: Recorded, who: Author, revision: int) -> Response:
        """Write it, and go back to the course."""
        change(database(), self.standing.record.course, found.makes, who, revision)
        return self.back()

    def read(self, fields: Fields) -> Recorded:
        """What a form says. Raises InputError with all that is wrong in it."""
        at = self._time(fields)
        seen = list(self._measured(fields, at))
        amounts = list(self._amounts(fields))
        missing = list(self._not_given(fields))
        self._check_noted(fields)
        noted = self._noted(fields, at, [lesion for lesion, _, _ in amounts])
        if not (seen or amounts or missing or fields.problems):
            fields.problems.append(
                Problem("", said("nothing was entered"), said("enter a size or a dose"))
            )
        fields.check()
        words = say()
        makes: list[Make] = [as_it_is(one) for one in seen]
        lines = [Line(one.lesion, said("measured"), words.mm(one.size_mm)) for one in seen]
        if amounts:
            event = given(self.standing, self.planned.number, amounts, noted)
            makes.append(as_it_is(event))
            lines += (
                Line(
                    one.lesion,
                    said("given"),
                    f"{words.ml(one.drawn_ml)}, {words.mg(one.drawn_mg)}",
                )
                for one in event.injections
            )
        if missing:
            makes.append(self._missed(missing))
            lines += (Line(lesion, _NOT_GIVEN, why) for lesion, why in missing)
        return Recorded(makes, lines, at)

    def _time(self, fields: Fields) -> datetime | None:
        """When it was: a day and hour, or an hour of the visit's day; None for the planned time."""
        typed, start = fields.said("time"), self.planned.start
        hour = _HOUR.fullmatch(typed)
        if hour and start is not None:
            clock = f"{hour[1]:0>2}:{hour[2] or '00'}"
            fields.values = {**fields.values, "time": f"{start:%Y-%m-%d} {clock}"}
        at = fields.moment("time", must=start is None)
        if at is None:
            return None
        with fields.noting("time"):
            return clinics_time(self.standing, at, "time")
        return None

    def _measured(self, fields: Fields, at: datetime | None) -> Iterator[Evaluated]:
        for one in self.groups:
            if not one.is_measured:
                continue
            size = fields.number(f"{one.prefix}size", SIZE_MM)
            ulcerated = fields.choice(f"{one.prefix}ulcerated", YES_NO)
            pain = fields.number(f"{one.prefix}pain", VAS)
            is_blank = not fields.said(f"{one.prefix}size")
            if is_blank and (ulcerated is not None or pain is not None):
                fields.problems.append(
                    Problem(f"{one.prefix}size", said("nothing is said"), said("measure it"))
                )
            if size is not None:
                found = Measurement(size, ulcerated, pain, None, at)
                with fields.noting(f"{one.prefix}size"):
                    yield evaluated(self.standing, self.planned.number, one.lesion, found)

    def _amounts(self, fields: Fields) -> Iterator[tuple[str, Amount, Felt]]:
        for one in self.groups:
            if one.injection is None:
                continue
            felt = Felt(
                fields.number(f"{one.prefix}pain_before", VAS),
                fields.number(f"{one.prefix}pain_after", VAS),
                fields.text(f"{one.prefix}complication"),
            )
            how = fields.choice(f"{one.prefix}how", {name: name for name, _ in HOW})
            self._check_how(fields, one, how, felt)
            amount = self._amount(fields, one.injection, one.prefix, how)
            if amount is not None:
                yield one.lesion, amount, felt

    def _check_how(self, fields: Fields, one: Group, how: str | None, felt: Felt) -> None:
        """Refuse what is said of an injection that was not given."""
        is_said = any(part is not None for part in felt) or fields.said(f"{one.prefix}ml")
        if how != NOT_GIVEN and fields.said(f"{one.prefix}reason"):
            problem = said("a reason is given, and not that it was not given")
            fields.problems.append(
                Problem(f"{one.prefix}reason", problem, said("which one is right?"))
            )
        if how != OTHER and fields.said(f"{one.prefix}ml"):
            problem = said("a volume is given, and not that it is another dose")
            fields.problems.append(Problem(f"{one.prefix}ml", problem, said("choose another dose")))
        elif how in (None, NOT_GIVEN) and is_said:
            problem = said("something is said of an injection that was not given")
            fields.problems.append(
                Problem(f"{one.prefix}how", problem, said("which one is right?"))
            )

    def _amount(
        self, fields: Fields, planned: PlannedInjection, prefix: str, how: str | None
    ) -> Amount | None:
        if how == OTHER:
            given_ml: Decimal | None = fields.number(f"{prefix}ml", ML, must=True)
            return None if given_ml is None else Amount(ml=given_ml)
        if how != PLANNED:
            return None
        if planned.dose_mg is None or planned.drawn_ml is None:
            problem = said("no dose is planned for it")
            fields.problems.append(Problem(f"{prefix}how", problem, said("enter what was given")))
            return None
        return Amount(mg=decimal(planned.dose_mg))

    def _not_given(self, fields: Fields) -> Iterator[tuple[str, str]]:
        for one in self.groups:
            if one.injection is not None and fields.said(f"{one.prefix}how") == NOT_GIVEN:
                why = fields.text(f"{one.prefix}reason", must=True)
                if why is not None:
                    yield one.lesion, why

    def _missed(self, missing: Sequence[tuple[str, str]]) -> Make:
        lesions = [lesion for lesion, _ in missing]
        whys = dict.fromkeys(why for _, why in missing)
        told = "; ".join(f"{lesion}: {why}" for lesion, why in missing)
        reason = next(iter(whys)) if len(whys) == 1 else told
        event = missed(self.standing, self.planned.number, lesions)
        # What is given at another hour may renumber the visits.
        return lambda _now: Reasoned(event, reason)

    def _check_noted(self, fields: Fields) -> None:
        """Refuse what is noted of injections and of an hour at which nothing was done."""
        if self._gives(fields.values):
            return
        names = ["lot", "expiry", *(f"observed.{one.id}" for one in self.observations)]
        noted = dict.fromkeys(names, said("something is noted, and no injection was given"))
        if not self._measures(fields.values):
            noted["time"] = said("a time is given, and nothing was given or measured")
        for name, problem in noted.items():
            if fields.said(name):
                fields.problems.append(Problem(name, problem, said("which one is right?")))

    def _noted(self, fields: Fields, at: datetime | None, given_to: Sequence[str]) -> Circumstances:
        lot, expiry = fields.text("lot"), fields.expiry("expiry")
        observed = tuple(self._observed(fields, given_to))
        return Circumstances(at, lot, expiry, observed)

    def _observed(self, fields: Fields, given_to: Sequence[str]) -> Iterator[Observed]:
        for one in self.observations:
            name = f"observed.{one.id}"
            value = fields.text(name)
            if value is not None and given_to:
                with fields.noting(name):
                    yield self._noted_as(fields, one, value, given_to)

    def _noted_as(
        self, fields: Fields, of: Observation, value: str, given_to: Sequence[str]
    ) -> Observed:
        """What was noted, a figure as the clinic's language writes one. Raises FieldError."""
        if of.type == "quantity":
            value = f"{read_number(value, of.unit, fields.has_commas)}"
        try:
            (noted,) = observed_at(self.standing, given_to, [Observed(of.id, value)])
        except InputError as error:
            raise FieldError(error.problems[0].problem, error.problems[0].fix) from error
        return noted

    def form(
        self,
        form: Form,
        status: int,
        *,
        found: Recorded | None = None,
        led: Changed | None = None,
        seen: str = "",
        problems: Sequence[Problem] = (),
    ) -> Response:
        """The form as it is filled in, or the summary of what it says."""
        words = say()
        return show(
            "visit.html.j2",
            status,
            **head_of(self.standing, words),
            visit=self.planned,
            groups=self.groups,
            places={one.lesion: one.where for one in self.groups},
            is_missing=form.get("act") == "write",
            labels=self.labels,
            left_over=self.left_over(form),
            hows=HOW,
            observations=self.observations,
            noted=any(form.get(f"observed.{one.id}") for one in self.observations),
            form=form,
            found=found,
            seen=seen,
            must_say_strength=self._asks_vial(form),
            led_to=led_to(led, words) if led else [],
            questions=questions(led.asked if led else (), form, words),
            can_write=led is not None and can_write(led),
            problems=problems,
            wrong=by_place(problems),
            history=_done(self.planned, words),
            can_undo=may_now(self.standing, author(), "undone"),
        )


def _gone(standing: Standing, number: int) -> PlannedVisit:
    """A visit that the course has no longer: nothing is left of it."""
    clinic = standing.record.opening.clinic
    return PlannedVisit(
        number, "", (), author().now.date(), None, None, clinic.timezone, None, (), (), (), (),
        None, None, None, None,
    )  # fmt: skip


def _prefix(lesion: str) -> str:
    """What the names of a lesion's fields begin with."""
    return f"lesion[{lesion}]."


def _done(planned: PlannedVisit, words: Language) -> list[str]:
    """What is recorded of the visit already."""
    has_some = any(one.given for one in planned.injections) or any(
        one.result for one in planned.evaluations
    )
    return list(visit_lines(planned, words)) if has_some else []

"""The clinic: its hours, what closes it, its waiting list; each change is looked at first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask import redirect, url_for
from werkzeug import Response

from planner.app.asked import Asked, AskedError
from planner.app.auditing import note_seen
from planner.app.clinics import ClinicChanged, close_clinic, open_clinic, put_clinic
from planner.app.planning import NamedFile
from planner.app.roles import Author, check_may, may
from planner.app.waiting import FirstDays, book, take_off, wait_for, waiting_listed
from planner.core.calendar.clinic import KINDS, Closure
from planner.core.values.said import said
from planner.documents.language import msgid
from planner.errors import (
    InputError,
    NotAllowedError,
    NotFoundError,
    PlannerError,
    Problem,
    ServiceError,
    raise_if_any,
)
from planner.files.fields import check_span
from planner.store.clinics import PUT, ClinicEvent, Place, closure_of
from planner.web.asking import (
    Form,
    answering,
    is_done,
    questions,
    seen_of,
    sent_form,
    unsaid_why,
)
from planner.web.fields import Fields, by_place
from planner.web.planning import not_taken_over
from planner.web.routes import Pages
from planner.web.show import say, show
from planner.web.visitor import author, database, place, places, role

pages = Pages()


@pages.form("/clinic", may="clinic-read", of_clinic=True)
def clinic() -> Response:
    """The clinic as it stands; closing days of it."""
    form = sent_form()
    if form is None:
        return _Clinic(place()).shown(Form(), 200)
    if place() is None:
        return _Clinic(None).changed(form, "put")
    act = form.get("what", "close")
    if act not in _ACTS:
        raise NotFoundError(Problem("", said("There is no such page.")))
    return _Clinic(place()).changed(form, act)


class Led(NamedTuple):
    """What a change led to, or would: in words, and what it asks."""

    lines: Sequence[str]
    asked: Sequence[Asked]


class _Clinic(NamedTuple):
    """A clinic that is looked at, or is being changed."""

    place: Place | None

    def changed(self, form: Form, act: str) -> Response:
        """A form that was sent: looked at, or written if it was looked at before."""
        kind, run = _ACTS[act]
        check_may(role(), kind)
        if is_done():
            return redirect(url_for("clinic"), 303)
        fields, led, seen, lacking = Fields(form, has_commas=False), None, "", unsaid_why(form)
        who = answering(form, fields.text("reason", must=act not in _WITHOUT_REASON))
        try:
            led = run(self.place, fields, who, True)
            fields.check()
            seen = seen_of(form, self.place.id if self.place else "", *led.lines, *led.asked)
            if form.get("act") == "write" and form.get("seen") == seen and not lacking:
                run(self.place, fields, who, False)
                return redirect(url_for("clinic"), 303)
            status = 422 if lacking else 409 if led.asked else 200
            return self.shown(form, status, act=act, led=led, seen=seen, problems=lacking)
        except (NotAllowedError, ServiceError):
            raise
        except AskedError:
            return self.shown(form, 409, act=act, led=led, seen=seen)
        except PlannerError as error:
            if is_done():
                return redirect(url_for("clinic"), 303)
            return self.refused(form, act, error, [*fields.problems, *lacking])

    def refused(
        self, form: Form, act: str, error: PlannerError, others: Sequence[Problem]
    ) -> Response:
        """The form with all that is wrong in it; what was filled in stays."""
        if isinstance(error, NotFoundError):
            raise error
        status = 422 if isinstance(error, InputError) else 409
        # What stands against days is told at the first of them.
        told = (replace(one, place="from") if one.place == "on" else one for one in error.problems)
        problems = [*dict.fromkeys([*told, *others])]
        return self.shown(form, status, act=act, problems=problems)

    def shown(
        self,
        form: Form,
        status: int,
        *,
        act: str = "",
        led: Led | None = None,
        seen: str = "",
        problems: Sequence[Problem] = (),
    ) -> Response:
        """The page of the clinic, with a form as it is filled in."""
        there, words = self.place, say()
        waiting = waiting_listed(database(), role(), there.id) if there and _reads() else []
        if _reads():
            # Both name patients or their courses.
            seen_here = "read waiting list, and what moves" if led else "read waiting list"
            note_seen(database(), author(), seen_here)
        return show(
            "clinic.html.j2",
            status,
            place=there,
            places=places(),
            changes=_changes(there) if there else [],
            waiting=waiting,
            reads=_reads(),
            form=form,
            act=act,
            led=led,
            seen=seen,
            questions=questions(led.asked, form, words) if led else [],
            problems=problems,
            wrong=_wrong(act, problems),
            fields=_LABELS,
            labels=_labels(act, there),
        )


def _changes(place: Place) -> list[tuple[ClinicEvent, Closure | None]]:
    """What was changed of a clinic, the newest first, by its own clock, with the days it is of."""
    zone = ZoneInfo(place.clinic.timezone)
    return [
        (
            one._replace(at=one.at.astimezone(zone)),
            None if one.kind == PUT else closure_of(one.said),
        )
        for one in reversed(place.events)
    ]


# What the fields of each form are called.
_LABELS: dict[str, dict[str, str]] = {
    "close": {
        "from": msgid("From"), "to": msgid("To"), "hours": msgid("Hours"),
        "kind": msgid("Only less of"), "less": msgid("How many less"), "reason": msgid("Reason"),
    },
    "open": {"from": msgid("First day"), "to": msgid("Last day"), "reason": msgid("Why")},
    "book": {
        "from": msgid("First visits from"), "to": msgid("First visits to"),
        "may_move": msgid("Visits that may be moved"),
    },
    "wait": {
        "course_file": msgid("Course file"), "not_before": msgid("Not before"),
        "by_date": msgid("By date"),
    },
    "put": {"file": msgid("Clinic file"), "reason": msgid("Why another file")},
}  # fmt: skip
# The fields that hold a whole file: what is wrong in one is wrong with its field.
_FILES = {"put": "file", "wait": "course_file"}


def _wrong(act: str, problems: Sequence[Problem]) -> dict[str, Problem]:
    """What is wrong with each field of the form that was sent."""
    own = ("reason", "confirm_reason", "not_before", "by_date")
    if act in _FILES:
        of_form = [replace(one, place=_FILES[act]) for one in problems if one.place not in own]
        return by_place([*problems, *of_form])
    return by_place(problems)


def _labels(act: str, there: Place | None) -> dict[str, str]:
    """What the fields of the form that was sent are called."""
    words = say()
    found = {name: words(label) for name, label in _LABELS.get(act, {}).items()}
    # The first file of a clinic is not another one.
    return found if there else found | {"reason": words("Reason")}


def _reads() -> bool:
    return may(role(), "read")


Run = Callable[[Place | None, Fields, Author, bool], Led]


def _close(place_there: Place | None, fields: Fields, who: Author, is_dry: bool) -> Led:
    first, last = fields.days("from", "to", must=True)
    hours = None
    if text := fields.said("hours"):
        with fields.noting("hours"):
            hours = check_span(text)
    kind = fields.one_of("kind", KINDS)
    is_of_a_kind = bool(fields.said("kind"))
    less = fields.whole("less", most=100, must=is_of_a_kind)
    if less is not None and not is_of_a_kind:
        problem = said("it does not say of what")
        fields.problems.append(Problem("kind", problem, said("choose what there is less of")))
    fields.check()
    assert first is not None
    closure = Closure(first, last or first, hours, kind, less or 0)
    done = close_clinic(database(), _id(place_there), closure, who, is_dry=is_dry)
    return _led(done)


def _open(place_there: Place | None, fields: Fields, who: Author, is_dry: bool) -> Led:
    first, last = fields.days("from", "to", must=True)
    fields.check()
    assert first is not None
    last = last or first
    open_clinic(database(), _id(place_there), (first, last), who, is_dry=is_dry)
    words = say()
    days = {"first": words.typed_day(first), "last": words.typed_day(last)}
    return Led((words("Open again from {first} to {last}", **days),), ())


def _put(_place: Place | None, fields: Fields, who: Author, is_dry: bool) -> Led:
    source = NamedFile("clinic", fields.values.get("file", "").encode())
    return _led(put_clinic(database(), source, who, is_dry=is_dry))


def _book(place_there: Place | None, fields: Fields, who: Author, is_dry: bool) -> Led:
    bounds = FirstDays(*fields.days("from", "to"))
    may_move = fields.whole("may_move", least=0, most=1000) or 0
    fields.check()
    made = book(database(), _id(place_there), who, bounds, may_move=may_move, is_dry=is_dry)
    words = say()
    lines = [
        words("{course}: first visit {at}", course=course, at=words.typed_moment(at))
        for course, at in made.courses
    ]
    lines += [f"{course}: {words.sentence(why)}" for course, why in made.kept.items()]
    if made.waiting:
        lines.append(words("still waiting: {courses}", courses=", ".join(made.waiting)))
    led = _led(made.changed)
    return Led((*(lines or [words("nobody fits")]), *led.lines), led.asked)


def _wait(place_there: Place | None, fields: Fields, who: Author, is_dry: bool) -> Led:
    bounds = FirstDays(*fields.days("not_before", "by_date"))
    source = NamedFile("course", fields.values.get("course_file", "").encode())
    raise_if_any(InputError, not_taken_over(source.table()))
    found = wait_for(database(), _id(place_there), source, who, bounds, is_dry=is_dry)
    words, course = say(), found.waiting.course
    line = words(
        "{course}, patient {patient}: it goes to the end of the list",
        course=course.id, patient=course.patient.id,
    )  # fmt: skip
    return Led((line,), found.asked)


def _remove(place_there: Place | None, fields: Fields, who: Author, is_dry: bool) -> Led:
    course = fields.said("course")
    take_off(database(), _id(place_there), course, who, is_dry=is_dry)
    words = say()
    return Led((words("{course} leaves the waiting list", course=course),), ())


def _led(done: ClinicChanged) -> Led:
    """What a change of a clinic leads to, and what it asks."""
    words, outcome = say(), done.outcome
    total = len(outcome.moves) + len(outcome.without_day)
    moved = words.plural("{n} visit", "{n} visits", total) if total else words("No visit moves.")
    return Led((moved,), done.asked)


def _id(place_there: Place | None) -> str:
    assert place_there is not None
    return place_there.id


_WITHOUT_REASON = ("book", "wait", "remove")
_ACTS: dict[str, tuple[str, Run]] = {
    "close": ("clinic-days", _close),
    "open": ("clinic-days", _open),
    "put": ("clinic-put", _put),
    "book": ("waiting", _book),
    "wait": ("waiting", _wait),
    "remove": ("waiting", _remove),
}

"""Changes of a course by a form each: filled in, looked at, written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Literal, NamedTuple

from flask import redirect, request, url_for
from werkzeug import Response

from planner.app import administration as entered
from planner.app.asked import AskedError
from planner.app.auditing import note_seen
from planner.app.changing import check_may_undo
from planner.app.courses import Changed, Make, change, preview
from planner.app.free_times import free_times
from planner.app.queries import course_standing
from planner.app.roles import Author, check_may, may
from planner.app.subscription import renewed
from planner.core.followup.events import Ended, Evaluated, Event, Given, Subscribed
from planner.core.plan.course import SIDES, Confirmation, Lesion
from planner.core.plan.findings import CODES
from planner.core.plan.plan import ENDINGS
from planner.core.values.formatting import capital
from planner.core.values.quantities import Dose
from planner.core.values.said import Said, said
from planner.documents.change_slip import changes_between
from planner.documents.event_wording import told_in
from planner.documents.language import Language
from planner.documents.wording import ending_words
from planner.errors import (
    InputError,
    NotAllowedError,
    NotFoundError,
    PlannerError,
    Problem,
    RefusedError,
    ServiceError,
)
from planner.files.fields import check_id
from planner.files.figures import MG, ML, SIZE_MM, START_MM, VAS
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
from planner.web.courses import head_of
from planner.web.fields import YES_NO, Fields, by_place
from planner.web.routes import Pages
from planner.web.show import days, regimens, say, show, sites
from planner.web.visitor import author, database, now, role

pages = Pages()
Kind = Literal["text", "choice", "note"]


class Field(NamedTuple):
    """A field of a form: its name, its words, what it is of; `hint` says how it is written."""

    name: str
    label: str
    kind: Kind = "text"
    choices: Sequence[tuple[str, str]] = ()
    hint: str = ""


class ChangeForm(NamedTuple):
    """A change by a form: the use case that a role has to be for, its title and its button."""

    kind: str
    title: str
    button: str
    fields: Callable[[Standing, int | None], Sequence[Field]]
    make: Callable[[Standing, Fields, int | None], Make]
    # What it is about, where the form does not say so itself.
    about: Callable[[Standing, int | None, Form], str] = lambda _standing, _visit, _form: ""


REASON = Field("reason", "Reason")
_YES_NO = [("", ""), ("yes", said("yes")), ("no", said("no"))]


def _from_a_day(
    event_of: Callable[[Standing, str | None, date], Event],
) -> Callable[[Standing, Fields, int | None], Make]:
    """A change of one lesion, or of all, from a day on."""

    def make(_standing: Standing, fields: Fields, _visit: int | None) -> Make:
        lesion, on = fields.said("lesion") or None, fields.day("on", must=True)
        fields.check()
        assert on is not None
        return lambda there: event_of(there, lesion, on)

    return make


def _dose(standing: Standing, fields: Fields, _visit: int | None) -> Make:
    lesion = fields.text("lesion", must=True)
    mg, first = fields.number("mg", MG, must=True), fields.whole("from_visit")
    fields.check()
    assert lesion is not None
    assert mg is not None
    return lambda there: entered.dose_changed(there, lesion, mg, first)


def _lesion(standing: Standing, fields: Fields, _visit: int | None) -> Make:
    size = fields.number("size_mm", START_MM, must=True)
    ulcerated = fields.choice("ulcerated", YES_NO, must=True)
    mg, first = fields.number("dose", MG), fields.day("from", must=True)
    site, name = fields.text("site", must=True), fields.text("id", must=True)
    detail, measured_by = fields.text("site_detail"), fields.text("measured_by")
    side, regimen = fields.one_of("side", SIDES), fields.text("regimen")
    if name is not None:
        with fields.noting("id"):
            check_id(name)
    fields.check()
    assert size is not None
    assert first is not None
    new = Lesion(
        id=name or "",
        site=site or "",
        size_mm=size,
        ulcerated=bool(ulcerated),
        side=side,
        site_detail=detail,
        doses=() if mg is None else (Dose(Fraction(mg)),),
        same_dose=mg is not None,
        regimen=regimen,
        measured_by=measured_by,
    )
    return lambda there: entered.lesion_added(there, new, first)


def _answered(standing: Standing, fields: Fields, _visit: int | None) -> Make:
    screen = fields.text("screen", must=True)
    answer = fields.choice("answer", YES_NO, must=True)
    fields.check()
    return lambda there: entered.answered(there, screen or "", bool(answer))


def _ended(standing: Standing, fields: Fields, _visit: int | None) -> Make:
    ending, on = fields.one_of("ending", ENDINGS, must=True), fields.day("on", must=True)
    fields.check()
    assert ending is not None
    assert on is not None
    return lambda _there: Ended(ending, on)


def _undone(_standing: Standing, _fields: Fields, _visit: int | None) -> Make:
    return entered.undone


def _missed(standing: Standing, _fields: Fields, visit: int | None) -> Make:
    return lambda there: entered.missed(there, visit or 0)


def _moved(standing: Standing, fields: Fields, visit: int | None) -> Make:
    name = "to" if fields.said("to") else "free"
    if fields.said("to") and fields.said("free"):
        problem = said("a free time is chosen as well")
        fields.problems.append(Problem("to", problem, said("which one is right?")))
    to = fields.moment(name, must=True)
    fields.check()
    assert to is not None
    return lambda there: entered.moved(there, visit or 0, to)


def _confirmed(standing: Standing, fields: Fields, visit: int | None) -> Make:
    code, value = fields.text("finding", must=True), fields.text("value", must=True)
    lesion, of_visit, reason = fields.text("lesion"), fields.whole("visit"), fields.text("reason")
    fields.check()
    lesions = () if lesion is None else (lesion,)
    word = Confirmation(code or "", value or "", author().name, reason or "", lesions)
    return lambda there: entered.confirmed(there, word, of_visit)


def _withdrawn(standing: Standing, _fields: Fields, _visit: int | None) -> Make:
    return lambda _there: Subscribed(None)


def _renewed(_standing: Standing, _fields: Fields, _visit: int | None) -> Make:
    return renewed


def _lesions_of(standing: Standing, *, held: bool | None = None) -> list[tuple[str, str]]:
    there = [
        one.id
        for one in standing.plan.lesions
        if held is None or (one.held_since is not None) == held
    ]
    return [(one, one) for one in there]


def _on(standing: Standing, *, held: bool) -> Sequence[Field]:
    every = [("", said("all")), *_lesions_of(standing, held=held)]
    return (
        Field("lesion", "Lesion", "choice", every),
        Field("on", "Day", hint="2026-09-14"),
        REASON,
    )


def _dose_fields(standing: Standing, _visit: int | None) -> Sequence[Field]:
    return (
        Field("lesion", "Lesion", "choice", [("", ""), *_lesions_of(standing)]),
        Field("mg", "Dose, mg"),
        Field("from_visit", "From visit", hint="left empty: all that are to come"),
        REASON,
    )


def _lesion_fields(standing: Standing, _visit: int | None) -> Sequence[Field]:
    protocol, words = standing.record.protocol, say()
    return (
        Field("id", "Lesion", hint="B"),
        Field("site", "Site", "choice", sites(protocol, words)),
        Field("side", "Side", "choice", [("", ""), *((one, words.site(one)) for one in SIDES)]),
        Field("site_detail", "Where exactly"),
        Field("size_mm", "Largest diameter, mm"),
        Field("ulcerated", "Ulcerated", "choice", _YES_NO),
        Field("dose", "Dose, mg", hint="left empty: open"),
        Field("regimen", "Regimen", "choice", regimens(protocol, words)),
        Field("measured_by", "Measured by"),
        Field("from", "First injection", hint="2026-09-21"),
        REASON,
    )


def _answer_fields(standing: Standing, _visit: int | None) -> Sequence[Field]:
    asked = [(one.id, say()(one.question)) for one in standing.record.protocol.questions]
    return (
        Field("screen", "Question", "choice", [("", ""), *asked]),
        Field("answer", "Answer", "choice", _YES_NO),
        REASON,
    )


def _end_fields(_standing: Standing, _visit: int | None) -> Sequence[Field]:
    how = [("", ""), *((one, ending_words(one, say())) for one in ENDINGS)]
    return (
        Field("ending", "How it ended", "choice", how),
        Field("on", "Day", hint="2026-11-30"),
        REASON,
    )


def _move_fields(standing: Standing, visit: int | None) -> Sequence[Field]:
    free = free_times(database(), role(), standing.record.course, visit or 0, now())
    return (
        Field("free", "Free times", "choice", days(free, None, say())),
        Field("to", "Another time", hint="2026-09-22 10:30"),
        REASON,
    )


def _confirm_fields(_standing: Standing, _visit: int | None) -> Sequence[Field]:
    hidden = ("finding", "value", "lesion", "visit")
    return (*(Field(one, one, "note") for one in hidden), REASON)


def _recorded(standing: Standing) -> list[tuple[str, str]]:
    """What was given or seen, each by its event, the newest first."""
    words = say()
    return [
        (str(one.number), f"{one.number}: {told_in(standing.record.protocol, one.event, words)}")
        for one in reversed(standing.record.entries)
        if isinstance(one.event, Given | Evaluated)
    ]


def _correct_fields(standing: Standing, _visit: int | None) -> Sequence[Field]:
    return (
        Field("event", "What was entered", "choice", [("", ""), *_recorded(standing)]),
        Field("withdraw", "It never was", "choice", _YES_NO),
        Field("lesion", "Lesion", "choice", [("", said("all")), *_lesions_of(standing)]),
        Field("dose", "Dose, mg"),
        Field("ml", "Given, mL"),
        Field("size_mm", "Size, mm"),
        Field("ulcerated", "Ulcerated", "choice", _YES_NO),
        Field("measured_by", "Measured by"),
        Field("at", "Time", hint="2026-09-14 09:10"),
        Field("lot", "Lot"),
        Field("expiry", "Expiry", hint="2027-03"),
        Field("pain_before", "Pain before"),
        Field("pain_after", "Pain after"),
        Field("complication", "Complication"),
        Field("pain", "Pain, 0 to 10"),
        REASON,
    )


def _corrected(standing: Standing, fields: Fields, _visit: int | None) -> Make:
    number = fields.whole("event", must=True)
    lesion, expiry = fields.text("lesion"), fields.expiry("expiry")
    is_withdrawn = fields.choice("withdraw", YES_NO)
    mg, ml, at = fields.number("dose", MG), fields.number("ml", ML), fields.moment("at")
    if mg is not None and ml is not None:
        problem = Problem("ml", said("it stands beside a dose in mg"), said("give one of them"))
        fields.problems.append(problem)
    felt = entered.Felt(
        fields.number("pain_before", VAS),
        fields.number("pain_after", VAS),
        fields.text("complication"),
    )
    noted = entered.Circumstances(at, fields.text("lot"), expiry)
    found = entered.PartlyMeasured(
        size_mm=fields.number("size_mm", SIZE_MM),
        ulcerated=fields.choice("ulcerated", YES_NO),
        pain=fields.number("pain", VAS),
        measured_by=fields.text("measured_by"),
        at=at,
    )
    amount = None if mg is None and ml is None else entered.Amount(mg, ml)
    correction = entered.Correction(lesion, amount, noted, felt, found, bool(is_withdrawn))
    fields.check()
    return lambda there: entered.put_right(there, number or 0, correction)


def _time_now(standing: Standing, visit: int | None, _form: Form) -> str:
    """When a visit is as it stands."""
    start = entered.visit_of(standing, visit or 0).start
    words = say()
    return words("now {when}", when=words.typed_moment(start)) if start else ""


def _finding_asked(standing: Standing, _visit: int | None, form: Form) -> str:
    """The finding that would be confirmed, in words: what it means, and what the plan says."""
    asked = form.get("finding", ""), form.get("value", "")
    words = say()
    for one in standing.plan.findings:
        if (one.code, one.value) == asked:
            meaning = capital(words.sentence(said(CODES[one.code])))
            return f"{meaning}: {words.sentence(one.alone)}"
    return ""


def _last_entry(standing: Standing, _visit: int | None, _form: Form) -> str:
    """What would be withdrawn, and who entered it."""
    words = say()
    try:
        number = entered.undone(standing).event
    except RefusedError:
        return words("Nothing is left to be withdrawn.")
    entry = standing.record.entries[number - 1]
    what = told_in(standing.record.protocol, entry.event, words)
    return words("{what}, entered by {by}", what=what, by=entry.by)


def _only_reason(_standing: Standing, _visit: int | None) -> Sequence[Field]:
    return (REASON,)


FORMS = {
    "hold": ChangeForm(
        "held",
        "Hold",
        "Hold",
        lambda there, _: _on(there, held=False),
        _from_a_day(entered.held),
    ),
    "release": ChangeForm(
        "resumed",
        "Release",
        "Release",
        lambda there, _: _on(there, held=True),
        _from_a_day(entered.resumed),
    ),
    "dose": ChangeForm("dose-changed", "Change a dose", "Change the dose", _dose_fields, _dose),
    "lesion": ChangeForm("lesion-added", "Add a lesion", "Add the lesion", _lesion_fields, _lesion),
    "answer": ChangeForm(
        "answered", "Answer a question", "Keep the answer", _answer_fields, _answered
    ),
    "end": ChangeForm("ended", "End the course", "End", _end_fields, _ended),
    "undo": ChangeForm(
        "undone", "Withdraw the last entry", "Undo", _only_reason, _undone, about=_last_entry
    ),
    "correct": ChangeForm("corrected", "Correct", "Put it right", _correct_fields, _corrected),
    "confirm": ChangeForm(
        "confirmed",
        "Confirm a finding",
        "Confirm",
        _confirm_fields,
        _confirmed,
        about=_finding_asked,
    ),
    "withdraw-address": ChangeForm(
        "subscribed", "Withdraw the address of the calendar", "Withdraw", _only_reason, _withdrawn
    ),
    "renew-address": ChangeForm(
        "subscribed", "A new address for the calendar", "Renew", _only_reason, _renewed
    ),
}
OF_VISIT = {
    "move": ChangeForm("moved", "Move", "Move the visit", _move_fields, _moved, about=_time_now),
    "missed": ChangeForm("missed", "Missed", "Record as missed", _only_reason, _missed),
}


@pages.form("/courses/<course>/<act>", may="read")
def change_page(course: str, act: str) -> Response:
    """A change of a course."""
    if act not in FORMS:
        raise NotFoundError(Problem("", said("There is no such page.")))
    return _page(course, FORMS[act], None)


@pages.form("/courses/<course>/visits/<int:visit>/<act>", may="read")
def visit_change_page(course: str, visit: int, act: str) -> Response:
    """A change of a visit."""
    if act not in OF_VISIT:
        raise NotFoundError(Problem("", said("There is no such page.")))
    return _page(course, OF_VISIT[act], visit)


def _page(course: str, form_of: ChangeForm, visit: int | None) -> Response:
    standing = course_standing(database(), role(), course)
    check_may(role(), form_of.kind)
    if form_of.kind == "undone":
        check_may_undo(standing, author())
    note_seen(database(), author(), "read", standing.record.course)
    if visit is not None:
        entered.visit_of(standing, visit)
    form = sent_form()
    if form is None:
        return _Shown(standing, form_of, visit).form(Form(request.args), 200)
    return _Shown(standing, form_of, visit).sent(form)


class _Shown(NamedTuple):
    """A change that is being made of a course as it stands."""

    standing: Standing
    of: ChangeForm
    visit: int | None

    def sent(self, form: Form) -> Response:
        """A form that was sent: looked at, or written if it was looked at before."""
        if is_done():
            return redirect(self.back(), 303)
        fields = fields_of(self.standing, form)
        reason = fields.text("reason", must=True)
        led, seen, lacking = None, "", unsaid_why(form)
        try:
            revision = if_revision(form, self.standing)
            make = self.of.make(self.standing, fields, self.visit)
            fields.check()
            who = answering(form, reason)
            led = preview_of(self.standing, [make], who)
            seen = self.seen(form, led)
            if form.get("act") == "write" and form.get("seen") == seen and not lacking:
                return self.written(make, who, revision)
            status = 422 if lacking else 409 if led.asked else 200
            return self.form(form, status, led=led, seen=seen, problems=lacking)
        except (NotAllowedError, ServiceError):
            raise
        except AskedError:
            # What is asked stands as boxes to tick, and in no list of what is wrong.
            return self.form(form, 409, led=led, seen=seen)
        except PlannerError as error:
            # The same form may have come twice at once, by one press too many.
            if is_done():
                return redirect(self.back(), 303)
            # What is not found may be what somebody typed: the number of a visit.
            status = 422 if isinstance(error, InputError | NotFoundError) else 409
            problems = [self.at_field(one, form) for one in error.problems]
            return self.form(form, status, problems=[*problems, *lacking])

    def at_field(self, problem: Problem, form: Form) -> Problem:
        """What is wrong, at the field of a dose or a day that it is about, if it names no field."""
        if problem.place == "to" and form.get("free") and not form.get("to"):
            return replace(problem, place="free")
        names = [one.name for one in self.of.fields(self.standing, self.visit)]
        about: Iterable[str] = ()
        if problem.place.startswith("dose-"):
            about = ("mg", "dose")
        elif not problem.place and isinstance(problem.problem, Said):
            about = problem.problem.places
        field = next((one for one in about if one in names), problem.place)
        return replace(problem, place=field)

    def seen(self, form: Form, led: Changed) -> str:
        """What stands for a form and what it leads to."""
        there = (self.standing.record.course, self.visit, self.standing.state.revision)
        return seen_of(form, *there, *what_changes(led, say()), *led.asked)

    def written(self, make: Make, who: Author, revision: int) -> Response:
        """Write it, and go back to the course."""
        change(database(), self.standing.record.course, [make], who, revision)
        return redirect(self.back(), 303)

    def back(self) -> str:
        """The page of the course."""
        return url_for("course_page", course=self.standing.record.course)

    def form(
        self,
        form: Form,
        status: int,
        *,
        led: Changed | None = None,
        seen: str = "",
        problems: Sequence[Problem] = (),
    ) -> Response:
        """The form as it is filled in."""
        words, fields = say(), self.of.fields(self.standing, self.visit)
        return show(
            "change.html.j2",
            status,
            **head_of(self.standing, words),
            of=self.of,
            visit=self.visit,
            fields=fields,
            form=form,
            seen=seen,
            is_looked_at=led is not None,
            can_write=led is not None and can_write(led),
            is_missing=form.get("act") == "write",
            about=self.of.about(self.standing, self.visit, form),
            labels={one.name: words(one.label) for one in fields if one.kind != "note"},
            led_to=led_to(led, words) if led else [],
            questions=questions(led.asked if led else (), form, words),
            problems=problems,
            wrong=by_place(problems),
        )


def fields_of(standing: Standing, form: Form) -> Fields:
    """A form, read as the clinic of a course writes figures."""
    return Fields(form, has_commas=standing.record.opening.clinic.writes_commas)


def can_write(led: Changed) -> bool:
    """Whether nothing that a change asks waits for a physician."""
    return may(role(), "confirmed") or all(one.is_fact for one in led.asked)


def preview_of(standing: Standing, makes: Sequence[Make], who: Author) -> Changed:
    """What changes of a course would lead to."""
    return preview(database(), standing.record.course, makes, who)


def led_to(led: Changed, words: Language) -> list[str]:
    """What changes lead to, a line each, with what they leave to be done or decided."""
    left = map(words.sentence, led.cautions)
    waits = (words.sentence(one.alone) for one in led.waiting)
    return [*what_changes(led, words), *left, *waits]


def what_changes(led: Changed, words: Language) -> list[str]:
    """What changes lead to, whatever of it is confirmed."""
    protocol = led.after.record.protocol
    lines = [told_in(protocol, one.event, words) for one in led.entries]
    for what, was, then in changes_between(led.before.plan, led.after.plan, words):
        before = "" if was is None else f" ({words('before: {was}', was=was)})"
        lines.append(f"{what}: {then}{before}")
    for visit in led.after.plan.coming:
        if visit.start is None:
            free = ", ".join(words.typed_moment(one) for one in visit.choices)
            lines.append(words("visit {n} finds no day; free: {free}", n=visit.number, free=free))
    return lines

"""A new course: filled in, seen as it would be planned, added."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple

from flask import redirect, request, url_for
from werkzeug import Response

from planner.app.asked import Asked, AskedError, confirmation, is_answered
from planner.app.courses import Looked, add_course, look_at_course
from planner.app.places import kept_source
from planner.app.planning import Inputs, NamedFile, inputs_of
from planner.core.plan.course import Confirmation
from planner.core.plan.plan import Plan
from planner.core.values.said import said
from planner.documents.wording import grounds, unanswered
from planner.errors import (
    InputError,
    NotAllowedError,
    NotFoundError,
    PlannerError,
    Problem,
    RefusedError,
    ServiceError,
)
from planner.files.bundled import DEFAULT_PROTOCOL
from planner.files.course import MOST_LESIONS
from planner.files.fields import FieldError
from planner.files.lesions import COLUMNS, read_doses, read_number
from planner.files.protocol import load_protocol
from planner.files.reading import parse_toml
from planner.store.clinics import Place
from planner.store.stored_inputs import years_around
from planner.web.asking import (
    Form,
    answering,
    is_done,
    questions,
    seen_of,
    sent_form,
    ticked,
    unsaid_why,
)
from planner.web.courses import shown_findings, visit_lines
from planner.web.fields import YES_NO, by_place
from planner.web.routes import Pages
from planner.web.show import as_typed, say, show
from planner.web.visitor import author, clinic_here, database, now, place, role

pages = Pages()
_TEXTS = ("id", "protocol", "diagnosis", "indication", "first_visit", "prescriber")
_BACKGROUND = (
    "sex", "disease_years", "serology", "co_treatments", "earlier_treatment", "consecutive",
    "consent_to_publish", "ethics",
)  # fmt: skip
_PATIENT_TEXTS = ("id", "name", "birth_date", "address")
# Before the id of the lesion that a button takes off.
_WITHOUT = "without "
# Before the day of the visit that a field moves.
_MOVE = "move."
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LESION = re.compile(r"lesion\[(\d{1,3})\]\.\w+")
# What the fields are called, by the keys of a course file.
LABELS = {
    "id": "Course id", "diagnosis": "Diagnosis", "first_visit": "First visit",
    "prescriber": "Prescriber", "patient.id": "Patient id", "patient.name": "Patient's name",
    "patient.birth_date": "Birth date", "patient.address": "Address",
    "patient.sulfite_allergy": "Sulfite allergy", "indication": "Indication",
    "protocol": "Protocol", "background.sex": "Sex",
    "background.disease_years": "Years of the disease", "background.serology": "Serology",
    "background.co_treatments": "Other treatment",
    "background.earlier_treatment": "Earlier treatment of the lesions",
    "background.consecutive": "The next one who came",
    "background.consent_to_publish": "Agrees to publication",
    "background.ethics": "Ethics committee, number",
    "confirm_reason": "Why it is so all the same",
}  # fmt: skip
LESION_LABELS = {
    "site": "Site", "side": "Side", "size_mm": "Largest diameter, mm", "ulcerated": "Ulcerated",
    "dose_mg": "Dose, mg", "regimen": "Regimen", "site_detail": "Where exactly",
    "measured_by": "Measured by",
}  # fmt: skip


@pages.form("/courses/new", may="planned", of_clinic=True)
def course_new() -> Response:
    """Plan a course."""
    there = place()
    if there is None:
        return show("no-clinic.html.j2")
    form = sent_form()
    if form is None:
        return _New(there, Form(), 1).shown(200)
    new, act = _New(there, form, _lesions_in(form)), form.get("act", "")
    if act == "lesion":
        return new.with_lesion().shown(200)
    if act.startswith(_WITHOUT):
        return new.without_lesion(act.removeprefix(_WITHOUT)).shown(200)
    if act == "file":
        return _from_file(there, form)
    return new.added() if act == "add" else new.looked_at()


@pages.action("/courses/new/preview", may="planned")
def preview_new() -> Response:
    """The preview alone, for a page that asks while somebody types."""
    form = Form(request.form)
    return _New(clinic_here(), form, _lesions_in(form)).looked_at(template="preview.html.j2")


def _years(first: int) -> range:
    """The years whose holidays a course that begins in one has to know."""
    return years_around(first, now().year)


def _lesions_in(form: Form) -> int:
    numbers = [int(match[1]) for name in form if (match := _LESION.fullmatch(name))]
    return max(1, min(max(numbers, default=1), MOST_LESIONS))


class _New(NamedTuple):
    """A course that is being planned at a clinic."""

    place: Place
    form: Form
    lesions: int

    def with_lesion(self) -> _New:
        """The form with a lesion more, under the first id that none of it has."""
        if self.lesions >= MOST_LESIONS:
            return self
        taken = {self.lesion_id(n) for n in range(1, self.lesions + 1)}
        form, number = Form(self.form), self.lesions + 1
        form[f"lesion[{number}].id"] = next(
            one for one in map(default_id, count(1)) if one not in taken
        )
        return self._replace(form=form, lesions=number)

    def without_lesion(self, lesion: str) -> _New:
        """The form less a lesion; the others keep their ids, which ticks stand for."""
        ids = [self.lesion_id(n) for n in range(1, self.lesions + 1)]
        if lesion not in ids or len(ids) == 1:
            return self
        gone, form = ids.index(lesion) + 1, Form()
        for name, value in self.form.items(multi=True):
            match = _LESION.fullmatch(name)
            number = int(match[1]) if match else 0
            if number != gone:
                now = number - 1 if number > gone else number
                form.add(name.replace(f"[{number}]", f"[{now}]", 1) if match else name, value)
        return self._replace(form=form, lesions=self.lesions - 1)

    def seen(self, look: Looked) -> str:
        """What stands for all that is filled in and the plan that it leads to."""
        plan = look.standing.plan
        findings = [(one.code, one.lesion, one.visit, one.value) for one in plan.findings]
        typed = {name: value for name, value in self.form.items() if name != "course_file"}
        return seen_of(typed, *(one.start for one in plan.visits), *findings, *look.asked)

    def looked_at(self, template: str = "course-new.html.j2") -> Response:
        """The course as it would be planned."""
        try:
            return self.shown(200, template, look=self.look())
        except PlannerError as error:
            return self.refused(error, template)

    def look(self) -> Looked:
        """What adding it would lead to."""
        return look_at_course(database(), self.inputs(), author())

    def added(self) -> Response:
        """Add it, where it was looked at as it is."""
        if is_done():
            return self.there()
        lacking = unsaid_why(self.form)
        try:
            look = self.look()
            if self.form.get("seen") != self.seen(look):
                return self.shown(409, look=look, problems=lacking, is_to_see=True)
            if lacking or any(one.stops for one in look.standing.plan.findings):
                return self.shown(422 if lacking else 409, look=look, problems=lacking)
            add_course(database(), self.inputs(), answering(self.form))
            return self.there()
        except AskedError as error:
            return self.shown(409, look=look, asked=error.asked)
        except PlannerError as error:
            return self.refused(error, lacking=lacking)

    def there(self) -> Response:
        """To the page of the course."""
        course = self.form.get("id", "").strip()
        return redirect(url_for("course_page", course=course), 303)

    def refused(
        self,
        error: PlannerError,
        template: str = "course-new.html.j2",
        lacking: Sequence[Problem] = (),
    ) -> Response:
        """What is wrong, beside the fields that it is wrong with."""
        if isinstance(error, NotAllowedError | NotFoundError | ServiceError):
            raise error
        if isinstance(error, RefusedError) and is_done():
            return self.there()
        status = 422 if isinstance(error, InputError) else 409
        return self.shown(status, template, problems=[*error.problems, *lacking])

    def inputs(self) -> Inputs:
        """The course with what a physician confirms of it. Raises InputError with all problems."""
        table, problems = course_table(self.form, self.lesions, self.place.clinic.writes_commas)
        source, zone = kept_source(database(), role(), self.place.id)

        try:
            found = inputs_of(table, NamedFile("", b""), source, zone, _years, is_typed=True)
        except InputError as error:
            raise InputError(*_merged(problems, error.problems)) from error
        if problems:
            raise InputError(*problems)
        found = replace(found, clinic=found.clinic._replace(id=self.place.id))
        words = tuple(self.confirmations(found))
        return replace(found, course=found.course._replace(confirmations=words))

    def problems_of(self, table: dict[str, Any]) -> Sequence[Problem]:
        """What is wrong with a course file as it stands, keys that nobody knows among it."""
        source, zone = kept_source(database(), role(), self.place.id)
        try:
            inputs_of(table, NamedFile("", b""), source, zone, _years)
        except PlannerError as error:
            return error.problems
        return ()

    def confirmations(self, inputs: Inputs) -> Iterator[Confirmation]:
        """What is ticked of the findings of its plan, as the physician's word."""
        why, ticks = self.form.get("confirm_reason", "").strip(), ticked(self.form)
        if not (why and ticks):
            return
        who = author()._replace(confirm=why, answers=ticks)
        for one in look_at_course(database(), inputs, who).standing.plan.findings:
            if one.severity == "confirm" and is_answered(Asked.of_finding(one), who):
                yield confirmation(one, who)

    def past(self, plan: Plan) -> str:
        """How many of its visits lie before today: it is entered late, or its year is wrong."""
        today = self.place.clinic.wall_clock(now()).date()
        n = sum(one.start is not None and one.start.date() < today for one in plan.visits)
        return (
            say().plural("{n} visit lies before today", "{n} visits lie before today", n)
            if n
            else ""
        )

    def lesion_id(self, number: int) -> str:
        """The id of a lesion by its place: A, B, ..., as long as nobody says otherwise."""
        return self.form.get(f"lesion[{number}].id", "").strip() or default_id(number)

    def at_fields(self, problems: Sequence[Problem]) -> list[Problem]:
        """What is wrong, each at its field: a course file has no other names for two of them."""
        moves = [name for name in self.form if name.startswith(_MOVE) and self.form[name].strip()]
        name = self.form.get("id", "").strip()
        fields = {name: "id"} if name else {}
        for number, name in enumerate(moves, start=1):
            fields |= {f"move[{number}].{part}": name for part in ("from", "to")}
        return [replace(one, place=fields.get(one.place, one.place)) for one in problems]

    def label(self, place: str) -> str:
        """What a field is called, by its name."""
        words = say()
        if place.startswith(_MOVE):
            due = place.removeprefix(_MOVE)
            day = as_typed(due, words) if _DAY.fullmatch(due) else due
            return words("Another day for {day}", day=day)
        match = _LESION.fullmatch(place)
        if match is None:
            return words(LABELS[place]) if place in LABELS else place
        lesion = words("Lesion {lesion}", lesion=self.lesion_id(int(match[1])))
        name = place.rpartition(".")[2]
        return f"{lesion}, {words(LESION_LABELS.get(name, name))}"

    def shown(
        self,
        status: int,
        template: str = "course-new.html.j2",
        *,
        look: Looked | None = None,
        asked: Sequence[Asked] = (),
        problems: Sequence[Problem] = (),
        of_file: Sequence[Problem] = (),
        is_to_see: bool = False,
    ) -> Response:
        """The form as it is filled in, with what it would lead to.

        What is wrong with a course file itself stands at no field but that of the file.
        """
        words, problems = say(), [*of_file, *self.at_fields(problems)]
        at_file = (replace(one, place="course_file") for one in of_file)
        protocol = load_protocol(DEFAULT_PROTOCOL)
        plan = look.standing.plan if look else None
        every = [*_findings_asked(look), *(look.asked if look else ()), *asked]
        return show(
            template,
            status,
            place=self.place,
            form=self.form,
            lesions=[(n, self.lesion_id(n)) for n in range(1, self.lesions + 1)],
            protocol=protocol,
            plan=plan,
            decisions=_decisions(look) if look else [],
            findings=list(shown_findings(plan, words)) if plan else [],
            visits=[(visit, list(visit_lines(visit, words))) for visit in plan.visits]
            if plan
            else [],
            questions=questions(every, self.form, words),
            seen=self.seen(look) if look else "",
            is_to_see=is_to_see,
            is_missing=self.form.get("act") == "add" and not is_to_see,
            unanswered=_unanswered(look) if look else [],
            past=self.past(plan) if plan else "",
            labels={one.place: self.label(one.place) for one in problems},
            moves=[(name, self.label(name)) for name in self.form if name.startswith(_MOVE)],
            problems=problems,
            wrong=by_place([*problems, *at_file]),
        )


def default_id(number: int) -> str:
    """A, B, ..., Z, then L27 and so on."""
    return chr(ord("A") + number - 1) if number <= 26 else f"L{number}"


def _findings_asked(look: Looked | None) -> Iterator[Asked]:
    """The findings that a physician confirms, confirmed or not: a tick has to stay a tick."""
    for one in look.standing.plan.findings if look else ():
        if one.severity == "confirm":
            yield Asked.of_finding(one)


def _decisions(look: Looked) -> list[tuple[str, str, str, str]]:
    """Each lesion's regimen with its grounds."""
    return [
        (row.lesions, row.regimen, f"{row.because} ({row.rule})", f"{row.evidence}. {row.source}")
        for row in grounds(look.standing.plan, (), say())
    ]


def _unanswered(look: Looked) -> list[str]:
    """What is asked and nobody answered yet."""
    plan, words = look.standing.plan, say()
    return [words(one.question) for one in unanswered(plan, {one.site for one in plan.lesions})]


def _merged(own: Sequence[Problem], others: Sequence[Problem]) -> list[Problem]:
    """What is wrong with each field, once: what was typed before what follows from it."""
    places = {one.place for one in own}
    return [*own, *(one for one in others if one.place not in places)]


def course_table(
    form: Mapping[str, str], lesions: int, has_commas: bool
) -> tuple[dict[str, Any], list[Problem]]:
    """A form as a course file has it, and what of it cannot be read."""
    problems: list[Problem] = []
    table: dict[str, Any] = _texts_of(form, "", _TEXTS)
    table["patient"] = _texts_of(form, "patient.", _PATIENT_TEXTS)
    if allergy := form.get("patient.sulfite_allergy", ""):
        table["patient"]["sulfite_allergy"] = YES_NO.get(allergy, allergy)
    screening = {
        name.removeprefix("screening."): YES_NO.get(value, value)
        for name, value in form.items()
        if name.startswith("screening.") and value
    }
    if screening:
        table["screening"] = screening
    if background := _background(form, has_commas, problems):
        table["background"] = background
    moves = [
        {"from": name.removeprefix(_MOVE), "to": value}
        for name, value in form.items()
        if name.startswith(_MOVE) and value.strip()
    ]
    if moves:
        table["move"] = moves
    table["lesion"] = [_lesion(form, n, has_commas, problems) for n in range(1, lesions + 1)]
    return table, problems


def _background(
    form: Mapping[str, str], has_commas: bool, problems: list[Problem]
) -> dict[str, Any]:
    """What reports of a series ask, as far as it is filled in."""
    readers: dict[str, Callable[[str], Any]] = {
        "disease_years": lambda text: read_number(text, "years", has_commas),
        "consecutive": lambda text: YES_NO.get(text, text),
        "consent_to_publish": lambda text: YES_NO.get(text, text),
    }
    return _read(_texts_of(form, "background.", _BACKGROUND), "background.", readers, problems)


def _texts_of(form: Mapping[str, str], prefix: str, names: Sequence[str]) -> dict[str, Any]:
    typed = {name: form.get(f"{prefix}{name}", "").strip() for name in names}
    return {name: value for name, value in typed.items() if value}


def _lesion(
    form: Mapping[str, str], number: int, has_commas: bool, problems: list[Problem]
) -> dict[str, Any]:
    prefix = f"lesion[{number}]."
    typed: dict[str, Any] = {"id": default_id(number), **_texts_of(form, prefix, COLUMNS)}
    readers: dict[str, Callable[[str], Any]] = {
        "size_mm": lambda text: read_number(text, "mm", has_commas),
        "dose_mg": lambda text: _one_or_more(read_doses(text, has_commas)),
        "ulcerated": lambda text: YES_NO.get(text, text),
    }
    return _read(typed, prefix, readers, problems)


def _read(
    typed: dict[str, Any],
    prefix: str,
    readers: Mapping[str, Callable[[str], Any]],
    problems: list[Problem],
) -> dict[str, Any]:
    """The same with what is no text read; what cannot be is left out, and its problem told."""
    for name, read in readers.items():
        if name in typed:
            try:
                typed[name] = read(typed[name])
            except FieldError as error:
                problems.append(Problem(f"{prefix}{name}", error.problem, error.fix))
                del typed[name]
    return typed


def _one_or_more(doses: list[Any]) -> Any:
    return doses[0] if len(doses) == 1 else doses


def _from_file(there: Place, form: Form) -> Response:
    """A course file that somebody hands in, as if it had been typed; all its problems are shown."""
    text = form.get("course_file", "")
    try:
        table = parse_toml(text.encode())
    except PlannerError as error:
        return _New(there, form, 1).shown(422, of_file=error.problems)
    filled = Form([*_flat(table), ("course_file", text)])
    new = _New(there, filled, _lesions_in(filled))
    problems, not_ours = new.problems_of(table), [*not_taken_over(table)]
    if problems or not_ours:
        return new.shown(422, problems=problems, of_file=not_ours)
    return new.looked_at()


def not_taken_over(table: Mapping[str, Any]) -> Iterator[Problem]:
    """What of a course file no page takes over: nothing of it is dropped unsaid.

    A physician's word is given on the page, by who is signed in.
    """
    for name, fix in (
        ("confirm", said("confirm on the page")),
        ("revision", said("the register counts them")),
    ):
        if table.get(name):
            yield Problem(
                name, said("it is not taken over from a file"), said("leave it out; {fix}", fix=fix)
            )


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A course file's table by the names of the form's fields."""
    for name in _TEXTS:
        if name in table:
            yield name, str(table[name])
    for group in ("patient", "screening", "background"):
        inner = table.get(group)
        for name, value in (inner if isinstance(inner, dict) else {}).items():
            yield f"{group}.{name}", _as_typed(value)
    moves = table.get("move")
    for move in moves if isinstance(moves, list) else []:
        if isinstance(move, dict):
            yield f"{_MOVE}{move.get('from')}", _as_typed(move.get("to"))
    lesions = table.get("lesion")
    for number, lesion in enumerate(lesions if isinstance(lesions, list) else [], start=1):
        for name, value in (lesion if isinstance(lesion, dict) else {}).items():
            if name in COLUMNS:
                yield f"lesion[{number}].{name}", _as_typed(value)


def _as_typed(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    return str(value)

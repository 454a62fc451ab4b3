"""Courses: the list, one course, its history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import request, url_for
from werkzeug import Response

from planner.app.auditing import note_seen
from planner.app.changing import may_now
from planner.app.course_json import course_json, injections_counted, looks
from planner.app.queries import course_standing, courses_listed
from planner.app.roles import may
from planner.app.subscription import address_for
from planner.core.followup.events import Entry
from planner.core.plan.findings import Finding, Severity, lines
from planner.core.plan.plan import Plan, PlannedInjection, PlannedVisit
from planner.core.values.formatting import capital
from planner.documents.bodymap import body_map, missing_from_map
from planner.documents.chart import size_chart
from planner.documents.event_wording import told_in
from planner.documents.language import Language, msgid
from planner.documents.page_head import patient_identifiers
from planner.documents.wording import (
    drug,
    ending_lines,
    evidence,
    given_line,
    grounds,
    outcome_line,
    regimen_title,
    state_words,
    strength,
    unanswered,
    warned_of,
    where,
)
from planner.store.histories import has_to_be_seen, to_see
from planner.store.standing import Standing
from planner.web.routes import Pages
from planner.web.show import drawing, say, show, show_json
from planner.web.visitor import author, database, now, role, wants_json

pages = Pages()
MOST_LISTED = 100
# So many events stand on the page of a course; its history has all.
MOST_EVENTS = 20
_LONGEST_SEARCH = 200


@pages.page("/courses", may="read", of_clinic=True)
def course_list() -> Response:
    """The courses, or those that a search finds."""
    sought = request.args.get("q", "").strip()[:_LONGEST_SEARCH]
    found = courses_listed(database(), role(), search=sought or None, limit=MOST_LISTED + 1)
    note_seen(database(), author(), "read list of courses")
    if wants_json():
        return show_json(found[:MOST_LISTED])
    is_more = len(found) > MOST_LISTED
    return show("courses.html.j2", courses=found[:MOST_LISTED], sought=sought, is_more=is_more)


class ShownFinding(NamedTuple):
    """Findings of one code in words, with those of them that a physician may confirm here."""

    severity: Severity
    title: str
    place: str
    message: str
    confirmed: Sequence[str]
    to_confirm: Sequence[Finding]


class ShownVisit(NamedTuple):
    """A visit in words: what is done of each lesion, what was."""

    visit: PlannedVisit
    state: str
    lines: Sequence[str]

    @property
    def is_missed(self) -> bool:
        """Whether it, or the injection of one of its lesions, was missed: it may be moved."""
        injections = self.visit.injections
        return self.visit.state == "missed" or any(one.state == "missed" for one in injections)


@pages.page("/courses/<course>", may="read")
def course_page(course: str) -> Response:
    """A course."""
    standing = course_standing(database(), role(), course)
    note_seen(database(), author(), "read", standing.record.course)
    if wants_json():
        return show_json(course_json(standing))
    plan, words = standing.plan, say()
    return show(
        "course.html.j2",
        **head_of(standing, words),
        findings=list(shown_findings(plan, words)),
        visits=[_shown(visit, words) for visit in plan.visits],
        lesions=list(_lesions(standing, words)),
        grounds=list(grounds(plan, (), words)),
        unanswered=list(unanswered(plan, {one.site for one in plan.lesions})),
        map=_map(plan, words),
        absent=missing_from_map(plan),
        to_see=list(_to_see(standing, words)),
        chart=drawing(size_chart(plan, words).svg),
        history=list(history_lines(standing, words))[-MOST_EVENTS:][::-1],
        is_longer=len(standing.record.entries) > MOST_EVENTS,
        address=_address(standing),
        acts=[(act, title) for act, title, what in ACTS if may_now(standing, author(), what)],
        can_record=may(role(), "given"),
        can_move=may_now(standing, author(), "moved"),
    )


def head_of(standing: Standing, words: Language) -> dict[str, Any]:
    """What stands over every page of a course: whose it is, and what speaks against treating."""
    plan = standing.plan
    return {
        "plan": plan,
        "state": standing.state,
        "who": list(patient_identifiers(plan, words)),
        "allergy": plan.patient.sulfite_allergy,
        "warnings": list(warned_of(plan, words)),
        "endings": list(ending_lines(plan, words)),
        "drug": f"{drug(plan, words)} {strength(plan, words)}",
    }


# What can be done to a course, each with its button and the use case that a role has to be for.
ACTS = (
    ("hold", msgid("Hold"), "held"),
    ("release", msgid("Release"), "resumed"),
    ("dose", msgid("Change a dose"), "dose-changed"),
    ("lesion", msgid("Add a lesion"), "lesion-added"),
    ("answer", msgid("Answer a question"), "answered"),
    ("correct", msgid("Correct"), "corrected"),
    ("undo", msgid("Undo"), "undone"),
    ("end", msgid("End"), "ended"),
)


def _to_see(standing: Standing, words: Language) -> Iterator[ShownEvent]:
    """What others entered that a physician has to see, since one last came."""
    first = to_see(standing.record.entries)
    if not first:
        return
    for shown, entry in zip(history_lines(standing, words), standing.record.entries, strict=True):
        if entry.number >= first and has_to_be_seen(entry):
            what = "; ".join((shown.what, *map(words.sentence, entry.answered)))
            yield shown._replace(what=what)


def _map(plan: Plan, words: Language) -> tuple[object, str] | None:
    figure = body_map(plan, words)
    return None if figure is None else (drawing(figure.svg), figure.alt)


def _address(standing: Standing) -> str | None:
    """The address of the patient's calendar, for who may hand it out."""
    token = address_for(standing, role())
    return url_for("subscription", token=token, _external=True) if token else None


def shown_findings(plan: Plan, words: Language) -> Iterator[ShownFinding]:
    """The findings of a plan in words, the hardest first."""
    for line in lines(plan.findings, plan.lesion_ids):
        yield ShownFinding(
            line.severity,
            capital(words.sentence(line.meaning)),
            words.sentence(line.where),
            words.sentence(line.told),
            list(_confirmed(line.findings, words)),
            [one for one in line.findings if one.is_open],
        )


def _confirmed(members: Sequence[Finding], words: Language) -> Iterator[str]:
    for one in members:
        if one.confirmed_by is not None and not one.is_open:
            said = {"by": one.confirmed_by, "reason": one.reason}
            target = f"{one.lesion}: " if one.lesion else ""
            yield target + words("entered as confirmed by {by}: {reason}", **said)


def _shown(visit: PlannedVisit, words: Language) -> ShownVisit:
    is_over = visit.state == "planned" and visit.start is not None and visit.start < now()
    state = words("not recorded") if is_over else state_words(visit.state, words)
    return ShownVisit(visit, state, list(visit_lines(visit, words)))


def dose_line(one: PlannedInjection, words: Language) -> str:
    """`12.5 mg: draw 0.08 mL (12 mg)`; open where no dose is planned."""
    if one.dose_mg is None or one.drawn_ml is None or one.drawn_mg is None:
        return words("dose open")
    drawn = f"{words.ml(one.drawn_ml)} ({words.mg(one.drawn_mg)})"
    return words("{dose}: draw {drawn}", dose=words.mg(one.dose_mg), drawn=drawn)


def visit_lines(visit: PlannedVisit, words: Language) -> Iterator[str]:
    """What is to be done of each lesion at a visit, or was done."""
    for look in visit.evaluations:
        seen = look.result
        what = outcome_line(seen, words) if seen else words("measure")
        yield f"{look.lesion}: {what}"
    for one in visit.injections:
        if one.given is not None:
            yield from (f"{one.lesion} {line}" for line in given_line(one, words))
            if one.dose_mg is not None and one.dose_mg != one.given.dose_mg:
                planned = words.mg(one.dose_mg)
                yield f"{one.lesion}: {words('planned were {dose}', dose=planned)}"
        elif one.state == "missed" and visit.state != "missed":
            yield f"{one.lesion}: {words('missed')}"
        else:
            yield f"{one.lesion}: {dose_line(one, words)}"


class ShownLesion(NamedTuple):
    """A lesion in words: where, how large, its regimen, how far it is, what was seen."""

    id: str
    where: str
    size: str
    regimen: str
    given: int
    of: int
    held: str
    seen: Sequence[str]
    evidence: str


def _lesions(standing: Standing, words: Language) -> Iterator[ShownLesion]:
    plan = standing.plan
    for lesion, decision in zip(plan.lesions, plan.decisions, strict=True):
        ulcer = words("ulcerated") if lesion.ulcerated else words("not ulcerated")
        since, counted = lesion.held_since, injections_counted(standing, lesion.id)
        yield ShownLesion(
            lesion.id,
            where(lesion, words),
            f"{words.mm(lesion.size_mm)}, {ulcer}",
            regimen_title(plan, decision.regimen, words),
            counted.given,
            counted.of,
            words("held since {day}", day=words.typed_day(since)) if since else "",
            [
                f"{words.typed_day(one.result.on)}: {outcome_line(one.result, words)}"
                for _, one in looks(plan, lesion.id)
                if one.result is not None
            ],
            evidence(plan, decision, words),
        )


class ShownEvent(NamedTuple):
    """An event in words: what it was, who entered it, when by the clinic's clock, why."""

    number: int
    what: str
    entered: str
    by: str
    reason: str
    is_by_page: bool


def history_lines(standing: Standing, words: Language) -> Iterator[ShownEvent]:
    """The history of a course in words."""
    zone = ZoneInfo(standing.plan.clinic.timezone)
    for one in standing.record.entries:
        what = told_in(standing.record.protocol, one.event, words)
        yield _event(one, what, zone, words)


def _event(one: Entry, what: str, zone: ZoneInfo, words: Language) -> ShownEvent:
    at = words.typed_moment(one.at.astimezone(zone))
    is_by_page = one.through == "page"
    return ShownEvent(one.number, what, at, one.by, one.reason or "", is_by_page)


@pages.page("/courses/<course>/history", may="read")
def history(course: str) -> Response:
    """All of a course's history."""
    standing = course_standing(database(), role(), course)
    note_seen(database(), author(), "read history", standing.record.course)
    words = say()
    return show(
        "history.html.j2",
        **head_of(standing, words),
        history=list(history_lines(standing, words))[::-1],
    )

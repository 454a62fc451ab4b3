"""The change slip: what was, what is, and why, since papers were last made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from planner.core.followup.events import Entry
from planner.core.plan.appointments import VisitState
from planner.core.plan.pages import LETTER_PAGE, SHEET_PAGE, listed_pages, stale_pages, to_do
from planner.core.plan.plan import Plan, PlannedVisit
from planner.core.values.formatting import NBSP
from planner.documents.event_wording import told
from planner.documents.language import Language
from planner.documents.page_head import Issue, issue_line, paper_of
from planner.documents.paper import (
    Block,
    Heading,
    Paper,
    Paragraph,
    Row,
    Section,
    Signatures,
    Table,
    cell,
    text,
)
from planner.documents.wording import (
    ending_lines,
    page_words,
    state_words,
    strength,
    visit_state,
    visit_time,
)

# It is no page of the plan: it tells of pages.
SLIP = "change-slip"
# What stands on paper where nothing was.
_NOTHING = "\u2013"


class Since(NamedTuple):
    """The plan whose papers are out there, and the events that came after them.

    `letter` is the plan whose times the patient has in a letter, None where there is none.
    """

    plan: Plan
    entries: Sequence[Entry]
    letter: Plan | None


def change_slip(plan: Plan, since: Since, issue: Issue) -> Paper:
    """The slip."""
    say = issue.say
    running = say("Change slip")
    which = issue_line(plan, issue, SLIP)
    return paper_of(
        plan,
        issue,
        say("Change slip, course {course}", course=plan.course),
        (Section(running, which, tuple(_blocks(plan, since, issue))),),
    )


def _blocks(plan: Plan, since: Since, issue: Issue) -> Iterator[Block]:
    say = issue.say
    yield Heading(say("Change slip"), 1)
    ending = ending_lines(plan, say, to_patient=issue.to_patient)
    yield from (Paragraph(text(one, bold=True)) for one in ending)
    yield from (Paragraph(text(one, bold=True)) for one in _pages(plan, since, say))
    changes = tuple(
        Row((cell(what, bold=True), cell(_NOTHING if was is None else was), cell(now, bold=True)))
        for what, was, now in changes_between(since.plan, plan, say)
    )
    if changes:
        yield Heading(say("What changes"))
        yield Table((say("What"), say("It was"), say("It is")), (48, 0, 66), changes)
    yield Heading(say("Why"))
    zone = ZoneInfo(plan.clinic.timezone)
    rows = tuple(
        Row(
            (
                cell(str(one.number)),
                cell(told(one.event, say)),
                cell(one.reason or ""),
                cell(one.by, say.moment(one.at.astimezone(zone))),
            )
        )
        for one in since.entries
    )
    head = (say("Event"), say("What happened"), say("Reason"), say("Entered by"))
    yield Table(head, (20, 0, 46, 38), rows)
    yield Signatures((say("Physician, date"), say("Papers replaced by, date")))


def _pages(plan: Plan, since: Since, say: Language) -> Iterator[str]:
    """Which pages to take out of use, and which there are in their place."""
    stale = stale_pages(since.plan, plan)
    old = [_page(one.page, one.code, say) for one in stale]
    yield say("Take out of use: {pages}.", pages=", ".join(old))
    if any(one.page not in (SHEET_PAGE, LETTER_PAGE) for one in stale):
        yield say("With the labels that bear one of these codes.")
    known = {page for page, _ in listed_pages(since.plan)} - {one.page for one in stale}
    new = [_page(page, code, say) for page, code in listed_pages(plan) if page not in known]
    if new:
        yield say("Use in their place: {pages}.", pages=", ".join(new))
    if known:
        yield say("All other pages of revision {n} stay in use.", n=since.plan.revision)


def _page(page: str, code: str, say: Language) -> str:
    """`visit 3 (code 1a2b3c4d)`."""
    return f"{page_words(page, say)} ({say('code {code}', code=code)})".replace(" ", NBSP)


class Difference(NamedTuple):
    """What is otherwise, in words; `was` is None for what was not there."""

    what: str
    was: str | None
    now: str


def changes_between(was: Plan, now: Plan, say: Language) -> Iterator[Difference]:
    """What a reader of the old papers has to know: visits, then doses, each as it was and is."""
    yield from _visits(was, now, say)
    yield from _doses(was, now, say)


def _visits(was: Plan, now: Plan, say: Language) -> Iterator[Difference]:
    old = {visit.number: visit for visit in was.visits}
    for visit in now.visits:
        name = say("Visit {n}", n=visit.number)
        before = old.pop(visit.number, None)
        shown = _visit(visit, say)
        if before is None:
            yield Difference(name, None, shown)
        elif _is_as_planned(before, visit):
            continue
        elif _visit(before, say) != shown:
            yield Difference(name, _visit(before, say), shown)
    for visit in old.values():
        yield Difference(
            say("Visit {n} (as it was)", n=visit.number),
            _visit(visit, say),
            _gone(visit, now, say),
        )


def _gone(visit: PlannedVisit, now: Plan, say: Language) -> str:
    """Where what was to be done at a visit went: to others, or nowhere."""
    parts = set(visit.names)
    there = [other for other in now.kept if parts & set(other.names)]
    if not there:
        return say("cancelled")
    return say("now at visit {n}", n=say.listing([str(other.number) for other in there]))


def _is_as_planned(was: PlannedVisit, now: PlannedVisit) -> bool:
    """Whether a visit was done on the day that the old papers have: nobody has to be told."""
    if now.state != "done" or was.start is None or now.start is None:
        return False
    states = {one.state for one in now.evaluations} | {one.state for one in now.injections}
    is_whole = set(was.names) <= set(now.names)
    return is_whole and was.start.date() == now.start.date() and states == {"done"}


def _visit(visit: PlannedVisit, say: Language) -> str:
    """`Mon 14 Sep 2026 09:00 to 09:30: evaluation A; injection A, B (done)`."""
    parts = []
    looks = [_named(one.lesion, one.state, visit, say) for one in visit.evaluations]
    injections = [_named(one.lesion, one.state, visit, say) for one in visit.injections]
    for purpose, names in (("evaluation", looks), ("injection", injections)):
        if names:
            parts.append(f"{say(purpose)} {', '.join(names)}")
    state = visit_state(visit, say)
    return f"{visit_time(visit, say)}: {'; '.join(parts)}" + (f" ({state})" if state else "")


def _named(lesion: str, state: VisitState, visit: PlannedVisit, say: Language) -> str:
    """`B`, or `B (missed)` where that is not what became of the whole visit."""
    return lesion if state == visit.state else f"{lesion} ({state_words(state, say)})"


def _doses(was: Plan, now: Plan, say: Language) -> Iterator[Difference]:
    """What is drawn up otherwise than the old papers say, of the injections that are to come."""
    coming = now._replace(visits=tuple(to_do(now)))
    old, new = (dict(_planned_doses(plan, say)) for plan in (was, coming))
    for (lesion, number), dose in new.items():
        before = old.get((lesion, number))
        if before != dose:
            what = say("Lesion {lesion}, injection {n}", lesion=lesion, n=number)
            yield Difference(what, before, dose)


def _planned_doses(plan: Plan, say: Language) -> Iterator[tuple[tuple[str, int], str]]:
    for visit in plan.visits:
        for one in visit.injections:
            if one.dose_mg is None or one.drawn_ml is None or one.drawn_mg is None:
                yield (one.lesion, one.injection), say("dose open")
                continue
            yield (
                (one.lesion, one.injection),
                say(
                    "{dose}: draw {volume} at {strength} ({drawn})",
                    dose=say.mg(one.dose_mg),
                    volume=say.ml(one.drawn_ml),
                    strength=strength(plan, say),
                    drawn=say.mg(one.drawn_mg),
                ),
            )

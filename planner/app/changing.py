"""One event more in a course: who may enter it, what it asks, and how the course then stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from planner.app.administration import undone
from planner.app.asked import Asked, answered, confirmation, is_answered
from planner.app.roles import Author, check_may, may
from planner.core.followup.course_state import State
from planner.core.followup.events import (
    Answered,
    Corrected,
    DoseChanged,
    Ended,
    Entry,
    Evaluated,
    Event,
    Given,
    Held,
    LesionAdded,
    Moved,
    Resumed,
    kind_of,
)
from planner.core.followup.settling import TOO_NEAR, settle, unlawful
from planner.core.followup.unlikely_records import (
    Question,
    hold_questions,
    law_questions,
    questions,
    takes_back,
)
from planner.core.plan.appointments import Named
from planner.core.plan.findings import AGAINST_TREATMENT, Finding
from planner.core.values.said import Said, said
from planner.errors import (
    InputError,
    NoRoomError,
    NotConfirmedError,
    Problem,
    RefusedError,
    raise_if_any,
)
from planner.store.histories import Record
from planner.store.standing import Standing

# What somebody chooses stops where its plan does; what was done is recorded whatever follows.
CHOICES = (Moved, Resumed, DoseChanged, LesionAdded)
ASKED_AT_ONCE = (TOO_NEAR, *AGAINST_TREATMENT)


class Step(NamedTuple):
    """A course with one more event, and all that the event asks."""

    after: Standing
    entry: Entry
    asked: tuple[Asked, ...]


def step(before: Standing, event: Event, author: Author) -> Step:
    """The course with one more event, as its author confirms it.

    Raises RefusedError where the author's role may not enter it, or it contradicts the history.
    """
    _check_role(before, event, author)
    record = before.record
    number = len(record.entries) + 1
    entry = author.entry(number, event, author.reason)
    after, entry = settled(record, before.state, entry)
    facts = [Asked.of_question(one) for one in _asked(before, after, event, author)]
    new = list(_to_confirm(before, after, event, author))
    asked = (*facts, *map(Asked.of_finding, new))
    words_for_facts = answered(facts, author)
    if words_for_facts:
        # The word stands with each finding that it confirms; for what was asked, in the reason.
        reason = "; ".join(part for part in (author.reason, author.confirm) if part)
        entry = entry._replace(reason=reason, answered=words_for_facts)
    entry = entry._replace(reason=kept_reason(record, entry.reason))
    words = tuple(
        confirmation(one, author) for one in new if is_answered(Asked.of_finding(one), author)
    )
    if words:
        after, entry = settled(record, before.state, entry._replace(confirmations=words))
    # What was asked changes nothing of what follows.
    entries = (*record.entries, entry)
    return Step(Standing(record._replace(entries=entries), after.state), entry, asked)


def kept_reason(record: Record, reason: str | None) -> str | None:
    """A reason as it is kept: none with an erased patient, of whom it may tell."""
    return None if record.patient.erased else reason


def settled(record: Record, before: State | None, entry: Entry) -> tuple[Standing, Entry]:
    """The course with one more event, and the event with what is settled with it."""
    try:
        entry, state = settle(before, entry, record.entries, record.protocol, record.opening)
    except NoRoomError as error:
        raise RefusedError(*error.problems) from error
    except (InputError, RefusedError) as error:
        raise type(error)(*(_at_its_day(one, entry.event) for one in error.problems)) from error
    return Standing(record._replace(entries=(*record.entries, entry)), state), entry


# The field that the day of an event is given in.
_DAY_FIELDS: Mapping[type, str] = {
    Held: "on", Resumed: "on", Ended: "on", LesionAdded: "from", Moved: "to", Given: "at",
    Evaluated: "at",
}  # fmt: skip


def _at_its_day(problem: Problem, event: Event) -> Problem:
    """What is wrong with a day, at the field of the event's own day: all others follow from it."""
    names_day = isinstance(problem.problem, Said) and "on" in problem.problem.places
    is_placed = problem.place or not names_day
    return problem if is_placed else replace(problem, place=_DAY_FIELDS.get(type(event), ""))


def _check_role(before: Standing, event: Event, author: Author) -> None:
    """Refuse what the author's role may not do; to withdraw one's own last entry is less."""
    kind = kind_of(event)
    if isinstance(event, Corrected) and event.instead is None and author.role != "physician":
        own = before.record.entries[event.event - 1 : event.event]
        is_own = bool(own) and own[0].by == author.name and _is_last(before, event.event)
        kind = "undone" if is_own and may(author.role, "undone") else kind
    if isinstance(event, Answered) and takes_back(before.state, event, before.record.protocol):
        kind = "answer-taken-back"
    check_may(author.role, kind)


def may_now(standing: Standing, author: Author, kind: str) -> bool:
    """Whether an author may make such a change to a course as it stands."""
    if kind == "resumed" and not standing.state.held:
        return False
    if kind == "undone" and not _may_undo(standing, author):
        return False
    is_over = standing.state.ended is not None or standing.record.patient.erased is not None
    return may(author.role, kind) and (not is_over or kind in ("undone", "corrected"))


def check_may_undo(standing: Standing, author: Author) -> None:
    """Refuse to withdraw what somebody else entered, to all but physicians."""
    check_may(author.role, "undone")
    if _entered_last_by(standing) not in (None, author.name):
        check_may(author.role, "corrected")


def _may_undo(standing: Standing, author: Author) -> bool:
    """Whether something can be withdrawn: others than physicians withdraw their own alone."""
    who = _entered_last_by(standing)
    return who is not None and (who == author.name or author.role == "physician")


def _entered_last_by(standing: Standing) -> str | None:
    """Who entered what can be withdrawn now; None where nothing can."""
    try:
        return standing.record.entries[undone(standing).event - 1].by
    except RefusedError:
        return None


def _is_last(before: Standing, number: int) -> bool:
    """Whether an event is the last that can be withdrawn."""
    try:
        return undone(before).event == number
    except RefusedError:
        return False


def _asked(before: Standing, after: Standing, event: Event, author: Author) -> Iterator[Question]:
    """What an event asks: for itself, and where the series would break its law."""
    protocol = before.record.protocol
    state, of_event = before.state, event
    if isinstance(event, Corrected) and event.instead is not None:
        # It is compared with the course without what it corrects.
        state, of_event = _not_done(state, event.instead), event.instead
    now = before.record.opening.clinic.wall_clock(author.now)
    # A physician is asked for the finding that it leads to.
    yield from (
        one
        for one in questions(state, of_event, protocol, now)
        if one.code != "screening-answer" or author.role != "physician"
    )
    yield from hold_questions(of_event, before.record.entries)
    # A distance that is to come is a finding, with its own days to confirm.
    breaches = [
        one for one in unlawful(after.state, protocol) if one.is_done or one.clause != "interval"
    ]
    broken = set(unlawful(before.state, protocol)) if breaches else set()
    shortest = protocol.policy.shortest_interval_days
    yield from (law_questions(one, shortest) for one in breaches if one not in broken)


def _not_done(state: State, event: Event) -> State:
    """A course in which the injections of a record are still to come, whatever came after it."""
    done = event.injections if isinstance(event, Given) else ()
    names = {Named(one.lesion, "injection", one.injection) for one in done}
    slots = {
        name: slot.with_state("planned")._replace(at=None) if name in names else slot
        for name, slot in state.slots.items()
    }
    return state._replace(slots=slots)


def _to_confirm(
    before: Standing, after: Standing, event: Event, author: Author
) -> Iterator[Finding]:
    """What an event leads to and somebody has to confirm; raises NotConfirmedError for errors.

    What was done is recorded as it was, and what that leads to waits for a physician; only a
    distance that is too short and an answer that is a reason to stop are asked for whatever brings
    them about, where a physician records.
    """
    new = list(new_findings(after.state.findings, before.state.findings))
    # A visit without a day is named, and moved later.
    new = [one for one in new if one.code != "no-open-day"]
    if not isinstance(event, CHOICES):
        if author.role == "physician":
            yield from (one for one in new if one.code in ASKED_AT_ONCE)
        return
    errors = [one for one in new if one.severity == "error"]
    fix = said("ask for something else")
    raise_if_any(NotConfirmedError, (Problem(one.code, one.alone, fix) for one in errors))
    yield from new


def new_findings(after: Sequence[Finding], before: Sequence[Finding]) -> Iterator[Finding]:
    """Errors and questions that were not there before, though an old word may answer them."""
    there = {_said(one) for one in before}
    for one in after:
        if one.severity in ("error", "confirm") and _said(one) not in there:
            yield one


def _said(finding: Finding) -> tuple[object, ...]:
    """What a finding says."""
    return finding.code, finding.lesion, finding.due, finding.value, finding.message

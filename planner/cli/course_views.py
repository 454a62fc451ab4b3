"""`planner course list`, `due`, `show`, `history`: what the register says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from planner.cli.register import database_option, json_option, open_register, typed_day
from planner.core.values.formatting import (
    count,
    day,
    listing,
    mg,
    mg_per_ml,
    ml,
    moment,
    percent,
    typed_moment,
)
from planner.errors import Problem, UsageError

if TYPE_CHECKING:
    from planner.app.courses import Changed
    from planner.core.followup.events import Entry
    from planner.core.plan.plan import Plan, PlannedVisit
    from planner.store.day_list import DueVisit
    from planner.store.standing import Standing


@click.command("list")
@click.option(
    "--status",
    type=click.Choice(["planned", "running", "held", "ended"]),
    help="Only those of a status.",
)
@click.option("--patient", metavar="TEXT", help="Only those of a patient, by id or part of it.")
@database_option
@json_option
def list_(status: str | None, patient: str | None, database: str | None, as_json: bool) -> None:
    """Show all courses, or some of them: status, revision, the next visit.

    Example: planner course list --status running
    """
    from planner.cli.output import emit_json, say
    from planner.store.day_list import listed_courses

    register = open_register(database)
    with register.reading() as connection:
        rows = listed_courses(connection, status, patient)
    if as_json:
        emit_json([row._asdict() for row in rows])
        return
    today = date.today().isoformat()
    lines = []
    for row in rows:
        coming = "no visit to come"
        if row.next_visit:
            is_late = row.next_visit < today
            coming = f"{'not recorded since' if is_late else 'next'} {row.next_visit}"
        if row.without_day:
            coming += f", {count(row.without_day, 'visit')} without a day"
        lines.append(
            f"{row.course:14}  {row.status:8}  revision {row.revision:<4}"
            f" patient {row.patient:12}  {coming}"
        )
    say("\n".join([*(lines or ["no courses"]), ""]))


@click.command()
@click.option("--on", metavar="DATE", help="One day.")
@click.option("--from", "first", metavar="DATE", help="The first day of several.")
@click.option("--to", "last", metavar="DATE", help="The last day of several (inclusive).")
@click.option(
    "--week", metavar="DATE", is_flag=False, flag_value="today", help="Seven days from a day."
)
@database_option
@json_option
def due(
    on: str | None,
    first: str | None,
    last: str | None,
    week: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Show the visits to come on a day (today where none is given), and what to prepare in all.

    Example: planner course due --week 2026-09-07
    """
    from planner.cli.output import emit_json, say
    from planner.store.day_list import (
        due_visits,
        held_courses,
        restricted_visits,
        to_prepare,
        without_day,
    )

    days = _days(on, first, last, week)
    register = open_register(database)
    with register.reading() as connection:
        found = due_visits(connection, *days)
        hidden = restricted_visits(connection, *days)
        dayless = without_day(connection)
        held = held_courses(connection)
    needed = to_prepare(found)
    if as_json:
        emit_json(
            {
                "from": days[0],
                "to": days[1],
                "visits": [one.shown for one in found],
                "prepare": needed._asdict(),
                "restricted": hidden,
                "without_day": dayless,
                "held": held,
            }
        )
        return
    lines = [*_due_lines(found)]
    if hidden:
        lines.append(f"{count(hidden, 'visit')} of restricted patients: not shown")
    if dayless:
        lines.append(f"without a day, to be moved: a visit of {', '.join(dayless)}")
    if held:
        lines.append(f"held, until a physician releases them: {', '.join(held)}")
    if found:
        lines += ["", click.style("To prepare in all", bold=True), f"  {needed}"]
    say("\n".join([*(lines or ["no visits"]), ""]))


@click.command()
@click.argument("course", metavar="ID")
@database_option
@json_option
def show(course: str, database: str | None, as_json: bool) -> None:
    """Show a course: how it stands, its visits, its lesions, what happened.

    Example: planner course show K-0042
    """
    from planner.cli.output import emit_json

    standing = _read(course, database)
    if as_json:
        emit_json(show_json(standing))
    else:
        tell_standing(standing)


@click.command()
@click.argument("course", metavar="ID")
@database_option
@json_option
def history(course: str, database: str | None, as_json: bool) -> None:
    """Show the events of a course, each with who entered it, when and why.

    Example: planner course history K-0042
    """
    from planner.cli.output import emit_json, say

    standing = _read(course, database)
    if as_json:
        emit_json(_history(standing.record.entries))
    else:
        say("\n".join([*_history_lines(standing), ""]))


def tell_change(done: Changed, as_json: bool) -> None:
    """What a change led to: what was entered, which visits it moved, what now waits."""
    from planner.cli.output import emit_json, remark, say
    from planner.documents.change_slip import changes_between
    from planner.documents.event_wording import told
    from planner.documents.wording import ENGLISH

    after = done.after
    for one in done.waiting:
        remark(f"waits for a physician: {one.code}: {one.alone}")
    for entry in done.entries:
        for said in entry.confirmations:
            names = listing([*said.lesions, *map(day, said.due)])
            target = f" ({names})" if names else ""
            remark(f"confirmed: {said.finding}{target}: {said.value}")
    for visit in after.plan.coming:
        if visit.choices:
            free = " or ".join(typed_moment(start) for start in visit.choices)
            remark(f"move visit {visit.number} (planner course move): {free}")
    if as_json:
        emit_json(show_json(after), is_done=True)
        return
    lines = [
        click.style(f"Course {after.record.course}, revision {after.state.revision}", bold=True)
    ]
    lines += (f"  {told(one.event, ENGLISH)}" for one in done.entries)
    for what, was, now in changes_between(done.before.plan, after.plan, ENGLISH):
        lines.append(f"  {what}: {now}" + (f"  [was {was}]" if was != "\u2013" else ""))
    say("\n".join([*lines, ""]), is_done=True)


def tell_standing(standing: Standing, *, is_done: bool = False) -> None:
    """A course as a readable time line; `is_done` as for `say`."""
    from planner.cli.output import finding_lines, say

    plan, state = standing.plan, standing.state
    lines = [
        click.style(f"Course {plan.course}, revision {plan.revision}, {state.status}", bold=True),
        f"patient {plan.patient.id}; {plan.protocol.id} {plan.protocol.version};"
        f" {plan.clinic.name or plan.clinic.timezone}",
        *_ending_lines(plan),
        click.style("\nLesions", bold=True),
        *_lesion_lines(standing),
        click.style(
            f"\nVisits (all volumes at {mg_per_ml(plan.protocol.strength_mg_per_ml)})", bold=True
        ),
        *(line for visit in plan.visits for line in _visit_lines(visit)),
    ]
    if plan.findings:
        lines += [click.style("\nFindings", bold=True)]
        lines += finding_lines(plan.findings, list(plan.lesion_ids))
    lines += [click.style("\nHistory", bold=True), *_history_lines(standing), ""]
    say("\n".join(lines), is_done=is_done)


def show_json(standing: Standing) -> dict[str, Any]:
    """A course as programs read it."""
    from planner.files.plan import plan_bytes

    state, plan = standing.state, standing.plan
    return {
        "course": plan.course,
        "status": state.status,
        "revision": state.revision,
        "ending": state.ended.ending if state.ended else None,
        "ended_on": state.ended.on if state.ended else None,
        "plan": json.loads(plan_bytes(plan), parse_float=_exact),
        "lesions": [_lesion(standing, one.id) for one in plan.lesions],
        "outcomes": [
            {
                "after_days": one.after_days,
                "lesions": one.lesions,
                "reduction_percent": one.reduction_percent,
                "reference_percent": one.reference_percent,
            }
            for one in _outcomes(standing)
        ],
        "history": _history(standing.record.entries),
    }


def _exact(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)


def _read(course: str, database: str | None) -> Standing:
    from planner.store.standing import read_standing

    with open_register(database).reading() as connection:
        return read_standing(connection, course)


def _days(
    on: str | None, first: str | None, last: str | None, week: str | None
) -> tuple[date, date]:
    """The first and last day that are asked for; today where none is."""
    asked = [name for name, value in (("--on", on), ("--from", first), ("--week", week)) if value]
    if len(asked) > 1 or (last and not first):
        problem = (
            f"{' and '.join(asked)} were both given" if len(asked) > 1 else "--to stands alone"
        )
        fix = "give --on, --week, or --from with --to"
        raise UsageError(Problem("", problem, fix))
    if on:
        return (typed_day(on, "--on"),) * 2
    if first:
        start = typed_day(first, "--from")
        end = typed_day(last, "--to") if last else start
        if end < start:
            raise UsageError(Problem("--to", f"{end} is before {start}", "swap the days"))
        return start, end
    if week:
        start = date.today() if week == "today" else typed_day(week, "--week")
        return start, start + timedelta(days=6)
    return (date.today(),) * 2


def _due_lines(found: Sequence[DueVisit]) -> Iterator[str]:
    last = None
    for one in found:
        if one.day != last:
            yield click.style(f"{'' if last is None else chr(10)}{day(one.day)}", bold=True)
            last = one.day
        clash = "  ! more visits than room at this time" if one.is_crowded else ""
        who = f"{one.name or one.patient}, {one.course}"
        yield f"  {one.hours}  {who}  {one.what}  {one.volume}{clash}".rstrip()


def _ending_lines(plan: Plan) -> Iterator[str]:
    from planner.documents.wording import ending_lines

    yield from (click.style(line, bold=True) for line in ending_lines(plan))


def _lesion_lines(standing: Standing) -> Iterator[str]:
    from planner.documents.wording import outcome_line, where

    for lesion, decision in zip(standing.plan.lesions, standing.plan.decisions, strict=True):
        found = _lesion(standing, lesion.id)
        injections = f"{found['given']} given, {found['remaining']} to come"
        if found["missed"]:
            injections += f", {found['missed']} missed"
        held = f", HELD since {day(lesion.held_since)}" if lesion.held_since else ""
        yield (f"  {lesion.id}  {where(lesion)}: {decision.regimen}, injections {injections}{held}")
        for _, one in _looks(standing.plan, lesion.id):
            if one.result is not None:
                yield f"       {day(one.result.on)}: {outcome_line(one.result)}"
    for one in _outcomes(standing):
        if one.reduction_percent is not None:
            reference = (
                ""
                if one.reference_percent is None
                else f"; the source's cases: {percent(one.reference_percent)}, a reference"
            )
            yield (
                f"  after {one.after_days} days: mean reduction {percent(one.reduction_percent)}"
                f" of {count(one.lesions, 'lesion')}{reference}"
            )


def _visit_lines(visit: PlannedVisit) -> Iterator[str]:
    from planner.documents.wording import given_line

    when = moment(visit.start) if visit.start else f"no day found (due {day(visit.due)})"
    yield f"  {visit.number:2}  {when:21}  {' and '.join(visit.purposes)}: {visit.state}"
    for one in visit.injections:
        if one.given is not None:
            yield from (f"        {one.lesion} {line}" for line in given_line(one))
        elif one.state == "missed" and visit.state != "missed":
            yield f"        {one.lesion}: injection {one.injection} was missed"
        elif one.dose_mg is None or one.drawn_ml is None or one.drawn_mg is None:
            yield f"        {one.lesion}: dose open"
        else:
            drawn = f"{ml(one.drawn_ml)} ({mg(one.drawn_mg)})"
            yield f"        {one.lesion}: {mg(one.dose_mg)}, draw {drawn}"
    for look in visit.evaluations:
        if look.result is None:
            yield f"        {look.lesion}: measure"


def _history_lines(standing: Standing) -> Iterator[str]:
    from planner.documents.event_wording import told
    from planner.documents.wording import ENGLISH

    zone = ZoneInfo(standing.plan.clinic.timezone)
    for one in standing.record.entries:
        yield f"  {one.number:3}  {told(one.event, ENGLISH)}"
        reason = f": {one.reason}" if one.reason else ""
        yield f"       entered {moment(one.at.astimezone(zone))} by {one.by}{reason}"


def _lesion(standing: Standing, lesion: str) -> dict[str, Any]:
    """How a lesion stands: its injections counted, its evaluations in the order of their days."""
    slots = [
        slot
        for name, slot in standing.state.slots.items()
        if name.lesion == lesion and name.purpose == "injection"
    ]
    decision = next(one for one in standing.plan.decisions if one.lesion == lesion)
    return {
        "lesion": lesion,
        "regimen": decision.regimen,
        "given": sum(slot.state == "done" for slot in slots),
        "remaining": sum(slot.state in ("open", "waiting") for slot in slots),
        "missed": sum(slot.state == "missed" for slot in slots),
        "held": lesion in standing.state.held,
        "held_since": standing.state.held.get(lesion),
        "evaluations": [
            {
                "visit": visit.number,
                "date": one.result.on,
                "size_mm": one.result.size_mm,
                "reduction_percent": one.result.reduction_percent,
                "remission": one.result.remission,
                "pain": one.result.pain,
                "pain_change": one.result.pain_change,
                "ulcerated": one.result.ulcerated,
            }
            for visit, one in _looks(standing.plan, lesion)
            if one.result is not None
        ],
    }


def _looks(plan: Plan, lesion: str) -> Iterator[tuple[PlannedVisit, Any]]:
    for visit in plan.visits:
        for one in visit.evaluations:
            if one.lesion == lesion:
                yield visit, one


def _outcomes(standing: Standing) -> list[Any]:
    from planner.core.followup.series import outcomes

    return list(outcomes(standing.plan))


def _history(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Each event with what it says; times of the clinic are `time`, `at` is when it was entered."""
    from planner.core.followup.events import kind_of

    return [
        {
            "event": one.number,
            "kind": kind_of(one.event),
            "at": one.at.isoformat(),
            "by": one.by,
            "reason": one.reason,
            **_facts(one.event),
            **_times(one),
            **({"confirmations": list(one.confirmations)} if one.confirmations else {}),
        }
        for one in entries
    ]


def _times(entry: Entry) -> dict[str, Any]:
    """The times of all visits that an event left to come, where it set them."""
    if entry.settled is None:
        return {}
    return {"scheduled": [one._asdict() for one in entry.settled.scheduled]}


def _facts(event: Any) -> dict[str, Any]:
    """What an event says, under names that its envelope does not have."""
    from planner.core.followup.events import Corrected, Migrated, Planned

    if isinstance(event, Planned):
        return {"lesions": [one.id for one in event.course.lesions]}
    if isinstance(event, Migrated):
        return {"known": event.known}
    if isinstance(event, Corrected):
        instead = None if event.instead is None else _facts(event.instead)
        return {"corrects": event.event, "instead": instead}
    facts = event._asdict()
    return {"time" if name == "at" else name: _told(value) for name, value in facts.items()}


def _told(value: Any) -> Any:
    """Records of an event as plain JSON."""
    from planner.core.values.quantities import Dose

    if isinstance(value, Dose):
        return value.mg
    if hasattr(value, "_fields"):
        return {name: _told(getattr(value, name)) for name in value._fields}
    return [_told(one) for one in value] if isinstance(value, tuple) else value

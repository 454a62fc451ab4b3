"""`planner course list`, `due`, `show`, `history`: what the register says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from planner.cli.register import (
    check_in_order,
    database_option,
    json_option,
    open_register,
    role,
    typed_day,
)
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
    from planner.app.queries import Days
    from planner.core.plan.plan import Plan, PlannedVisit
    from planner.store.database import Database
    from planner.store.day_list import DueVisit
    from planner.store.standing import Standing


@click.command("list")
@click.option(
    "--status",
    type=click.Choice(["planned", "running", "held", "ended"]),
    help="Only those of a status.",
)
@click.option("--patient", metavar="TEXT", help="Only those of a patient, by id or part of it.")
@click.option("--clinic", metavar="ID", help="Only those of a clinic.")
@database_option
@json_option
def list_(
    status: str | None,
    patient: str | None,
    clinic: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Show all courses, or some of them: status, revision, the next visit.

    Example: planner course list --status running
    """
    from planner.app.queries import courses_listed
    from planner.cli.output import emit_json, say

    register = open_register(database)
    rows = courses_listed(register, role(), status, patient, clinic=clinic)
    if as_json:
        emit_json(rows)
        return
    # Never said to be late while its day is not over at its clinic.
    today = _days_now(register, clinic if rows else None)[0].isoformat()
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
    from planner.app.queries import days_listed
    from planner.cli.output import emit_json, say

    asked, register = _days(on, first, last, week), open_register(database)
    days = asked or _days_now(register)
    if week == "today":
        days = days[0], days[1] + timedelta(days=6)
    found = days_listed(register, role(), *days)
    if as_json:
        emit_json(
            {
                "from": found.first,
                "to": found.last,
                "visits": [one.shown for one in found.visits],
                "prepare": found.prepare,
                "restricted": found.restricted,
                "without_day": found.without_day,
                "held": found.held,
            }
        )
        return
    say("\n".join([*(_days_lines(found) or ["no visits"]), ""]))


@click.command()
@click.argument("course", metavar="ID")
@database_option
@json_option
def show(course: str, database: str | None, as_json: bool) -> None:
    """Show a course: how it stands, its visits, its lesions, what happened.

    Example: planner course show K-0042
    """
    from planner.app.course_json import course_json
    from planner.cli.output import emit_json

    standing = _read(course, database)
    if as_json:
        emit_json(course_json(standing))
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
    from planner.app.course_json import history_json
    from planner.cli.output import emit_json, say

    standing = _read(course, database)
    if as_json:
        emit_json(history_json(standing.record.entries))
    else:
        say("\n".join([*_history_lines(standing), ""]))


def tell_change(done: Changed, as_json: bool) -> None:
    """What a change led to: what was entered, which visits it moved, what now waits."""
    from planner.app.course_json import course_json
    from planner.cli.output import emit_json, remark, say
    from planner.documents.change_slip import changes_between
    from planner.documents.event_wording import told
    from planner.documents.wording import ENGLISH

    after = done.after
    for one in done.waiting:
        remark(f"waits for a physician: {one.code}: {one.alone}")
    for left in done.cautions:
        remark(f"caution: {left}")
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
        emit_json(course_json(after), is_done=True)
        return
    lines = [
        click.style(f"Course {after.record.course}, revision {after.state.revision}", bold=True)
    ]
    lines += (f"  {told(one.event, ENGLISH)}" for one in done.entries)
    for what, was, now in changes_between(done.before.plan, after.plan, ENGLISH):
        lines.append(f"  {what}: {now}" + (f"  [was {was}]" if was is not None else ""))
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


def _read(course: str, database: str | None) -> Standing:
    from planner.app.queries import course_standing

    return course_standing(open_register(database), role(), course)


def _days_now(register: Database, clinic: str | None = None) -> tuple[date, date]:
    """The first and the last day that it is now at a clinic of the register."""
    from planner.app.queries import days_now

    return days_now(register, role(), datetime.now(UTC), clinic)


def _days(
    on: str | None, first: str | None, last: str | None, week: str | None
) -> tuple[date, date] | None:
    """The first and last day that are asked for; None for today, or the week from it."""
    asked = [name for name, value in (("--on", on), ("--from", first), ("--week", week)) if value]
    alone = "--from" if first else "--to"
    if len(asked) > 1 or bool(first) != bool(last):
        problem = (
            f"{' and '.join(asked)} were both given" if len(asked) > 1 else f"{alone} stands alone"
        )
        fix = "give --on, --week, or --from with --to"
        raise UsageError(Problem("", problem, fix))
    if on:
        return (typed_day(on, "--on"),) * 2
    if first and last:
        start, end = typed_day(first, "--from"), typed_day(last, "--to")
        check_in_order(start, end)
        return start, end
    if week and week != "today":
        start = typed_day(week, "--week")
        return start, start + timedelta(days=6)
    return None


def _days_lines(found: Days) -> list[str]:
    lines = [*_due_lines(found.visits)]
    if found.restricted:
        lines.append(f"{count(found.restricted, 'visit')} of restricted patients: not shown")
    if found.without_day:
        lines.append(f"without a day, to be moved: a visit of {', '.join(found.without_day)}")
    if found.held:
        lines.append(f"held, until a physician releases them: {', '.join(found.held)}")
    if found.visits:
        from planner.documents.day_list import in_all
        from planner.documents.language import language

        prepare = "; ".join(in_all(found.prepare, language("en")))
        lines += ["", click.style("To prepare in all", bold=True), f"  {prepare}"]
    return lines


def _due_lines(found: Sequence[DueVisit]) -> Iterator[str]:
    last = None
    for one in found:
        if one.day != last:
            yield click.style(f"{'' if last is None else chr(10)}{day(one.day)}", bold=True)
            last = one.day
        clash = "  ! more visits than room at this time" if one.is_crowded else ""
        waits = "  ! waits for a physician" if one.waits else ""
        who = f"{one.name or one.patient}, {one.course}"
        yield f"  {one.hours}  {who}  {one.what}  {one.volume}{waits}{clash}".rstrip()


def _ending_lines(plan: Plan) -> Iterator[str]:
    from planner.documents.wording import ending_lines

    yield from (click.style(line, bold=True) for line in ending_lines(plan))


def _lesion_lines(standing: Standing) -> Iterator[str]:
    from planner.app.course_json import injections_counted, looks
    from planner.core.followup.course_outcomes import outcomes
    from planner.documents.wording import outcome_line, where

    for lesion in standing.plan.lesions:
        found = injections_counted(standing, lesion.id)
        injections = f"{found.given} given, {found.remaining} to come"
        if found.missed:
            injections += f", {found.missed} missed"
        held = f", HELD since {day(lesion.held_since)}" if lesion.held_since else ""
        yield (f"  {lesion.id}  {where(lesion)}: {found.regimen}, injections {injections}{held}")
        for _, one in looks(standing.plan, lesion.id):
            if one.result is not None:
                yield f"       {day(one.result.on)}: {outcome_line(one.result)}"
    for mean in outcomes(standing.plan):
        if mean.reduction_percent is not None:
            reference = (
                ""
                if mean.reference_percent is None
                else f"; the source's cases: {percent(mean.reference_percent)}, a reference"
            )
            yield (
                f"  after {mean.after_days} days: mean reduction {percent(mean.reduction_percent)}"
                f" of {count(mean.lesions, 'lesion')}{reference}"
            )


def _visit_lines(visit: PlannedVisit) -> Iterator[str]:
    from planner.documents.wording import given_line

    when = moment(visit.start) if visit.start else f"no day found (due {day(visit.due)})"
    yield f"  {visit.number:2}  {when:21}  {' and '.join(visit.purposes)}: {visit.state}"
    for one in visit.injections:
        if one.given is not None:
            yield from (f"        {one.lesion} {line}" for line in given_line(one))
        elif one.state in ("missed", "cancelled"):
            yield f"        {one.lesion}: injection {one.injection} was {one.state}"
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

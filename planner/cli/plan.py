"""`planner plan`: a course file in, a plan and its documents out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planner.cli.papers import first_label_option, progress, say_zone_rules
from planner.cli.paths import PATH
from planner.core.plan.plan import Plan, PlannedVisit
from planner.core.values.formatting import mg, mg_per_ml, ml, mm, moment, typed_moment
from planner.errors import NotConfirmedError, Noted, Problem

if TYPE_CHECKING:
    from planner.app.planning import NamedFile
    from planner.core.calendar.occupancy import Busy
    from planner.core.plan.findings import Finding

# The end of 2099.
MOST_SECONDS = 4_102_444_800


@click.command()
@click.argument("course", type=PATH)
@click.option("--clinic", type=PATH, help="The clinic's file.")
@click.option("--timezone", metavar="ZONE", help="Without a clinic file: its time zone.")
@click.option(
    "--busy",
    type=PATH,
    multiple=True,
    help="A calendar file of what is taken; may be repeated.",
)
@click.option("--busy-caldav", metavar="URL", help="A calendar on a server, of what is taken.")
@click.option("--since", type=PATH, help="An earlier plan.json: its visits' numbers, changes.ics.")
@click.option("--out", type=PATH, help="Folder; ./COURSE-ID if left out.")
@click.option("--draft", is_flag=True, help="Sheet and worksheets, unconfirmed, marked DRAFT.")
@first_label_option
@click.option("--json", "as_json", is_flag=True, help="Print plan.json; files only with --out.")
def plan(
    course: Path,
    clinic: Path | None,
    timezone: str | None,
    busy: tuple[Path, ...],
    busy_caldav: str | None,
    since: Path | None,
    out: Path | None,
    draft: bool,
    first_label: int,
    as_json: bool,
) -> None:
    """Plan a course: regimens, doses, visits, calendars and papers.

    Exit code 12 where a finding waits for a physician; the blocks to paste are printed.

    Example: planner plan course.toml --clinic clinic.toml
    """
    from planner.cli.output import say
    from planner.cli.sources import read_sources
    from planner.files.plan import plan_bytes

    sources = read_sources(course, clinic, timezone)
    made, before, folder = _planned(sources, timezone, (busy, busy_caldav), since, out)
    say(plan_bytes(made).decode() if as_json else "\n".join([*summary(made), ""]))
    _say_remarks(made)
    _stop_unless_printable(made, draft)
    if as_json and out is None:
        return
    files = _write(made, folder, before, draft, first_label)
    if not as_json:
        say(f"\nFiles in {folder}/\n  {' '.join(files)}\n", is_done=True)


def _planned(
    sources: tuple[NamedFile, NamedFile | None],
    timezone: str | None,
    busy: tuple[Sequence[Path], str | None],
    since: Path | None,
    out: Path | None,
) -> tuple[Plan, Plan | None, Path]:
    """The plan, that which it replaces, and its folder. Raises all that is wrong with the files."""
    from planner.app.planning import issued_into, planned, read_inputs, taken_times
    from planner.cli.sources import busy_calendars, earlier_plan

    noted, inputs, before = Noted(), None, None
    taken: Sequence[Busy] = ()
    with noted.noting():
        inputs = read_inputs(*sources, timezone)
    if since is not None:
        with noted.noting():
            before = earlier_plan(since, inputs.course if inputs else None)
    if any(busy):
        with noted.noting():
            taken = taken_times(inputs, busy_calendars(*busy, inputs), before)
    if inputs is not None:
        folder = out or Path(inputs.course.id)
        # Around what could be read: what is wrong with the course's days is told with the rest.
        with noted.noting(sources[0].name):
            made = planned(inputs, taken, before, issued_into(folder))
            if not noted.problems:
                return made, before, folder
    noted.check()
    raise AssertionError("what could not be planned has a problem")


def _write(
    made: Plan, folder: Path, before: Plan | None, draft: bool, first_label: int
) -> tuple[str, ...]:
    """Make the documents of a plan into its folder; their names."""
    # What makes them is loaded for who wants them alone.
    from planner.app.issued_folder import write_plan
    from planner.core.plan.plan import PLAN_NAME

    report, stamp = progress(made), issue_time()
    written = write_plan(
        made, folder, before, stamp, is_draft=draft, first_label=first_label, report=report
    )
    if written.same is not None:
        say_zone_rules(written.same, folder / PLAN_NAME)
    return written.files


def _say_remarks(made: Plan) -> None:
    """Say what confirms nothing, and where the calendars cannot name the clinic's zone."""
    from planner.documents.timezones import vtimezone

    for remark in made.remarks:
        click.echo(remark, err=True)
    years = [visit.due.year for visit in made.visits]
    if vtimezone(made.clinic.timezone, min(years), max(years)) is None:
        text = f"The calendars give UTC instants: no yearly rule can say {made.clinic.timezone}."
        click.echo(text, err=True)


def summary(made: Plan) -> Iterator[str]:
    """What a physician checks at a glance: regimens, visits, findings."""
    from planner.cli.output import finding_lines
    from planner.documents.wording import draw_up, grounds, where

    strength = mg_per_ml(made.protocol.strength_mg_per_ml)
    protocol = f"{made.protocol.id} {made.protocol.version}"
    yield click.style(f"Course {made.course}, revision {made.revision}, {protocol}", bold=True)
    yield f"{len(made.visits)} visits from {moment(made.first_visit)} ({made.clinic.timezone})"
    yield click.style("\nLesions", bold=True)
    for lesion, decision in zip(made.lesions, made.decisions, strict=True):
        state = "ulcerated" if lesion.ulcerated else "not ulcerated"
        regimen = click.style(decision.regimen, bold=True)
        yield f"  {lesion.id}  {where(lesion)}, {mm(lesion.size_mm)}, {state}: {regimen}"
    for row in grounds(made):
        yield click.style(f"  {row.lesions}: {row.regimen}", bold=True)
        yield f"     rule {row.rule}, {row.evidence}: {row.because}"
    yield click.style(f"\nVisits (all volumes at {strength})", bold=True)
    yield f"  {draw_up(made)}"
    for visit in made.visits:
        yield from _visit_lines(made, visit)
    if made.supplies.vials is not None and made.supplies.wasted_ml is not None:
        yield f"  vials in all: {made.supplies.vials}, {ml(made.supplies.wasted_ml)} left over"
    yield click.style("\nFindings", bold=True)
    yield from finding_lines(made.findings, list(made.lesion_ids))
    if not made.findings:
        yield "  none"


def _visit_lines(made: Plan, visit: PlannedVisit) -> Iterator[str]:
    from planner.documents.wording import moved_line, preparation_lines

    when = moment(visit.start) if visit.start else f"no day found (due {visit.due})"
    yield f"  {visit.number:2}  {when:21}  {' and '.join(visit.purposes)}"
    for one in visit.injections:
        if one.dose_mg is None:
            yield f"        {one.lesion}: dose not given"
        elif one.drawn_ml is None or one.drawn_mg is None:
            yield f"        {one.lesion}: {mg(one.dose_mg)}, not drawable"
        else:
            drawn = f"draw {ml(one.drawn_ml)} ({mg(one.drawn_mg)})"
            yield f"        {one.lesion}: {mg(one.dose_mg)}, {drawn}"
    if len(visit.injections) > 1 and visit.total_drawn_ml is not None:
        total = f"{ml(visit.total_drawn_ml)} ({mg(visit.total_drawn_mg or 0)})"
        yield f"        together: {mg(visit.total_dose_mg or 0)}, drawn {total}"
    if visit.preparation is not None and visit.preparation.diluent_ml:
        yield from (f"        {line}" for line in preparation_lines(made, visit))
    yield from (f"        {line}" for line in moved_line(visit))


def issue_time() -> datetime:
    """The time of issue: SOURCE_DATE_EPOCH where it is set, else now."""
    import os

    from planner.errors import UsageError

    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        if not 0 <= int(epoch) < MOST_SECONDS:
            raise ValueError("no time of a calendar's reach")
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        fix = "give whole seconds since 1970"
        raise UsageError(Problem("SOURCE_DATE_EPOCH", f"{epoch!r} is no time", fix)) from error


@contextmanager
def how_to_paste(made: Plan) -> Iterator[None]:
    """End what stops a plan with the blocks to paste into the course file."""
    try:
        yield
    except NotConfirmedError as error:
        error.problems = (*error.problems, *_to_paste(made))
        raise


def _stop_unless_printable(made: Plan, draft: bool) -> None:
    from planner.app.planning import check_can_be_issued

    if draft and not made.has_errors:
        return
    with how_to_paste(made):
        check_can_be_issued(made)


def _to_paste(made: Plan) -> Iterator[Problem]:
    """The blocks for the course file: moves to choose from, confirmations to fill in."""
    for visit in made.visits:
        if visit.choices:
            blocks = "\n".join(
                f'[[move]]\nfrom = {visit.due}\nto = "{typed_moment(start)}"\n'
                for start in visit.choices
            )
            text = f"visit {visit.number} has no day; paste one of these into the course file"
            yield Problem("", f"{text}:\n\n{blocks}")
    yield from to_confirm(made.findings)


def to_confirm(findings: Sequence[Finding]) -> Iterator[Problem]:
    """The blocks by which the course file confirms findings, if any waits."""
    from planner.core.plan.findings import confirm_blocks

    if blocks := confirm_blocks(findings):
        text = "to confirm, paste this into the course file and fill in who and why"
        yield Problem("", f"{text}:\n\n{blocks}")

"""A day's visits entered from their worksheets: as planned by one key, else lesion by lesion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from planner.cli.changing import Change
from planner.cli.course_visit import as_asked, asked_events, measured
from planner.cli.prompts import ask
from planner.cli.register import open_register, role, typed_text
from planner.core.values.formatting import moment
from planner.errors import InputError, NotConfirmedError, Problem

if TYPE_CHECKING:
    from fractions import Fraction

    from planner.app.administration import Circumstances
    from planner.app.courses import Make
    from planner.core.plan.plan import PlannedVisit
    from planner.store.standing import Standing

PLANNED, ONE_BY_ONE, MISSED, SKIP = "p", "l", "m", "s"


class Vials(dict[str, str | None]):
    """The lot and expiry of the visit before, which the next one mostly has too."""


def record_visit(change: Change, number: int, vials: Vials) -> bool:
    """Ask for a visit and write it; whether anything was written.

    Raises NotConfirmedError where nothing was said of it, and nobody chose to skip it.
    """
    from planner.app.administration import visit_of
    from planner.app.queries import course_to_record

    standing = course_to_record(open_register(change.database), role(), change.course)
    planned = visit_of(standing, number)
    left = planned.as_it_stands
    _head(standing, left)
    how = ask(_question(left), _choice)
    if how == SKIP:
        return False
    seen = change._replace(if_revision=standing.state.revision)
    if how == MISSED:
        _missed(seen, number, ask("  Why", _reason))
        return True
    makes = list(
        _as_planned(standing, left, vials)
        if how == PLANNED
        else asked_events(standing, planned, [])
    )
    if not makes:
        why = ask("  Nothing was done: why (empty: record nothing)", _reason, optional=True)
        if why is None:
            raise NotConfirmedError(Problem("", "nothing was said of it", "enter it later"))
        _missed(seen, number, why)
        return True
    with as_asked():
        _made(seen, makes)
    return True


def _missed(change: Change, number: int, reason: str | None) -> None:
    from planner.app.administration import missed

    change.make(lambda now: missed(now, number), of="missed", reason=reason)


def _reason(text: str) -> str | None:
    return typed_text(text, "reason")


def _made(seen: Change, makes: list[Make]) -> None:
    """Write a visit; what it asks is put with its figures, and answered for this visit alone."""
    from planner.app.asked import AskedError

    try:
        seen.make(*makes, of="given")
    except AskedError as error:
        for one in error.asked:
            click.echo(f"  asked: {one.problem}", err=True)
        why = ask("  Why it is so all the same (empty: record nothing)", _reason, optional=True)
        if why is None:
            raise
        seen._replace(confirm=why).make(*makes, of="given")


def _head(standing: Standing, visit: PlannedVisit) -> None:
    """Two identifiers, and what is left to be done."""
    patient = standing.plan.patient
    who = ", ".join(part for part in (patient.name, patient.id) if part)
    when = moment(visit.start) if visit.start else "no day"
    doses = "; ".join(_dose(one.lesion, one.drawn_ml, one.dose_mg) for one in visit.injections)
    click.echo(f"\n{when}  {who}  course {standing.record.course}, visit {visit.number}", err=True)
    click.echo(f"  planned: {doses or 'evaluation'}", err=True)
    for one in standing.plan.hindering:
        click.echo(f"  waits for a physician: {one.alone}", err=True)


def _dose(lesion: str, drawn: Fraction | None, dose: Fraction | None) -> str:
    from planner.core.values.formatting import mg, ml

    if drawn is None or dose is None:
        return f"{lesion} dose open"
    return f"{lesion} {mg(dose)} ({ml(drawn)})"


def _question(visit: PlannedVisit) -> str:
    first = "sizes, then all as planned" if visit.evaluations else "all as planned"
    keys = f"{PLANNED}: {first}; {ONE_BY_ONE}: lesion by lesion; {MISSED}: missed; {SKIP}: skip"
    return f"  How ({keys})"


def _choice(text: str) -> str:
    key = text.strip().lower()
    if key not in (PLANNED, ONE_BY_ONE, MISSED, SKIP):
        raise InputError(Problem("", f"{text!r} is none of them", "type one letter"))
    return key


def _as_planned(standing: Standing, left: PlannedVisit, vials: Vials) -> Iterator[Make]:
    """Sizes, then all that is left to be injected as it is planned, with its vial."""
    from planner.app.administration import evaluated, given_as_planned
    from planner.app.courses import as_it_is

    lesions = {one.id: one for one in standing.plan.lesions}
    for look in left.evaluations:
        if found := measured(lesions[look.lesion]):
            yield as_it_is(evaluated(standing, left.number, look.lesion, found))
    if left.injections:
        yield as_it_is(given_as_planned(standing, left.number, _vial(vials)))


def _vial(vials: Vials) -> Circumstances:
    from planner.cli.course_changes import circumstances

    for name, question in (("lot", "Lot"), ("expiry", "Expiry, as 2027-03")):
        before = vials.get(name)
        hint = f"empty: {before}; -: none" if before else "may be empty"

        def checked(text: str, name: str = name) -> str:
            if text != "-":
                circumstances(None, *((text, None) if name == "lot" else (None, text)))
            return text

        said = ask(f"  {question} ({hint})", checked, optional=True)
        vials[name] = None if said == "-" else said or before
    return circumstances(None, vials["lot"], vials["expiry"])

"""`planner course visit`: a whole worksheet entered in one go, lesion by lesion."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from planner.cli.changing import Change, changing
from planner.cli.course_changes import circumstances, observe_option, typed_observation
from planner.cli.lazy import rename_fields
from planner.cli.prompts import ask
from planner.cli.register import (
    open_register,
    role,
    typed_figure,
    typed_text,
    visit_option,
)
from planner.core.values.formatting import mg, ml, mm, moment
from planner.errors import InputError, PlannerError, Problem, RefusedError
from planner.files.figures import MG, ML, SIZE_MM, VAS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planner.app.administration import Amount, Circumstances, Felt, Measurement
    from planner.app.courses import Make
    from planner.core.plan.plan import Observed, PlannedInjection, PlannedLesion, PlannedVisit
    from planner.store.standing import Standing


# What a field of a record is called when it is asked for.
_QUESTIONS = {"at": "When", "size_mm": "Size", "expiry": "Expiry", "lot": "Lot", "dose": "Given"}


@click.command()
@changing
@visit_option
@observe_option
def visit(change: Change, visit: int, observe: tuple[str, ...]) -> None:
    """Ask for all of a visit in one go: sizes first, then what each lesion was given.

    All answers are written together, or none; refused where the course moved on meanwhile.

    Example: planner course visit K-0042 --visit 1 --by "Nurse B"
    """
    from planner.app.administration import observed_at, visit_of
    from planner.app.course_json import course_json
    from planner.app.queries import course_to_record
    from planner.cli.output import emit_json

    standing = course_to_record(open_register(change.database), role(), change.course)
    planned = visit_of(standing, visit)
    when = moment(planned.start) if planned.start else "no day"
    click.echo(f"Course {change.course}, visit {visit}, {when}", err=True)
    said = [typed_observation(text, None) for text in observe]
    to_inject = [one.lesion for one in planned.injections if one.state != "done"]
    observed_at(standing, to_inject, said)
    if said and not to_inject:
        problem = Problem("--observe", "no injection is left to be recorded", "leave it out")
        raise InputError(problem)
    makes = list(asked_events(standing, planned, said))
    if not makes:
        raise RefusedError(Problem("", "nothing was entered", "enter a size or a dose"))
    if ask("\nWrite it? (yes or no; empty: yes)", _yes_or_no, optional=True) is False:
        click.echo("nothing was recorded", err=True)
        if change.as_json:
            emit_json(course_json(standing))
        return
    # Whoever asked saw this revision; another one is another visit.
    seen = change.if_revision if change.if_revision is not None else standing.state.revision
    with as_asked():
        change._replace(if_revision=seen).make(*makes, of="given")


@contextmanager
def as_asked() -> Iterator[None]:
    """Name what is wrong by its question: there was no option."""
    try:
        yield
    except PlannerError as error:
        rename_fields(error, _QUESTIONS)
        raise


def asked_events(
    standing: Standing, visit: PlannedVisit, observed: Sequence[Observed]
) -> Iterator[Make]:
    """The events of a visit, as they are answered for."""
    from planner.app.administration import clinics_time, evaluated, given
    from planner.app.courses import as_it_is

    def hour(text: str) -> Any:
        return clinics_time(standing, _typed_hour(text), "When")

    at = ask(f"When ({_planned_time(visit)}; empty: then)", hour, optional=True)
    lesions = {one.id: one for one in standing.plan.lesions}
    for look in visit.evaluations:
        if look.result is None and (found := measured(lesions[look.lesion])):
            seen = found._replace(at=at)
            yield as_it_is(evaluated(standing, visit.number, look.lesion, seen))
    amounts = [
        (one.lesion, amount, _felt())
        for one in visit.injections
        if one.state != "done" and (amount := _amount(one, lesions[one.lesion]))
    ]
    if observed and not amounts:
        problem = "nothing was injected that this could be noted of"
        raise InputError(Problem("--observe", problem, "enter what was given, or leave it out"))
    if amounts:
        names = [lesion for lesion, _, _ in amounts]
        noted = _noted()
        noticed = _observed(standing, names, observed)
        noted = noted._replace(at=at, observed=tuple(noticed))
        yield as_it_is(given(standing, visit.number, amounts, noted))


def measured(lesion: PlannedLesion) -> Measurement | None:
    """Ask what was seen of a lesion; None where it was not measured."""
    from planner.app.administration import Measurement

    place = " ".join(part for part in (lesion.side, lesion.site) if part)
    click.echo(f"\nMeasure {lesion.id}, {place} ({mm(lesion.size_mm)} at the start)", err=True)
    size = ask(
        "  Size in mm (0: gone; empty: not measured)",
        lambda text: typed_figure(text, SIZE_MM, "size"),
        optional=True,
    )
    if size is None:
        return None
    ulcerated = ask("  Ulcerated (yes, no; empty: not said)", _yes_or_no, optional=True)
    pain = ask("  Pain 0 to 10 (may be empty)", _vas, optional=True)
    return Measurement(size, ulcerated, pain)


def _amount(planned: PlannedInjection, lesion: PlannedLesion) -> Amount | None:
    place = " ".join(part for part in (lesion.side, lesion.site) if part)
    click.echo(f"\nInject {lesion.id}, {place}, {_dose(planned)}", err=True)
    choice = "mg or mL with its unit; empty: not given"
    if planned.dose_mg is not None and planned.drawn_ml is not None:
        choice = f"p: as planned; {choice}"

    def read(text: str) -> Amount:
        return _typed_amount(text, planned)

    found: Amount | None = ask(f"  Given ({choice})", read, optional=True)
    return found


def _dose(planned: PlannedInjection) -> str:
    if planned.dose_mg is None or planned.drawn_ml is None or planned.drawn_mg is None:
        return "dose open"
    drawn = f"{ml(planned.drawn_ml)} ({mg(planned.drawn_mg)})"
    return f"planned {mg(planned.dose_mg)}: draw {drawn}"


def _typed_amount(text: str, planned: PlannedInjection) -> Amount:
    """`p`, `57.5 mg`, `0.38 mL`: never a bare number, which could be either."""
    from planner.app.administration import Amount

    if text.lower() in ("p", "planned") and planned.dose_mg is not None:
        return Amount(mg=_as_decimal(planned.dose_mg))
    if re.search(r"mg\s*$", text):
        return Amount(mg=typed_figure(text, MG, "dose"))
    if re.search(r"m[lL]\s*$", text):
        return Amount(ml=typed_figure(text, ML, "volume"))
    raise InputError(Problem("", f"{text!r} has no unit", "write 57.5 mg or 0.38 mL"))


def _as_decimal(value: Any) -> Any:
    from planner.core.values.formatting import decimal

    return decimal(value)


def _felt() -> Felt:
    """What the lesion felt like."""
    from planner.app.administration import Felt

    return Felt(
        pain_before=ask("  Pain before, 0 to 10 (may be empty)", _vas, optional=True),
        pain_after=ask("  Pain after, 0 to 10 (may be empty)", _vas, optional=True),
        complication=ask("  Complication (may be empty)", _text, optional=True),
    )


def _vas(answer: str) -> Any:
    return typed_figure(answer, VAS, "pain")


def _text(answer: str) -> Any:
    return typed_text(answer, "complication")


def _noted() -> Circumstances:
    click.echo("\nFor all of them", err=True)
    lot = ask("  Lot (may be empty)", _text, optional=True)

    def checked(answer: str) -> Any:
        return circumstances(None, None, answer).expiry

    return circumstances(
        None, lot, ask("  Expiry, as 2027-03 (may be empty)", checked, optional=True)
    )


def _observed(
    standing: Standing, lesions: Sequence[str], said: Sequence[Observed]
) -> list[Observed]:
    """What was noted, with what else there is, one after the other; each is checked at once."""
    from planner.app.administration import observed_at

    found = [*said]

    def read(text: str) -> Observed:
        lesion, colon, rest = text.partition(":")
        is_of_one = bool(colon) and lesion.strip() in lesions
        one = typed_observation(rest if is_of_one else text, lesion.strip() if is_of_one else None)
        return observed_at(standing, lesions, [*found, one])[-1]

    question = "  Noted (as refill-before=2, or A: refill-before=2; empty: no more)"
    while (one := ask(question, read, optional=True)) is not None:
        found.append(one)
    return found


def _planned_time(visit: PlannedVisit) -> str:
    return f"planned {visit.start:%Y-%m-%d %H:%M}" if visit.start else "as 2026-09-14 09:00"


def _typed_hour(text: str) -> Any:
    from planner.files.fields import check_moment

    return check_moment(text)


def _yes_or_no(text: str) -> bool:
    if text.lower() in ("yes", "y", "no", "n"):
        return text.lower().startswith("y")
    raise InputError(Problem("", f"{text!r} is neither", "write yes or no"))

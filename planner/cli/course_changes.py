"""The commands that change a course by one event each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from planner.cli.by_lesion import (
    InOrder,
    by_lesion,
    check_groups,
    each_lesion_options,
    noted_in_order,
)
from planner.cli.changing import Change, changing
from planner.cli.output import remark
from planner.cli.register import (
    lesion_option,
    one_of,
    reason_option,
    typed,
    typed_day,
    typed_figure,
    typed_text,
    typed_time,
    visit_option,
)
from planner.cli.ulceration import ulceration_option
from planner.core.plan.course import SIDES
from planner.core.plan.plan import ENDINGS
from planner.errors import InputError, Problem, UsageError
from planner.files.figures import MG, ML, SIZE_MM, START_MM, VAS, check_expiry

if TYPE_CHECKING:
    from planner.app.administration import Amount, Circumstances, Felt, PartlyMeasured
    from planner.core.followup.events import Event
    from planner.core.plan.plan import Observed
    from planner.store.standing import Standing

_at_option = click.option(
    "--at", metavar='"DATE TIME"', help="The clinic's time; the planned one if left out."
)
_on_option = click.option("--on", required=True, metavar="DATE", help="The day.")


def vial_options(command: Any) -> Any:
    """The options that are of a whole record."""
    for option in (
        click.option("--expiry", metavar="DATE", help="The vial's expiry: 2027-03 or 2027-03-31."),
        click.option("--lot", metavar="TEXT", help="The vial's lot."),
        _at_option,
    ):
        command = option(command)
    return command


def noting(command: Any) -> Any:
    """The options that say what was noted of a treatment."""
    for option in (
        click.option("--complication", metavar="TEXT", help="What went wrong, or none."),
        click.option("--pain-after", metavar="N", help="Pain after it, 0 to 10."),
        click.option("--pain-before", metavar="N", help="Pain before it, 0 to 10."),
    ):
        command = option(command)
    return vial_options(command)


observe_option = click.option(
    "--observe",
    metavar="ID=VALUE",
    multiple=True,
    help="What was noted, by the protocol's id; may be repeated.",
)


def typed_observation(text: str, lesion: str | None) -> Observed:
    """Something that was noted: its id and what it was."""
    from planner.core.plan.plan import Observed

    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        problem = Problem("--observe", f"{text!r} says not what it is", "write refill-before=2")
        raise InputError(problem)
    return Observed(name.strip(), typed_text(value, "--observe") or "", lesion)


def circumstances(at: str | None, lot: str | None, expiry: str | None) -> Circumstances:
    """What was noted of a treatment, checked."""
    from planner.app.administration import Circumstances

    if expiry is not None:
        check_expiry(expiry, "--expiry")
    return Circumstances(typed_time(at, "--at"), typed_text(lot, "--lot"), expiry)


def felt(pain_before: str | None, pain_after: str | None, complication: str | None) -> Felt:
    """What a lesion felt like, checked."""
    from planner.app.administration import Felt

    return Felt(
        typed_figure(pain_before, VAS, "--pain-before"),
        typed_figure(pain_after, VAS, "--pain-after"),
        typed_text(complication, "--complication"),
    )


def typed_amount(dose: str | None, ml: str | None) -> Amount | None:
    """A dose in mg or a volume in mL, one of the two; None for neither."""
    from planner.app.administration import Amount

    if dose is not None and ml is not None:
        raise UsageError(Problem("", "--dose and --ml were both given", "keep one"))
    if dose is None and ml is None:
        return None
    return Amount(typed_figure(dose, MG, "--dose"), typed_figure(ml, ML, "--ml"))


@click.command(cls=InOrder)
@changing
@visit_option
@each_lesion_options
@click.option("--as-planned", is_flag=True, help="What is planned, for all lesions or those named.")
@click.option("--page", metavar="CODE", help="The code on the page; refused if it is stale.")
@observe_option
@vial_options
def give(
    change: Change,
    visit: int,
    as_planned: bool,
    page: str | None,
    at: str | None,
    lot: str | None,
    expiry: str | None,
    observe: tuple[str, ...],
    **each: Any,
) -> None:
    """Record the injections of a visit: as planned, or a lesion's own dose.

    What was done is recorded as it was done; a time in the future, another order, a short
    interval, a dose far from the planned one or a vial past its expiry ask for --confirm. Pain and
    complications are of one lesion: name it with --lesion before them, again for each; what is
    noted with --observe is of the lesion named before it, else of the whole visit.

    Example: planner course give K-0042 --visit 1 --as-planned --lot 7A12 --by "Nurse B"
    """
    from planner.app.administration import given, given_as_planned
    from planner.app.issued_pages import check_page

    said, groups = circumstances(at, lot, expiry), by_lesion(**each)
    noted = (typed_observation(text, lesion) for text, lesion in noted_in_order(observe))
    said = said._replace(observed=tuple(noted))
    amounts = {one.lesion: typed_amount(one.dose, one.ml) for one in groups}
    one_of("", (("--as-planned", as_planned), ("--dose or --ml", any(amounts.values()))))
    feels = {one.lesion: felt(one.pain_before, one.pain_after, one.complication) for one in groups}
    check_groups(groups, amounts if not as_planned else {})

    def make(standing: Standing) -> Event:
        if page is not None:
            check_page(standing, page, visit)
        if as_planned:
            return given_as_planned(standing, visit, said, felt=feels)
        wanted = [
            (lesion or "", amount, feels[lesion]) for lesion, amount in amounts.items() if amount
        ]
        return given(standing, visit, wanted, said)

    change.make(make, of="given")


@click.command()
@changing
@visit_option
@reason_option
def miss(change: Change, visit: int, reason: str) -> None:
    """Record that a visit was missed. Its injections are never doubled later.

    They count as missed, unless the visit is moved or given after all.

    Example: planner course miss K-0042 --visit 2 --reason "had a cold"
    """
    from planner.app.administration import missed

    change.make(lambda standing: missed(standing, visit), reason=reason, of="missed")


@click.command()
@changing
@visit_option
@click.option("--to", required=True, metavar='"DATE TIME"', help="The clinic's time.")
@reason_option
def move(change: Change, visit: int, to: str, reason: str) -> None:
    """Move a visit: inside its window the later ones stay, outside they follow.

    Example: planner course move K-0042 --visit 3 --to "2026-09-22 10:30" --reason "travels"
    """
    from planner.app.administration import moved

    start = typed_time(to, "--to")
    assert start is not None
    change.make(
        lambda standing: moved(standing, visit, start),
        reason=reason, of="moved", named=start.date(),
    )  # fmt: skip


@click.command()
@changing
@lesion_option
@_on_option
@reason_option
def hold(change: Change, lesion: str | None, on: str, reason: str) -> None:
    """Hold a lesion (or all): its remaining injections wait until a physician releases it.

    Example: planner course hold K-0042 --lesion A --on 2026-09-16 --reason "infection"
    """
    from planner.app.administration import held

    day = typed_day(on, "--on")
    change.make(lambda standing: held(standing, lesion, day), reason=reason, of="held")


@click.command()
@changing
@lesion_option
@_on_option
@reason_option
def resume(change: Change, lesion: str | None, on: str, reason: str) -> None:
    """Release a held lesion (or all): injections go on from the first open day.

    Example: planner course resume K-0042 --lesion A --on 2026-09-25 --reason "healed"
    """
    from planner.app.administration import resumed

    day = typed_day(on, "--on")
    change.make(
        lambda standing: resumed(standing, lesion, day), reason=reason, of="resumed", named=day
    )


@click.command()
@changing
@click.option("--lesion", required=True, metavar="L", help="The lesion's id.")
@click.option("--mg", required=True, metavar="MG", help="The new dose in mg.")
@click.option("--from-visit", type=int, metavar="N", help="From this visit on; else all to come.")
@reason_option
def dose(change: Change, lesion: str, mg: str, from_visit: int | None, reason: str) -> None:
    """Change the dose of a lesion's injections to come; what was given stays.

    Example: planner course dose K-0042 --lesion A --mg 60 --reason "pain"
    """
    from planner.app.administration import dose_changed

    wanted = typed_figure(mg, MG, "--mg")
    assert wanted is not None
    change.make(
        lambda standing: dose_changed(standing, lesion, wanted, from_visit),
        reason=reason,
        of="dose-changed",
    )


@click.command()
@changing
@click.option("--id", "name", required=True, metavar="L", help="The new lesion's id.")
@click.option("--site", required=True, help="From the protocol's vocabulary.")
@click.option("--side", type=click.Choice(SIDES), help="Where paired.")
@click.option("--site-detail", metavar="TEXT", help="Where exactly.")
@click.option("--size-mm", required=True, metavar="N", help="The largest diameter.")
@ulceration_option(must=True)
@click.option("--dose", "mg", metavar="MG", help="The dose of each injection; open if left out.")
@click.option("--regimen", help="The physician's own choice.")
@click.option("--measured-by", metavar="NAME", help="Who measured it.")
@click.option("--from", "first", required=True, metavar="DATE", help="Its first injection is due.")
@click.option("--reason", metavar="TEXT", help="Why.")
def lesion(
    change: Change,
    name: str,
    site: str,
    side: Any,
    site_detail: str | None,
    size_mm: str,
    ulcerated: bool,
    mg: str | None,
    regimen: str | None,
    measured_by: str | None,
    first: str,
    reason: str | None,
) -> None:
    """Add a lesion to a course: it has its own clock, and shares visits of the same day.

    Example: planner course lesion K-0042 --id B --site elbow --side left --size-mm 4
    --not-ulcerated --dose 20 --from 2026-09-21
    """
    from fractions import Fraction

    from planner.app.administration import lesion_added
    from planner.core.plan.course import Lesion
    from planner.core.values.quantities import Dose
    from planner.files.fields import check_id

    size, amount = typed_figure(size_mm, START_MM, "--size-mm"), typed_figure(mg, MG, "--dose")
    assert size is not None
    new = Lesion(
        id=typed(name, check_id, "--id"),
        site=site,
        size_mm=size,
        ulcerated=ulcerated,
        side=side,
        site_detail=typed_text(site_detail, "--site-detail"),
        doses=() if amount is None else (Dose(Fraction(amount)),),
        same_dose=amount is not None,
        regimen=regimen,
        measured_by=typed_text(measured_by, "--measured-by"),
    )
    day = typed_day(first, "--from")
    change.make(
        lambda standing: lesion_added(standing, new, day),
        reason=reason, of="lesion-added", named=day,
    )  # fmt: skip


@click.command()
@changing
@visit_option
@click.option("--lesion", required=True, metavar="L", help="The lesion's id.")
@click.option("--size-mm", required=True, metavar="N", help="The largest diameter; 0 if gone.")
@ulceration_option(must=False)
@click.option("--pain", metavar="N", help="Pain, 0 to 10.")
@click.option("--measured-by", metavar="NAME", help="Who measured it; the author if left out.")
@_at_option
def evaluate(
    change: Change,
    visit: int,
    lesion: str,
    size_mm: str,
    ulcerated: bool | None,
    pain: str | None,
    measured_by: str | None,
    at: str | None,
) -> None:
    """Record the size of a lesion at an evaluation; again, it replaces the one before.

    Example: planner course evaluate K-0042 --visit 5 --lesion A --size-mm 30 --not-ulcerated
    """
    from planner.app.administration import Measurement, evaluated

    size = typed_figure(size_mm, SIZE_MM, "--size-mm")
    assert size is not None
    found = Measurement(
        size_mm=size,
        ulcerated=ulcerated,
        pain=typed_figure(pain, VAS, "--pain"),
        measured_by=typed_text(measured_by, "--measured-by"),
        at=typed_time(at, "--at"),
    )
    change.make(lambda standing: evaluated(standing, visit, lesion, found), of="evaluated")


@click.command()
@changing
@click.option("--finding", required=True, metavar="CODE", help="The finding's code.")
@lesion_option
@click.option("--visit", type=int, metavar="N", help="The visit's number, where it has one.")
@click.option("--value", required=True, metavar="V", help="The value that is confirmed.")
@reason_option
def confirm(
    change: Change, finding: str, lesion: str | None, visit: int | None, value: str, reason: str
) -> None:
    """Confirm a finding that waits for a physician, by its value.

    Example: planner course confirm K-0042 --finding dose-above-observed --lesion A
    --value "300 mg" --reason "agreed in conference"
    """
    from planner.app.administration import confirmed
    from planner.core.plan.course import Confirmation

    lesions = () if lesion is None else (lesion,)
    value = typed_text(value, "--value") or ""
    said = Confirmation(finding, value, change.by or "", reason, lesions)
    change.make(lambda standing: confirmed(standing, said, visit), reason=reason, of="confirmed")


def _seen(
    size_mm: str | None, ulcerated: bool | None, pain: str | None, measured_by: str | None
) -> PartlyMeasured:
    from planner.app.administration import PartlyMeasured

    size = typed_figure(size_mm, SIZE_MM, "--size-mm")
    felt, who = typed_figure(pain, VAS, "--pain"), typed_text(measured_by, "--measured-by")
    return PartlyMeasured(size, ulcerated, felt, who)


@click.command()
@changing
@click.option("--event", "number", type=int, required=True, metavar="N", help="The slip's event.")
@click.option("--withdraw", is_flag=True, help="It never was; with --lesion, that lesion's.")
@lesion_option
@click.option("--dose", metavar="MG", help="What was given, in mg.")
@click.option("--ml", metavar="ML", help="What was given, in mL.")
@click.option("--size-mm", metavar="N", help="The size that was measured; 0 if gone.")
@ulceration_option(must=False)
@click.option("--pain", metavar="N", help="Pain, 0 to 10.")
@click.option("--measured-by", metavar="NAME", help="Who measured it.")
@noting
@observe_option
@reason_option
def correct(
    change: Change,
    number: int,
    withdraw: bool,
    lesion: str | None,
    dose: str | None,
    ml: str | None,
    size_mm: str | None,
    ulcerated: bool | None,
    pain: str | None,
    measured_by: str | None,
    observe: tuple[str, ...],
    reason: str,
    **noting: Any,
) -> None:
    """Correct a slip by a new event that names the old one, which stays in the history.

    What was given or measured is put right in place; anything else is withdrawn and entered anew.

    Example: planner course correct K-0042 --event 2 --dose 57.5 --reason "read 75.5"
    """
    from planner.app.administration import Correction, put_right

    noted = circumstances(*(noting.pop(name) for name in ("at", "lot", "expiry")))
    if observe:
        observed = tuple(typed_observation(text, lesion) for text in observe)
        noted = noted._replace(observed=observed)
    found = _seen(size_mm, ulcerated, pain, measured_by)._replace(at=noted.at)
    said = Correction(lesion, typed_amount(dose, ml), noted, felt(**noting), found, withdraw)
    change.make(lambda standing: put_right(standing, number, said), reason=reason, of="undone")


@click.command()
@changing
@click.option(
    "--screen", "said", required=True, metavar="ID=yes|no", help="The question, and its answer."
)
@reason_option
def answer(change: Change, said: str, reason: str) -> None:
    """Record the answer to a question of the protocol, as it was asked at the chair.

    One that is a reason to stop asks for --confirm, and the course waits for a physician.

    Example: planner course answer K-0042 --screen anticoagulant=no --reason "asked her"
    """
    from planner.app.administration import answered

    screen, sign, word = said.partition("=")
    if not sign or word.strip().casefold() not in ("yes", "no"):
        problem = Problem("--screen", f"{said!r} is no answer", "write it as pregnant=no")
        raise UsageError(problem)
    is_yes = word.strip().casefold() == "yes"
    change.make(
        lambda standing: answered(standing, screen.strip(), is_yes), reason=reason, of="answered"
    )


@click.command()
@changing
@reason_option
def undo(change: Change, reason: str) -> None:
    """Withdraw the last event, which stays in the history as withdrawn.

    Example: planner course undo K-0042 --reason "another patient's sheet"
    """
    from planner.app.administration import undone
    from planner.core.followup.events import Corrected
    from planner.documents.event_wording import told
    from planner.documents.wording import ENGLISH

    done = change.make(undone, reason=reason, of="undone")
    entries = {one.number: one.event for one in done.before.record.entries}
    for one in done.entries:
        if isinstance(one.event, Corrected):
            number = one.event.event
            remark(f"withdrawn: event {number}, {told(entries[number], ENGLISH)}")


@click.command()
@changing
@click.option(
    "--as",
    "ending",
    required=True,
    type=click.Choice(ENDINGS),
    help="How.",
)
@_on_option
@reason_option
def end(change: Change, ending: Any, on: str, reason: str) -> None:
    """End a course: what was not done is cancelled. After a death nothing goes to the patient.

    Example: planner course end K-0042 --as completed --on 2026-11-30 --reason "week 12 done"
    """
    from planner.core.followup.events import Ended

    day = typed_day(on, "--on")
    done = change.make(lambda _standing: Ended(ending, day), reason=reason, of="ended")
    if ending == "died":
        from planner.documents.wording import ending_lines

        for line in ending_lines(done.after.plan):
            remark(line)

"""From what somebody enters to the event that it is, by the plan that stands before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from planner.core.calendar.availability import clock_problem
from planner.core.dosing.draw_up import draw_up
from planner.core.followup.course_state import is_reached
from planner.core.followup.current_plan import with_done
from planner.core.followup.events import (
    Answered,
    Confirmed,
    Corrected,
    DoseChanged,
    Evaluated,
    Event,
    Given,
    Held,
    Identified,
    Injected,
    Issued,
    LesionAdded,
    Migrated,
    Missed,
    Moved,
    Planned,
    Rearranged,
    Resumed,
    Subscribed,
    Told,
)
from planner.core.plan.appointments import Named
from planner.core.plan.course import Confirmation, Lesion
from planner.core.plan.findings import CODES
from planner.core.plan.plan import Observed, PlannedEvaluation, PlannedInjection, PlannedVisit
from planner.core.plan.planning import lesion_problems
from planner.core.protocol.protocol import Observation
from planner.core.values.formatting import listing, mg_per_ml, plain, shown_moment
from planner.core.values.quantities import Dose, Volume
from planner.core.values.said import said
from planner.errors import (
    InputError,
    NotConfirmedError,
    NotFoundError,
    Problem,
    RefusedError,
    raise_if_any,
)
from planner.files.fields import nearest, shown
from planner.store.standing import Standing

_SEE = said("see the course")
# What people write, in English and Danish, where nothing went wrong.
_NONE = frozenset({"none", "no", "nil", "ingen", "nej", "-", "\N{EN DASH}", "0"})
# What is not withdrawn: it is what others did, or nothing that was done.
PASSED_OVER = (Planned, Issued, Migrated, Identified, Rearranged, Told, Subscribed, Corrected)


class Amount(NamedTuple):
    """What was given: as mg, or as mL of the protocol's strength; one of the two."""

    mg: Decimal | None = None
    ml: Decimal | None = None


class Circumstances(NamedTuple):
    """What was noted of a treatment; `at` is the clinic's wall clock, None for the planned time."""

    at: datetime | None = None
    lot: str | None = None
    expiry: str | None = None
    observed: tuple[Observed, ...] | None = None


class Felt(NamedTuple):
    """What a lesion felt like, or went wrong with it; pain is on a scale from 0 to 10."""

    pain_before: Decimal | None = None
    pain_after: Decimal | None = None
    complication: str | None = None


NOTHING_FELT = Felt()


def _recorded(felt: Felt) -> dict[str, Any]:
    """The same as it is recorded: a complication that says there was none is none."""
    complication = (felt.complication or "").strip().rstrip(".").casefold()
    return (felt._replace(complication=None) if complication in _NONE else felt)._asdict()


class Measurement(NamedTuple):
    """What was seen of a lesion; pain is on a scale from 0 to 10."""

    size_mm: Decimal
    ulcerated: bool | None = None
    pain: Decimal | None = None
    measured_by: str | None = None
    at: datetime | None = None


class PartlyMeasured(NamedTuple):
    """What of an evaluation is put right; None for what stays."""

    size_mm: Decimal | None = None
    ulcerated: bool | None = None
    pain: Decimal | None = None
    measured_by: str | None = None
    at: datetime | None = None


def visit_of(standing: Standing, number: int, field: str = "visit") -> PlannedVisit:
    """A visit by its number in the plan. Raises NotFoundError where there is none."""
    visit = _visit_there(standing, number, field)
    state, record = standing.state, standing.record
    return with_done(visit, state, record.protocol, record.opening.clinic)


def _visit_there(standing: Standing, number: int, field: str = "visit") -> PlannedVisit:
    """As `visit_of`, without what was done at it."""
    state = standing.state
    if number in state.visits:
        return state.visits[number]
    there = listing([str(one) for one in sorted(state.visits)])
    all_held = said("all its lesions are held: if it was before that, undo the hold and record it")
    fix = said("its visits are {there}", there=there) if there else all_held
    raise NotFoundError(Problem(field, said("there is no visit {number}", number=number), fix))


def given_as_planned(
    standing: Standing,
    number: int,
    noted: Circumstances,
    lesions: Sequence[str] | None = None,
    *,
    felt: Mapping[str | None, Felt] | None = None,
) -> Given:
    """The injections of a visit that are not recorded yet, at what is planned.

    `felt` has what each lesion felt like, and under None what the only one of the visit did;
    lesions that it names are the ones that are recorded.
    """
    visit = visit_of(standing, number)
    there = visit.injections
    if not there:
        raise RefusedError(
            Problem("", said("visit {number} has no injections", number=visit.number), _SEE)
        )
    felt = felt or {}
    named = [one for one in felt if one is not None]
    only = named if lesions is None and named else lesions
    if only is not None:
        there = tuple(_injection(standing, visit, lesion) for lesion in only)
    wanted = _left_to_give(visit, there, is_named=only is not None)
    if None in felt and len(wanted) > 1:
        names = listing([one.lesion for one in wanted])
        text = said("pain and complication are of one lesion; here are {names}", names=names)
        raise InputError(Problem("lesion", text, said("name each before what it felt like")))
    open_ones = [one.lesion for one in wanted if one.dose_mg is None or one.drawn_ml is None]
    if open_ones:
        text = said("no dose is planned for lesion {lesions}", lesions=listing(open_ones))
        fix = said("enter each with its dose or volume")
        raise InputError(Problem("as_planned", text, fix))
    injections = [
        _as_planned(one)._replace(**_recorded(felt.get(one.lesion, felt.get(None, NOTHING_FELT))))
        for one in wanted
    ]
    return _given(standing, visit, injections, noted)


def _left_to_give(
    visit: PlannedVisit, there: Sequence[PlannedInjection], *, is_named: bool
) -> list[PlannedInjection]:
    """The injections of a visit that can be recorded as given.

    What was missed is never given beside what is to come; alone or named it is asked for. A lesion
    is given once, also where several of its injections count as missed on one day.
    """
    left = [one for one in there if one.state != "done"]
    wanted = left if is_named else [one for one in left if one.state == "planned"] or left
    if not wanted or (is_named and len(left) < len(there)):
        names = listing([one.lesion for one in there if one.state == "done"])
        text = said(
            "what {names} got at visit {number} is recorded already",
            names=names,
            number=visit.number,
        )
        raise RefusedError(Problem("", text, said("correct an event, if it was a slip")))
    once: dict[str, PlannedInjection] = {}
    for one in wanted:
        once.setdefault(one.lesion, one)
    return list(once.values())


def given(
    standing: Standing,
    number: int,
    amounts: Sequence[tuple[str, Amount, Felt]],
    noted: Circumstances,
) -> Given:
    """Injections of a visit at the doses or volumes that were really given."""
    visit = visit_of(standing, number)
    injections = [
        _injected(standing, _injection(standing, visit, lesion), amount)._replace(**_recorded(felt))
        for lesion, amount, felt in amounts
    ]
    return _given(standing, visit, injections, noted)


def _given(
    standing: Standing,
    visit: PlannedVisit,
    injections: Sequence[Injected],
    noted: Circumstances,
) -> Given:
    return Given(
        visit=visit.names,
        injections=tuple(injections),
        at=_time(standing, visit, noted.at),
        lot=noted.lot,
        expiry=noted.expiry,
        observed=observed_at(standing, [one.lesion for one in injections], noted.observed or ()),
    )


def observed_at(
    standing: Standing, lesions: Sequence[str], observed: Sequence[Observed]
) -> tuple[Observed, ...]:
    """What was noted as some lesions were injected, in the protocol's own words.

    Raises InputError where it has none for it, and where two contradict one another.
    """
    found = tuple(_checked_observations(standing, lesions, observed))
    noted: set[tuple[str, str | None]] = set()
    for one in found:
        if (one.observation, one.lesion) in noted:
            problem = said("{observation} stands there twice", observation=one.observation)
            raise InputError(Problem("observe", problem, said("keep the right one")))
        noted.add((one.observation, one.lesion))
    return found


def _checked_observations(
    standing: Standing, names: Sequence[str], observed: Sequence[Observed]
) -> Iterator[Observed]:
    known = {one.id: one for one in standing.record.protocol.observations}
    sites = {one.id: one.site for one in standing.state.course.lesions}
    for one in observed:
        found = known.get(one.observation)
        if found is None:
            fix = nearest(one.observation, list(known)) if known else said("leave it out")
            text = said("the protocol notes no {observation}", observation=shown(one.observation))
            raise InputError(Problem("observe", text, fix))
        if one.lesion is not None and one.lesion not in names:
            text = said("lesion {lesion} is not in this record", lesion=one.lesion)
            raise InputError(
                Problem("observe", text, said("it is of {names}", names=listing(names)))
            )
        there = [one.lesion] if one.lesion else names
        if not found.is_of([sites[each] for each in there]):
            text = said(
                "{id} is noted at {sites}",
                id=found.id,
                sites=listing(list(found.sites or ()), "or"),
            )
            raise InputError(Problem("observe", text, said("leave it out")))
        yield one._replace(value=_observed_value(found, one.value))


def _observed_value(of: Observation, value: str) -> str:
    """What was noted as it is kept: a yes or no, a plain decimal, one of the choices, a text."""
    typed, repeated = value.strip(), shown(value)
    typed = typed.casefold() if of.type == "yes-no" else typed
    if of.may_be(typed):
        return typed
    if of.type == "yes-no":
        problem, fix = said("{value} is neither", value=repeated), said("write yes or no")
    elif of.type == "choice":
        problem = said("{value} is no choice", value=repeated)
        fix = said("choose {choices}", choices=listing(list(of.values), "or"))
    elif of.type == "quantity":
        problem = said("{value} is no figure", value=repeated)
        fix = said("write a plain number, as 2 or 2.5")
        if of.unit:
            fix = said("write a plain number of {unit}, as 2 or 2.5", unit=of.unit)
    else:
        problem, fix = said("it says nothing"), said("say it, or leave it out")
    raise InputError(Problem(f"observe {of.id}", problem, fix))


def answered(standing: Standing, screen: str, answer: bool) -> Answered:
    """The answer to a question of the protocol. Raises RefusedError for one that it has not."""
    questions = {one.id: one for one in standing.record.protocol.questions}
    asked = questions.get(screen)
    if asked is None:
        fix = nearest(screen, list(questions))
        raise RefusedError(
            Problem("screen", said("the protocol asks no {screen}", screen=shown(screen)), fix)
        )
    if not asked.concerns([one.site for one in standing.state.course.lesions]):
        problem = said(
            "{screen} is asked of {lesions}",
            screen=screen,
            lesions=listing(list(asked.sites or ()), "or"),
        )
        raise RefusedError(Problem("screen", problem, said("this course has no such lesion")))
    if standing.state.course.answers.get(screen) == answer:
        raise RefusedError(
            Problem("screen", said("that is its answer already"), said("nothing was changed"))
        )
    return Answered(screen, answer)


def _as_planned(one: PlannedInjection) -> Injected:
    if one.dose_mg is None or one.drawn_ml is None or one.drawn_mg is None:
        raise AssertionError("an injection without a dose was refused before")
    return Injected(one.lesion, one.injection, one.dose_mg, one.drawn_ml, one.drawn_mg)


def _injected(standing: Standing, planned: PlannedInjection, amount: Amount) -> Injected:
    """What was really given; mg are drawn up as a syringe shows them."""
    strength = standing.record.protocol.strength
    if amount.ml is not None:
        volume = Volume(Fraction(amount.ml))
        dose = volume * strength
        return Injected(planned.lesion, planned.injection, dose.mg, volume.ml, dose.mg)
    dose = Dose(Fraction(amount.mg or 0))
    drawn = draw_up(dose, strength, standing.record.opening.clinic.syringes)
    if not drawn.is_drawable:
        text = said("it is too little for any syringe of the clinic")
        raise InputError(Problem("dose", text, said("give what the syringe showed, in mL")))
    return Injected(planned.lesion, planned.injection, dose.mg, drawn.drawn.ml, drawn.drawn_dose.mg)


def _injection(
    standing: Standing, visit: PlannedVisit, lesion: str, field: str = "lesion"
) -> PlannedInjection:
    # A visit may hold one that was missed beside one that is to come: that is the one meant.
    for one in sorted(visit.injections, key=lambda each: each.state != "planned"):
        if one.lesion == lesion:
            return one
    _check_lesion(standing, lesion)
    if lesion in standing.state.held:
        text = said(
            "lesion {lesion} is held and has no injection at visit {number}",
            lesion=lesion,
            number=visit.number,
        )
        raise RefusedError(Problem(field, text, said("resume it first")))
    there = listing([one.lesion for one in visit.injections]) or said("none")
    text = said(
        "visit {number} has no injection of lesion {lesion}", number=visit.number, lesion=lesion
    )
    raise RefusedError(Problem(field, text, said("it injects {there}", there=there)))


def evaluated(standing: Standing, number: int, lesion: str, found: Measurement) -> Evaluated:
    """What was seen of a lesion at a visit."""
    visit = _visit_there(standing, number)
    planned = _evaluation(standing, visit, lesion)
    return Evaluated(
        visit=visit.names,
        lesion=lesion,
        evaluation=planned.evaluation,
        at=_time(standing, visit, found.at),
        size_mm=found.size_mm,
        ulcerated=found.ulcerated,
        pain=found.pain,
        measured_by=found.measured_by,
    )


def _evaluation(standing: Standing, visit: PlannedVisit, lesion: str) -> PlannedEvaluation:
    for one in visit.evaluations:
        if one.lesion == lesion:
            return one
    _check_lesion(standing, lesion)
    when = [
        str(number)
        for number, other in sorted(standing.state.visits.items())
        if any(one.lesion == lesion for one in other.evaluations)
    ]
    text = said(
        "visit {number} does not evaluate lesion {lesion}", number=visit.number, lesion=lesion
    )
    fix = (
        said("it is evaluated at visit {when}", when=listing(when))
        if when
        else said("it has no injection yet")
    )
    raise RefusedError(Problem("lesion", text, fix))


def missed(standing: Standing, number: int, lesions: Collection[str] | None = None) -> Missed:
    """That nobody came to a visit, or not all of it was done: the injections of some `lesions`."""
    visit = visit_of(standing, number)
    left = _still_to_do(standing, visit, "planned")
    if lesions is not None:
        left = tuple(one for one in left if one.purpose == "injection" and one.lesion in lesions)
    return Missed(left, _time(standing, visit, None))


def _still_to_do(standing: Standing, visit: PlannedVisit, *states: str) -> tuple[Named, ...]:
    """What of a visit is in one of some states, in the order of the visit."""
    slots = standing.state.slots
    return tuple(name for name in visit.names if slots[name].state in states)


def moved(standing: Standing, number: int, to: datetime) -> Moved:
    """A visit at another time. Raises InputError where the clinic is closed then."""
    visit = visit_of(standing, number)
    wall, opening = clinics_time(standing, to, "to"), standing.record.opening
    there = [
        one.each_purpose
        for one in standing.plan.coming
        if one.number != number and one.start and one.start.date() == wall.date()
    ]
    # On the day of another visit it joins it, and both have to fit.
    purposes = [purpose for each in (visit.each_purpose, *there) for purpose in each]
    stay = opening.stay(purposes)
    if shut := opening.shut(wall, stay):
        raise InputError(Problem("to", shut, said("choose another time")))
    if not opening.has_room(wall, stay):
        near = listing([shown_moment(one) for one in islice(opening.free_near(wall, stay), 3)])
        raise RefusedError(
            Problem(
                "to",
                said("no room at {wall}", wall=shown_moment(wall)),
                said("free: {near}", near=near),
            )
        )
    if visit.start is not None and visit.start.replace(tzinfo=None) == wall:
        text = said("visit {number} is at that time already", number=number)
        raise RefusedError(Problem("to", text, said("nothing was changed")))
    return Moved(_still_to_do(standing, visit, "planned", "missed"), wall)


def held(standing: Standing, lesion: str | None, on: date) -> Held:
    """A lesion whose injections wait, or all that have injections left."""
    if lesion is not None:
        _check_lesion(standing, lesion)
        return Held((lesion,), on)
    state = standing.state
    waiting = [
        one.id
        for one in state.course.lesions
        if any(
            name.lesion == one.id and name.purpose == "injection" and slot.state == "planned"
            for name, slot in state.slots.items()
        )
    ]
    if not waiting:
        raise RefusedError(Problem("", said("no lesion has injections to hold"), _SEE))
    return Held(tuple(waiting), on)


def resumed(standing: Standing, lesion: str | None, on: date) -> Resumed:
    """A lesion that a physician releases, or all that are held."""
    if lesion is not None:
        _check_lesion(standing, lesion)
        return Resumed((lesion,), on)
    if not standing.state.held:
        raise RefusedError(Problem("", said("no lesion is held"), _SEE))
    return Resumed(tuple(standing.state.held), on)


def dose_changed(
    standing: Standing, lesion: str, mg: Decimal, from_visit: int | None
) -> DoseChanged:
    """A new dose for the injections of a lesion that are to come."""
    _check_lesion(standing, lesion)
    first = 1
    if from_visit is not None:
        visit = visit_of(standing, from_visit, "from_visit")
        first = _injection(standing, visit, lesion, "from_visit").injection
    change = DoseChanged(lesion, Fraction(mg), first)
    doses = next(one.doses for one in standing.state.course.lesions if one.id == lesion)
    to_come = [
        doses[name.number - 1]
        for name, slot in standing.state.slots.items()
        if name.lesion == lesion and is_reached(change, name, slot)
    ]
    if to_come and all(dose == Dose(change.dose_mg) for dose in to_come):
        text = said("lesion {lesion} has that dose already", lesion=lesion)
        raise RefusedError(Problem("mg", text, said("nothing was changed")))
    return change


def lesion_added(standing: Standing, lesion: Lesion, on: date) -> LesionAdded:
    """A lesion found later. Raises InputError where it contradicts the protocol."""
    raise_if_any(InputError, lesion_problems(lesion, standing.record.protocol))
    names = [one.id for one in standing.state.course.lesions]
    alike = [name for name in names if name.casefold() == lesion.id.casefold()]
    if alike and alike != [lesion.id]:
        problem = said("no label tells it from lesion {alike}", alike=alike[0])
        raise InputError(Problem("id", problem, said("choose another id")))
    return LesionAdded(lesion, on)


def confirmed(standing: Standing, confirmation: Confirmation, visit: int | None) -> Confirmed:
    """A physician's word for a finding that waits. Raises NotConfirmedError for another value."""
    code = confirmation.finding
    if code not in CODES:
        problem = said("{code} is no finding", code=shown(code))
        raise InputError(Problem("finding", problem, nearest(code, list(CODES))))
    target = confirmation.lesions[0] if confirmation.lesions else None
    if target is not None:
        _check_lesion(standing, target)
    waiting = [one for one in standing.state.findings if one.is_open and one.code == code]
    meant = [one for one in waiting if (one.lesion, one.visit) == (target, visit)]
    if not meant:
        names = [one.lesion or f"visit {one.visit}" for one in waiting if one.lesion or one.visit]
        fix = said("it waits for {names}", names=listing(names)) if names else _SEE
        raise RefusedError(
            Problem("finding", said("no such {code} waits for a physician", code=code), fix)
        )
    agreeing = [one for one in meant if plain(one.value) == plain(confirmation.value)]
    if not agreeing:
        text = said(
            "it is for {value}; the plan says {planned}",
            value=f"{confirmation.value!r}",
            planned=f"{meant[0].value!r}",
        )
        raise NotConfirmedError(Problem("value", text, said("confirm what the plan says")))
    due = agreeing[0].due
    is_of_visit = due is not None and target is None
    return Confirmed(confirmation._replace(due=(due,) if is_of_visit and due else ()))


def corrected(standing: Standing, number: int, mend: Callable[[Event], Event | None]) -> Corrected:
    """What holds in the place of an earlier event; nothing where `mend` gives None."""
    entries = {one.number: one.event for one in standing.record.entries}
    if number not in entries:
        problem = said("there is no event {number}", number=number)
        raise RefusedError(Problem("event", problem, said("there are 1 to {n}", n=len(entries))))
    current = entries[number]
    for one in standing.record.entries:
        if isinstance(one.event, Corrected) and one.event.event == number and one.event.instead:
            current = one.event.instead
    if number in _withdrawn(standing):
        problem = said("it is withdrawn already")
        raise RefusedError(Problem(f"event {number}", problem, said("enter it anew")))
    instead = mend(current)
    if instead is not None and not isinstance(instead, Given | Evaluated):
        problem = said("only what was given or seen can be corrected in place")
        raise InputError(Problem("event", problem, said("withdraw it, and enter it anew")))
    if instead == current:
        raise RefusedError(
            Problem("event", said("this is what it says already"), said("nothing was changed"))
        )
    return Corrected(number, instead)


class Correction(NamedTuple):
    """What of a record is put right, of a lesion where it names several, or that it never was."""

    lesion: str | None
    amount: Amount | None
    noted: Circumstances
    felt: Felt
    found: PartlyMeasured
    is_withdrawn: bool = False

    @property
    def says_nothing(self) -> bool:
        """Whether nothing is put right."""
        return self.noted.at is None and not (self.is_of_given or self.is_of_seen)

    @property
    def is_of_given(self) -> bool:
        """Whether it has what only a record of injections has."""
        return self.amount is not None or bool(
            _said(self.noted._replace(at=None)) or _said(self.felt)
        )

    @property
    def is_of_seen(self) -> bool:
        """Whether it has what only an evaluation has."""
        return bool(_said(self.found._replace(at=None)))


def put_right(standing: Standing, number: int, correction: Correction) -> Corrected:
    """What was given or seen with what was wrong in it put right; any event withdrawn.

    Raises InputError where it says neither, or both.
    """
    if correction.is_withdrawn != correction.says_nothing:
        fix = said("say what holds instead, or that it never was")
        raise InputError(Problem("withdraw", said("what is corrected is not clear"), fix))

    def mend(event: Event) -> Event | None:
        if correction.is_withdrawn:
            return withdrawn(event, correction.lesion)
        if isinstance(event, Given) and not correction.is_of_seen:
            lesion, amount = correction.lesion, correction.amount
            return mended_given(
                standing, event, lesion, amount, correction.noted, felt=correction.felt
            )
        if isinstance(event, Evaluated) and not correction.is_of_given:
            return mended_evaluated(standing, event, correction.lesion, correction.found)
        fix = said("see its history; else withdraw it")
        raise InputError(Problem("event", said("what is put right is not of that event"), fix))

    return corrected(standing, number, mend)


def undone(standing: Standing) -> Corrected:
    """The last event that can be withdrawn. Raises RefusedError where there is none.

    What was withdrawn already is passed over; a correction in place is put right by another one.
    """
    withdrawn = _withdrawn(standing)
    for entry in reversed(standing.record.entries):
        event = entry.event
        if isinstance(event, Corrected) and event.instead and event.event not in withdrawn:
            text = said(
                "the last change put event {event} right (event {number})",
                event=event.event,
                number=entry.number,
            )
            raise RefusedError(
                Problem("", text, said("correct event {event} again", event=event.event))
            )
        if isinstance(event, PASSED_OVER):
            continue
        if entry.number not in withdrawn:
            return Corrected(entry.number, None)
    raise RefusedError(Problem("", said("nothing is left to be withdrawn"), _SEE))


def _withdrawn(standing: Standing) -> set[int]:
    """The numbers of the events that do not hold any more."""
    events = (one.event for one in standing.record.entries)
    return {one.event for one in events if isinstance(one, Corrected) and one.instead is None}


def mended_given(
    standing: Standing,
    event: Given,
    lesion: str | None,
    amount: Amount | None,
    noted: Circumstances,
    *,
    felt: Felt = NOTHING_FELT,
) -> Given:
    """A record of injections with what was wrong in it put right.

    Dose and pain are a lesion's own; time, lot and expiry are of the whole record.
    """
    recorded, shared = _recorded(felt), _said(noted)
    own = {name: recorded[name] for name in _said(felt)}
    names = [one.lesion for one in event.injections]
    if lesion is not None:
        _check_recorded(lesion, names)
    is_own = amount is not None or bool(own)
    wanted = lesion or (names[0] if len(names) == 1 else None)
    if is_own and wanted is None:
        fix = said("name one: {names}", names=listing(names, "or"))
        raise InputError(Problem("lesion", said("which lesion is it of?"), fix))
    is_shared = bool(shared.keys() - {"observed"})
    if lesion is not None and is_shared and len(names) > 1:
        text_of = said("time, lot and expiry are of the whole record")
        fix = said("name no lesion, or withdraw it and enter each lesion anew")
        raise InputError(Problem("lesion", text_of, fix))
    injections = tuple(
        _mended(standing, one, amount, own) if is_own and one.lesion == wanted else one
        for one in event.injections
    )
    if noted.at is not None:
        shared["at"] = clinics_time(standing, noted.at, "at")
    if noted.observed is not None:
        new = {(one.observation, one.lesion) for one in noted.observed}
        stay = [one for one in event.observed if (one.observation, one.lesion) not in new]
        shared["observed"] = observed_at(standing, names, [*stay, *noted.observed])
    return event._replace(injections=injections, **shared)


def _mended(
    standing: Standing, one: Injected, amount: Amount | None, own: dict[str, Any]
) -> Injected:
    """A lesion's injection with another dose, or other pain."""
    if amount is not None:
        felt = Felt(one.pain_before, one.pain_after, one.complication)
        one = _injected(standing, _planned(one), amount)._replace(**felt._asdict())
    return one._replace(**own)


def _said(record: Any) -> dict[str, Any]:
    """What of a record was said at all."""
    return {name: value for name, value in record._asdict().items() if value is not None}


def withdrawn(event: Event, lesion: str | None) -> Event | None:
    """What is left of an event: nothing, or a record of injections without that of a lesion."""
    if lesion is None:
        return None
    if isinstance(event, Given):
        names = [one.lesion for one in event.injections]
        _check_recorded(lesion, names)
        left = tuple(one for one in event.injections if one.lesion != lesion)
        noted = tuple(one for one in event.observed if one.lesion != lesion)
        return event._replace(injections=left, observed=noted) if left else None
    if isinstance(event, Evaluated):
        _check_recorded(lesion, [event.lesion])
        return None
    raise InputError(
        Problem("lesion", said("this event is withdrawn as a whole"), said("leave it out"))
    )


def _check_recorded(lesion: str, names: Sequence[str]) -> None:
    """Refuse a lesion that the corrected event does not name."""
    if lesion not in names:
        problem = said("the event has nothing of lesion {lesion}", lesion=lesion)
        raise InputError(Problem("lesion", problem, said("it is of {names}", names=listing(names))))


def mended_evaluated(
    standing: Standing, event: Evaluated, lesion: str | None, found: PartlyMeasured
) -> Evaluated:
    """A record of an evaluation with what was wrong in it put right."""
    if lesion is not None:
        _check_recorded(lesion, [event.lesion])
    mended = _said(found)
    if found.at is not None:
        mended["at"] = clinics_time(standing, found.at, "at")
    return event._replace(**mended)


def _planned(one: Injected) -> PlannedInjection:
    return PlannedInjection(one.lesion, one.injection, None, None, None, None, None)


def _check_lesion(standing: Standing, lesion: str) -> None:
    known = [one.id for one in standing.state.course.lesions]
    if lesion not in known:
        raise RefusedError(
            Problem(
                "lesion",
                said("{lesion} is no lesion of this course", lesion=lesion),
                nearest(lesion, known),
            )
        )


def _time(standing: Standing, visit: PlannedVisit, at: datetime | None) -> datetime:
    """When something was done, by the clinic's clock; the planned time where nobody says."""
    if at is not None:
        return clinics_time(standing, at, "at")
    if visit.start is None:
        raise InputError(
            Problem(
                "at", said("visit {number} has no day", number=visit.number), said("give the time")
            )
        )
    return visit.start.replace(tzinfo=None)


def asks_vial(standing: Standing) -> bool:
    """Whether the strength on the vial is asked before an injection: nobody stated the stock."""
    return standing.plan.clinic.stock is None


def check_vial(standing: Standing, mg_per_ml_there: Decimal) -> None:
    """Refuse a vial of another strength than the doses are of. Raises InputError."""
    wanted = standing.record.protocol.strength.mg_per_ml
    if mg_per_ml_there != wanted:
        problem = said(
            "the vial says {strength}, the doses are of {wanted}",
            strength=mg_per_ml(mg_per_ml_there),
            wanted=mg_per_ml(wanted),
        )
        raise InputError(Problem("strength", problem, said("stop: it is another medicine")))


def clinics_time(standing: Standing, at: datetime, place: str) -> datetime:
    """A time as the clinic's clock has it. Raises InputError for one that it does not show."""
    zone = ZoneInfo(standing.record.opening.clinic.timezone)
    wall = at.replace(tzinfo=None)
    if reason := clock_problem(wall, zone):
        raise InputError(Problem(place, reason, said("choose another hour")))
    if not standing.record.opening.is_known(wall.date()):
        problem = said("the clinic's holidays of {n} are not known", n=wall.year)
        raise InputError(Problem(place, problem, said("is the year right?")))
    if at.tzinfo is not None and at.utcoffset() != wall.replace(tzinfo=zone).utcoffset():
        fix = said("write the clinic's time")
        raise InputError(Problem(place, said("its offset is not that of {key}", key=zone.key), fix))
    return wall

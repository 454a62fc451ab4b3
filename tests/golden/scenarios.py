"""Courses by the dozen, drawn by fixed dice, and each refusal: what the core says to all of it.

What is approved stands in the text files beside this one. A change of a rule shows there as a diff
that can be read: which visit moved, which finding came, which message changed.
`python -m tests.golden.update` writes them anew.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from planner.app.administration import dose_changed, held, missed, moved, resumed
from planner.core.calendar.clinic import Approval, Clinic
from planner.core.calendar.occupancy import Busy, Occupancy
from planner.core.dosing.draw_up import draw_up, fill_shared, recipe
from planner.core.dosing.equipment import Stock
from planner.core.followup.events import (
    Corrected,
    DoseChanged,
    Ended,
    Evaluated,
    Event,
    Held,
    Issued,
    Missed,
    Moved,
    Named,
    Resumed,
    kind_of,
)
from planner.core.followup.unlikely_records import questions
from planner.core.plan.findings import confirm_blocks, lines
from planner.core.plan.plan import Plan, PlannedVisit
from planner.core.plan.planning import plan_course
from planner.core.protocol.evidence import compare, recompute, replay, with_one_more
from planner.core.values.quantities import Dose, Volume
from planner.errors import PlannerError
from planner.files.clinic import built_in_clinic, clinic_from
from planner.files.course import course_from
from planner.files.plan import plan_bytes, plan_from
from planner.files.protocol import load_protocol, protocol_from
from planner.files.reading import parse_toml
from planner.store.standing import Standing
from tests.acceptance.test_bad_input import BAD, CONFIRMS
from tests.acceptance.test_papers import EDITED
from tests.clinics import case_plan
from tests.conftest import CLINIC, ROOT
from tests.courses import SOUND, confirmation, course_text, lesion
from tests.histories import (
    PROTOCOL,
    SECOND,
    START,
    Do,
    add,
    after,
    begun,
    evaluate,
    give,
    withdraw,
)
from tests.plans import first_edition
from tests.spec.test_proof import BUNDLED, FAULTS

ZONE = ZoneInfo("Europe/Copenhagen")
OTHERS = sorted((ROOT / "tests" / "protocols").glob("*.toml"))
PROTOCOLS = [PROTOCOL, *(load_protocol(str(path)) for path in OTHERS)]
# The cut belongs to the lesions below it here.
UPPER = BUNDLED.replace('"< 5"', '"<= 5"').replace('">= 5"', '"> 5"').replace("[5..70)", "(5..70)")
TODAY = datetime(2026, 10, 20, 12)
THIRD = '[[lesion]]\nid="E"\nsite="trunk"\nsize_mm=3\nulcerated=false\ndose_mg=12.5\n'
COURSES = {
    "two lesions": SOUND + SECOND,
    "three lesions": SOUND + SECOND + THIRD,
    "over Christmas": SOUND.replace("2026-09-07", "2026-12-11") + SECOND,
}


def visit_line(visit: PlannedVisit) -> str:
    """`2 Mon 14 Sep 09:00 planned, due 09-14: A2 12.5 mg 0.08 mL; evaluates B1`."""
    at = f"{visit.start:%a %d %b %H:%M}-{visit.end:%H:%M}" if visit.start else "no day"
    parts = [
        f"{one.lesion}{one.injection} {one.state} {_number(one.dose_mg)} mg"
        f" {_number(one.drawn_ml)} mL"
        for one in visit.injections
    ]
    parts += [f"evaluates {one.lesion}{one.evaluation} {one.state}" for one in visit.evaluations]
    why = f" ({visit.moved_because})" if visit.moved_because else ""
    drawn = "+".join(f"{_number(one.drawn_ml)}/{one.capacity_ml}" for one in visit.syringes)
    return (
        f"{visit.number} {at} {visit.state}, due {visit.due:%m-%d}{why}: {'; '.join(parts)}"
        f" [{drawn}] {visit.uid[:4]}"
    )


def _number(value: object) -> str:
    return "-" if value is None else f"{float(value):g}"  # type: ignore[arg-type]


def plan_lines(plan: Plan) -> Iterator[str]:
    """The visits, what is prepared for them, and the findings as they are shown."""
    for visit in plan.visits:
        yield visit_line(visit)
        made = visit.preparation
        if made is not None:
            yield f"   {', '.join(f'{k} {v}' for k, v in made._asdict().items())}"
        yield from (f"   choose {one}" for one in visit.choices)
    yield f"vials {plan.supplies.vials}, left {plan.supplies.wasted_ml}"
    for one in lines(plan.findings, plan.lesion_ids):
        yield f"! {one.severity} {one.code} {one.where}: {one.message}"
    for single in plan.findings:
        yield f"  {_facts(single._replace(message=''))}"
    for decision in plan.decisions:
        yield from (f"{decision.lesion}: {one}" for one in decision.reasons)
        yield f"{decision.lesion}: {_facts(decision._replace(reasons=(), because=''))}"
    yield from (f"? {one}" for one in plan.remarks)


def happening(chance: random.Random, start: datetime) -> Do:
    """Something that may happen in a course."""
    visit = chance.randint(1, 7)
    at = start + timedelta(days=chance.randint(-3, 60), hours=chance.randint(0, 5))
    on, which = at.date(), chance.choice([None, "A", "B"])
    either: list[Callable[[], Do]] = [
        lambda: give(visit, chance.choice([None, at]), which),
        lambda: give(visit, None, None),
        lambda: give(visit, None, None),
        lambda: lambda now: missed(now, visit),
        lambda: lambda now: moved(now, visit, at),
        lambda: lambda now: held(now, which, on),
        lambda: lambda now: resumed(now, which, on),
        lambda: lambda now: dose_changed(now, "A", Decimal(visit * 20), None),
        lambda: add(chance.choice("CD"), on),
        lambda: evaluate(visit, chance.choice("AB"), chance.randint(0, 90), None),
        lambda: withdraw(chance.randint(2, 12)),
    ]
    return chance.choice(either)()


def histories() -> Iterator[str]:
    """Courses under way: each event with what it asks, and the visits that it changed."""
    for seed in range(36):
        chance = random.Random(seed)
        name = list(COURSES)[seed % len(COURSES)]
        course = course_from(parse_toml(COURSES[name].encode()), PROTOCOL, ZONE)
        now = begun(course)
        yield f"\n# {seed}: {name}"
        before: set[str] = set()
        for _ in range(14):
            make = happening(chance, course.first_visit)
            try:
                event = make(now)
                asked = list(questions(now.state, event, PROTOCOL, TODAY))
                then = after(now, event)
            except PlannerError as error:
                yield f"  refused: {type(error).__name__}: {_plain(error)}"
                continue
            now = then
            yield f"  {len(now.record.entries)} {kind_of(event)}: {now.state.status}"
            yield from (f"    asks: {_plain(one)}" for one in asked)
            current = set(_standing_lines(now))
            yield from (f"    {one}" for one in sorted(current - before))
            before = current


def _standing_lines(now: Standing) -> Iterator[str]:
    for visit in now.plan.visits:
        yield visit_line(visit)
        for one in visit.injections:
            if one.given:
                yield f"given {one.lesion}{one.injection}: {_facts(one.given)}"
        for look in visit.evaluations:
            if look.result:
                yield f"seen {look.lesion}{look.evaluation}: {_facts(look.result)}"
    yield from (f"! {one.code} {one.message}" for one in now.plan.findings if one.stops)


def _facts(record: object) -> str:
    values = record._asdict().items()  # type: ignore[attr-defined]
    return ", ".join(f"{name} {value}" for name, value in values if value is not None)


def _plain(text: object) -> str:
    return str(text).replace("\u00a0", " ").replace("\n", " | ")


def course_of(chance: random.Random) -> str:
    """A course file: lesions, doses, moves, confirmations as the dice fall."""
    tables = []
    for name in "ABCDE"[: chance.randint(1, 5)]:
        dose: object = chance.choice([None, 12.5, 20, 57.5, 275, 300, [12.5, 62.5, 70, 80], 9, 420])
        site = chance.choice(["knee", "elbow", "fingertip", "trunk", "head", "buttock"])
        size = chance.choice([3, 4.9, 5, 6, 20, 70, 85, 90])
        if isinstance(dose, list) and size < 5:
            dose = 15
        stands = chance.random() < 0.6
        tables.append(lesion(name, site=site, size_mm=size, ulcerated=stands, dose_mg=dose))
    first = START + timedelta(days=chance.choice([0, 1, 3, 30, 95, 100, 170]))
    for _ in range(chance.choice([0, 0, 1, 2])):
        due = first + timedelta(days=chance.choice([7, 14, 21, 28, 84]))
        to = due + timedelta(days=chance.choice([-7, -2, -1, 1, 2, 4, 7]))
        hour = chance.choice(["08:00", "10:30", "15:00"])
        tables.append(f'[[move]]\nfrom = {due}\nto = "{to} {hour}"\n')
        if chance.random() < 0.5:
            value = f"{to} {hour}"
            tables.append(confirmation("move-outside-window", value, due=str(due)))
    if chance.random() < 0.3:
        tables.append(confirmation("regimen-extrapolated", "weekly", lesion='["A", "B"]'))
    head = chance.choice(["", "revision = 2\n", 'indication = "severe"\n'])
    patient = "sulfite_allergy = true\n" if chance.random() < 0.2 else ""
    text = course_text(patient, *tables, first_visit=f"{first} 09:00", head=head)
    illness = chance.choice(["systemic sclerosis", "SSc", "dermatomyositis"])
    return text.replace("systemic sclerosis", illness)


def clinic_for(chance: random.Random) -> Clinic:
    """The bundled clinic or the built-in one, with a stock and syringes as the dice fall."""
    bundled = clinic_from(parse_toml(CLINIC.read_bytes()), range(2026, 2030))
    clinic = chance.choice([bundled, built_in_clinic("Europe/Copenhagen")])
    strength = chance.choice([None, "150", "150", "250", "300", "500", "80", "151"])
    salt = chance.choice(["pentahydrate", "anhydrous", "not stated"])
    stock = strength and Stock(Fraction(strength), salt, Fraction(chance.choice([2, 10])))  # type: ignore[arg-type]
    space = Fraction(chance.choice([0, 7]), 100)
    until = START + timedelta(days=chance.choice([-1, 0, 1, 400]))
    named = (chance.choice(["sts-150", "two-sites"]), chance.choice(["1.1", "0.9"]))
    approvals = [Approval(*named, "Dr A. Holm", START, until)] * chance.randint(0, 2)
    return clinic._replace(
        approvals=tuple(approvals),
        capacity={"rooms": chance.choice([1, 1, 2])},
        stock=stock or None,
        draw_up=chance.choice(["each", "shared"]),
        syringes=tuple(one._replace(dead_space_ml=space) for one in clinic.syringes),
    )


def plans() -> Iterator[str]:
    """Courses as they are planned: visits, preparation, findings, blocks to paste; or why not."""
    for seed in range(90):
        chance = random.Random(seed)
        text, clinic = course_of(chance), clinic_for(chance)
        protocol = PROTOCOLS[chance.choice([0, 0, 0, 1, 2, 3])]
        yield f"\n# {seed}: {protocol.id}"
        start = datetime(2026, 9, 14, 8, 30, tzinfo=ZONE) + timedelta(days=chance.randint(0, 20))
        busy = Occupancy([Busy(start, start + timedelta(hours=chance.choice([1, 9, 60])))])
        try:
            course = course_from(parse_toml(text.encode()), protocol, ZONE)
            plan = plan_course(course, protocol, clinic, busy)
        except PlannerError as error:
            yield f"  refused: {_plain(error)}"
            continue
        yield from (f"  {_plain(one)}" for one in plan_lines(plan))
        yield f"  {_plain(confirm_blocks(plan.findings))}"
        if seed % 18 == 0:
            yield plan_bytes(plan).decode()


SIZES = (
    "-1", "0", "0.1", "3", "4.9", "5", "5.1", "6", "19", "20", "20.1", "70", "499.9", "500", "501",
    "NaN",
)  # fmt: skip


def decisions() -> Iterator[str]:
    """Each protocol's regimen about its bounds, with its reasons; and what is no input."""
    upper = protocol_from(parse_toml(UPPER.encode()), b"")
    for protocol in (*PROTOCOLS, upper):
        sites = protocol.table.domains.sites
        for size in SIZES:
            for ulcerated, site in product((False, True), (sites[0], sites[-1])):
                try:
                    hit = protocol.table.decide(Decimal(size), ulcerated, site)
                    said = f"{hit.rule.id}: {' '.join(hit.reasons)}"
                except PlannerError as error:
                    said = str(error)
                yield f"{protocol.id}, {size}, {ulcerated}, {site}: {_plain(said)}"
    for inputs in ((5, True, "knee"), (Decimal(5), None, "knee"), (Decimal(5), True, "nose")):
        yield from map(_plain, PROTOCOL.table.input_problems(*inputs))


def syringes() -> Iterator[str]:
    """Doses drawn up, lesions that share syringes, and recipes from stronger stocks."""
    usual = built_in_clinic("UTC").syringes
    few = (usual[0], usual[2])
    for dose, kept in product((1, 9, 12.5, 149, 150, 151, 275, 750, 900, 1501, 4000), (usual, few)):
        one = draw_up(Dose(Fraction(dose)), PROTOCOL.strength, kept)
        parts = "+".join(_number(part.ml) for part in one.parts)
        yield f"{dose} mg: {one.syringe.capacity_ml} mL, {parts} = {_number(one.drawn.ml)} mL"
    for seed in range(12):
        chance = random.Random(seed)
        doses = [chance.choice((9, 12.5, 75, 140, 300, 900, 1600, 2000)) for _ in range(9)]
        drawn = [
            (f"L{n}", draw_up(Dose(Fraction(dose)), PROTOCOL.strength, usual))
            for n, dose in enumerate(doses)
        ]
        for filled in fill_shared(drawn):
            held_in = ", ".join(f"{one.lesion} {_number(one.ml)}" for one in filled.aliquots)
            yield f"{seed}: {filled.syringe.capacity_ml} mL: {held_in}"
    for strength, need in product(
        (150, 151, 200, 250, 300, 500), (1, 8, 25, 99, 180, 250, 260, 700)
    ):
        for kept in (usual, few):
            stock = Stock(Fraction(strength), "pentahydrate", Fraction(10))
            found = recipe(stock, PROTOCOL.strength, Volume(Fraction(need, 100)), kept)
            made = found and f"{_number(found.stock.ml)} + {_number(found.diluent.ml)}"
            yield f"{need / 100:g} mL from {strength} mg/mL: {made}"


def messages() -> Iterator[str]:
    """What is said of each faulty file: place, problem, fix."""
    clinic = built_in_clinic("Europe/Copenhagen")
    for table, read in {
        "course": lambda text: plan_course(
            course_from(parse_toml(text.encode()), PROTOCOL, ZONE), PROTOCOL, clinic
        ),
        "protocol": lambda text: protocol_from(parse_toml(text.encode()), b""),
    }.items():
        for name, text in _faulty(table):
            yield f"\n# {table}: {name}"
            with suppress(PlannerError):
                try:
                    read(text)
                except PlannerError as error:
                    yield from (f"  {_plain(one)}" for one in error.problems)
                    raise
    content = plan_bytes(case_plan("case-2-knee", "each"))
    for name, (change, _) in EDITED.items():
        yield f"\n# plan: {name}"
        try:
            plan_from(first_edition(content, change))
        except PlannerError as error:
            yield from (f"  {_plain(one)}" for one in error.problems)


def evidence() -> Iterator[str]:
    """The letter's cases through the rules, and its figures beside what they give."""
    yield from (_facts(one) for one in replay(PROTOCOL))
    yield from (_facts(one) for one in recompute(PROTOCOL))
    yield from (_facts(one) for one in compare(PROTOCOL))
    found = with_one_more(PROTOCOL)
    assert found is not None
    yield _facts(found)
    # Each claim with other figures, and of fewer cases: which of them would agree.
    for claim in PROTOCOL.claims:
        for figure, cases in product(("7", "40", "49-74", "62", "63", "88", "50"), (7, 4, 1)):
            changed = claim._replace(figure=figure, sites=("knee",), complication="pain")
            part = PROTOCOL._replace(claims=(changed,), cases=PROTOCOL.cases[:cases])
            with suppress(ValueError, ZeroDivisionError):
                yield from (f"{claim.measure}, {cases}: {_facts(one)}" for one in compare(part))
    assert with_one_more(PROTOCOL._replace(claims=())) is None
    assert with_one_more(PROTOCOL._replace(cases=())) is None


def refusals() -> Iterator[str]:
    """Events that cannot be, each after others that can."""
    two = (Named("A", "injection", 1), Named("B", "injection", 1))
    given = begun_and(give(1, None, None))[-1]
    withdrawn = Corrected(2, None)
    late = datetime(2099, 12, 31, 9)
    for name, events in {
        "a plan twice": [begun().record.entries[0].event],
        "what is not there": [Corrected(9, None)],
        "itself": [Corrected(2, None)],
        "the plan": [Corrected(1, None)],
        "withdrawn twice": [given, withdrawn, withdrawn],
        "by another kind": [given, Corrected(2, Evaluated(two, "A", 1, TODAY, Decimal(5)))],
        "after the end": [Ended("stopped", START), given],
        "an issue after the end": [Ended("stopped", START), Issued(1, "00000000", ())],
        "no lesion": [DoseChanged("Z", Fraction(20), 1)],
        "a dose beyond the last": [DoseChanged("A", Fraction(20), 5)],
        "on the day of the hold": [Held(("A",), START), given],
        "on the day before it": [Held(("A",), START + timedelta(days=1)), given],
        "resumed before the hold": [
            Held(("A",), START + timedelta(days=9)),
            Resumed(("A",), START + timedelta(days=8)),
        ],
        "resumed that day": [
            Held(("A",), START + timedelta(days=7)),
            Resumed(("A",), START + timedelta(days=7)),
        ],
        "on the last day of all": [Moved((Named("A", "evaluation", 2),), late)],
        "after all days": [Moved((Named("A", "evaluation", 2),), late + timedelta(days=1))],
        "onto the first day": [
            Moved((Named("A", "evaluation", 2),), TODAY.replace(month=9, day=7))
        ],
        "the first onto a later one": [Moved(two, TODAY.replace(month=9, day=14))],
        "an unknown injection": [Missed((Named("A", "injection", 9),), TODAY)],
        "missed twice": [Missed(two, TODAY), Missed(two, TODAY)],
        "evaluated before the course": [
            Evaluated(two, "A", 1, datetime(2026, 9, 6, 9), Decimal(5))
        ],
    }.items():
        now = begun()
        try:
            for event in events:
                now = after(now, event)
            said = "; ".join(visit_line(one) for one in now.plan.visits[:2])
        except PlannerError as error:
            said = f"{type(error).__name__}: {_plain(error)}"
        yield f"{name}: {said}"


def begun_and(make: Do) -> list[Event]:
    """The events of a course with one more."""
    now = begun()
    return [*(one.event for one in now.record.entries), make(now)]


def edits() -> Iterator[str]:
    """Every value of a plan changed by itself, and whether the plan is still read."""
    for name, (plan, is_edited) in edited_plans().items():
        content = json.loads(first_edition(plan_bytes(plan)))
        yield f"\n# {name}"
        for path, value in _values(content, ()):
            if re.match(is_edited, ".".join(map(str, path))):
                for other in _others(value):
                    said = "; ".join(_problems_of(_with(content, path, other))) or "read"
                    yield f"  {'.'.join(map(str, path))} = {json.dumps(other)[:40]}: {said}"


def edited_plans() -> dict[str, tuple[Plan, str]]:
    """A plan to come, diluted, one of a lesion that is held, one that has ended; what is edited."""
    two = parse_toml((SOUND + THIRD).encode())
    stock = Stock(Fraction(250), "pentahydrate", Fraction(10))
    clinic = built_in_clinic("Europe/Copenhagen")._replace(stock=stock, draw_up="shared")
    waiting = after(begun(), held(begun(), None, START + timedelta(days=1)))
    given = after(begun(), give(1, None, None)(begun()))
    return {
        "diluted": (
            plan_course(course_from(two, PROTOCOL, ZONE), PROTOCOL, clinic),
            r"course|revision|patient|diagnosis|lesions\.0|visits\.0|decisions\.0\.(lesion|regimen)",
        ),
        "held": (waiting.plan, r"visits\.0\.(start|end|state|total)|lesions\.0\.held"),
        "ended": (
            after(given, Ended("died", START + timedelta(days=3))).plan,
            r"visits\.1\.(start|end|state|total)|ending",
        ),
    }


def _values(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The values of a plan by their paths; of each list the first two."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _values(one, (*path, key))
    elif isinstance(value, list):
        for index, one in enumerate(value[:2]):
            yield from _values(one, (*path, index))
    else:
        yield path, value


def _others(value: Any) -> Iterator[Any]:
    """What may stand there instead: nothing, more, less, something else."""
    if value is not None:
        yield None
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, -value, 0)
    elif isinstance(value, str):
        yield from (value + "x", "", "W" * 501)


def _with(content: Any, path: tuple[str | int, ...], value: Any) -> bytes:
    changed = json.loads(json.dumps(content))
    place = changed
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return json.dumps(changed).encode()


def _problems_of(content: bytes) -> list[str]:
    try:
        plan_from(content)
    except PlannerError as error:
        return [_plain(one) for one in error.problems]
    return []


def _faulty(table: str) -> Iterator[tuple[str, str]]:
    if table == "protocol":
        yield from ((name, BUNDLED.replace(old, new, 1)) for name, (old, new, _) in FAULTS.items())
        return
    yield from ((name, SOUND.replace(old, new, 1)) for name, (old, new, _) in BAD.items())
    said = confirmation("regimen-extrapolated", "weekly", lesion='"A"')
    yield from ((name, SOUND + said.replace(old, new)) for name, (old, new, _) in CONFIRMS.items())


SCENARIOS: dict[str, Callable[[], Iterator[str]]] = {
    "histories.txt": histories,
    "plans.txt": plans,
    "messages.txt": messages,
    "evidence.txt": evidence,
    "refusals.txt": refusals,
    "edits.txt": edits,
    "decisions.txt": decisions,
    "syringes.txt": syringes,
}


def written(name: str) -> str:
    """A file of scenarios as it would be approved."""
    return "\n".join(SCENARIOS[name]()).strip() + "\n"

"""A confirmation names every figure that makes its finding hold, and falls with each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest

from planner.core.calendar.clinic import Clinic, Closure
from planner.core.dosing.equipment import Stock, Syringe
from planner.core.plan.findings import confirm_blocks
from planner.core.plan.plan import Plan
from planner.core.plan.planning import plan_course
from planner.core.protocol.protocol import Protocol
from planner.errors import InputError
from tests.conftest import Run
from tests.courses import course, course_text, lesion, write

Change = Callable[["Case"], "Case"]


class Case(NamedTuple):
    """A course whose plan waits for a physician, and its clinic."""

    tables: tuple[str, ...]
    syringes: tuple[tuple[str, str], ...] = (("1", "0.01"), ("3", "0.1"), ("5", "0.2"))
    stock: tuple[str, str] | None = None
    closed: tuple[str, ...] = ()
    patient: str = ""
    most_ml: str | None = None

    def text(self, confirmations: str = "") -> str:
        """Its course file."""
        said = course_text(self.patient + "".join(self.tables))
        return f"{said}\n{confirmations}"

    def plan(self, protocol: Protocol, clinic: Clinic, confirmations: str = "") -> Plan:
        """Its plan, in a clinic that is open all week."""
        days = [date.fromisoformat(one) for one in self.closed]
        hours = next(spans for spans in clinic.opening if spans)
        here = clinic._replace(
            opening=(hours,) * 7,
            closures=tuple(Closure(one, one) for one in days),
            syringes=tuple(_syringe(*one) for one in self.syringes),
            stock=None if self.stock is None else _stock(*self.stock),
            most_ml={} if self.most_ml is None else {"knee": Fraction(self.most_ml)},
        )
        return plan_course(course(self.text(confirmations), protocol), protocol, here)


def _stock(strength: str, salt: str) -> Stock:
    return Stock(Fraction(strength), salt, Fraction(10))  # type: ignore[arg-type]


def _syringe(capacity: str, line: str) -> Syringe:
    return Syringe(Fraction(capacity), Fraction(line), Fraction(0))


def tables(*said: str) -> Change:
    """The same with other lesions or moves."""
    return lambda case: case._replace(tables=said)


def lines(*sizes: tuple[str, str]) -> Change:
    """The same with other syringes."""
    return lambda case: case._replace(syringes=sizes)


def dose(*mg: object, **more: object) -> str:
    """A lesion of the weekly regimen; one dose for all, or one for each injection."""
    return lesion(dose_mg=mg[0] if len(mg) == 1 else list(mg), **more)  # type: ignore[arg-type]


def move(due: str, to: str) -> str:
    """A visit at a time of the physician's choice."""
    return f'[[move]]\nfrom = {due}\nto = "{to}"\n'


# The one takes the place of the other.
REGIMENS = {"regimen-extrapolated", "regimen-overridden"}
SMALL = {"size_mm": 3, "site": "fingertip"}
FIFTY = dose(50)
# Each finding that waits for a physician: the course, what is confirmed, and one figure changed
# at a time. That a patient is allergic and a salt anhydrous are no figures: they hold or do not.
CASES: Mapping[str, tuple[Case, str, str, Mapping[str, Change]]] = {
    "a regimen that the source does not give": (
        Case((dose(12.5, **SMALL),)), "regimen-extrapolated", "weekly",
        {"regimen": tables(dose(12.5, regimen="single", **SMALL))},
    ),
    "a regimen of the physician's choice": (
        Case((dose(12.5, regimen="single", **SMALL),)), "regimen-overridden", "single",
        {"regimen": tables(dose(12.5, regimen="weekly", **SMALL)),
         "lesion": tables(dose(12.5, **SMALL), lesion("B", dose_mg=20, regimen="single"))},
    ),
    "an allergy": (
        Case((FIFTY,), patient="sulfite_allergy = true\n"), "sulfite-allergy", "stated", {},
    ),
    "a dose above the cases": (
        Case((dose(300),)), "dose-above-observed", "300 mg",
        {"dose": tables(dose(300.5)),
         "one of four": tables(dose(300, 300, 320, 300)),
         "lesion": tables(dose(50), lesion("B", dose_mg=300))},
    ),
    "several doses above the cases": (
        Case((dose(300, 300, 320, 300),)), "dose-above-observed", "300 mg, 320 mg",
        {"a dose": tables(dose(300, 300, 321, 300)), "order": tables(dose(320, 300, 300, 300)),
         "one less": tables(dose(300, 300, 300, 300))},
    ),
    "a dose above the cases as it is drawn": (
        Case((dose(274),), (("10", "0.5"),)), "dose-above-observed", "274 mg drawn as 300 mg",
        {"dose": tables(dose(273)), "lines": lines(("10", "0.62")),
         "one of four": tables(dose(274, 274, 275, 274))},
    ),
    "a dose above the cases at its site": (
        Case((dose(100),)), "dose-above-cases", "100 mg",
        {"dose": tables(dose(100.5)), "one of four": tables(dose(100, 100, 110, 100)),
         "lesion": tables(dose(50), lesion("B", dose_mg=100))},
    ),
    "a place above its cases": (
        Case((lesion("A", dose_mg=50), lesion("B", dose_mg=50))),
        "site-total-above-cases", "A, B together 100 mg",
        {"a dose": tables(lesion("A", dose_mg=50), lesion("B", dose_mg=51)),
         "a lesion": tables(*(lesion(one, dose_mg=50) for one in "ABC"))},
    ),
    "a place above its cases as it is drawn": (
        Case((lesion("A", dose_mg=43.5), lesion("B", dose_mg=43.5)), (("1", "0.03"),)),
        "site-total-above-cases", "A, B together 87 mg drawn as 90 mg",
        {"a dose": tables(lesion("A", dose_mg=43.5), lesion("B", dose_mg=43.4)),
         "lines": lines(("1", "0.31"))},
    ),
    "a volume above the clinic's limit": (
        Case((FIFTY,), most_ml="0.3"), "volume-above-limit", "0.33 mL",
        {"dose": tables(dose(51)), "one of four": tables(dose(50, 50, 52.5, 50)),
         "lines": lines(("1", "0.04"))},
    ),
    "an answer to stop at": (
        Case((FIFTY,), patient="[screening]\npregnant = true\n"),
        "screening-positive", "pregnant: yes",
        {"another one": lambda case: case._replace(patient="[screening]\ndialysis = true\n"),
         "one more": lambda case: case._replace(
             patient="[screening]\npregnant = true\ndialysis = true\n")},
    ),
    "a child": (
        Case((FIFTY,), patient="birth_date = 2010-01-01\n"), "age-outside-observed", "16 years",
        {"a year less": lambda case: case._replace(patient="birth_date = 2011-01-01\n")},
    ),
    "a jump up": (
        Case((dose(12.5, 62.5, 62.5, 62.5),)), "dose-jump", "12.5 mg to 62.5 mg",
        {"before": tables(dose(12.4, 62.5, 62.5, 62.5)),
         "after": tables(dose(12.5, 63, 63, 63)),
         "a second one": tables(dose(12.5, 62.5, 62.5, 12.5))},
    ),
    "a jump down": (
        Case((dose(62.5, 62.5, 62.5, 12.5),)), "dose-jump", "62.5 mg to 12.5 mg",
        {"way": tables(dose(12.5, 62.5, 62.5, 62.5)),
         "after": tables(dose(62.5, 62.5, 62.5, 12))},
    ),
    "a dose that is drawn otherwise": (
        Case((dose(20),), (("1", "0.1"),)), "drawn-dose-deviates", "20 mg drawn as 15 mg",
        {"dose": tables(dose(19)), "lines": lines(("1", "0.2")),
         "finer lines": lines(("1", "0.09")), "one of four": tables(dose(20, 20, 25, 20))},
    ),
    "several doses that are drawn otherwise": (
        Case((dose(20, 25, 20, 30),), (("1", "0.1"),)),
        "drawn-dose-deviates", "20 mg drawn as 15 mg, 25 mg drawn as 30 mg",
        {"a dose": tables(dose(20, 26, 20, 30)), "order": tables(dose(25, 20, 20, 30)),
         "lines": lines(("1", "0.15"))},
    ),
    "a recipe that is open": (
        Case((lesion(),), stock=("250", "pentahydrate")), "stock-diluted", "250 mg/mL",
        {"strength": lambda case: case._replace(stock=("300", "pentahydrate"))},
    ),
    "an anhydrous salt": (
        Case((FIFTY,), stock=("150", "anhydrous")), "salt-differs", "anhydrous", {},
    ),
    "a visit moved out of its window": (
        Case((FIFTY, move("2026-09-21", "2026-09-25 10:00"))),
        "move-outside-window", "2026-09-25 10:00",
        {"day": tables(FIFTY, move("2026-09-21", "2026-09-26 10:00")),
         "hour": tables(FIFTY, move("2026-09-21", "2026-09-25 10:15")),
         "which": tables(FIFTY, move("2026-09-14", "2026-09-25 10:00"))},
    ),
    "a visit near another": (
        Case((FIFTY, move("2026-09-14", "2026-09-16 10:00")),
             closed=("2026-09-19", "2026-09-21", "2026-09-22", "2026-09-23")),
        "interval-too-short", "4 days, 2026-09-16 10:00",
        {"both days": lambda case: case._replace(
            tables=(FIFTY, move("2026-09-14", "2026-09-15 10:00")),
            closed=("2026-09-20", *case.closed[1:])),
         "hour": tables(FIFTY, move("2026-09-14", "2026-09-16 11:00")),
         "the other's day": lambda case: case._replace(
             closed=("2026-09-20", *case.closed[1:]))},
    ),
}  # fmt: skip
FIGURES = [(name, figure) for name, (*_, changes) in CASES.items() for figure in changes]


def agreed(plan: Plan) -> str:
    """The blocks that are shown, filled in."""
    blocks = confirm_blocks(plan.findings)
    return blocks.replace('by = ""', 'by = "Dr A. Holm"').replace('reason = ""', 'reason = "seen"')


@pytest.mark.parametrize("name", CASES)
@pytest.mark.hazard("stale-confirmation")
def test_what_is_shown_confirms_what_it_names(sts_150: Protocol, clinic: Clinic, name: str) -> None:
    case, code, value, _ = CASES[name]
    waiting = case.plan(sts_150, clinic)
    assert value in {one.value for one in waiting.findings if one.code == code and one.is_open}
    assert case.plan(sts_150, clinic, agreed(waiting)).is_confirmed


@pytest.mark.parametrize(("name", "figure"), FIGURES)
@pytest.mark.hazard("stale-confirmation")
def test_a_confirmation_falls_with_each_figure_behind_it(
    sts_150: Protocol, clinic: Clinic, name: str, figure: str
) -> None:
    case, code, _, changes = CASES[name]
    said = agreed(case.plan(sts_150, clinic))
    fallen = changes[figure](case).plan(sts_150, clinic, said)
    assert not fallen.is_confirmed
    asked = {one.code for one in fallen.findings if one.is_open}
    assert asked & ({code} if code not in REGIMENS else REGIMENS)


@pytest.mark.hazard("stale-confirmation")
def test_a_dose_agreed_as_drawn_with_one_syringe_is_asked_anew_with_another(
    planner: Run, tmp_path: Path
) -> None:
    said = 'finding = "drawn-dose-deviates"\nlesion = "A"\nby = "Dr A. Holm"\nreason = "fine"\n'
    clinic = 'timezone = "Europe/Copenhagen"\n[[syringe]]\ncapacity_ml = 1\ngraduation_ml = {}\n'
    for line, drawn, other in (("0.1", "15 mg", "0.2"), ("0.2", "30 mg", "0.1")):
        for value, expected in (("20 mg", 12), (f"20 mg drawn as {drawn}", 0)):
            text = course_text(dose(20), f'[[confirm]]\n{said}value = "{value}"\n')
            write(tmp_path, clinic.format(line), "clinic.toml")
            plan = ("plan", write(tmp_path, text), "--clinic", "clinic.toml", "--json")
            assert planner(*plan).returncode == expected
        write(tmp_path, clinic.format(other), "clinic.toml")
        assert planner(*plan).returncode == 12


UNSEEN = [
    "\u200b", "\u200e", "\u2060", "\u2064", "\ufeff", "\u00ad", "\u180e",
    "\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\u2800 \u3164", "\u034f", "\ufe0f",
    "\u17b4", "\u00a0", "\u3000", " ",
]  # fmt: skip


@pytest.mark.parametrize("text", UNSEEN)
@pytest.mark.parametrize("key", ["by", "reason"])
@pytest.mark.hazard("stale-confirmation")
def test_a_word_that_shows_nothing_confirms_nothing(sts_150: Protocol, key: str, text: str) -> None:
    said = {"by": "Dr A. Holm", "reason": "seen", key: text}
    block = "".join(f'{name} = "{one}"\n' for name, one in said.items())
    file = course_text(
        FIFTY, f'[[confirm]]\nfinding = "sulfite-allergy"\nvalue = "stated"\n{block}'
    )
    with pytest.raises(InputError) as raised:
        course(file, sts_150)
    assert [one.place for one in raised.value.problems] == [f"confirm[1].{key}"]


@pytest.mark.parametrize("option", ["--by", "--reason", "--confirm"])
@pytest.mark.hazard("stale-confirmation")
def test_nor_does_it_in_the_register(planner: Run, tmp_path: Path, option: str) -> None:
    text = course_text(dose(60), first_visit="2025-09-01 09:00")
    add = ("course", "add", write(tmp_path, text), "--timezone", "Europe/Copenhagen")
    assert planner(*add, "--by", "Dr A. Holm").returncode == 0
    said = {"--by": "Dr A. Holm", "--reason": "large", "--confirm": "agreed"}
    for unseen in ("\u200b", "\u3164", "\u2800"):
        words = [part for pair in (said | {option: unseen}).items() for part in pair]
        done = planner("course", "dose", "K-1", "--lesion", "A", "--mg", "300", *words)
        assert done.returncode == 10
        assert option in done.stderr
    words = [part for pair in said.items() for part in pair]
    done = planner("course", "dose", "K-1", "--lesion", "A", "--mg", "300", *words)
    assert done.returncode == 0, done.stderr

"""From milligrams to what a syringe shows."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from planner.core.dosing.draw_up import draw_up
from planner.core.dosing.equipment import USUAL_SYRINGES
from planner.core.values.formatting import number, percent, plain
from planner.core.values.intervals import Interval
from planner.core.values.quantities import Dose, Number, Strength
from tests.conftest import Run

AT_150 = Strength(Fraction(150))

DRAW_UPS = [
    # dose mg, syringe mL, drawn mL, drawn mg, deviation %
    ("12.5", 1, "0.08", "12", "-4"),
    ("57.5", 1, "0.38", "57", "-0.869565"),
    ("37.5", 1, "0.25", "37.5", "0"),
    ("62.5", 1, "0.42", "63", "0.8"),
    ("150", 1, "1", "150", "0"),
    ("275", 3, "1.8", "270", "-1.818182"),
    ("30", 1, "0.2", "30", "0"),
    ("120", 1, "0.8", "120", "0"),
    # an exact half goes down
    ("2.25", 1, "0.01", "1.5", "-33.333333"),
    ("3.75", 1, "0.02", "3", "-20"),
    # the largest syringe and beyond
    ("1500", 10, "10", "1500", "0"),
    ("1501", 10, "10", "1500", "-0.066622"),
]


@pytest.mark.parametrize(("dose", "syringe", "drawn", "drawn_dose", "deviation"), DRAW_UPS)
@pytest.mark.hazard("mg-for-ml", "rounding")
def test_the_smallest_syringe_shows_the_nearest_line(
    dose: str, syringe: int, drawn: str, drawn_dose: str, deviation: str
) -> None:
    one = draw_up(Dose(Fraction(dose)), AT_150, USUAL_SYRINGES)
    assert one.syringe.capacity_ml == syringe
    assert one.drawn.ml == Fraction(drawn)
    assert one.drawn_dose.mg == Fraction(drawn_dose)
    assert round(one.deviation * 100, 6) == Fraction(deviation)


SHARED_OUT = [
    # dose mg, the volumes of the syringes in mL
    ("1575", ["5.5", "5"]),
    ("3000", ["10", "10"]),
    ("3075", ["7", "7", "6.5"]),
]


@pytest.mark.parametrize(("dose", "volumes"), SHARED_OUT)
def test_over_the_largest_syringe_the_total_is_shared(dose: str, volumes: list[str]) -> None:
    one = draw_up(Dose(Fraction(dose)), AT_150, USUAL_SYRINGES)
    assert [part.ml for part in one.parts] == [Fraction(volume) for volume in volumes]
    assert sum(part.ml for part in one.parts) == one.drawn.ml


@pytest.mark.hazard("small-volume")
def test_half_of_the_smallest_line_is_not_drawable() -> None:
    assert not draw_up(Dose(Fraction("0.75")), AT_150, USUAL_SYRINGES).is_drawable
    assert draw_up(Dose(Fraction("0.76")), AT_150, USUAL_SYRINGES).is_drawable


def test_the_command_says_it(planner: Run) -> None:
    said = planner("dose", "12.5").stdout.replace("\u00a0", " ")
    assert "12.5 mg at 150 mg/mL is 0.083333 mL" in said
    assert "draw 0.08 mL = 12 mg (-4 %)" in said


def test_the_command_says_it_to_programs(planner: Run) -> None:
    import json

    answer = json.loads(planner("dose", "12.5 mg", "--json").stdout, parse_float=Decimal)
    assert answer == {
        "dose_mg": Decimal("12.5"),
        "strength_mg_per_ml": 150,
        "volume_ml": Decimal("0.083333"),
        "drawn_ml": Decimal("0.08"),
        "drawn_mg": 12,
        "deviation_percent": -4,
        "syringes": [
            {"capacity_ml": 1, "graduation_ml": Decimal("0.01"), "drawn_ml": Decimal("0.08")}
        ],
    }


def test_the_way_back(planner: Run) -> None:
    assert "draw 0.5\u00a0mL = 75\u00a0mg" in planner("dose", "--ml", "0.5 mL").stdout


@pytest.mark.hazard("wrong-strength")
def test_an_empty_strength_is_refused_not_the_protocols(planner: Run) -> None:
    assert planner("dose", "12.5", "--strength", "").returncode == 10


def test_a_full_disk_is_no_bug(planner: Run) -> None:
    import subprocess
    import sys

    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "planner", "dose", "12.5", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 14
    assert "standard output: it cannot be written" in done.stderr


REFUSED = [
    ("12,5", "a decimal has a point: 12.5"),
    ("1,500", "write it without a mark, or as 1.5"),
    ("0", "not above 0"),
    ("-5", "not above 0"),
    ("NaN", "not a number"),
    ("inf", "not a number"),
    ("1.500", '"1.500" may be thousands; write it without a mark, or as 1.5'),
    ("1e400", "not a number"),
    ("12.5 mL", "not in mg"),
    ("12.5 µg", "not in mg"),
    ("0.1234567", "six decimals"),
    ("0.3", "not drawable"),
    ("٣", "not a number"),
]


@pytest.mark.parametrize(("typed", "message"), REFUSED)
@pytest.mark.hazard("mg-for-ml", "decimal-comma", "small-volume")
def test_what_is_no_dose_is_refused_with_the_fix(planner: Run, typed: str, message: str) -> None:
    done = planner("dose", typed)
    assert done.returncode == 10
    assert message in done.stderr
    assert done.stdout == ""


def test_each_word_that_is_no_dose_is_told(planner: Run, tmp_path: Path) -> None:
    done = planner("dose", "0", "abc", "5", "1,500", "2", "mL", "--strength", "x")
    assert done.returncode == 10
    for one in (
        "--strength: ",
        "'0' is not above 0",
        '"abc" is not',
        '"1,500" may',
        '"2 mL" is not',
    ):
        assert one in done.stderr
    assert len(done.stderr.splitlines()) == 5, done.stderr


def test_a_danish_clinic_writes_decimal_commas(planner: Run, tmp_path: Path) -> None:
    """What may be thousands is refused all the same."""
    (tmp_path / "da.toml").write_text('timezone = "Europe/Copenhagen"\nlanguage = "da"\n')
    danish = ("--clinic", "da.toml")
    assert "12.5" in planner("dose", "12,5", *danish).stdout
    for typed in (("1.500",), ("1,500",), ("--ml", "1.500"), ("12.5", "--strength", "1.500")):
        done = planner("dose", *typed, *danish)
        assert done.returncode == 10
        assert "may be thousands" in done.stderr
    decided = planner("decide", "--size-mm", "1.500", "--site", "kne", "--ulcerated")
    assert decided.returncode == 10
    assert '--size-mm: "1.500" may be thousands' in decided.stderr
    assert "site: 'kne' is not a site of the protocol; did you mean knee?" in decided.stderr


PERCENTS = [
    # value; as it is printed, to one decimal
    (Fraction(-4), "-4 %"),
    (Fraction(-20, 23), "-0.9 %"),
    (Fraction(4, 5), "0.8 %"),
    (Fraction(1, 100), "0 %"),
    (Fraction(-1, 100), "0 %"),
    (Fraction(199, 3), "66.3 %"),
]


@pytest.mark.parametrize(("value", "printed"), PERCENTS)
def test_a_per_cent_has_one_decimal(value: Fraction, printed: str) -> None:
    assert percent(value).replace("\u00a0", " ") == printed


BOUNDS = [
    # as a file has it; as it is written again, as a sentence has it
    ("< 5", "< 5", "under 5 mm"),
    ("<= 5.50", "<= 5.5", "5.5 mm or less"),
    ("> 5", "> 5", "over 5 mm"),
    (">=5", ">= 5", "5 mm or more"),
    ("= 3", "= 3", "3 mm"),
    ("[5..20]", "[5..20]", "5 mm to 20 mm"),
    ("[5 .. 20)", "[5..20)", "5 mm or more and under 20 mm"),
    ("(5..20]", "(5..20]", "over 5 mm and 20 mm or less"),
    ("(5..20)", "(5..20)", "over 5 mm and under 20 mm"),
]


@pytest.mark.parametrize(("text", "written", "words"), BOUNDS)
def test_a_bound_is_written_as_it_is_read(text: str, written: str, words: str) -> None:
    bound = Interval.parse(text)
    assert str(bound) == written
    assert plain(bound.words("mm")) == words


def test_a_bound_without_ends_holds_for_all() -> None:
    assert str(Interval()) == "any"
    assert Fraction(-1) in Interval()


def test_a_fraction_is_compared_exactly_and_a_text_is_in_no_bound() -> None:
    third = Interval.parse("[0.333333..1]")
    assert Fraction(1, 3) in third
    assert Fraction(333333, 10**6) in third
    assert Fraction(333332, 10**6) not in third
    assert "0.5" not in third


SPACES = [("a", "a"), (" a  b\t\nc ", "a b c"), ("5\u00a0mg", "5 mg"), ("a\u00a0 b", "a b")]


@pytest.mark.parametrize(("text", "typed"), SPACES)
def test_a_text_is_compared_as_it_is_typed(text: str, typed: str) -> None:
    assert plain(text) == typed


NUMBERS = [
    # value; as it is written, at most six decimals and none that says nothing
    (5, "5"),
    (100, "100"),
    (Decimal("100"), "100"),
    (Decimal("5.0"), "5"),
    (Decimal("0.50"), "0.5"),
    (Decimal("12.5"), "12.5"),
    (Decimal("1.23456789"), "1.234568"),
    (Decimal("-0.5"), "-0.5"),
    (Decimal("-0.0000001"), "0"),
    (Fraction(1, 12), "0.083333"),
    (Fraction(-1, 10**9), "0"),
]


@pytest.mark.parametrize(("value", "written"), NUMBERS)
def test_a_number_says_no_more_than_it_has(value: Number, written: str) -> None:
    assert number(value) == written


INSIDE = [
    # bound, size, whether it lies in it
    ("= 3", "3", True),
    ("= 3", "3.000001", False),
    ("= 3", "2.999999", False),
    ("[3..3]", "3", True),
    ("(3..4]", "3", False),
    ("(3..4]", "4", True),
    ("< 3", "3", False),
    ("<= 3", "3", True),
]


@pytest.mark.parametrize(("bound", "size", "is_inside"), INSIDE)
def test_a_size_lies_in_a_bound_or_not(bound: str, size: str, is_inside: bool) -> None:
    assert (Decimal(size) in Interval.parse(bound)) is is_inside


@pytest.mark.parametrize("text", ["", "5", "< 5 mm", "5..6", "[5..6", "about 5"])
def test_what_is_no_bound_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(repr(text))} is not a bound$"):
        Interval.parse(text)


@pytest.mark.parametrize("figure", [0, -1])
@pytest.mark.hazard("wrong-strength")
def test_a_strength_is_above_nothing(figure: int) -> None:
    with pytest.raises(ValueError, match=r"^a strength is above 0 mg/mL$"):
        Strength(Fraction(figure))
    assert Strength(Fraction(1, 10**6)).mg_per_ml > 0

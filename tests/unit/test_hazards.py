"""The hazard log: whole, tested, printed, and in docs/hazards.md as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planner.files.hazards import hazards
from tests.conftest import ROOT, Run
from tests.hazards import BEGIN, PAGE, faults, marked, stray, with_matrix
from tests.removals import removals

LOG = hazards()
MARKS = {test: tuple(ids) for test, ids in marked().items()}
PROMISES = "## What it promises, and what it does not"


def test_each_hazard_has_its_tests_and_each_id_its_hazard() -> None:
    assert not list(faults(LOG, MARKS))
    assert not list(stray())


def test_a_hazard_marked_elsewhere_is_seen(tmp_path: Path) -> None:
    marked_module = 'import pytest\npytestmark = pytest.mark.hazard("no-such-hazard")\n'
    (tmp_path / "test_x.py").write_text(marked_module)
    assert list(stray(tmp_path)) == [
        "test_x.py: a hazard is marked elsewhere than at a test function"
    ]


FAULTY = {
    "a hazard without a test": (LOG[0]._replace(tests=()), {}, "no test"),
    "a hazard without a control": (LOG[0]._replace(controls=()), {}, "no control"),
    "a risk by no word": (
        LOG[0]._replace(risk=LOG[0].risk._replace(before="often")),
        {},
        "no word of the scale",
    ),
    "controls that make it worse": (
        LOG[0]._replace(risk=LOG[0].risk._replace(before="rare")),
        {},
        "more likely",
    ),
    "a hazard without an owner": (
        LOG[0]._replace(risk=LOG[0].risk._replace(owner="")),
        {},
        "how it stands",
    ),
    "something left that nobody accepted": (
        LOG[0]._replace(left="much"),
        {},
        "contradict one another",
    ),
    "a test that is gone": (LOG[0]._replace(tests=("tests/x.py::test_x",)), {}, "is not there"),
    "a test without the id": (LOG[0], {LOG[0].tests[0]: ()}, "does not carry the id"),
    "an id without a hazard": (LOG[0], {LOG[0].tests[0]: ("wrong-strenght",)}, "is no hazard"),
    "a test that the log lacks": (
        LOG[0],
        {LOG[3].tests[0]: (LOG[3].id, LOG[0].id)},
        "does not name it",
    ),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_gap_in_the_log_is_seen(name: str) -> None:
    hazard, marks, fault = FAULTY[name]
    found = list(faults([hazard, *LOG[1:]], {**MARKS, **marks}))
    assert any(one.endswith(fault) for one in found)


LEVELS = [
    # severity, likelihood, risk
    ("severe", "likely", "high"), ("severe", "possible", "high"),
    ("severe", "unlikely", "moderate"),
    ("severe", "rare", "low"), ("serious", "likely", "high"), ("serious", "possible", "moderate"),
    ("serious", "unlikely", "moderate"), ("minor", "likely", "moderate"),
    ("minor", "possible", "moderate"), ("minor", "unlikely", "low"), ("minor", "rare", "low"),
]  # fmt: skip


@pytest.mark.parametrize(("severity", "likelihood", "level"), LEVELS)
def test_a_risk_is_how_bad_and_how_likely(severity: str, likelihood: str, level: str) -> None:
    hazard = LOG[0]._replace(harm=f"patient, {severity}: something")
    assert hazard.level(likelihood) == level


def test_no_hazard_is_left_high() -> None:
    assert [one.id for one in LOG if one.level(one.risk.with_controls) == "high"] == []


def test_the_command_prints_each_hazard_with_its_controls(planner: Run) -> None:
    said = planner("hazards").stdout
    for one in LOG:
        assert f"{one.id}: {one.hazard}\n" in said
        for control in one.controls:
            assert f"  control: {control.what} ({control.where})\n" in said


def test_the_pages_matrix_is_the_logs() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert BEGIN in page
    assert page == with_matrix(page, LOG)


def test_each_promise_leads_to_its_tests() -> None:
    """A hazard of the matrix, whose row has the tests, or a test itself: two steps at most."""
    page = PAGE.read_text(encoding="utf-8")
    section = page.partition(PROMISES)[2].partition("\n## ")[0].partition(BEGIN)[0]
    promises = re.findall(r"^- (.*(?:\n  .*)*)", section, re.MULTILINE)
    assert len(promises) > 10
    for promise in promises:
        links = re.findall(r"\[([^]]+)\]\(([^)]+)\)", promise)
        assert links, promise
        for words, link in links:
            test = f"{link.removeprefix('../')}::test_{'_'.join(words.split())}"
            assert link.removeprefix("#") in {one.id for one in LOG} or test in MARKS, link


def test_each_control_can_be_taken_away() -> None:
    """Each hazard has trials, each of a control of its own that stands in the product as it is."""
    for trial in removals():
        (hazard,) = (one for one in LOG if one.id == trial.hazard)
        assert trial.where in {control.where for control in hazard.controls}
        text = (ROOT / trial.where).read_text(encoding="utf-8")
        assert trial.place(text).count(trial.take) == 1, f"{trial.hazard}: {trial.take}"
        assert trial.without(text) != text
    tried = {(one.hazard, one.where) for one in removals()}
    assert tried == {(one.id, control.where) for one in LOG for control in one.controls}

"""Texts as people see them: what shows nothing, and which two ids are one patient's."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.core.protocol.protocol import Protocol
from planner.core.values.lettering import as_people_read, is_unseen, shows_nothing
from planner.errors import InputError
from tests.conftest import Run
from tests.courses import course, course_text, lesion

ALIKE = [
    "P-17", "P-17 ", " P-17", "p-17", "\u00a0P-17\u3000", "P\u201017", "P\u201117", "P\u201217",
    "P\u201317", "P\u201417", "P\u221217", "P\ufe5817", "P\ufe6317", "P\uff0d17",
    "\uff30\uff0d\uff11\uff17", "P-1\u200b7", "P-17\u3164", "P\u00ad-17", "P-17\ufe0f",
]  # fmt: skip


@pytest.mark.parametrize("text", ALIKE)
@pytest.mark.hazard("wrong-patient")
def test_ids_that_read_the_same_are_the_same(text: str) -> None:
    assert as_people_read(text) == "p-17"


@pytest.mark.parametrize("text", ["P-18", "P17", "P 17", "P--17", "P_17", "\u0420-17", "P-1 7"])
def test_ids_that_read_otherwise_are_others(text: str) -> None:
    assert as_people_read(text) != "p-17"


def test_white_space_inside_is_one_space() -> None:
    assert as_people_read("010161 \u2003 1234\t") == as_people_read("010161\u00a01234")
    assert as_people_read("STRASSE \u00e9") == as_people_read("stra\u00dfe e\u0301")


@given(st.text())
def test_what_was_read_reads_the_same(text: str) -> None:
    once = as_people_read(text)
    assert as_people_read(once) == once
    assert as_people_read(text.upper()) == as_people_read(text.upper().lower())


def test_nothing_that_is_read_is_unseen() -> None:
    seen = "P-17 \u00e5\u00f8\u03b1\u0416\u05d0\u4e2d\u0301\u2013\U0001f600"
    assert [one for one in seen if is_unseen(one)] == []
    assert not shows_nothing("\u200b.")
    assert all(shows_nothing(one) for one in ("", " \u2800\ufeff"))


@pytest.mark.parametrize("letter", ["\u200b", "\u00ad", "\u3164", "\u2800", "\u034f", "\ufe0f"])
@pytest.mark.hazard("wrong-patient")
def test_a_patients_id_with_what_nobody_sees_is_refused_by_its_name(
    sts_150: Protocol, letter: str
) -> None:
    text = course_text(lesion(dose_mg=50)).replace('"P-1"', f'"P-1{letter}"')
    with pytest.raises(InputError) as raised:
        course(text, sts_150)
    (problem,) = raised.value.problems
    assert problem.place == "patient.id"
    assert unicodedata.name(letter) in problem.problem


@pytest.mark.hazard("wrong-patient")
def test_a_patients_id_that_is_asked_for_is_held_to_the_same(planner: Run) -> None:
    done = planner(
        "new", "course.toml", INPUT="K-1\nsystemic sclerosis\n2026-09-07 09:00\nP-1\u3164\n"
    )
    assert "HANGUL FILLER" in done.stderr

"""`planner course give` by lesion: what belongs to one lesion is never another one's."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CLINIC, Run, command_in
from tests.courses import course_text, lesion, write

Give = Callable[..., subprocess.CompletedProcess[str]]
BY = {"PLANNER_USER": "Nurse B. Lund"}
TWO = course_text(lesion("A", dose_mg=60), lesion("B", site="elbow", size_mm=20, dose_mg=30))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register with a course of two lesions."""
    folder = tmp_path_factory.mktemp("begun")
    add = command_in(folder)("course", "add", write(folder, TWO), "--clinic", CLINIC, **BY)
    assert add.returncode == 0, add.stderr
    return folder / "register.db"


@pytest.fixture
def give(begun: Path, planner: Run, tmp_path: Path) -> Give:
    """`planner course give` at the first visit of a course of two lesions."""
    shutil.copy(begun, tmp_path)

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return planner("course", "give", "K-1", "--visit", 1, *arguments, **BY)

    return run


def shown(planner: Run) -> Any:
    return json.loads(planner("course", "show", "K-1", "--json", **BY).stdout)


def given(planner: Run, *names: str) -> dict[str, Any]:
    """What each lesion got at the first visit, as far as it is asked for."""
    first = shown(planner)["plan"]["visits"][0]
    return {
        one["lesion"]: one["given"] and tuple(one["given"][name] for name in names)
        for one in first["injections"]
    }


FELT = ("pain_before", "pain_after", "complication")
A, B = ("--lesion", "A"), ("--lesion", "B")
TOLD = [
    # the options; what A and what B felt
    ((*A, "--pain-before", 3, *B, "--pain-before", 5), (3, None, None), (5, None, None)),
    ((*B, "--pain-before", 5, *A, "--pain-before", 3), (3, None, None), (5, None, None)),
    ((*A, "--pain-before", 3, "--pain-after", 6, *B), (3, 6, None), (None, None, None)),
    ((*A, *B, "--pain-after", 2), (None, None, None), (None, 2, None)),
    ((*A, *B, "--complication", "bled"), (None, None, None), (None, None, "bled")),
    (
        (*A, "--complication", "bled", "--pain-after", 1, *B, "--complication", "fainted"),
        (None, 1, "bled"),
        (None, None, "fainted"),
    ),
    # With one lesion the order does not matter, and the other one is not recorded.
    (("--pain-before", 3, "--pain-after", 4, *A), (3, 4, None), None),
    (("--complication", "bled", *B, "--pain-before", 0), None, (0, None, "bled")),
]


@pytest.mark.parametrize(("said", "of_a", "of_b"), TOLD)
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.hazard("wrong-side-or-site")
def test_pain_and_complication_belong_to_the_lesion_before_them(
    give: Give, planner: Run, said: Sequence[object], of_a: Any, of_b: Any, is_first: bool
) -> None:
    # The options of the whole record stand anywhere.
    whole = ("--as-planned", "--lot", "7A12")
    done = give(*whole, *said) if is_first else give(*said, *whole)
    assert done.returncode == 0, done.stderr
    assert given(planner, *FELT) == {"A": of_a, "B": of_b}
    lots = {one and one[0] for one in given(planner, "lot").values()} - {None}
    assert lots == {"7A12"}


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.hazard("mg-for-ml", "wrong-side-or-site")
def test_a_dose_belongs_to_its_lesion_in_any_order(
    give: Give, planner: Run, order: tuple[int, ...]
) -> None:
    of_a = [("--dose", 50), ("--pain-before", 2), ("--complication", "bled")]
    of_b = [("--ml", "0.25"), ("--pain-before", 7), ("--complication", "fainted")]
    said = [
        part
        for name, own in ((A, of_a), (B, of_b))
        for group in (name, *(own[place] for place in order))
        for part in group
    ]
    done = give(*said)
    assert done.returncode == 0, done.stderr
    assert given(planner, "dose_mg", "drawn_ml", "pain_before", "complication") == {
        "A": (50, 0.33, 2, "bled"),
        "B": (37.5, 0.25, 7, "fainted"),
    }
    (event,) = [one for one in shown(planner)["history"] if one["kind"] == "given"]
    assert [one["lesion"] for one in event["injections"]] == ["A", "B"]


WRONG = [
    # the options; the code; what is said
    (("--as-planned", "--pain-before", 3), 10, "are of one lesion; here are A and B"),
    (("--as-planned", "--complication", "bled"), 10, "here are A and B; name each"),
    (("--pain-before", 3, *A, *B, "--as-planned"), 2, "are of one lesion; name it before them"),
    (("--dose", 60, *A, *B, "--dose", 30), 2, "are of one lesion; name it before them"),
    ((*A, "--pain-before", 3, "--pain-before", 4, "--as-planned"), 2, "it is given twice for one"),
    ((*A, "--dose", 50, "--ml", "0.3"), 2, "--dose and --ml were both given"),
    ((*A, "--dose", 50, *A, "--dose", 60), 2, "A is named twice"),
    ((*A, *A, "--as-planned"), 2, "A is named twice"),
    ((*A, "--dose", 50, *B), 2, "B has no dose; give --dose or --ml after each --lesion"),
    (("--dose", 50), 2, "a dose is of one lesion; name it"),
    ((*A, "--dose", 50, "--as-planned"), 2, "--as-planned and --dose or --ml were both given"),
    ((*A,), 2, "none was given"),
    ((), 2, "none was given"),
    ((*A, "--dose", "0,5"), 10, "--dose"),
    ((*A, "--dose", "0.4 mL"), 10, "--dose"),
    ((*A, "--ml", "60 mg"), 10, "--ml"),
    ((*A, "--pain-before", 11, "--as-planned"), 10, "--pain-before: 11 is out of reach"),
    ((*A, "--pain-before", -1, "--as-planned"), 10, "--pain-before: -1 is out of reach"),
    ((*A, "--complication", " ", "--as-planned"), 10, "--complication: it is empty"),
    ((*A, "--complication", "\u2800", "--as-planned"), 10, "--complication: it shows nothing"),
    (("--lesion", "Z", "--as-planned"), 13, "Z is no lesion of this course"),
    ((*A, "--dose", 50, "--lesion", "Z", "--dose", 50), 13, "Z is no lesion of this course"),
    (("--as-planned", "--expiry", "03/2027"), 10, "--expiry"),
    (("--as-planned", "--expiry", "2027-13"), 10, "--expiry"),
    (("--as-planned", "--expiry", "2027-02-30"), 10, "--expiry"),
    # Digits of another script are no date that could be compared.
    (("--as-planned", "--expiry", "20\u0662\u0667-03"), 10, "--expiry"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "code", "text"), WRONG)
@pytest.mark.hazard("wrong-side-or-site")
def test_what_is_not_clear_is_refused_and_nothing_is_written(
    give: Give, planner: Run, said: Sequence[object], code: int, text: str
) -> None:
    before = shown(planner)
    done = give(*said, "--confirm", "whatever is asked")
    assert (done.returncode, text in " ".join(done.stderr.split())) == (code, True), done.stderr
    assert shown(planner) == before


@pytest.mark.hazard("lost-event")
def test_pain_of_the_only_one_left_needs_no_name(give: Give, planner: Run) -> None:
    assert give(*A, "--as-planned").returncode == 0
    # A is recorded: naming it again beside B is refused, and B's pain is not lost.
    again = give(*A, *B, "--pain-before", 4, "--as-planned")
    assert again.returncode == 13
    assert "what A got at visit 1 is recorded already" in again.stderr
    assert give("--as-planned", "--pain-before", 4).returncode == 0
    assert given(planner, *FELT) == {"A": (None, None, None), "B": (4, None, None)}

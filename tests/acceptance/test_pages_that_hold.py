"""Which of the pages that were made still hold after a change, and which course they are of."""

from __future__ import annotations

from collections.abc import Callable, Set
from pathlib import Path

import pytest

from planner.app.documents import course_documents, course_paper
from planner.app.issued_pages import note_issued, page_of, stale_of
from planner.app.roles import Author
from planner.store.database import Database
from tests.conftest import CLINIC, EXAMPLES, Run
from tests.courses import course, course_text, lesion
from tests.registers import NOW, Followed, follow

TWO = course_text(lesion("A", dose_mg=50), lesion("B", site="thigh", dose_mg=60))
EVERY_VISIT = {f"visit-{number}" for number in range(2, 7)}


def with_a_lesion(followed: Followed, on: str) -> None:
    third = course_text(lesion("C", site="hand", dose_mg=70))
    (found,) = course(third, followed.now.record.protocol).lesions
    followed.add_lesion(found, on)


def both_evaluated(followed: Followed) -> None:
    followed.evaluate(5, "50", "A")
    followed.evaluate(5, "40", "B")


def nothing(_followed: Followed) -> None:
    """The papers are as fresh as can be."""


Change = Callable[[Followed], object]
# What is entered after visit 1 was given and papers were made: the pages that are stale then, and
# the one that was carried out.
TABLE: dict[str, tuple[Change, Set[str], str | None]] = {
    "nothing": (nothing, set(), None),
    "given as planned": (lambda one: one.give(2), set(), "visit-2"),
    "given a day late": (lambda one: one.give(2, "2026-09-15 11:00"), set(), "visit-2"),
    "given late, others follow": (
        lambda one: one.give(2, "2026-09-18 11:00"),
        {"visit-3", "visit-4", "appointments"}, "visit-2",
    ),
    "missed": (lambda one: one.miss(2), {"visit-2", "appointments"}, None),
    "another dose at visit 4": (lambda one: one.dose("75", "A", from_visit=4), {"visit-4"}, None),
    "moved": (
        lambda one: one.move(3, "2026-09-22 10:00"), {"visit-3", "appointments"}, None
    ),
    "moved far, others follow": (
        lambda one: one.move(3, "2026-09-29 10:00", confirm="agreed"),
        {"visit-3", "visit-4", "appointments"}, None,
    ),
    "a lesion held": (lambda one: one.hold("2026-09-10", "A"), EVERY_VISIT, None),
    "a lesion added on other days": (
        lambda one: with_a_lesion(one, "2026-09-16"), {"appointments"}, None
    ),
    "a lesion added on their days": (
        lambda one: with_a_lesion(one, "2026-09-14"),
        {*EVERY_VISIT, "appointments"} - {"visit-6"}, None,
    ),
    "half an evaluation": (lambda one: one.evaluate(5, "50"), set(), None),
    "an evaluation": (both_evaluated, set(), "visit-5"),
    "ended": (
        lambda one: one.end("stopped", "2026-09-10"), {*EVERY_VISIT, "appointments"}, None
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.hazard("stale-paper")
def test_a_page_is_stale_where_what_it_tells_to_do_has_changed(
    register: Database, tmp_path: Path, name: str
) -> None:
    change, stale, carried_out = TABLE[name]
    followed = follow(register, tmp_path, TWO)
    followed.give(1)
    made = followed.now
    note_issued(register, made, "abcdabcd", {"plan.json": b"{}"}, Author("Nurse", NOW))
    change(followed)
    now = followed.now
    states = {one.page: page_of(now, one.code, one.page).state for one in made.plan.pages}
    # The sheet has it all.
    wanted = stale | ({"treatment-sheet"} if stale else set())
    assert {page for page, state in states.items() if state == "stale"} == wanted
    done = [page for page, state in states.items() if state == "carried-out"]
    assert done == ([carried_out] if carried_out else [])


def test_a_page_is_noted_where_its_code_is_another_than_last(
    register: Database, tmp_path: Path
) -> None:
    """Printed again it is the same page; changed and changed back it is the newest once more."""
    followed = follow(register, tmp_path, TWO)

    def printed(*names: str) -> int:
        for name in names:
            course_paper(register, "K-1", f"{name}.pdf", Author("Nurse", NOW), is_counted=True)
        return len(followed.now.state.issues)

    assert printed("visit-2", "visit-3", "visit-2", "visit-3") == 2
    followed.dose("75", "A", from_visit=3)
    assert printed("visit-2", "visit-3", "visit-3") == 3
    followed.dose("50", "A", from_visit=3)
    assert printed("visit-3") == 4
    assert [one.page for one in stale_of(followed.now)] == []


def test_a_page_that_a_slip_took_out_of_use_is_no_work_any_more(
    register: Database, tmp_path: Path
) -> None:
    """A hold leaves visits of other numbers; their old pages were named when papers were made."""
    followed = follow(register, tmp_path, TWO)
    nurse = Author("Nurse", NOW)
    course_documents(register, "K-1", nurse, out=tmp_path / "out")
    followed.hold("2026-09-10", "A")
    assert stale_of(followed.now)
    made = course_documents(register, "K-1", nurse, out=tmp_path / "out")
    assert "change-slip.pdf" in made.files
    followed.give(1)
    assert [one.page for one in stale_of(followed.now)] == []
    followed.dose("75", "B")
    assert {one.page for one in stale_of(followed.now)} > {"treatment-sheet"}


@pytest.mark.hazard("stale-paper")
def test_a_page_of_another_course_records_nothing(
    planner: Run, register_url: str, tmp_path: Path
) -> None:
    told = {"PLANNER_DATABASE": register_url, "PLANNER_USER": "Dr A. Holm"}
    text = (EXAMPLES / "case-2-knee.toml").read_text()
    other = text.replace('"case-2"', '"case-3"').replace("2026-09-07", "2026-09-08")
    for name, content in (
        ("case-2", text),
        ("case-3", other.replace('id = "letter-', 'id = "other-')),
    ):
        (tmp_path / f"{name}.toml").write_text(content)
        add = planner("course", "add", f"{name}.toml", "--clinic", CLINIC, **told)
        assert add.returncode == 0, add.stderr
        made = planner("course", "documents", name, "--out", name, "--json", **told)
        assert made.returncode == 0, made.stderr
    pages = _pages(made.stdout)
    give = ("give", "case-2", "--visit", 1, "--as-planned", "--at", "2026-09-07 09:00",
            "--confirm", "the test's clock")  # fmt: skip
    before = planner("course", "history", "case-2", **told).stdout
    for code, said in (
        (pages["visit-1"], "course case-2 has no page with this code"),
        ("0" * 8, "course case-2 has no page with this code"),
    ):
        done = planner("course", *give, "--page", code, **told)
        assert (done.returncode, said in done.stderr) == (13, True), done.stderr
    assert planner("course", "history", "case-2", **told).stdout == before
    for code, exit_code in ((pages["visit-1"], 0), ("0" * 8, 13)):
        assert planner("course", "current", code, **told).returncode == exit_code


def _pages(said: str) -> dict[str, str]:
    import json

    return {one["page"]: one["code"] for one in json.loads(said)["pages"]}

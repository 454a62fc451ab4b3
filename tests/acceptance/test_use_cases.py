"""The use cases without any front end: docs/example.py, and who may do what."""

from __future__ import annotations

import ast
import json
import re
import runpy
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from planner.app.administration import (
    NOTHING_FELT,
    Amount,
    Circumstances,
    Measurement,
    evaluated,
    given,
    given_as_planned,
    held,
    missed,
    moved,
    undone,
)
from planner.app.asked import AskedError
from planner.app.courses import Make, change, preview
from planner.app.documents import course_documents
from planner.app.patients import held_of
from planner.app.queries import course_standing, courses_listed, days_listed, pages_of_code
from planner.app.roles import MAY, ROLES, Answer, Author, may
from planner.app.upkeep import check_all, export_table, import_lines
from planner.core.followup.events import KINDS, DoseChanged, Ended, Held, Role
from planner.documents.language import language
from planner.errors import InputError, MovedOnError, RefusedError
from planner.store.database import Database
from tests.conftest import CLINIC, ROOT, Run
from tests.courses import SOUND, write
from tests.registers import NOW, Followed, day, follow, moment, silent

EXAMPLE = ROOT / "docs" / "example.py"


@pytest.fixture
def followed(register: Database, tmp_path: Path) -> Followed:
    return follow(register, tmp_path)


def by(role: Role, name: str = "B", confirm: str | None = None) -> Author:
    return Author(name, NOW, "so it was", confirm, role)


def test_the_example_plans_adds_records_with_a_question_moves_and_issues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT))
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "weekly: 6 visits"
    assert said[1].startswith("asked: dose-far-from-plan: lesion A: 90")
    assert said[2] == "visit 2 would be on 2026-09-15 11:00"
    assert (
        said[3]
        == "revision 2: treatment-sheet, visit-2, visit-3, visit-4, visit-5, visit-6, appointments"
    )
    assert not list(tmp_path.glob("*.pdf"))


def test_the_example_needs_no_front_end_and_is_short() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    nodes = [*ast.walk(ast.parse(text))]
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [one.name for node in nodes if isinstance(node, ast.Import) for one in node.names]
    assert not [one for one in names if one.split(".")[0] in ("click", "re", "pathlib", "os")]
    ours = [one for one in names if one.startswith("planner")]
    assert ours
    assert all(one.startswith("planner.app") or one == "planner.store.database" for one in ours)


NURSE: dict[str, Make] = {
    "given": lambda now: given_as_planned(now, 1, Circumstances()),
    "evaluated": lambda now: evaluated(now, 5, "A", Measurement(Decimal(40))),
    "missed": lambda now: missed(now, 2),
}
OTHERS: dict[str, Make] = {
    "held": lambda now: held(now, "A", day("2026-09-09")),
    "moved": lambda now: moved(now, 2, moment("2026-09-15 10:00")),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what", [*NURSE, *OTHERS])
def test_a_role_does_what_is_its_own(followed: Followed, role: Role, what: str) -> None:
    make = {**NURSE, **OTHERS}[what]
    allowed = {"physician"} | ({"nurse"} if what in NURSE else set())
    allowed |= {"secretary"} if what == "moved" else set()
    before = followed.now.record
    if role in allowed:
        assert change(followed.register, "K-1", [make], by(role)).entries[0].role == role
        assert followed.now.record.entries[-1].role == role
    else:
        with pytest.raises(RefusedError, match=f"as {role} you may not"):
            change(followed.register, "K-1", [make], by(role))
        assert followed.now.record == before


@pytest.mark.parametrize("role", ROLES)
def test_who_may_read_reads(followed: Followed, role: Role) -> None:
    register = followed.register
    reads = [
        lambda: course_standing(register, role, "K-1"),
        lambda: courses_listed(register, role),
        lambda: days_listed(register, role, day("2026-09-07"), day("2026-09-08")),
    ]
    for read in reads:
        if role == "administrator":
            with pytest.raises(RefusedError, match="may not read courses"):
                read()
        else:
            assert read() is not None
    with pytest.raises(RefusedError):
        pages_of_code(register, role, "00000000")


@pytest.mark.parametrize("role", ROLES)
def test_who_keeps_the_register_keeps_it(followed: Followed, tmp_path: Path, role: Role) -> None:
    register = followed.register
    uses: dict[str, tuple[Callable[[], object], set[str]]] = {
        "patients": (lambda: held_of(register, role, "P-1"), set()),
        "export": (lambda: export_table(register, role), {"auditor"}),
        "check": (lambda: check_all(register, role, silent), {"administrator"}),
        "import": (lambda: import_lines(register, by(role), []), {"administrator"}),
    }
    for use, others in uses.values():
        if role == "physician" or role in others:
            with suppress(InputError):
                assert use() is not None
        else:
            with pytest.raises(RefusedError, match=f"as {role} you may not"):
                use()


def test_a_role_is_said_on_the_command_line(planner: Run, tmp_path: Path) -> None:
    add = ("course", "add", write(tmp_path, SOUND), "--clinic", CLINIC, "--by", "B")
    done = planner(*add, "--role", "nurse")
    assert done.returncode == 13
    assert "--role: as nurse you may not add a course; ask a physician" in done.stderr
    assert planner(*add).returncode == 0
    give = ("course", "give", "K-1", "--visit", 1, "--as-planned", "--by", "B")
    assert planner(*give, PLANNER_ROLE="secretary").returncode == 13
    assert planner(*give, PLANNER_ROLE="nurse").returncode == 0
    assert planner("course", "show", "K-1", PLANNER_ROLE="administrator").returncode == 13
    assert planner("course", "check", PLANNER_ROLE="administrator").returncode == 0
    assert planner("course", "list", "--role", "janitor").returncode == 2
    done = planner("patient", "export", "P-1", "--role", "auditor")
    assert done.returncode == 13
    assert "--role: as auditor you may not" in done.stderr
    done = planner("course", "history", "K-1", "--json")
    assert [one.get("role") for one in json.loads(done.stdout)] == [None, "nurse"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("move", "--visit", 99, "--to", "2026-09-15 10:00", "--reason", "x"),
        ("give", "--visit", 1, "--as-planned", "--at", "2026-03-29 02:30"),
        ("resume", "--on", "2026-10-01", "--reason", "x"),
        ("visit", "--visit", 1),
        ("undo", "--reason", "x"),
        ("confirm", "--finding", "x", "--value", "x", "--reason", "x"),
        ("move", "--visit", 2, "--to", "2026-09-15 10:00", "--reason", "x", "--if-revision", 7),
    ],
    ids=lambda one: one[0],
)
def test_who_may_not_is_told_nothing_of_the_course(
    planner: Run, tmp_path: Path, arguments: tuple[object, ...]
) -> None:
    by = {"PLANNER_USER": "B"}
    assert (
        planner("course", "add", write(tmp_path, SOUND), "--clinic", CLINIC, **by).returncode == 0
    )
    name, *options = arguments
    done = planner("course", name, "K-1", *options, PLANNER_ROLE="administrator", **by)
    assert (done.returncode, done.stdout) == (13, "")
    assert done.stderr.startswith("error: --role: as administrator you may not ")
    assert done.stderr.count("\n") == 1


def test_a_register_whose_old_patients_look_alike_is_moved(planner: Run, tmp_path: Path) -> None:
    old = ROOT / "tests" / "first_edition" / "register.db"
    shutil.copy(old, tmp_path / "old.db")
    exported = planner("course", "export", "--database", "old.db")
    (tmp_path / "all.jsonl").write_text(exported.stdout)
    done = planner("course", "import", "all.jsonl", "--database", "new.db")
    assert done.returncode == 0, done.stderr
    assert planner("course", "check", "--database", "new.db").returncode == 0
    again = planner("course", "export", "--database", "new.db")
    assert digests(again.stdout) == digests(exported.stdout)


def digests(exported: str) -> set[str]:
    found = set(re.findall(r'"digest": *"([0-9a-f]{64})"', exported))
    assert found
    return found


def test_each_kind_of_event_says_who_may_enter_it() -> None:
    of_the_register = {"identified", "migrated"}
    assert set(KINDS) - of_the_register <= set(MAY)
    assert {what for what in MAY if not may("physician", what)} == {"accounts", "audit"}


def test_a_secretary_moves_inside_the_window_alone(followed: Followed) -> None:
    far: Make = lambda now: moved(now, 2, moment("2026-09-18 10:00"))  # noqa: E731
    with pytest.raises(RefusedError, match="a secretary cannot confirm it: ask a physician"):
        change(followed.register, "K-1", [far], by("secretary", confirm="it suits"))
    assert change(followed.register, "K-1", [far], by("physician", confirm="it suits")).entries


def far_dose(now: object) -> object:
    amounts = [("A", Amount(mg=Decimal(90)), NOTHING_FELT)]
    return given(now, 1, amounts, Circumstances())  # type: ignore[arg-type]


def test_a_nurses_answer_to_a_question_of_fact_is_kept(followed: Followed) -> None:
    makes: list[Make] = [far_dose]  # type: ignore[list-item]
    with pytest.raises(AskedError) as raised:
        change(followed.register, "K-1", makes, by("nurse"))
    codes = [one.code for one in raised.value.asked]
    assert codes == ["dose-far-from-plan"]
    done = change(followed.register, "K-1", makes, by("nurse", confirm="read twice"))
    assert len(done.entries[0].answered) == 1
    kept = followed.now.record.entries[-1]
    assert (kept.role, kept.answered) == ("nurse", done.entries[0].answered)
    assert kept.reason == "so it was; read twice"


def test_a_yes_holds_for_what_it_was_said_to(followed: Followed) -> None:
    makes: list[Make] = [far_dose]  # type: ignore[list-item]
    with pytest.raises(AskedError) as raised:
        change(followed.register, "K-1", makes, by("physician"))
    (asked,) = raised.value.asked
    other = by("physician", confirm="yes")._replace(
        answers=frozenset({Answer(asked.code, asked.value.replace("90", "91"))})
    )
    with pytest.raises(AskedError):
        change(followed.register, "K-1", makes, other)
    same = other._replace(answers=frozenset({asked.answer}))
    assert change(followed.register, "K-1", makes, same).entries


def test_a_nurse_withdraws_her_own_last_entry_alone(followed: Followed) -> None:
    register = followed.register
    change(register, "K-1", [NURSE["given"]], by("nurse", "B"))
    with pytest.raises(RefusedError, match="may not correct a record"):
        change(register, "K-1", [undone], by("nurse", "C"))
    change(register, "K-1", [NURSE["missed"]], by("nurse", "C"))
    with pytest.raises(RefusedError, match="may not correct a record"):
        change(register, "K-1", [undone], by("nurse", "B"))
    assert change(register, "K-1", [undone], by("nurse", "C")).entries


def test_a_preview_says_what_would_be_and_writes_nothing(followed: Followed) -> None:
    before = followed.now
    move: Make = lambda now: moved(now, 2, moment("2026-09-18 10:00"))  # noqa: E731
    seen = preview(followed.register, "K-1", [move], by("physician"))
    assert [one.code for one in seen.asked] == ["move-outside-window"]
    (there,) = [one for one in seen.after.plan.visits if one.number == 2]
    assert there.start is not None
    assert there.start.date() == day("2026-09-18")
    assert followed.now.record == before.record
    assert followed.now.plan == before.plan


def test_what_moved_on_is_an_error_of_its_own(followed: Followed) -> None:
    followed.give(1)
    with pytest.raises(MovedOnError):
        change(followed.register, "K-1", [NURSE["missed"]], by("physician"), 0)


@pytest.mark.parametrize(
    ("search", "found"),
    [("k-1", True), ("p-1", True), ("K-2", False), ("%", False), ("_", False), (" K-1 ", True)],
)
def test_a_search_finds_a_part_of_an_id(followed: Followed, search: str, found: bool) -> None:
    listed = courses_listed(followed.register, "nurse", search=search)
    assert [one.course for one in listed] == (["K-1"] if found else [])
    assert courses_listed(followed.register, "nurse", limit=0) == []


@pytest.mark.parametrize(
    ("sought", "found"),
    [("åkesson", True), ("A\u030akesson", True), ("ÆRØ ÅK", True), ("åkessen", False),
     ("ø", True), ("%å", False), ("Ø-1", False)],
)  # fmt: skip
def test_a_search_reads_names_as_people_do(
    register: Database, tmp_path: Path, sought: str, found: bool
) -> None:
    follow(register, tmp_path, SOUND.replace('id = "P-1"', 'id = "P-1"\nname = "Ærø Åkesson"'))
    listed = courses_listed(register, "nurse", search=sought)
    assert [one.course for one in listed] == (["K-1"] if found else [])
    assert courses_listed(register, "nurse", patient=sought) == listed


def test_documents_are_made_without_a_folder(followed: Followed, tmp_path: Path) -> None:
    there = set(tmp_path.iterdir())
    made = course_documents(followed.register, "K-1", by("secretary"))
    assert {"plan.json", "worksheets.pdf", "patient.ics"} <= set(made.files)
    assert followed.now.state.issues
    assert set(tmp_path.iterdir()) == there
    with pytest.raises(RefusedError, match="may not make documents"):
        course_documents(followed.register, "K-1", by("auditor"))


def cautioned(followed: Followed, make: Make, now: datetime) -> tuple[str, ...]:
    """What is left to be done, as it is told before and after it is written."""
    author = Author("Dr A. Holm", now, "as it was", "so be it")
    before = preview(followed.register, followed.course, [make], author)
    after = change(followed.register, followed.course, [make], author)
    assert before.cautions == after.cautions
    return after.cautions


def test_a_death_names_the_other_courses_that_still_run(register: Database, tmp_path: Path) -> None:
    """Also before it is written, and in any language."""
    followed = follow(register, tmp_path)
    for name, hour in (("K-2", "10:00"), ("K-3", "11:00")):
        other = SOUND.replace('"K-1"', f'"{name}"').replace("09:00", hour)
        follow(register, tmp_path, other, confirm="both knees")
    died = Ended("died", NOW.date())
    (told,) = cautioned(followed, lambda _now: died, NOW)
    assert told == "of the same patient still runs: K-2 and K-3; end it too, as died"
    assert language("da").sentence(told).startswith("af samme patient")
    for left, name in ((("K-3",), "K-2"), ((), "K-3")):
        told_then = cautioned(Followed(register, name), lambda _now: died, NOW)
        assert [one.rpartition("; ")[0] for one in told_then] == [
            f"of the same patient still runs: {course}" for course in left
        ]


def test_a_hold_names_what_before_it_nobody_recorded(register: Database, tmp_path: Path) -> None:
    followed = follow(register, tmp_path)
    first = followed.visits[0].start
    assert first is not None
    hold = Held(("A",), first.date() + timedelta(days=1))
    late = first.astimezone(UTC) + timedelta(days=2)
    (told,) = cautioned(followed, lambda _now: hold, late)
    assert told.startswith("injection 1 of lesion A (visit 1) comes before the hold and is not")


@pytest.mark.parametrize(
    ("hours_after", "is_told"),
    [
        # Given at nine, infected at eleven: what is recorded last would be put off.
        (2, True),
        # Before its hour nothing was given.
        (-2, False),
    ],
)
def test_a_hold_on_the_day_of_a_visit_names_what_may_have_been_given(
    register: Database, tmp_path: Path, hours_after: int, is_told: bool
) -> None:
    followed = follow(register, tmp_path)
    first = followed.visits[0].start
    assert first is not None
    hold = Held(("A",), first.date())
    entered = first.astimezone(UTC) + timedelta(hours=hours_after)
    text = (
        "injection 1 of lesion A (visit 1) was to come on the day of the hold and is not recorded:"
        " if it was given, undo the hold, record it, hold again"
    )
    assert cautioned(followed, lambda _now: hold, entered) == ((text,) if is_told else ())


def test_a_hold_of_what_is_recorded_names_nothing(register: Database, tmp_path: Path) -> None:
    followed = follow(register, tmp_path)
    first = followed.visits[0].start
    assert first is not None
    followed.give(1, confirm="it was so")
    hold = Held(("A",), first.date() + timedelta(days=1))
    assert cautioned(followed, lambda _now: hold, first.astimezone(UTC) + timedelta(days=2)) == ()


def test_a_dose_that_reaches_what_is_over_is_told(register: Database, tmp_path: Path) -> None:
    """What was given then had the dose that was planned then."""
    followed = follow(register, tmp_path)
    second = followed.visits[1].start
    assert second is not None
    late = second.astimezone(UTC) + timedelta(days=1)
    changed = [
        cautioned(followed, lambda _now, first=first: DoseChanged("A", Fraction(100), first), late)
        for first in (1, 2, 3)
    ]
    told = [[one.partition(" of")[0] for one in each] for each in changed]
    assert told == [["injection 1", "injection 2"], ["injection 2"], []]
    assert "besøg 2" in language("da").sentence(changed[1][0])

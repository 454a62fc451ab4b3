"""A register of the first edition, which kept no times, is migrated: nothing of it is lost."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import icalendar
import pytest
import sqlalchemy

from planner.app.administration import Amount, Circumstances, corrected, mended_given, withdrawn
from planner.app.course_json import course_json
from planner.app.exchange import course_bundle
from planner.app.issued_pages import pages_with
from planner.app.roles import Author
from planner.app.series import Chosen, register_cohort
from planner.app.upkeep import import_lines
from planner.core.followup.events import Migrated
from planner.files.records import json_bytes
from planner.store import first_edition_register as first_edition
from planner.store.database import Database, open_database
from planner.store.day_list import due_visits, restricted_visits, to_prepare, without_day
from planner.store.histories import read_course
from planner.store.standing import Standing
from tests.conftest import Run, new_postgresql
from tests.first_edition import EXPORT, kept, put_at
from tests.papers import pages
from tests.registers import NOW, Followed, day, days_of, problems

SHOWS: dict[str, Any] = kept("shows")
# Erased, and restricted.
TOLD_TO_NOBODY = {"F-15", "F-16"}
SPAN = day("2025-01-01"), day("2028-01-01")
# Findings whose values name more of their figures than the first edition's did.
FULLER = ("drawn-dose-deviates", "interval-too-short")


def as_json(value: object) -> Any:
    return json.loads(json_bytes(value))


def shown(register: Database, course: str) -> Any:
    with register.reading() as connection:
        return as_json(course_json(Standing.of(read_course(connection, course))))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def migrated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """The register after its migration; for tests that only read."""
    if request.param == "sqlite":
        url = str(tmp_path_factory.mktemp("migrated") / "register.db")
        put_at(url)
        yield open_database(url)
        return
    with new_postgresql(request.getfixturevalue("postgresql")) as url:
        put_at(url)
        yield open_database(url)


def told(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings without what grew: all but the value where it names more now, and its words."""
    return [
        {
            name: one[name]
            for name in one
            if name not in ("value", "message") or one["code"] not in FULLER
        }
        for one in findings
    ]


@pytest.mark.parametrize("course", SHOWS)
@pytest.mark.hazard("upgrade-moves-a-visit")
def test_each_course_shows_what_it_showed(migrated: Database, course: str) -> None:
    was, now = SHOWS[course], shown(migrated, course)
    *events, last = now["history"]
    assert (last["kind"], last["by"]) == ("migrated", "migration")
    for old, new in zip(was["history"], events, strict=True):
        assert {name: new[name] for name in old} == old
    assert told(now["plan"]["findings"]) == told(was["plan"]["findings"])
    for old, new in zip(was["plan"]["findings"], now["plan"]["findings"], strict=True):
        assert old["value"] in new["value"]
    assert now["plan"].keys() - was["plan"].keys() == {"seal", "pages", "last_number", "wording"}
    same = was["plan"].keys() - {"findings"}
    assert {name: now["plan"][name] for name in same} == {name: was["plan"][name] for name in same}
    rest = was.keys() - {"plan", "history"}
    assert {name: now[name] for name in rest} == {name: was[name] for name in rest}


@pytest.mark.parametrize("course", sorted({*SHOWS} - TOLD_TO_NOBODY))
def test_each_course_goes_to_other_systems(migrated: Database, course: str) -> None:
    """What its visits were, before the migration settled them, is read back from the bundle too."""
    made = json.loads(course_bundle(migrated, "physician", course, NOW, "collection").content)
    kinds = Counter(one["resource"]["resourceType"] for one in made["entry"])
    there = [one for one in SHOWS[course]["plan"]["visits"] if one["start"]]
    assert kinds["Appointment"] >= len(there) > 0


def test_a_series_tells_of_a_day_before_the_migration(migrated: Database) -> None:
    """It kept no times: what stood on a day is laid out; what was given is counted until then."""
    days = sorted({one["at"][:10] for show in SHOWS.values() for one in show["history"]})
    counts = []
    for on in days:
        found = register_cohort(migrated, "physician", Chosen(on=day(on)), NOW.date())
        given = sum(len(lesion.shots) for one in found.courses for lesion in one.lesions)
        counts.append((len(found.courses), given))
    assert counts == sorted(counts)
    assert counts[0][1] == 0 < counts[-1][1]


@pytest.mark.hazard("upgrade-moves-a-visit")
def test_the_days_list_what_they_listed(migrated: Database) -> None:
    was = kept("due")
    with migrated.reading() as connection:
        found = due_visits(connection, *SPAN)
        # Whether a course waits is told since.
        shown = [{**one.shown} for one in found]
        assert {one.pop("waits") for one in shown} <= {True, False}
        assert as_json(shown) == was["visits"]
        prepare = as_json(to_prepare(found)._asdict())
        # What is diluted is told since.
        assert [one["stock_mg_per_ml"] for one in prepare.pop("diluted")] == [250]
        assert prepare.pop("measuring")
        assert prepare == was["prepare"]
        assert restricted_visits(connection, *SPAN) == was["restricted"]
        assert without_day(connection) == was["without_day"]


@pytest.mark.hazard("lost-event")
def test_each_course_has_one_event_more_and_its_chain_holds(migrated: Database) -> None:
    assert problems(migrated) == []
    with migrated.reading() as connection:
        for course in SHOWS:
            *old, last = read_course(connection, course).entries
            assert isinstance(last.event, Migrated)
            assert not [one for one in old if isinstance(one.event, Migrated) or one.settled]


@pytest.mark.parametrize(("number", "course"), [(1, "F-02"), (3, "F-06"), (4, "F-10")])
@pytest.mark.hazard("lost-event")
def test_an_old_event_that_was_changed_is_found(
    register_url: str, number: int, course: str
) -> None:
    put_at(register_url)
    register = open_database(register_url)
    with register.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER events_keep_update")
        else:
            connection.exec_driver_sql("ALTER TABLE events DISABLE TRIGGER USER")
        here = f"WHERE course = '{course}' AND number = {number}"
        connection.exec_driver_sql(f"UPDATE events SET author = 'Dr X' {here}")
    (problem,) = problems(register)
    assert f"{course}: event {number} was changed" in problem


def rows_at(address: str, schema: str = "") -> dict[str, list[Any]]:
    """All rows of the history at an address, whatever its edition."""
    engine = sqlalchemy.create_engine(address)
    with engine.connect() as connection:
        found = {
            table: sorted(
                connection.exec_driver_sql(f"SELECT * FROM {schema}{table}").all(), key=repr
            )
            for table in ("inputs", "courses", "events", "texts", "visits", "issues")
        }
    engine.dispose()
    return {table: [tuple(row) for row in rows] for table, rows in found.items()}


def address_of(url: str) -> str:
    if "://" in url:
        return url.replace("postgresql://", "postgresql+psycopg://")
    return f"sqlite:///{url}"


def backup_of(url: str) -> dict[str, list[Any]]:
    """The history in the copy that was made before the migration."""
    if "://" in url:
        return rows_at(address_of(url), f"{first_edition.BACKUP_SCHEMA}.")
    return rows_at(address_of(f"{url}.first-edition"))


@pytest.mark.hazard("lost-event")
def test_a_copy_is_made_first_and_said_and_nothing_is_migrated_twice(
    planner: Run, register_url: str, tmp_path: Path
) -> None:
    put_at(register_url)
    before = rows_at(address_of(register_url))
    first = planner("course", "show", "F-01", "--database", register_url)
    assert first.returncode == 0
    assert backup_of(register_url) == before
    if "://" in register_url:
        where = "schema first_edition"
    else:
        copy = tmp_path / "register.db.first-edition"
        where = str(copy)
        assert copy.stat().st_mode & 0o777 == 0o600
        assert not list(tmp_path.glob("*.first-edition?*"))
        version = sqlite3.connect(copy).execute("SELECT version_num FROM alembic_version")
        assert version.fetchall() == [("0001",)]
    assert f"a copy of the register as it was: {where}\n" in first.stderr
    # Again: nothing is left to migrate.
    again = planner("course", "show", "F-01", "--database", register_url)
    assert (again.stdout, again.stderr) == (first.stdout, "")
    assert backup_of(register_url) == before


def test_a_file_beside_the_register_is_no_copys_place(tmp_path: Path) -> None:
    """Also one that an earlier migration, or somebody else, left there."""
    put_at(str(tmp_path / "register.db"))
    (tmp_path / "register.db.first-edition").write_text("mine")
    open_database(str(tmp_path / "register.db"))
    assert (tmp_path / "register.db.first-edition").read_text() == "mine"
    assert rows_at(address_of(str(tmp_path / "register.db.first-edition-2")))["events"]


@pytest.mark.hazard("lost-event")
def test_no_copy_no_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = str(tmp_path / "register.db")
    put_at(url)
    before = rows_at(address_of(url))

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "touch", full)
    with pytest.raises(first_edition.ServiceError, match="no copy can be made"):
        open_database(url)
    assert rows_at(address_of(url)) == before
    assert not list(tmp_path.glob("*.first-edition*"))


def in_processes(*works: Callable[[], object]) -> list[int | None]:
    """Do works at once, each in a process of its own; their exit codes."""
    fork = multiprocessing.get_context("fork")
    started = fork.Barrier(len(works))

    def work(one: Callable[[], object]) -> None:
        started.wait()
        one()

    processes = [fork.Process(target=work, args=(one,)) for one in works]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    return [one.exitcode for one in processes]


@pytest.mark.hazard("two-people-at-once")
def test_two_that_open_it_at_once_migrate_it_once(register_url: str, tmp_path: Path) -> None:
    put_at(register_url)
    assert in_processes(*[lambda: open_database(register_url)] * 2) == [0, 0]
    register = open_database(register_url)
    with register.reading() as connection:
        query = "SELECT course FROM events WHERE kind = 'migrated' ORDER BY course"
        assert list(connection.exec_driver_sql(query).scalars()) == sorted(SHOWS)
    assert problems(register) == []
    assert len(list(tmp_path.glob("*.first-edition*"))) == (0 if "://" in register_url else 1)


@pytest.mark.hazard("crash-in-the-middle")
def test_a_kill_in_the_middle_leaves_the_old_register(
    register_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_at(register_url)
    before = rows_at(address_of(register_url))
    migrate = first_edition.migrate_course

    def killed(connection: sqlalchemy.Connection, course: str) -> None:
        if course == "F-12":
            os.kill(os.getpid(), signal.SIGKILL)
        migrate(connection, course)

    with monkeypatch.context() as patch:
        patch.setattr(first_edition, "migrate_course", killed)
        assert in_processes(lambda: open_database(register_url)) == [-signal.SIGKILL]
    assert rows_at(address_of(register_url)) == before
    register = open_database(register_url)
    assert problems(register) == []
    assert told_times(shown(register, "F-12")) == told_times(SHOWS["F-12"])


def told_times(show: Any) -> list[tuple[Any, ...]]:
    return [(one["number"], one["start"], one["end"]) for one in show["plan"]["visits"]]


def test_an_export_of_the_first_edition_comes_in_the_same(
    migrated: Database, register: Database
) -> None:
    with EXPORT.open(encoding="utf-8") as lines:
        assert import_lines(register, Author("A", NOW), lines) == list(SHOWS)
    assert problems(register) == []
    for course in SHOWS:
        came, there = shown(register, course), shown(migrated, course)
        for one in (came, there):
            assert one["history"][-1].pop("at")
        assert came == there


@pytest.mark.parametrize(
    ("course", "states"),
    [
        ("F-02", ["current"]),
        ("F-03", ["stale"]),
        ("F-04", ["current", "current"]),
        ("F-05", ["stale"]),
        ("F-07", ["stale", "current"]),
        ("F-13", ["current"]),
        ("F-19", ["current"]),
    ],
)
@pytest.mark.hazard("stale-paper")
def test_a_code_of_old_papers_is_still_answered(
    migrated: Database, course: str, states: list[str]
) -> None:
    """One code stood on all pages of a set; of each set, in the order in which they were made."""
    issued = [one for one in SHOWS[course]["history"] if one["kind"] == "issued"]
    with migrated.reading() as connection:
        found = [pages_with(connection, one["code"]) for one in issued]
    assert [(one.course, one.state) for (one,) in found] == [(course, state) for state in states]


@pytest.fixture
def old(register_url: str) -> Database:
    """The register after its migration; for tests that write."""
    put_at(register_url)
    return open_database(register_url)


def dates_of(course: Followed) -> list[str]:
    return [f"{one.number} {said}" for one, said in zip(
        course.visits, days_of(course.visits), strict=True
    )]  # fmt: skip


def test_a_migrated_course_goes_on(old: Database) -> None:
    course = Followed(old, "F-02")
    course.give(1, "2027-04-22 10:00", confirm="it is a test's clock")
    course.move(2, "2027-04-30 11:00")
    course.hold("2027-05-06", "A")
    assert dates_of(course) == [
        "1 2027-04-22 done", "2 2027-04-30 planned", "7 2027-05-07 planned",
        "8 2027-05-13 planned", "5 2027-05-20 planned", "6 2027-07-15 planned",
    ]  # fmt: skip
    course.resume("2027-05-10", "A")
    assert [one.start for one in course.visits if one.number == 7] == [
        one.start for one in course.visits if {"B"} == {each.lesion for each in one.injections}
    ][:1]
    assert course.now.state.revision == 4
    assert problems(old) == []


@pytest.mark.hazard("upgrade-moves-a-visit")
def test_what_is_older_than_the_migration_can_be_corrected(old: Database) -> None:
    """Visit 2, entered as given four days late, was given on its day; then not at all."""
    course = Followed(old, "F-06")
    on_its_day = day("2026-03-19")
    course.make(lambda now: corrected(now, 3, lambda was: was._replace(  # type: ignore[union-attr]
        at=was.at.replace(day=on_its_day.day)  # type: ignore[union-attr]
    )))  # fmt: skip
    later = ["3 2026-03-26 planned", "4 2026-04-01 planned", "5 2026-04-09 planned",
             "6 2026-06-04 planned"]  # fmt: skip
    assert dates_of(course) == ["1 2026-03-12 done", "2 2026-03-19 done", *later]
    course.make(lambda now: corrected(now, 3, lambda was: withdrawn(was, None)))
    assert dates_of(course) == ["1 2026-03-12 done", "2 2026-03-19 planned", *later]
    assert problems(old) == []


@pytest.mark.hazard("upgrade-moves-a-visit")
def test_a_course_that_was_corrected_and_ended_before_can_be_corrected_again(
    old: Database,
) -> None:
    course, nothing = Followed(old, "F-10"), Circumstances()
    course.make(
        lambda now: corrected(
            now, 3, lambda was: mended_given(now, was, "B", Amount(mg=Decimal(70)), nothing)  # type: ignore[arg-type]
        ),
        confirm="read again",
    )  # fmt: skip
    given = {one.lesion: one.given and one.given.dose_mg for one in course.visits[1].injections}
    assert given == {"A": Decimal("57.5"), "B": 70}
    course.make(lambda now: corrected(now, 8, lambda was: withdrawn(was, None)))
    assert course.now.state.status == "running"
    assert dates_of(course)[2:] == [
        "3 2026-02-16 done", "4 2026-02-23 planned", "5 2026-03-02 planned", "6 2026-04-27 planned"
    ]  # fmt: skip
    course.make(lambda now: corrected(now, 7, lambda was: withdrawn(was, None)))
    assert dates_of(course)[2] == "3 2026-02-16 planned"
    assert problems(old) == []


@pytest.mark.hazard("upgrade-moves-a-visit")
def test_old_papers_are_replaced_by_what_they_said(
    planner: Run, register_url: str, tmp_path: Path
) -> None:
    """F-03 was printed and then moved: the slip has that one move, whose old hour it knows."""
    put_at(register_url)
    made = planner("course", "documents", "F-03", "--out", "papers", "--database", register_url)
    assert made.returncode == 0, made.stderr
    slip = "".join(pages((tmp_path / "papers" / "change-slip.pdf").read_bytes()))
    assert "Fri 11 Dec 2026 09:00" in slip
    assert "Thu 10 Dec 2026 10:30" in slip
    events = icalendar.Calendar.from_ical((tmp_path / "papers" / "changes.ics").read_bytes())
    moved = [one["DTSTART"].dt for one in events.walk("VEVENT")]
    assert [f"{one:%Y-%m-%d %H:%M}" for one in moved] == ["2026-12-10 10:30"]


@pytest.mark.hazard("upgrade-moves-a-visit")
def test_what_old_papers_said_is_laid_out_once(
    migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the migration. F-07 was printed twice, before its hold and after its last injection."""

    def then() -> list[list[str]]:
        with migrated.reading() as connection:
            record = read_course(connection, "F-07")
        plans = [Standing.of(record.as_of(one.entries)).plan for one in record.state.issues]
        return [[f"{one.start:%Y-%m-%d}" for one in plan.visits] for plan in plans]

    first, second = then()
    assert first[:4] == ["2025-09-01", "2025-09-08", "2025-09-15", "2025-09-22"]
    assert second[:4] == ["2025-09-01", "2025-09-08", "2025-09-25", "2025-09-29"]
    monkeypatch.setattr("planner.core.plan.placement._Series.laid_out", lambda _series: ())
    assert then() == [first, second]

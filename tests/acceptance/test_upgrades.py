"""What was decided stays decided, whatever a later planner, library or zone would choose.

A later planner is this one with something of it replaced: the layout's tie-break, the public
holidays, a zone's rules, the rounding to a syringe's lines, the decision table.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from planner.app.administration import Amount, Circumstances, corrected, mended_given
from planner.cli.main import run
from planner.core.plan.pages import LETTER_PAGE, SHEET_PAGE, stale_pages
from planner.core.plan.placement import _Cost
from planner.core.protocol.decisions import DecisionTable, Hit
from planner.documents.calendars import changes_file
from planner.files import public_holidays
from planner.files.zone_data import prefer_newer_zones
from planner.store import stored_inputs as inputs
from planner.store.database import Database, open_database
from tests.conftest import new_postgresql
from tests.courses import course, course_text, lesion
from tests.papers import pages
from tests.registers import Followed, follow
from tests.zones import NEW, OLD, rules_of, shown

CLINIC = """
name = "Foothills {draw_up} {strength}"
timezone = "America/Edmonton"
country = "CA"
subdivision = "AB"
holidays = true
capacity = 9
draw_up = "{draw_up}"
opening = { mon = "08:00-16:00", tue = "08:00-16:00", wed = "08:00-16:00", thu = "08:00-16:00", \
fri = "08:00-16:00" }
[stock]
strength_mg_per_ml = {strength}
salt = "pentahydrate"
vial_ml = 10
[[syringe]]
capacity_ml = 1
graduation_ml = 0.01
dead_space_ml = 0.05
[[syringe]]
capacity_ml = 3
graduation_ml = 0.1
dead_space_ml = 0.07
"""
# Visits on Wednesdays: the fourth injection meets Remembrance Day, 11 November, with a tie of the
# day before and the day after; the clocks go back (by the old rules) on 1 November. 0.335 mL and
# 1.05 mL lie between two lines of their syringes.
FIRST, DOSES = "2026-10-21 09:00", {"A": 50.25, "B": 157.5}
STAMP = datetime(2026, 9, 1, tzinfo=UTC)
SPAN = ("--from", "2026-10-01", "--to", "2027-03-01")


class Kind(NamedTuple):
    """A course of a kind: how it is drawn up, and what happened to it."""

    happened: Callable[[Followed], object]
    draw_up: str = "each"
    strength: int = 150


def nothing(_course: Followed) -> None:
    """It is planned only."""


def given(followed: Followed) -> None:
    followed.give(1)


def moved(followed: Followed) -> None:
    followed.give(1)
    followed.move(2, "2026-10-29 10:30")


def held(followed: Followed) -> None:
    followed.give(1)
    followed.hold("2026-10-26", "A")


def resumed(followed: Followed) -> None:
    held(followed)
    followed.resume("2026-11-09", "A")


def grown(followed: Followed) -> None:
    followed.give(1)
    followed.give(2)
    text = course_text(lesion("C", site="thigh", size_mm=30, dose_mg=50.25))
    (found,) = course(text, followed.now.record.protocol, "America/Edmonton").lesions
    followed.add_lesion(found, "2026-11-02")
    followed.dose("80.25", "B", from_visit=4)


def mended(followed: Followed) -> None:
    followed.give(1)
    followed.make(
        lambda now: corrected(
            now, 2, lambda was: mended_given(now, was, "A", Amount(mg=Decimal(49)), Circumstances())  # type: ignore[arg-type]
        )
    )  # fmt: skip


KINDS = {
    "planned": Kind(nothing), "diluted": Kind(nothing, strength=250), "given": Kind(given),
    "shared": Kind(given, draw_up="shared"), "moved": Kind(moved), "held": Kind(held),
    "resumed": Kind(resumed), "grown": Kind(grown, strength=250), "mended": Kind(mended),
}  # fmt: skip

# Those whose papers are held against each other too, as that takes longer.
PRINTED = ("diluted", "shared", "moved", "resumed", "grown")


def add(register: Database, folder: Path, name: str) -> Followed:
    kind = KINDS[name]
    places = {"A": {}, "B": {"site": "lower-leg", "size_mm": 80}}
    tables = [lesion(one, dose_mg=dose, **places[one]) for one, dose in DOSES.items()]
    text = course_text(*tables, first_visit=FIRST)
    text = text.replace('"K-1"', f'"{name}"').replace('"P-1"', f'"P-{name}"')
    clinic = folder / f"clinic-{name}.toml"
    said = CLINIC.replace("{draw_up}", kind.draw_up).replace("{strength}", str(kind.strength))
    clinic.write_text(said, encoding="utf-8")
    followed = follow(register, folder, text, clinic)
    kind.happened(followed)
    return followed


def said(*arguments: object) -> str:
    """What a command says; it has to be done."""
    out, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        code = run([str(one) for one in arguments])
    assert code == 0, told.getvalue()
    return out.getvalue()


class Register(NamedTuple):
    """Courses of all kinds, and what was said and printed of them when they were entered."""

    url: str
    folder: Path

    def shown(self, name: str) -> Any:
        return json.loads(said("course", "show", name, "--json", "--database", self.url))

    def due(self) -> str:
        return said("course", "due", *SPAN, "--json", "--database", self.url)

    def printed(self, name: str, out: str) -> dict[str, bytes]:
        to = self.folder / out / name
        said("course", "documents", name, "--out", to, "--by", "x", "--database", self.url)
        files = (path for path in sorted(to.rglob("*")) if path.is_file())
        return {path.relative_to(to).as_posix(): path.read_bytes() for path in files}

    def check(self) -> str:
        return said("course", "check", "--database", self.url)


@pytest.fixture(scope="module", autouse=True)
def old_planner() -> Iterator[None]:
    """All is entered, and printed first, by the zone rules of the older release."""
    prefer_newer_zones()
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = "1788000000"
    with rules_of(OLD):
        yield
    os.environ.pop("SOURCE_DATE_EPOCH")
    os.environ.update({} if before is None else {"SOURCE_DATE_EPOCH": before})
    inputs._OPENINGS.clear()


def filled(url: str, folder: Path) -> Register:
    register = open_database(url)
    for name in KINDS:
        add(register, folder, name)
    return Register(url, folder)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def register(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Register]:
    """For tests that change nothing; papers were made of all courses."""
    folder = tmp_path_factory.mktemp("upgrades")
    if request.param == "sqlite":
        yield filled(str(folder / "register.db"), folder)
        return
    with new_postgresql(request.getfixturevalue("postgresql")) as url:
        yield filled(url, folder)


@pytest.fixture(scope="module")
def before(register: Register) -> dict[str, Any]:
    papers = {name: register.printed(name, "before") for name in PRINTED}
    shown = {name: register.shown(name) for name in KINDS}
    return {"papers": papers, "shown": shown, "due": register.due()}


class Upgrade(NamedTuple):
    """Something of the planner replaced, and what `check` has to say of a planned course then."""

    replaced: Callable[[pytest.MonkeyPatch], AbstractContextManager[None] | None]
    told: str


def other_tie(patch: pytest.MonkeyPatch) -> None:
    """Of two days as near, the earlier one."""
    plus = _Cost.plus

    def flipped(cost: _Cost, due: date, on: date | None, short_days: int) -> _Cost:
        found = plus(cost, due, on, short_days)
        return found if on is None else found._replace(days=(*cost.days, on.toordinal()))

    patch.setattr(_Cost, "plus", flipped)


def other_holidays(patch: pytest.MonkeyPatch) -> None:
    """Remembrance Day is none any more, the fourth of November is one."""
    known = public_holidays.public_holidays

    def changed(country: str, subdivision: str | None, years: range) -> public_holidays.Holidays:
        found = known(country, subdivision, years)
        days = {on: name for on, name in found.days.items() if on != date(2026, 11, 11)}
        return found._replace(days={**days, date(2026, 11, 4): "Day of the Upgrade"})

    patch.setattr(public_holidays, "public_holidays", changed)


def other_zones(_patch: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    """The clocks do not go back any more."""
    return rules_of(NEW)


def other_rounding(patch: pytest.MonkeyPatch) -> None:
    """Halves go up."""

    def up(amount: Fraction, graduation: Fraction) -> int:
        return int((2 * amount + graduation) // (2 * graduation))

    patch.setattr("planner.core.dosing.draw_up.graduations", up)


def other_regimen(patch: pytest.MonkeyPatch) -> None:
    """Every lesion once."""
    decide = DecisionTable.decide

    def once(table: DecisionTable, size: Decimal, ulcerated: bool, site: str) -> Hit:
        hit = decide(table, size, ulcerated, site)
        return hit._replace(rule=hit.rule._replace(regimen="single"))

    patch.setattr(DecisionTable, "decide", once)


UPGRADES = {
    "tie-break": Upgrade(
        other_tie, "visit 4 is on 2026-11-12 09:00; today's rules would choose 2026-11-10 09:00"
    ),
    "holidays": Upgrade(
        other_holidays,
        "visit 4 is on 2026-11-12 09:00; today's rules would choose 2026-11-11 09:00",
    ),
    "zones": Upgrade(
        other_zones,
        "visit 3 on 2026-11-04 09:00: the rules of America/Edmonton changed; the wall clock stands",
    ),
    "rounding": Upgrade(
        other_rounding, "visit 3: what is drawn up would be drawn up otherwise today"
    ),
    "regimen": Upgrade(
        other_regimen, "lesion A: weekly was chosen, today's rules give single"
    ),
}  # fmt: skip


@contextmanager
def upgraded(name: str) -> Iterator[None]:
    """The planner with something of it replaced, as a process that begins then has it."""
    inputs._OPENINGS.clear()
    with pytest.MonkeyPatch.context() as patch:
        around = UPGRADES[name].replaced(patch)
        with around or contextlib.nullcontext():
            yield
    inputs._OPENINGS.clear()


@pytest.fixture(params=UPGRADES)
def upgrade(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.hazard("upgrade-moves-a-visit")
def test_every_course_shows_and_prints_the_same(
    register: Register, before: dict[str, Any], upgrade: str
) -> None:
    reads = on_the_wall if upgrade == "zones" else as_it_is
    was = {name: dict(map(reads, before["papers"][name].items())) for name in PRINTED}
    with upgraded(upgrade):
        assert {name: register.shown(name) for name in KINDS} == before["shown"]
        assert register.due() == before["due"]
        for name, files in was.items():
            now = dict(map(reads, register.printed(name, upgrade).items()))
            assert now.keys() == files.keys()
            assert [file for file in now if now[file] != files[file]] == [], name


def as_it_is(file: tuple[str, bytes]) -> tuple[str, object]:
    return file


def on_the_wall(file: tuple[str, bytes]) -> tuple[str, object]:
    """A file without the instants that follow today's zone rules on purpose.

    Those are a calendar's, which is read by its own VTIMEZONE, and those in the letter's code for
    a camera.
    """
    name, content = file
    if name == "appointments.pdf":
        return name, pages(content)
    if not name.endswith(".ics"):
        return name, content
    rest = re.sub(rb"BEGIN:VTIMEZONE.*END:VTIMEZONE\r\n", b"", content, flags=re.DOTALL)
    rest = re.sub(rb"DT(START|END)[^\r]*", b"", rest)
    starts = shown(content, "America/Edmonton")
    return name, (rest, [f"{one:%Y-%m-%d %H:%M}" for one in starts])


@pytest.mark.hazard("upgrade-moves-a-visit")
def test_check_names_what_would_be_otherwise(register: Register, upgrade: str) -> None:
    assert register.check() == "all courses hold\n"
    with upgraded(upgrade):
        found = register.check().splitlines()
    assert found[-1] == "all courses hold"
    assert f"note: planned: {UPGRADES[upgrade].told}" in found
    # And of each running course.
    assert {line.split(": ")[1] for line in found[:-1]} == set(KINDS), found


# One more change of a course: the visits that it touches, and those whose times it changes.
CHANGES: dict[str, tuple[Callable[[Followed], object], set[int], set[int]]] = {
    "planned": (lambda one: one.dose("45.75", "A", from_visit=3), {3, 4}, set()),
    "given": (lambda one: one.give(2), {2}, set()),
    "moved": (lambda one: one.move(6, "2027-01-15 11:00"), {6}, {6}),
    "held": (lambda one: one.evaluate(5, "60", "B"), {5}, set()),
    "grown": (lambda one: one.miss(3), {3}, {3}),
}


@pytest.mark.hazard("upgrade-moves-a-visit")
def test_one_more_event_changes_what_it_speaks_of_and_nothing_else(
    register_url: str, tmp_path: Path, upgrade: str
) -> None:
    database = open_database(register_url)
    before = {name: add(database, tmp_path, name).now.plan for name in CHANGES}
    with upgraded(upgrade):
        for name, (change, touched, timed) in CHANGES.items():
            change(Followed(database, name))
            was, now = before[name], Followed(database, name).now.plan
            assert {one.number for one in was.visits if one not in now.visits} == touched, name
            assert {one.number for one in now.visits if one not in was.visits} == touched, name
            cancelled = changes_file(was, now, STAMP).get("changes.ics", b"")
            uids = {one.uid for one in now.visits if one.number in timed}
            assert set(re.findall(r"UID:(\S+)", cancelled.decode())) == uids, name
            pages_of_visits = {one.page for one in stale_pages(was, now)} - {
                SHEET_PAGE,
                LETTER_PAGE,
            }
            assert pages_of_visits <= {f"visit-{number}" for number in touched}, name
        assert Register(register_url, tmp_path).check().endswith("all courses hold\n")

"""A visit keeps its number and its calendar id, however days change; none is given twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.plan.appointments import Named
from planner.core.plan.course import Course
from planner.core.plan.numbering import Numbered, Numbering
from planner.core.plan.plan import Plan
from planner.core.plan.planning import numbering_of, plan_course
from planner.core.protocol.protocol import Protocol
from planner.documents.calendars import calendar_files, changes_file
from planner.documents.change_slip import Since
from planner.documents.document_set import issued, papers
from planner.files.plan import plan_bytes, plan_from
from tests.clinics import on
from tests.conftest import Run
from tests.courses import confirmation, course, course_text, lesion, write
from tests.papers import html_text, pages
from tests.plans import first_edition

STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)
DOSES = [12.5, 57.5, 72.5, 87.5]


def move(due: str, to: str) -> str:
    return f'[[move]]\nfrom = {due}\nto = "{to}"\n'


def name(lesion: str, count: int) -> Named:
    return Named(lesion, "injection", count)


# --- the mapping


@pytest.mark.parametrize(
    ("known", "last", "firsts", "numbers"),
    [
        # A first plan counts in the order of the days.
        ({}, 0, [("A", 1), ("A", 2), ("B", 1)], [1, 2, 3]),
        # What was there keeps its number, whatever the order.
        ({("A", 1): 1, ("A", 2): 2, ("A", 3): 3}, 3, [("A", 2), ("A", 1), ("A", 3)], [2, 1, 3]),
        # New ones get the next numbers, in the order of their days.
        ({("A", 1): 1, ("A", 2): 2}, 2, [("B", 1), ("A", 1), ("B", 2), ("A", 2)], [3, 1, 4, 2]),
        # One that fell away is not given again, neither the last nor one before it.
        ({("A", 1): 1, ("A", 3): 3}, 4, [("A", 1), ("B", 1), ("A", 3)], [1, 5, 3]),
        # Without a highest number it is the highest there is.
        ({("A", 1): 1, ("A", 3): 3}, 0, [("B", 1), ("A", 1)], [4, 1]),
    ],
)
@pytest.mark.hazard("stale-paper")
def test_numbers_are_carried_on(
    known: Mapping[tuple[str, int], int],
    last: int,
    firsts: list[tuple[str, int]],
    numbers: list[int],
) -> None:
    before = Numbering.carried_on(
        {name(*one): Numbered(number, f"uid-{number}") for one, number in known.items()}, last
    )
    after = before.with_new(name(*one) for one in firsts)
    assert [after.of(name(*one)).number for one in firsts] == numbers
    assert after.last_number == max(last, *known.values(), *numbers)
    for one in firsts:
        number, uid = after.of(name(*one))
        assert uid == (f"uid-{number}" if one in known else None)


def test_a_visit_without_a_number_is_refused() -> None:
    with pytest.raises(KeyError):
        Numbering().with_new([name("A", 1)]).of(name("B", 1))


# --- over several plans


def plans(protocol: Protocol, clinic: Clinic, *texts: str) -> Iterator[Plan]:
    """The plan of each course file, each since the one before, as it is written and read."""
    before: Plan | None = None
    for revision, text in enumerate(texts):
        read: Course = course(text, protocol, clinic.timezone)._replace(revision=revision)
        numbering = numbering_of(before) if before is not None else None
        made = plan_course(read, protocol, clinic, None, numbering)
        before = plan_from(plan_bytes(made))
        yield made


def numbers(plan: Plan) -> list[int]:
    return [visit.number for visit in plan.visits]


TWO = course_text(lesion(dose_mg=DOSES), lesion("B", size_mm=4, ulcerated=False, dose_mg=20))
ONE = course_text(lesion(dose_mg=DOSES))
# The fourth injection joins the first evaluation, whose own visit falls away, and parts again.
JOINED = (
    ONE
    + move("2026-09-28", "2026-10-05 09:00")
    + confirmation("move-outside-window", "2026-10-05 09:00", due="2026-10-05")
)


@pytest.mark.hazard("stale-paper")
def test_a_number_that_joined_another_is_never_given_again(
    sts_150: Protocol, clinic: Clinic
) -> None:
    first, joined, parted = plans(sts_150, clinic, ONE, JOINED, ONE)
    assert numbers(first) == [1, 2, 3, 4, 5, 6]
    # The evaluation's visit takes the injection in, which goes first: it is visit 4 now.
    assert numbers(joined) == [1, 2, 3, 4, 6]
    assert joined.last_number == 6
    # What parts again is a new visit; 5 was the evaluation's and is gone.
    assert numbers(parted) == [1, 2, 3, 4, 7, 6]
    assert parted.last_number == 7
    uids = {plan.revision: {one.number: one.uid for one in plan.visits} for plan in
            (first, joined, parted)}  # fmt: skip
    for number in (1, 2, 3, 4, 6):
        assert uids[0][number] == uids[1][number] == uids[2][number]
    assert all(len(set(one.values())) == len(one) for one in uids.values())


@pytest.mark.hazard("stale-paper")
def test_visits_stand_in_the_order_of_days_with_the_numbers_they_have(
    sts_150: Protocol, clinic: Clinic
) -> None:
    later = ONE.replace("ulcerated = true\n", 'ulcerated = true\nregimen = "weekly"\n')
    single = course_text(lesion(size_mm=70, dose_mg=20, regimen="single"))
    first, more = plans(sts_150, clinic, single, later)
    assert numbers(first) == [1, 2, 3]
    assert numbers(more) == [1, 4, 5, 6, 2, 3]
    starts = [visit.start for visit in more.visits if visit.start]
    assert starts == sorted(starts)


def test_a_lesion_that_fell_away_takes_its_number_along(sts_150: Protocol, clinic: Clinic) -> None:
    only_b = course_text(lesion("B", size_mm=4, ulcerated=False, dose_mg=20))
    first, after = plans(sts_150, clinic, TWO, only_b)
    assert numbers(first) == [1, 2, 3, 4, 5, 6]
    assert numbers(after) == [7, 8, 9]
    cancelled = changes_file(first, after, STAMP)["changes.ics"].count(b"STATUS:CANCELLED")
    assert cancelled == 6


def test_an_id_that_was_in_a_calendar_stays(sts_150: Protocol, clinic: Clinic) -> None:
    """Whatever made it: it is read from the plan before."""
    uid = "12345678-1234-1234-1234-123456789012"
    (first,) = plans(sts_150, clinic, ONE)
    first = first._replace(
        visits=tuple(one._replace(uid=uid) if one.number == 2 else one for one in first.visits)
    )
    moved = course(ONE + move("2026-09-14", "2026-09-15 10:30"), sts_150)
    after = plan_course(moved, sts_150, clinic, None, numbering_of(first))
    assert [one.uid for one in after.visits if one.number == 2] == [uid]
    assert changes_file(first, after, STAMP)["changes.ics"].count(b"STATUS:CANCELLED") == 0


def test_a_plan_of_before_has_no_highest_number(sts_150: Protocol, clinic: Clinic) -> None:
    """A plan.json without `pages` and `last_number` is read, and is the plan before another."""
    (first,) = plans(sts_150, clinic, ONE)
    old = plan_from(first_edition(plan_bytes(first)))
    assert (old.pages, old.last_number) == ((), 0)
    assert numbering_of(old) == numbering_of(first)
    made = papers(old, STAMP)
    code = dict(first.pages)["visit-3"]
    assert code in "".join(pages(made["worksheets.pdf"]))


@pytest.mark.hazard("stale-paper")
def test_since_an_earlier_plan_numbers_stay(planner: Run, tmp_path: Path) -> None:
    zone = ("--timezone", "Europe/Copenhagen")
    assert planner("plan", write(tmp_path, ONE), *zone).returncode == 0
    for revision, text in enumerate((JOINED, ONE), start=1):
        path = write(tmp_path, f"revision = {revision}\n{text}")
        done = planner("plan", path, *zone, "--since", "K-1/plan.json")
        assert done.returncode == 0, done.stderr
    plan = json.loads((tmp_path / "K-1/plan.json").read_text())
    assert [one["number"] for one in plan["visits"]] == [1, 2, 3, 4, 7, 6]
    assert plan["last_number"] == 7
    assert {path.name for path in (tmp_path / "K-1/visits").iterdir()} == {
        f"visit-{n}.ics" for n in (1, 2, 3, 4, 6, 7)
    }
    clinic = (tmp_path / "K-1/clinic.ics").read_bytes().replace(b"\r\n ", b"")
    assert b"visit 7: evaluation A" in clinic
    assert b"visit 7 of" not in clinic
    assert " 7  Mon 5 Oct 2026" in done.stdout
    agenda = planner("agenda", "K-1").stdout
    assert "visit 7: evaluation A" in agenda
    assert planner("print", "K-1/plan.json", "--out", "again").returncode == 0


@pytest.mark.parametrize("said", ["en", "da"])
@pytest.mark.hazard("stale-paper")
def test_papers_print_a_visits_own_number(said: str, sts_150: Protocol, clinic: Clinic) -> None:
    _, _, parted = plans(sts_150, clinic, ONE, JOINED, ONE)
    plan = on(parted, "A4", said)
    made = papers(plan, STAMP)
    sheets = [" ".join(text.split()) for text in pages(made["worksheets.pdf"])]
    visit = {"en": "Visit", "da": "Besøg"}[said]
    codes = dict(plan.pages)
    for number, text in zip([1, 2, 3, 4, 7, 6], sheets, strict=True):
        assert f"{visit} {number} · " in text
        assert codes[f"visit-{number}"] in text
    letter = "\n".join(pages(made["appointments.pdf"]))
    rows = re.findall(r"^(\d) \w+day |^(\d) \w+dag ", letter, re.MULTILINE)
    assert [int(one or other) for one, other in rows] == [1, 2, 3, 4, 7, 6]
    sheet = html_text(made["treatment-sheet.html"])
    assert all(f"{visit} {number} · " in sheet for number in (1, 2, 3, 4, 7, 6))
    assert not [text for text in (*sheets, sheet) if f"{visit} 7 of" in text]


# --- a visit without a day


@pytest.mark.parametrize("said", ["en", "da"])
def test_a_visit_without_a_day_is_left_out_and_said(
    said: str, sts_150: Protocol, clinic: Clinic
) -> None:
    (plan,) = plans(sts_150, clinic, ONE)
    plan = on(plan, "A4", said)
    without = plan._replace(
        revision=1,
        pages=(),
        visits=tuple(
            one._replace(start=None, end=None) if one.number == 3 else one for one in plan.visits
        ),
    )
    made = issued(without, plan_bytes(without), STAMP, since=Since(plan, (), plan))
    sheet = " ".join(html_text(made["treatment-sheet.html"]).split())
    assert {"en": "This visit has no day yet", "da": "Dette besøg har endnu ingen dag"}[
        said
    ] in sheet
    visit = {"en": "Visit", "da": "Besøg"}[said]
    sheets = "".join(pages(made["worksheets.pdf"]))
    assert f"{visit} 2 · " in sheets
    assert f"{visit} 3 · " not in sheets
    assert f"{visit.lower()} 3," not in " ".join("".join(pages(made["labels.pdf"])).split())
    assert "visits/visit-3.ics" not in made
    assert made["patient.ics"].count(b"BEGIN:VEVENT") == 5
    # A calendar that has the visit is told that it is off.
    assert made["changes.ics"].count(b"STATUS:CANCELLED") == 1
    back = changes_file(without, plan._replace(revision=2), STAMP)["changes.ics"]
    assert back.count(b"STATUS:CONFIRMED") == 1


def test_a_course_of_which_no_visit_has_a_day_has_its_sheet(
    sts_150: Protocol, clinic: Clinic
) -> None:
    (plan,) = plans(sts_150, clinic, ONE)
    none = plan._replace(
        pages=(), visits=tuple(one._replace(start=None, end=None) for one in plan.visits)
    )
    assert set(papers(none, STAMP)) == {"treatment-sheet.html", "treatment-sheet.pdf"}
    assert dict(calendar_files(none, STAMP)) == {}

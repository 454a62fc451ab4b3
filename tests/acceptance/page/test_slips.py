"""Slips of people at the page: a key pressed too early, another's tab, a form that comes again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from planner.app.clinics import put_clinic
from planner.app.planning import NamedFile
from planner.app.roles import ROLES
from planner.store.database import open_database
from tests.acceptance.page.conftest import CLINIC, COURSE, PHYSICIAN, add
from tests.acceptance.page.test_faults import unused_for
from tests.acceptance.page.test_work import NEW, given, history
from tests.pages import NAMES, PASSWORD, Served, Visitor, served, soon

TWO = COURSE + COURSE[COURSE.index("[[lesion]]") :].replace('"A"', '"B"').replace("right", "left")


@pytest.fixture
def two_lesions(light_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A page with a course of two lesions, whose first visit was today or yesterday."""
    monkeypatch.setattr("tests.acceptance.page.conftest.COURSE", TWO)
    add(light_url, first=soon(-10, "09:00"))
    with served(light_url) as there:
        yield there.with_accounts()


@pytest.fixture
def two_clinics(page: Served) -> Served:
    """A page with a clinic that comes first in the list, and one with the course."""
    other = CLINIC.replace('"vest"', '"aarhus"').replace('"Vestergade"', '"Aarhus"')
    put_clinic(open_database(page.url), NamedFile("clinic", other.encode()), PHYSICIAN)
    return page


@pytest.mark.hazard("written-unseen")
@pytest.mark.parametrize(
    ("path", "act"),
    [
        ("/courses/K-1/visits/1", "check"),
        ("/courses/K-1/hold", "check"),
        ("/courses/new", "preview"),
    ],
)
def test_enter_looks_and_never_fills_in(two_lesions: Served, path: str, act: str) -> None:
    visitor = two_lesions.signed_in("physician")
    visitor.open(path)
    form = next(one for one in visitor.reader.forms if any(each.name for each in one.controls))
    assert form.buttons[0] == ("", "act", act)


@pytest.mark.hazard("written-unseen")
def test_all_as_planned_leaves_what_was_chosen(two_lesions: Served) -> None:
    visitor = two_lesions.signed_in("nurse")
    visitor.open("/courses/K-1/visits/1")
    visitor.tick("not given", "Lesion B")
    visitor.fill("Reason", "infected", "Lesion B")
    visitor.press("All as planned")
    visitor.press("Check")
    assert "A, right knee given 0.08 mL, 12 mg B, left knee not given infected" in visitor.text


def test_a_reason_is_not_dropped_beside_what_was_given(two_lesions: Served) -> None:
    visitor = two_lesions.signed_in("nurse")
    given(visitor)
    visitor.fill("Reason", "stopped after half", "Lesion A")
    assert visitor.press("Check").status_code == 422
    assert visitor.control("Reason", "Lesion A").is_invalid


@pytest.mark.parametrize(
    ("field", "said"),
    [("Lot", "LOT77"), ("Expiry", "2032-01"), ("Expiry", "2020-01"), ("depth", "4"),
     ("Time", "10:05")],
)  # fmt: skip
def test_what_is_noted_of_no_injection_is_refused_and_not_dropped(
    two_lesions: Served, field: str, said: str
) -> None:
    visitor = two_lesions.signed_in("nurse")
    visitor.open("/courses/K-1/visits/1")
    visitor.tick("not given", "Lesion A")
    visitor.fill("Reason", "infected", "Lesion A")
    visitor.fill(field, said)
    assert visitor.press("Check").status_code == 422
    assert visitor.control(field).is_invalid
    assert "which one is right?" in visitor.text
    # It is of what was given beside it.
    visitor.tick("as planned", "Lesion B")
    assert visitor.press("Check").status_code in (200, 409)


@pytest.mark.parametrize(("field", "status"), [("Time", 200), ("Lot", 422), ("Expiry", 422)])
def test_what_is_noted_of_a_visit_that_only_measures(page: Served, field: str, status: int) -> None:
    said = {"Time": "10:05", "Lot": "LOT77", "Expiry": "2020-01"}
    visitor = page.signed_in("nurse")
    visitor.open("/courses/K-1/visits/5")
    visitor.fill("Size, mm", "50", "Lesion A")
    visitor.fill(field, said[field])
    assert visitor.press("Check").status_code in {status, 409 if status == 200 else status}
    assert visitor.control(field).is_invalid == (status == 422)


def test_a_lesion_that_was_missed_alone_can_be_moved(two_lesions: Served) -> None:
    visitor = two_lesions.signed_in("physician")
    visitor.open("/courses/K-1/visits/1")
    visitor.tick("as planned", "Lesion A")
    visitor.tick("not given", "Lesion B")
    visitor.fill("Reason", "infected", "Lesion B")
    visitor.press("Check")
    assert visitor.press("Record").status_code == 200
    assert "/courses/K-1/visits/1/move" in [path for _, path in visitor.reader.links]
    day = visitor.open(f"/day/{soon(-10)[:10]}").text
    assert "Nobody else comes." in day
    assert "visit 1: done" in visitor.text


def test_nothing_is_lost_of_what_somebody_else_recorded_meanwhile(two_lesions: Served) -> None:
    """What the second one typed stands beside what the first one did, until it is sent away."""
    one, other = two_lesions.signed_in("nurse"), two_lesions.signed_in("physician")
    for visitor in (one, other):
        visitor.open("/courses/K-1/visits/1")
        visitor.tick("as planned", "Lesion A")
    one.press("Check")
    other.fill("Complication", "fainted", "Lesion A")
    other.fill("depth", "4")
    other.fill("Complication", "none", "Lesion B")
    other.tick("as planned", "Lesion B")
    other.fill("Lot", "LOT9")
    other.press("Check")
    assert one.press("Record").status_code == 200
    assert other.press("Record").status_code == 409
    for _ in range(2):
        assert "Lesion A, Given: as planned" in other.text
        assert "Lesion A, Complication: fainted" in other.text
        assert NAMES["nurse"] in other.text or "12 mg" in other.text
        assert other.control("Complication", "Lesion B").value == "none"
        other.tick("as planned", "Lesion B")
        other.press("Check")
    one.open("/courses/K-1/visits/1")
    one.tick("as planned", "Lesion B")
    one.press("Check")
    one.press("Record")
    assert other.press("Record").status_code == 409
    for kept in ("Lesion B, Complication: none", "Lot: LOT9", "depth: 4", "Lesion A, Complicat"):
        assert kept in other.text


def test_nothing_is_lost_of_a_visit_that_is_no_more(two_lesions: Served) -> None:
    nurse, physician = two_lesions.signed_in("nurse"), two_lesions.signed_in("physician")
    nurse.open("/courses/K-1/visits/1")
    nurse.tick("as planned", "Lesion A")
    nurse.fill("Complication", "fainted", "Lesion A")
    physician.open("/courses/K-1/hold")
    physician.fill("Day", soon(-10)[:10])
    physician.fill("Reason", "infected")
    physician.press("Show what changes")
    assert physician.press("Hold").status_code == 200
    assert nurse.press("Check").status_code == 409
    assert "there is no visit 1" in nurse.text
    assert "Lesion A, Given: as planned" in nurse.text
    assert "Lesion A, Complication: fainted" in nurse.text
    assert "All of this visit is recorded" not in nurse.text
    assert nurse.open("/courses/K-1/visits/1").status_code == 404


def test_a_choice_that_is_gone_stays_the_one_that_was_made(two_lesions: Served) -> None:
    """A lesion that somebody else holds already is not taken for all of them."""
    one, other = two_lesions.signed_in("physician"), two_lesions.signed_in("physician")
    for visitor in (one, other):
        visitor.open("/courses/K-1/hold")
        visitor.fill("Lesion", "A")
        visitor.fill("Day", soon()[:10])
        visitor.fill("Reason", "infected")
        visitor.press("Show what changes")
    assert one.press("Hold").status_code == 200
    assert other.press("Hold").status_code == 409
    assert other.control("Lesion").value == "A"
    assert other.press("Show what changes").status_code in (409, 422)
    assert other.control("Lesion").value == "A"


@pytest.mark.parametrize("days", [-11, -10, -9])
@pytest.mark.hazard("lesion-given-twice")
def test_what_was_not_given_is_missed_whatever_the_day_of_the_rest(
    two_lesions: Served, days: int
) -> None:
    """What comes on another day becomes a visit of its own: the rest of this one is missed."""
    nurse = two_lesions.signed_in("nurse")
    nurse.open("/courses/K-1/visits/1")
    nurse.tick("as planned", "Lesion A")
    nurse.tick("not given", "Lesion B")
    nurse.fill("Reason", "infected", "Lesion B")
    nurse.fill("Time", soon(days, "09:00"))
    nurse.press("Check")
    for one in nurse.reader.forms:
        for each in one.controls:
            each.is_on = each.is_on or each.name == "confirm"
    if any(each.name == "confirm" for one in nurse.reader.forms for each in one.controls):
        nurse.fill("Why it is so all the same", "so it was")
        nurse.press("Check")
    assert nurse.press("Record").status_code == 200
    plan = nurse.open("/courses/K-1", Accept="application/json").json()["plan"]
    states = {
        one["lesion"]: one["state"]
        for visit in plan["visits"]
        for one in visit["injections"]
        if one["injection"] == 1
    }
    assert states == {"A": "done", "B": "missed"}


def test_a_form_that_comes_again_with_another_figure_is_told(two_lesions: Served) -> None:
    visitor = two_lesions.signed_in("nurse")
    given(visitor)
    visitor.press("Check")
    said, path = visitor.sent("Record"), "/courses/K-1/visits/1"
    assert visitor.client.post(path, data=said).status_code == 303
    other = {name: "other" if name == "lesion[A].how" else value for name, value in said.items()}
    assert visitor.client.post(path, data=other | {"lesion[A].ml": "0.2"}).status_code == 409
    assert len(history(two_lesions, "K-1")) == 2


def test_a_form_that_comes_again_after_it_was_withdrawn_is_told(two_lesions: Served) -> None:
    visitor = two_lesions.signed_in("nurse")
    given(visitor)
    visitor.press("Check")
    said, path = visitor.sent("Record"), "/courses/K-1/visits/1"
    assert visitor.client.post(path, data=said).status_code == 303
    visitor.open("/courses/K-1/undo")
    visitor.fill("Reason", "the other patient")
    visitor.press("Show what changes")
    assert visitor.press("Undo").status_code == 200
    assert visitor.client.post(path, data=said).status_code == 409


@pytest.mark.hazard("foreign-session")
def test_another_does_not_unlock_or_send_somebodys_page(page: Served) -> None:
    nurse = page.signed_in("nurse")
    nurse.open("/courses/K-1/visits/1")
    said = nurse.sent("Check")
    nurse.open("/login")
    nurse.fill("Name", NAMES["physician"])
    nurse.fill("Password", PASSWORD)
    nurse.press("Sign in")
    unlock = {"name": NAMES["nurse"], "password": PASSWORD}
    assert nurse.client.post("/unlock", data=unlock).status_code == 403
    assert nurse.client.post("/courses/K-1/visits/1", data=said).status_code == 409


def test_what_somebody_else_entered_is_offered_to_physicians_alone(two_lesions: Served) -> None:
    physician, nurse = two_lesions.signed_in("physician"), two_lesions.signed_in("nurse")
    given(physician)
    physician.press("Check")
    physician.press("Record")
    assert nurse.open("/courses/K-1/undo").status_code == 403
    assert physician.open("/courses/K-1/undo").status_code == 200
    nurse.open("/courses/K-1/visits/1")
    nurse.tick("as planned", "Lesion B")
    nurse.press("Check")
    assert nurse.press("Record").status_code == 200
    assert nurse.open("/courses/K-1/undo").status_code == 200
    assert physician.open("/courses/K-1/undo").status_code == 200


@pytest.mark.hazard("foreign-session")
def test_a_form_kept_over_a_lock_comes_back_at_its_clinic(two_clinics: Served) -> None:
    visitor = two_clinics.signed_in("secretary")
    visitor.open("/clinic?clinic=vest")
    visitor.fill("From", soon()[:10])
    visitor.fill("Reason", "ill")
    unused_for(two_clinics.url, timedelta(minutes=11))
    assert visitor.press("Show what moves").status_code == 403
    visitor.fill("Password", PASSWORD)
    visitor.press("Unlock")
    assert visitor.page.url.params["clinic"] == "vest"
    assert visitor.control("From").value == soon()[:10]
    assert "course K-1, visit 1" in visitor.press("Show what moves").text


def test_who_is_signed_in_no_more_is_told_what_became_of_a_form(two_lesions: Served) -> None:
    nurse = two_lesions.signed_in("nurse")
    nurse.open("/courses/K-1/visits/1")
    nurse.tick("as planned", "Lesion A")
    nurse.fill("Complication", "fainted", "Lesion A")
    nurse.client.cookies.clear()
    for password in ("", "not it"):
        if password:
            nurse.fill("Name", NAMES["nurse"])
            nurse.fill("Password", password)
            nurse.press("Sign in")
        else:
            nurse.press("Check")
        assert "what was sent was not written. It comes back to whoever filled it" in nurse.text
    nurse.fill("Password", PASSWORD)
    nurse.press("Sign in")
    assert nurse.control("Complication", "Lesion A").value == "fainted"
    nurse.client.cookies.clear()
    nurse.post("/account", {})
    assert "what was sent was not written." in nurse.text
    assert "comes back" not in nurse.text


def test_the_clinic_stays_the_one_that_is_looked_at(two_clinics: Served) -> None:
    visitor = two_clinics.signed_in("nurse")
    on = soon()[:10]
    visitor.open(f"/day/{on}?clinic=vest")
    visitor.fill("Another day", on)
    visitor.press("Go")
    assert "Anna Jensen" in visitor.text
    # A course is of its own clinic, whatever comes first.
    visitor.open("/courses/K-1")
    assert "Vestergade" in visitor.text
    visitor.follow("Day")
    assert visitor.page.url.params["clinic"] == "vest"
    physician = two_clinics.signed_in("physician")
    physician.open(f"/day/{on}?clinic=vest")
    physician.follow("Courses")
    physician.fill("Search", "anna")
    physician.press("Find")
    physician.follow("Plan a course")
    assert "Clinic: Vestergade" in physician.text
    for accept in ("text/html", "application/json"):
        assert visitor.open(f"/day/{on}?clinic=nope", Accept=accept).status_code == 404
    assert "There is no such clinic." in visitor.open("/clinic?clinic=nope").text


def test_a_series_says_whose_it_is(two_clinics: Served) -> None:
    visitor = two_clinics.signed_in("physician")
    visitor.open("/clinic?clinic=aarhus")
    visitor.follow("Series")
    visitor.press("Show")
    assert visitor.page.url.params["clinic"] == "aarhus"
    assert "Clinic: Aarhus" in visitor.text
    assert "K-1" not in visitor.text
    visitor.follow("all clinics")
    assert "Clinic: all clinics" in visitor.text
    assert "K-1" in visitor.text
    assert visitor.open("/series?clinic=nope").status_code == 404


def test_links_to_what_belongs_to_a_clinic_stay_with_it(two_clinics: Served) -> None:
    """Whatever is in the menu, and whoever looks."""
    for role in ROLES:
        visitor = two_clinics.signed_in(role)
        visitor.open("/clinic?clinic=vest")
        menu = visitor.page.text.split("</nav>")[0]
        links = re.findall(r'<a href="(/[^"]*)"', menu)
        assert links
        assert [one for one in links if "clinic=vest" not in one] == []


def test_a_course_has_not_the_address_of_another_page(page: Served) -> None:
    visitor = page.signed_in("physician")
    visitor.open("/courses/new")
    for name, value in {"Course id": "new", "Patient id": "P-9", "Diagnosis": "SSc"}.items():
        visitor.fill(name, value)
    visitor.fill("First visit", soon(9, "10:00"))
    said = {"Site": "knee", "Side": "right", "Largest diameter, mm": "70", "Ulcerated": "yes"}
    for name, value in said.items():
        visitor.fill(name, value, "Lesion A")
    assert visitor.press("Add the course").status_code == 409
    assert "choose another id" in visitor.text


@pytest.mark.parametrize("said", ["27/11/2026", ""])
def test_a_day_that_is_none_is_told_at_its_field(page: Served, said: str) -> None:
    visitor: Visitor = page.signed_in("nurse")
    visitor.open("/")
    visitor.fill("Another day", said)
    assert visitor.press("Go").status_code == 422
    assert visitor.control("Another day").is_invalid


TYPED = [
    # a field, what is typed; what is said
    ("Given, mL", ".08", "write it as 0.08"),
    ("Pain after", "7/10", "write it as 3"),
]


@pytest.mark.parametrize(("field", "said", "fix"), TYPED)
def test_what_is_typed_wrongly_gets_a_fix_of_its_own(
    two_lesions: Served, field: str, said: str, fix: str
) -> None:
    visitor = two_lesions.signed_in("nurse")
    given(visitor, how="another dose")
    visitor.fill(field, said, "Lesion A")
    assert visitor.press("Check").status_code == 422
    assert fix in visitor.text


@pytest.fixture
def danish_holidays(tmp_path: Path) -> Iterator[Served]:
    """A page with a course at a clinic that keeps its country's holidays."""
    url = str(tmp_path / "register.db")
    text = CLINIC.replace("capacity", 'country = "DK"\ncapacity')
    put_clinic(open_database(url), NamedFile("clinic", text.encode()), PHYSICIAN)
    add(url, first=soon(-10))
    with served(url) as page:
        yield page.with_accounts()


LESION = {"id": "B", "site": "knee", "side": "left", "size_mm": "70", "ulcerated": "yes"}
YEARS = [
    # a page, what is said in it; the label of the field that it is told at
    ("courses/new", NEW | {"first_visit": "2012-10-15 10:00"}, "First visit"),
    ("courses/new", NEW | {"first_visit": "2052-10-14 10:00"}, "First visit"),
    ("courses/new", NEW | {"first_visit": "2098-10-14 10:00"}, "First visit"),
    ("courses/K-1/release", {"lesion": "A", "on": "2090-10-19"}, "Day"),
    ("courses/K-1/lesion", LESION | {"from": "2090-10-19"}, "First injection"),
    ("courses/K-1/visits/2/move", {"to": "2090-10-19 10:00"}, "Another time"),
]


@pytest.mark.parametrize(("path", "said", "label"), YEARS)
def test_another_year_than_was_meant_is_asked_about_at_its_field(
    danish_holidays: Served, path: str, said: dict[str, str], label: str
) -> None:
    visitor = danish_holidays.signed_in("physician")
    if path.endswith("release"):
        visitor.open("/courses/K-1/hold")
        visitor.fill("Day", soon()[:10])
        visitor.fill("Reason", "infected")
        visitor.press("Show what changes")
        visitor.press("Hold")
    assert visitor.post(f"/{path}", {"act": "check", "reason": "x"} | said).status_code == 422
    assert visitor.control(label).is_invalid
    assert "is the year right?" in visitor.text


def test_a_year_without_known_holidays_is_told_at_the_time(danish_holidays: Served) -> None:
    visitor = danish_holidays.signed_in("nurse")
    given(visitor)
    visitor.fill("Time", "2001-11-25 09:40")
    assert visitor.press("Check").status_code == 422
    assert visitor.control("Time").is_invalid
    assert "is the year right?" in visitor.text

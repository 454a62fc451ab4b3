"""A clinic's work on the page: plan, record, move, close, print; what is asked, what is refused."""

from __future__ import annotations

import html
import json
import re
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from planner.app.accounts import listed, set_language
from planner.app.administration import Measurement, evaluated
from planner.app.clinics import put_clinic
from planner.app.planning import NamedFile
from planner.store.accounts import Account, all_accounts
from planner.store.clinics import read_place
from planner.store.database import open_database
from planner.store.upkeep import check
from tests.acceptance.page.conftest import CLINIC, COURSE, PHYSICIAN, add
from tests.courses import confirmation
from tests.pages import NAMES, PASSWORD, Form, Served, Visitor, served, soon, today
from tests.registers import Followed


def plan(visitor: Visitor, course: str = "K-7", **lesion: str) -> httpx.Response:
    """Fill the form for a course in, and look at it."""
    visitor.open("/courses/new")
    visitor.fill("Course id", course)
    visitor.fill("Patient id", f"P-{course}")
    visitor.fill("Diagnosis", "systemic sclerosis")
    visitor.fill("First visit", soon(9, "10:00"))
    said = {
        "Site": "knee", "Side": "right", "Largest diameter, mm": "70", "Ulcerated": "yes",
        "Dose, mg": "12.5; 57.5; 72.5; 87.5",
    } | lesion  # fmt: skip
    for name, value in said.items():
        visitor.fill(name, value, "Lesion A")
    return visitor.press("Preview")


def history(page: Served, course: str) -> list[dict[str, object]]:
    found = page.signed_in("physician").open(f"/courses/{course}", Accept="application/json")
    events: list[dict[str, object]] = found.json()["history"]
    return events


def test_a_physician_plans_a_course_on_one_page(page: Served) -> None:
    visitor = page.signed_in("physician")
    assert plan(visitor).status_code == 200
    assert "weekly: one injection every 7 days, 4 in all" in visitor.text
    assert "A: 57.5 mg: draw 0.38 mL (57 mg)" in visitor.text
    added = visitor.press("Add the course")
    assert added.status_code == 200
    assert str(added.url).endswith("/courses/K-7")
    assert [one["through"] for one in history(page, "K-7")] == ["page"]


@pytest.mark.hazard("written-unseen")
def test_nothing_is_added_that_was_not_looked_at(page: Served) -> None:
    visitor = page.signed_in("physician")
    plan(visitor)
    visitor.fill("Dose, mg", "20", "Lesion A")
    assert visitor.press("Add the course").status_code == 409
    assert "Look at the plan, then add the course." in visitor.text
    assert visitor.press("Add the course").status_code == 200
    assert "20 mg" in visitor.text


@pytest.mark.parametrize(("days", "told"), [(9, None), (-3, "1 visit lies"), (-24, "4 visits lie")])
def test_a_course_that_is_entered_late_says_so(page: Served, days: int, told: str | None) -> None:
    visitor = page.signed_in("physician")
    said = NEW | {"first_visit": soon(days, "10:00")}
    assert visitor.post("/courses/new", said).status_code == 200
    assert ("before today" in visitor.text) == bool(told)
    assert not told or f"{told} before today" in visitor.text


def test_a_dose_that_asks_is_confirmed_with_a_tick_and_a_reason(page: Served) -> None:
    visitor = page.signed_in("physician")
    plan(visitor, **{"Dose, mg": "12.5; 57.5; 72.5; 275"})
    assert visitor.press("Add the course").status_code == 409
    visitor.tick("I confirm")
    assert visitor.press("Add the course").status_code == 422
    assert visitor.control("Why it is so all the same").is_invalid
    visitor.fill("Why it is so all the same", "agreed in conference")
    visitor.press("Preview")
    assert visitor.control("I confirm").is_on
    assert visitor.press("Add the course").status_code == 200
    assert "agreed in conference" in visitor.text


def test_what_is_asked_of_a_visit_is_confirmed_beside_what_is_asked_of_a_lesion(
    page: Served,
) -> None:
    """A visit's finding is confirmed by its due day, a lesion's by its lesion; both are ticked."""
    visitor = page.signed_in("physician")
    plan(visitor)
    visitor.press("Add a lesion")
    for name, value in (
        ("Site", "knee"), ("Side", "right"), ("Largest diameter, mm", "70"), ("Ulcerated", "yes"),
        ("Dose, mg", "12.5; 57.5; 72.5; 275"),
    ):  # fmt: skip
        visitor.fill(name, value, "Lesion B")
    visitor.press("Preview")
    asked = [one for one in visitor.form_with("Add the course").controls if one.name == "confirm"]
    of = {json.loads(one.value)[2] for one in asked}
    assert {"B", "2", "3", "4"} <= of
    for one in asked:
        one.is_on = True
    visitor.fill("Why it is so all the same", "agreed in conference")
    assert visitor.press("Add the course").status_code == 200
    assert str(visitor.page.url).endswith("/courses/K-7")
    plan_as_it_is = visitor.open("/courses/K-7", Accept="application/json").json()["plan"]
    waits = [one for one in plan_as_it_is["findings"] if one["severity"] == "confirm"]
    assert waits
    assert all(one["reason"] == "agreed in conference" for one in waits)


def test_a_tick_holds_for_its_value_alone(page: Served) -> None:
    visitor = page.signed_in("physician")
    plan(visitor, **{"Dose, mg": "12.5; 57.5; 72.5; 275"})
    visitor.tick("I confirm")
    visitor.fill("Why it is so all the same", "agreed")
    visitor.fill("Dose, mg", "12.5; 57.5; 72.5; 270", "Lesion A")
    visitor.press("Preview")
    assert not visitor.control("I confirm").is_on
    assert visitor.press("Add the course").status_code == 409


def test_what_is_wrong_stands_beside_its_field(page: Served) -> None:
    visitor = page.signed_in("physician")
    plan(visitor, **{"Largest diameter, mm": "1.500", "Side": "", "Dose, mg": "12,5 mL"})
    assert visitor.page.status_code == 422
    for name in ("Largest diameter, mm", "Side", "Dose, mg"):
        assert visitor.control(name, "Lesion A").is_invalid, name
    assert "may be thousands" in visitor.text
    assert not visitor.control("Diagnosis").is_invalid


def test_a_decimal_comma_is_read_where_the_clinic_writes_one(light_url: str) -> None:
    text = CLINIC.replace("timezone =", 'language = "da"\ntimezone =')
    who = PHYSICIAN._replace(confirm="yes")
    put_clinic(open_database(light_url), NamedFile("clinic", text.encode()), who)
    with served(light_url) as page:
        visitor = page.with_accounts().signed_in("physician")
        assert plan(visitor, **{"Dose, mg": "12,5; 57,5; 72,5; 87,5"}).status_code == 200
        assert "57.5 mg: draw 0.38 mL" in visitor.text


def test_a_hint_of_a_field_says_nothing_that_the_field_does_not_do(light_url: str) -> None:
    """The mark of a decimal is a matter of files: the page reads the one of its clinic."""
    text = CLINIC.replace("timezone =", 'language = "da"\ntimezone =')
    put_clinic(
        open_database(light_url),
        NamedFile("clinic", text.encode()),
        PHYSICIAN._replace(confirm="y"),
    )
    with served(light_url) as page:
        page.with_accounts()
        set_language(open_database(light_url), PHYSICIAN._replace(name=NAMES["physician"]), "da")
        visitor = page.signed_in("physician")
        two = {"lesion[1].dose_mg": "12,5; 57,5", "lesion[1].size_mm": "70"}
        two |= {"lesion[1].site": "knee", "lesion[1].side": "right", "lesion[1].ulcerated": "yes"}
        visitor.post("/courses/new", two | {"act": "preview"})
        assert "2 doser til 4 injektioner (ugentlig); angiv ét tal" in visitor.text
        assert "punktum" not in visitor.text


@pytest.mark.parametrize("typed", ["12.5;;72.5;87.5;90", "12.5;;57.5;1", "12.5; 57.5;", ";"])
def test_no_dose_takes_the_place_of_one_that_is_missing(page: Served, typed: str) -> None:
    visitor = page.signed_in("physician")
    assert plan(visitor, **{"Dose, mg": typed}).status_code == 422
    assert visitor.control("Dose, mg", "Lesion A").is_invalid
    assert "a dose is missing in" in visitor.text


def test_a_lesion_more(page: Served) -> None:
    visitor = page.signed_in("physician")
    plan(visitor)
    assert visitor.press("Add a lesion").status_code == 200
    assert visitor.control("Largest diameter, mm", "Lesion A").value == "70"
    for name, value in (("Site", "elbow"), ("Side", "left"), ("Ulcerated", "no")):
        visitor.fill(name, value, "Lesion B")
    visitor.fill("Largest diameter, mm", "4", "Lesion B")
    visitor.fill("Dose, mg", "20", "Lesion B")
    visitor.press("Preview")
    assert visitor.press("Add the course").status_code == 200, visitor.text
    assert "B left elbow, 4 mm" in visitor.text


def test_a_lesion_that_was_one_too_many(page: Served) -> None:
    """The others keep their ids and what was typed of them; a new one takes an id that is free."""
    visitor = page.signed_in("physician")
    plan(visitor)
    for lesion, site in (("Lesion B", "elbow"), ("Lesion C", "hand")):
        visitor.press("Add a lesion")
        visitor.fill("Site", site, lesion)
    assert visitor.press("Take lesion B off").status_code == 200
    assert visitor.control("Site", "Lesion A").value == "knee"
    assert visitor.control("Largest diameter, mm", "Lesion A").value == "70"
    assert visitor.control("Site", "Lesion C").value == "hand"
    assert "Lesion B" not in visitor.text
    visitor.press("Add a lesion")
    assert visitor.control("Site", "Lesion B").value == ""
    visitor.press("Take lesion C off")
    visitor.press("Take lesion A off")
    assert "Take lesion" not in visitor.text
    visitor.post("/courses/new", visitor.sent("Add a lesion") | {"act": "without B"})
    assert visitor.control("Site", "Lesion B").value == ""


def test_a_course_file_is_read_with_all_its_problems(page: Served) -> None:
    visitor = page.signed_in("physician")
    visitor.open("/courses/new")
    text = COURSE.format(course="K-8", patient="P-8", first=soon())
    bad = text.replace("size_mm = 70", "size_mm = -1").replace("knee", "kne")
    visitor.fill("Course file", bad)
    assert visitor.press("Read the file").status_code == 422
    assert visitor.control("Site", "Lesion A").is_invalid
    assert visitor.control("Largest diameter, mm", "Lesion A").is_invalid
    visitor.fill("Course file", text)
    assert visitor.press("Read the file").status_code == 200
    assert visitor.press("Add the course").status_code == 200
    assert "Anna Jensen" in visitor.text


@pytest.mark.parametrize("text", ["id = ", "not a file", "a = [", "revision = 2"])
def test_what_is_no_course_file_is_told_at_the_field_of_the_file(page: Served, text: str) -> None:
    visitor = page.signed_in("physician")
    visitor.open("/courses/new")
    visitor.fill("Course file", text)
    assert visitor.press("Read the file").status_code == 422
    assert visitor.control("Course file").is_invalid
    assert visitor.control("Course file").value.strip() == text.strip()
    assert visitor.control("Course id").is_invalid == (text == "revision = 2")
    assert "<details open><summary>From a course file" in visitor.page.text


def test_enter_looks_at_each_form_of_the_clinic_and_writes_none(page: Served) -> None:
    visitor = page.signed_in("physician")
    visitor.open("/clinic")
    buttons = ("Show what moves", "Look at it", "Read the file", "Show what it changes")
    for button in buttons:
        assert visitor.form_with(button).buttons[0][1:] == ("act", "check")


def given(visitor: Visitor, course: str = "K-1", visit: int = 1, how: str = "as planned") -> None:
    """Fill the record of a visit in."""
    visitor.open(f"/courses/{course}/visits/{visit}")
    visitor.tick(how, "Lesion A")
    if how != "not given":
        visitor.fill("Lot", "7A12")
        visitor.fill("Expiry", "2032-03")


@pytest.fixture
def past(light_url: str) -> str:
    """A register with a course whose first visit was today or yesterday."""
    add(light_url, "K-1", "P-1", soon(-10, "09:00"))
    return light_url


def test_a_nurse_records_a_visit_after_a_summary(past: str) -> None:
    with served(past) as page:
        visitor = page.with_accounts().signed_in("nurse")
        given(visitor)
        assert visitor.press("Check").status_code == 200
        assert "Anna Jensen" in visitor.text
        assert "0.08 mL, 12 mg" in visitor.text
        assert len(history(page, "K-1")) == 1
        assert visitor.press("Record").status_code == 200
        (event,) = history(page, "K-1")[1:]
        assert (event["kind"], event["by"], event["role"]) == ("given", NAMES["nurse"], "nurse")
        assert event["lot"] == "7A12"


@pytest.mark.hazard("written-unseen")
def test_nothing_is_recorded_that_was_not_seen(past: str) -> None:
    with served(past) as page:
        visitor = page.with_accounts().signed_in("nurse")
        given(visitor)
        visitor.press("Check")
        visitor.fill("Lot", "another")
        visitor.press("Record")
        assert "This will be recorded" in visitor.text
        assert len(history(page, "K-1")) == 1


def test_another_dose_is_asked_for(past: str) -> None:
    with served(past) as page:
        visitor = page.with_accounts().signed_in("nurse")
        given(visitor, how="another dose")
        visitor.fill("Given, mL", "0.8", "Lesion A")
        assert visitor.press("Check").status_code == 409
        assert visitor.press("Record").status_code == 409
        visitor.tick("I confirm")
        visitor.fill("Why it is so all the same", "as the physician said")
        assert visitor.press("Record").status_code == 200
        assert history(page, "K-1")[1]["answered"]


@pytest.mark.parametrize(
    ("depth", "language", "status"),
    [("3,5", "da", 200), ("3.5 mm", "en", 200), ("3,5", "en", 422), ("1.500", "da", 422),
     ("1.500", "en", 422), ("deep", "da", 422), ("3 cm", "en", 422)],
)  # fmt: skip
def test_a_figure_that_was_noted_is_read_as_all_others(
    past: str, depth: str, language: str, status: int
) -> None:
    text = CLINIC.replace("timezone =", f'language = "{language}"\ntimezone =')
    who = PHYSICIAN._replace(confirm="yes")
    put_clinic(open_database(past), NamedFile("clinic", text.encode()), who)
    with served(past) as page:
        visitor = page.with_accounts().signed_in("nurse")
        given(visitor)
        visitor.fill("depth", depth)
        assert visitor.press("Check").status_code == status
        assert visitor.control("depth").is_invalid == (status == 422)
        if status == 200:
            visitor.press("Record")
            assert "'3.5'" in str(history(page, "K-1")[-1]["observed"])


@pytest.mark.parametrize("path", ["/courses/K-1/dose", "/clinic"])
def test_a_tick_without_a_why_stays_to_be_seen(page: Served, path: str) -> None:
    visitor = page.signed_in("physician")
    visitor.open(path)
    said = {"Lesion": "A", "Dose, mg": "300", "Reason": "pain"}
    look, button = "Show what changes", "Change the dose"
    if path == "/clinic":
        said, look, button = {"From": soon()[:10], "Reason": "ill"}, "Show what moves", "Close"
    for name, value in said.items():
        visitor.fill(name, value)
    visitor.press(look)
    visitor.tick("I confirm")
    assert visitor.press(button).status_code == 422
    assert visitor.control("Why it is so all the same").is_invalid
    assert visitor.control("I confirm").is_on
    visitor.fill("Why it is so all the same", "agreed")
    assert visitor.press(button).status_code in (200, 409)


@pytest.mark.parametrize("wrong", [{"From": "2026-12-4"}, {"Reason": ""}])
def test_nothing_is_lost_where_a_why_and_something_else_is_wrong(
    page: Served, wrong: dict[str, str]
) -> None:
    visitor = page.signed_in("secretary")
    visitor.open("/clinic")
    said = {"From": soon()[:10], "To": soon()[:10], "Reason": "ill"}
    for name, value in said.items():
        visitor.fill(name, value)
    visitor.press("Show what moves")
    visitor.tick("I confirm")
    for name, value in wrong.items():
        visitor.fill(name, value)
    assert visitor.press("Close").status_code == 422
    for name, value in (said | wrong).items():
        assert visitor.control(name).value == value
        assert visitor.control(name).is_invalid == (name in wrong), name
    assert visitor.control("Why it is so all the same").is_invalid
    for name in wrong:
        visitor.fill(name, said[name])
    visitor.fill("Why it is so all the same", "they are told")
    visitor.press("Show what moves")
    assert visitor.control("I confirm").is_on
    assert visitor.press("Close").status_code == 200
    assert [one["kind"] for one in history(page, "K-1")] == ["planned", "rearranged"]


@pytest.mark.parametrize(
    ("button", "said", "wrong"),
    [
        ("Show what it changes", {"Clinic file": "rubbish ["}, ("Clinic file", "Why another file")),
        (
            "Read the file",
            {"Course file": "rubbish [", "Not before": "soon"},
            ("Course file", "Not before"),
        ),
    ],
)
def test_all_that_is_wrong_with_a_clinics_form_is_told_at_once(
    page: Served, button: str, said: dict[str, str], wrong: tuple[str, ...]
) -> None:
    visitor = page.signed_in("physician")
    visitor.open("/clinic")
    for name, value in said.items():
        visitor.fill(name, value)
    assert visitor.press(button).status_code == 422
    for name in wrong:
        assert visitor.control(name).is_invalid, name


def test_an_account_that_cannot_be_is_marked_in_its_form(page: Served) -> None:
    visitor = page.signed_in("administrator")
    visitor.open("/accounts")
    visitor.fill("Name", "Nora Ny")
    visitor.fill("Role", "nurse")
    visitor.fill("Password", "short")
    assert visitor.press("Add the account").status_code == 422
    assert visitor.control("Password").is_invalid
    assert visitor.control("Name").value == "Nora Ny"
    visitor.fill("Account to disable", NAMES["administrator"])
    assert visitor.press("Disable").status_code == 409
    assert visitor.control("Account to disable").is_invalid
    assert not visitor.control("Name").is_invalid
    assert visitor.control("Name").value == ""


def test_all_that_is_wrong_with_an_account_is_told_at_once(page: Served) -> None:
    visitor = page.signed_in("administrator")
    for button, names in (
        ("Add the account", ("Name", "Role", "Password")),
        ("Give the role", ("Account", "New role")),
        ("Set the password", ("Account with a new password", "New password")),
        ("Make a token", ("Program",)),
    ):
        visitor.open("/accounts")
        assert visitor.press(button).status_code == 422
        for name in names:
            assert visitor.control(name).is_invalid, name
            assert f">{name}</a>" in visitor.page.text


@pytest.mark.parametrize(
    ("button", "said", "again"),
    [
        (
            "Add the account",
            {"Name": "Nora Ny", "Role": "nurse", "Password": "correct horse"},
            {"Password": "correct horse"},
        ),
        ("Give the role", {"Account": NAMES["nurse"], "New role": "secretary"}, {}),
        (
            "Set the password",
            {"Account with a new password": NAMES["nurse"], "New password": "battery staple"},
            {"New password": "battery staple"},
        ),
        ("Disable", {"Account to disable": NAMES["nurse"]}, {}),
    ],
)
def test_an_account_is_looked_at_before_it_is_changed(
    page: Served, button: str, said: dict[str, str], again: dict[str, str]
) -> None:
    visitor = page.signed_in("administrator")
    visitor.open("/accounts")
    for name, value in said.items():
        visitor.fill(name, value)
    form = visitor.form_with(button)
    # What Enter presses.
    assert form.buttons[0][1:] == ("act", "check")
    before = accounts_of(page)
    assert visitor.press(button).status_code == 200
    assert accounts_of(page) == before
    for name, password in again.items():
        # It is typed again, and has to be the same: nobody reads it in a page.
        assert visitor.control(name).value == ""
        visitor.fill(name, "another one")
        assert visitor.press("Do it").status_code == 422
        assert visitor.control(name).is_invalid
        assert accounts_of(page) == before
        visitor.fill(name, password)
        assert visitor.press(button).status_code == 200
        visitor.fill(name, password)
    assert visitor.press("Do it").status_code == 200
    assert accounts_of(page) != before


def accounts_of(page: Served) -> list[Account]:
    with open_database(page.url).reading() as connection:
        return [*all_accounts(connection)]


NEW = {
    "act": "preview", "id": "K-7", "patient.id": "P-7", "diagnosis": "x",
    "first_visit": soon(9, "10:00"), "lesion[1].site": "knee", "lesion[1].side": "right",
    "lesion[1].size_mm": "70", "lesion[1].ulcerated": "yes",
}  # fmt: skip
CLOSED = {"act": "check", "reason": "ill"}
ADDED = CLOSED | {
    "id": "B", "site": "knee", "side": "left", "size_mm": "70", "ulcerated": "yes",
}  # fmt: skip
TOLD = [
    # an address, what is sent to it; the field that it is told at, by its label
    ("/courses/new", NEW | {"id": "K-1"}, "Course id", 409),
    ("/courses/new", NEW | {"background.disease_years": "x"}, "Years of the disease", 422),
    ("/courses/new", NEW | {f"move.{soon(16)[:10]}": "soon"}, "Another day for [^<]*", 422),
    ("/courses/K-1/dose", CLOSED | {"lesion": "A", "mg": "9000"}, "Dose, mg", 409),
    ("/courses/K-1/hold", CLOSED | {"on": "2020-01-06"}, "Day", 409),
    ("/courses/K-1/lesion", ADDED | {"from": "2020-01-06"}, "First injection", 409),
    ("/clinic", CLOSED | {"what": "open", "from": soon()[:10]}, "First day", 409),
    ("/clinic", {"what": "open", "to": "x"}, "Why", 422),
    ("/clinic", {"what": "book", "from": "x"}, "First visits from", 422),
]  # fmt: skip


@pytest.mark.parametrize(("path", "said", "label", "status"), TOLD)
def test_what_is_wrong_is_told_at_its_field_by_its_name(
    page: Served, path: str, said: dict[str, str], label: str, status: int
) -> None:
    visitor = page.signed_in("physician")
    if said.get("what") == "book":
        visitor.open("/clinic")
        visitor.fill("Course file", COURSE.format(course="W-1", patient="P-9", first=soon()))
        visitor.press("Read the file")
        visitor.press("Put it on the list")
    visitor.open(path)
    assert visitor.post(path, said).status_code == status, visitor.text
    (field,) = re.findall(rf'<label for="(f-[^"]*)">{label}</label>', visitor.page.text)
    assert re.search(rf'<a href="#{re.escape(field)}">{label}</a>', visitor.page.text)
    control = next(one for form in visitor.reader.forms for one in form.controls if one.id == field)
    assert control.is_invalid


def test_a_series_names_its_fields_as_they_are_called(page: Served) -> None:
    visitor = page.signed_in("physician")
    assert visitor.open("/series?on=x").status_code == 422
    assert ">As it was on</a>" in visitor.page.text
    assert visitor.open("/courses/K-1/confirm").status_code == 200
    assert visitor.post("/courses/K-1/confirm", {"act": "check"}).status_code == 422
    assert "Finding: nothing is said" in visitor.text


def test_no_visit_may_be_moved(page: Served) -> None:
    visitor = page.signed_in("physician")
    visitor.open("/clinic")
    assert visitor.post("/clinic", {"what": "book", "may_move": "0"}).status_code == 200
    assert visitor.post("/clinic", {"what": "book", "may_move": "-1"}).status_code == 422


def test_nobody_is_taken_off_a_list_who_is_not_on_it(page: Served) -> None:
    visitor = page.signed_in("physician")
    for act in ("check", "write"):
        said = {"what": "remove", "course": "NOPE", "act": act}
        assert visitor.post("/clinic", said).status_code == 404


def test_a_day_has_its_weekday_wherever_it_stands(past: str) -> None:
    """Tasks, what a closure asks, what is free instead, accounts."""
    bare = re.compile(r"(?<!\w )\b20\d\d-\d\d-\d\d \d\d:\d\d")
    with served(past) as page:
        page.with_accounts()
        visitor = page.signed_in("physician")
        seen = [visitor.open("/tasks").status_code, bare.findall(visitor.text)]
        assert soon(-10) in visitor.text
        visitor.post(
            "/clinic", CLOSED | {"what": "close", "from": soon(-3)[:10], "to": soon(18)[:10]}
        )
        seen += [visitor.page.status_code, bare.findall(visitor.text.split("Other clinics")[0])]
        for on, said in (
            ("from", {"what": "open", "to": soon(-3)[:10], "reason": "x"}),
            ("not_before", {"what": "wait", "by_date": soon(-3)[:10]}),
        ):
            visitor.post("/clinic", said | {on: soon()[:10]})
            assert re.search(
                rf"\w{{3}} {soon(-3)[:10]} is before \w{{3}} {soon()[:10]}", visitor.text
            )
        administrator = page.signed_in("administrator")
        assert "Thu 2026-01-01" in (administrator.open("/accounts"), administrator.text)[1]
    assert seen == [200, [], 409, []]


def test_an_account_is_added_as_its_form_says_or_not_at_all(page: Served) -> None:
    visitor = page.signed_in("administrator")
    visitor.open("/accounts")
    visitor.fill("Name", "Nora Ny")
    visitor.fill("Password", PASSWORD)
    form = visitor.sent("Add the account")
    for changes, status in (({"language": "xx"}, 422), ({"what": "promote"}, 404)):
        answer = visitor.client.post("/accounts", data={**form, **changes})
        assert (answer.status_code, "Location" in answer.headers) == (status, False)
    assert "Nora Ny" not in {one.name for one in listed(open_database(page.url), "administrator")}


def test_not_given_wants_a_reason(past: str) -> None:
    with served(past) as page:
        visitor = page.with_accounts().signed_in("nurse")
        given(visitor, how="not given")
        assert visitor.press("Check").status_code == 422
        assert visitor.control("Reason", "Lesion A").is_invalid
        visitor.fill("Reason", "infected", "Lesion A")
        visitor.press("Check")
        assert visitor.press("Record").status_code == 200
        event = history(page, "K-1")[1]
        assert (event["kind"], event["reason"]) == ("missed", "infected")


def test_the_vials_strength_is_asked_where_no_stock_is_stated(tmp_path: object) -> None:
    from pathlib import Path

    from planner.app.clinics import put_clinic
    from planner.app.planning import NamedFile
    from tests.acceptance.page.conftest import PHYSICIAN

    url = str(Path(str(tmp_path)) / "r.db")
    text = CLINIC.partition("[stock]")[0]
    put_clinic(open_database(url), NamedFile("clinic", text.encode()), PHYSICIAN)
    add(url, first=soon(-10))
    with served(url) as page:
        visitor = page.with_accounts().signed_in("nurse")
        given(visitor)
        visitor.press("Check")
        assert visitor.press("Record").status_code == 422
        visitor.fill("Strength on the vial", "250")
        assert visitor.press("Record").status_code == 422
        assert "stop" in visitor.text
        visitor.fill("Strength on the vial", "150")
        assert visitor.press("Record").status_code == 200
        assert len(history(page, "K-1")) == 2


def test_two_people_at_one_visit_are_told_of_one_another(past: str) -> None:
    with served(past) as page:
        page.with_accounts()
        one, other = page.signed_in("nurse"), page.signed_in("physician")
        for visitor in (one, other):
            given(visitor)
            visitor.press("Check")
        assert one.press("Record").status_code == 200
        assert other.press("Record").status_code == 409
        assert NAMES["nurse"] in other.text
        assert len(history(page, "K-1")) == 2


@pytest.mark.hazard("written-unseen")
def test_one_click_twice_is_one_event(past: str) -> None:
    with served(past) as page:
        visitor = page.with_accounts().signed_in("nurse")
        given(visitor)
        visitor.press("Check")
        said = visitor.sent("Record")
        path = "/courses/K-1/visits/1"
        answers = [visitor.client.post(path, data=said) for _ in range(2)]
        assert [one.status_code for one in answers] == [303, 303]
        assert len(history(page, "K-1")) == 2


def test_the_day_lists_prints_and_counts_its_pages(past: str) -> None:
    on = soon(-10)[:10]
    with served(past) as page:
        visitor = page.with_accounts().signed_in("secretary")
        visitor.open(f"/day/{on}")
        assert "09:00-09:30 Anna Jensen K-1 visit 1; inject A 0.08 mL 0.08 mL" in visitor.text
        visitor.press("Print the day")
        for name in ("List of the day", "Worksheets", "Labels"):
            page_of_day = visitor.page
            found = visitor.follow(name)
            assert found.content.startswith(b"%PDF"), name
            visitor._seen(page_of_day)
        kinds = [one["kind"] for one in history(page, "K-1")]
        assert kinds == ["planned", "issued"]


def test_a_secretary_moves_onto_a_free_time(page: Served) -> None:
    visitor = page.signed_in("secretary")
    visitor.open("/courses/K-1")
    visitor.follow("Move, visit 2")
    times = [one for one in visitor.page.text.split('<option value="')[2:] if one[0] == "2"]
    visitor.fill("Free times", times[3].partition('"')[0])
    visitor.fill("Reason", "travels")
    assert visitor.press("Show what changes").status_code == 200
    assert visitor.press("Move the visit").status_code == 200
    event = history(page, "K-1")[1]
    assert (event["kind"], event["role"], event["reason"]) == ("moved", "secretary", "travels")
    visitor.open("/courses/K-1")
    assert "moved by hand" in visitor.text
    assert "by the physician" not in visitor.text


def free_times_of(visitor: Visitor, course: str, visit: int) -> list[str]:
    assert visitor.open(f"/courses/{course}/visits/{visit}/move").status_code == 200
    options = visitor.page.text.split('<option value="')[1:]
    return [one.partition('"')[0] for one in options if one[0] == "2"]


def test_what_was_missed_is_moved_and_what_was_given_is_offered_no_time(past: str) -> None:
    """The form opens for any visit: somebody may have recorded it meanwhile."""
    with served(past) as page:
        visitor = page.with_accounts().signed_in("physician")
        visitor.open("/courses/K-1/visits/1/missed")
        visitor.fill("Reason", "ill")
        visitor.press("Show what changes")
        assert visitor.press("Record as missed").status_code == 200
        visitor.follow("Move, visit 1")
        times = free_times_of(visitor, "K-1", 1)
        assert len(times) == 3
        assert min(times)[:10] > today()
        given(visitor, visit=2)
        visitor.press("Check")
        assert visitor.press("Record").status_code == 200
        assert free_times_of(visitor, "K-1", 2) == []


@pytest.mark.hazard("double-booking")
def test_a_free_time_that_was_taken_meanwhile_is_told_where_it_was_chosen(page: Served) -> None:
    visitor = page.signed_in("secretary")
    chosen = free_times_of(visitor, "K-1", 2)[-1]
    visitor.fill("Free times", chosen)
    visitor.fill("Reason", "travels")
    for course in ("K-2", "K-3"):
        add(page.url, course, f"P-{course}", chosen)
    assert visitor.press("Show what changes").status_code == 409
    assert "no room at" in visitor.text
    assert visitor.control("Free times").is_invalid
    assert not visitor.control("Another time").is_invalid


def test_a_secretary_does_not_move_out_of_the_window(page: Served) -> None:
    visitor = page.signed_in("secretary")
    visitor.open("/courses/K-1/visits/2/move")
    visitor.fill("Another time", soon(19, "09:00"))
    visitor.fill("Reason", "travels")
    said = visitor.sent("Show what changes")
    visitor.press("Show what changes")
    assert "This waits for a physician: nothing of it is kept, ask one" in visitor.text
    assert "Move the visit" not in visitor.text
    forged = {"act": "write", "seen": "0" * 32}
    assert visitor.client.post("/courses/K-1/visits/2/move", data={**said, **forged}).status_code
    assert len(history(page, "K-1")) == 1


@pytest.mark.hazard("dilution")
def test_the_day_says_what_is_mixed(light_url: str) -> None:
    """0.08 mL of half its strength: the least that can be measured is 0.1 mL + 0.1 mL."""
    stronger = CLINIC.replace("strength_mg_per_ml = 150", "strength_mg_per_ml = 300")
    put_clinic(open_database(light_url), NamedFile("clinic", stronger.encode()), PHYSICIAN)
    add(light_url)
    with served(light_url) as there:
        visitor = there.with_accounts().signed_in("nurse")
        visitor.open(f"/day/{soon()[:10]}")
        told = " ".join(visitor.text.split())
    assert "Stock of 300 mg/mL, to be diluted visit by visit 0.1 mL Diluent 0.1 mL" in told
    assert "Syringes of 1 mL to measure stock and diluent 2" in told


def test_all_that_a_change_asks_can_be_confirmed_however_much(tmp_path: Path) -> None:
    """A box for each of 204 draw-ups: where some were left out, nothing could ever be written."""
    url = str(tmp_path / "register.db")
    large = CLINIC.replace("capacity = 2", "capacity = 60")
    put_clinic(open_database(url), NamedFile("clinic", large.encode()), PHYSICIAN)
    for number in range(51):
        add(url, f"K-{number}", f"P-{number}")
    with served(url) as page:
        visitor = page.with_accounts().signed_in("physician")
        visitor.open("/clinic")
        visitor.fill("Clinic file", large.replace("_per_ml = 150", "_per_ml = 300"))
        visitor.fill("Why another file", "another vial")
        visitor.press("Show what it changes")
        boxes = [one for one in visitor.form_with("Put the file").controls if one.name == "confirm"]
        assert len(boxes) == 4 * 51
        for box in boxes:
            box.is_on = True
        visitor.fill("Why it is so all the same", "they are told")
        assert visitor.press("Put the file").status_code == 200
    with open_database(url).reading() as connection:
        assert read_place(connection, "vest").version == 2


def test_a_secretary_closes_days_and_sees_what_moves(page: Served) -> None:
    visitor = page.signed_in("secretary")
    on = soon()[:10]
    visitor.open("/clinic")
    visitor.fill("From", on)
    visitor.fill("Reason", "ill")
    assert visitor.press("Show what moves").status_code == 409
    assert "course K-1, visit 1" in visitor.text
    assert visitor.press("Close").status_code == 409
    visitor.tick("I confirm")
    visitor.fill("Why it is so all the same", "they are told")
    assert visitor.press("Close").status_code == 200, visitor.text
    visitor.open("/tasks")
    assert [one["kind"] for one in history(page, "K-1")] == ["planned", "rearranged"]
    visitor.open(f"/week/{on}")
    assert "the clinic is closed that day" in visitor.text
    changes = html.unescape(visitor.open("/clinic").text).split("History")[1].split("</details>")[0]
    assert re.search(rf"closed \w+ {on}, {NAMES['secretary']}: ill</li>", changes)
    assert "the clinic's file" in changes


def test_a_physician_holds_changes_releases_and_ends(page: Served) -> None:
    visitor = page.signed_in("physician")
    on = soon()[:10]
    for act, button, said in (
        ("Hold", "Hold", {"Day": on, "Reason": "infection"}),
        ("Release", "Release", {"Day": on, "Reason": "healed"}),
        ("Change a dose", "Change the dose", {"Lesion": "A", "Dose, mg": "50", "Reason": "pain"}),
        ("End", "End", {"How it ended": "stopped", "Day": on, "Reason": "wished"}),
    ):
        visitor.open("/courses/K-1")
        visitor.press(act)
        for name, value in said.items():
            visitor.fill(name, value)
        visitor.press("Show what changes")
        if "I confirm" in visitor.text:
            visitor.tick("I confirm")
            visitor.fill("Why it is so all the same", "so be it")
        assert visitor.press(button).status_code == 200, (act, visitor.text)
    kinds = [one["kind"] for one in history(page, "K-1")]
    assert kinds == ["planned", "held", "resumed", "dose-changed", "ended"]


@pytest.mark.hazard("allergy")
def test_a_nurse_answers_what_is_asked_of_an_allergy(page: Served) -> None:
    visitor = page.signed_in("nurse")
    visitor.open("/courses/K-1")
    visitor.press("Answer a question")
    visitor.fill("Question", "sulfite-allergy")
    visitor.fill("Answer", "yes")
    visitor.fill("Reason", "hives after wine")
    visitor.press("Show what changes")
    assert "nothing is injected before a physician decided" in visitor.text
    visitor.tick("I confirm")
    visitor.fill("Why it is so all the same", "she told me")
    assert visitor.press("Keep the answer").status_code == 200, visitor.text
    visitor.open("/courses/K-1")
    assert "Sulfite allergy: yes" in visitor.text
    assert "Decided by" not in visitor.text


def test_papers_are_made_once_and_not_by_those_who_only_look(page: Served) -> None:
    for role in ("auditor",):
        assert page.signed_in(role).open("/courses/K-1/papers/worksheets.pdf").status_code == 200
    visitor = page.signed_in("physician")
    path = "/courses/K-1/papers/worksheets.pdf"
    assert visitor.client.head(path).status_code == 200
    assert visitor.open(path, **{"Sec-Purpose": "prefetch"}).status_code == 200
    assert len(history(page, "K-1")) == 1
    for _ in range(2):
        found = visitor.open(path)
        assert found.content.startswith(b"%PDF")
        assert 'filename="worksheets.pdf"' in found.headers["Content-Disposition"]
    assert [one["kind"] for one in history(page, "K-1")] == ["planned", "issued"]
    assert visitor.open("/courses/K-1/papers/nothing.pdf").status_code == 404


def test_the_whole_set_from_the_course(page: Served) -> None:
    visitor = page.signed_in("secretary")
    visitor.open("/courses/K-1")
    visitor.press("Documents")
    assert "Letter with the appointments" in visitor.text
    event = history(page, "K-1")[1]
    assert "plan.json" in json.dumps(event["documents"])
    assert not list(check(open_database(page.url), lambda _n, _of: None))


def test_somebody_who_is_asked_stays_where_they_were(page: Served) -> None:
    """An expired session with a full form: sign in, and the form is there; for nobody else."""
    visitor = page.signed_in("physician")
    plan(visitor)
    said = visitor.sent("Add the course")
    for name, path in (("nurse", "/"), ("physician", "/courses/new")):
        stranger = page.visitor()
        stranger.post("/courses/new", said)
        assert stranger.page.url.path == "/login"
        stranger.fill("Name", NAMES[name])  # type: ignore[index]
        stranger.fill("Password", PASSWORD)
        stranger.press("Sign in")
        assert stranger.page.url.path == path
        assert ("K-7" in stranger.page.text) == (name == "physician")
    assert stranger.control("Course id").value == "K-7"
    assert stranger.press("Add the course").status_code == 200


def test_a_course_is_written_as_it_was_shown(page: Served) -> None:
    """Another course takes a time meanwhile: the plan is shown again."""
    visitor = page.signed_in("physician")
    plan(visitor)
    for n in range(2):
        add(page.url, f"K-2{n}", f"P-2{n}", soon(16, "10:00"))
    assert visitor.press("Add the course").status_code == 409
    assert "Look at the plan" in visitor.text
    assert visitor.press("Add the course").status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("sulfite_allergy", "sulphite_allergy", "did you mean sulfite_allergy"),
        ("ulcerated = true", 'ulcerated = true\nanything = "x"', "anything"),
        ("sulfite_allergy = false", 'sulfite_allergy = "maybe"', "sulfite_allergy"),
        ("[patient]", "revision = 3\n[patient]", "not taken over"),
        ("[[lesion]]", '[[confirm]]\nfinding = "dose-jump"\nvalue = "x"\nby = "x"\n'
         'reason = "x"\n[[lesion]]', "not taken over"),
    ],
)  # fmt: skip
def test_nothing_of_a_course_file_is_dropped_unsaid(
    page: Served, old: str, new: str, said: str
) -> None:
    visitor = page.signed_in("physician")
    visitor.open("/courses/new")
    text = COURSE.format(course="K-8", patient="P-8", first=soon())
    visitor.fill("Course file", text.replace(old, new))
    assert visitor.press("Read the file").status_code == 422
    assert said in visitor.text


def test_the_protocol_and_the_moves_of_a_file_are_taken_over(page: Served) -> None:
    visitor = page.signed_in("physician")
    visitor.open("/courses/new")
    text = COURSE.format(course="K-8", patient="P-8", first=soon())
    due, to = soon(14)[:10], soon(14, "10:30")
    move = f'[[move]]\nfrom = {due}\nto = "{to}"\n'
    text = text.replace("[patient]", 'protocol = "sts-150-1.0"\n[patient]') + move
    visitor.fill("Course file", text)
    assert visitor.press("Read the file").status_code == 200, visitor.text
    assert visitor.press("Add the course").status_code == 200
    found = visitor.open("/courses/K-8", Accept="application/json").json()["plan"]
    assert found["protocol"]["version"] == "1.0"
    assert found["visits"][1]["start"].startswith(to.replace(" ", "T"))


def physician_after_a_record(page: Served) -> Visitor:
    """A physician, once a nurse has recorded the first visit."""
    nurse = page.with_accounts().signed_in("nurse")
    given(nurse)
    nurse.press("Check")
    nurse.press("Record")
    return page.signed_in("physician")


def test_a_physician_corrects_what_was_given(past: str) -> None:
    with served(past) as page:
        visitor = physician_after_a_record(page)
        visitor.open("/courses/K-1")
        visitor.press("Correct")
        visitor.fill("What was entered", "2")
        visitor.fill("Lot", "8B13")
        visitor.fill("Reason", "misread")
        assert visitor.press("Show what changes").status_code == 200
        assert visitor.press("Put it right").status_code == 200
        assert history(page, "K-1")[2]["kind"] == "corrected"
        assert "8B13" in visitor.text


def test_a_dose_is_put_right_in_mg_or_in_ml(past: str) -> None:
    with served(past) as page:
        visitor = physician_after_a_record(page)
        visitor.open("/courses/K-1/correct")
        for label, text in (("What was entered", "2"), ("Dose, mg", "13"), ("Given, mL", "0.08")):
            visitor.fill(label, text)
        visitor.fill("Reason", "misread")
        assert visitor.press("Show what changes").status_code == 422
        assert "it stands beside a dose in mg; give one of them" in visitor.text
        visitor.fill("Given, mL", "")
        visitor.press("Show what changes")
        assert visitor.press("Put it right").status_code == 200
        plan = visitor.open("/courses/K-1", Accept="application/json").json()["plan"]
        (injection,) = plan["visits"][0]["injections"]
        assert injection["given"]["dose_mg"] == 13


def test_an_ulceration_is_put_right(past: str) -> None:
    followed = Followed(open_database(past), "K-1")
    look = next(one.number for one in followed.visits if one.evaluations)
    found = Measurement(Decimal(50), True, None, "Dr X", None)
    followed.make(lambda now: evaluated(now, look, "A", found), confirm="it was so")
    with served(past) as page:
        visitor = page.with_accounts().signed_in("physician")
        visitor.open("/courses/K-1/correct")
        for label, text in (("What was entered", "2"), ("Ulcerated", "no"), ("Reason", "healed")):
            visitor.fill(label, text)
        visitor.fill("Measured by", "Dr Y")
        visitor.press("Show what changes")
        if any(one.name == "confirm" for form in visitor.reader.forms for one in form.controls):
            visitor.tick("I confirm")
            visitor.fill("Why it is so all the same", "it was so")
            visitor.press("Show what changes")
        assert visitor.press("Put it right").status_code == 200
        plan = visitor.open("/courses/K-1", Accept="application/json").json()["plan"]
        visit = next(one for one in plan["visits"] if one["number"] == look)
        result = visit["evaluations"][0]["result"]
        assert (result["ulcerated"], result["measured_by"]) == (False, "Dr Y")


def test_a_physician_sees_what_a_nurse_noted(past: str) -> None:
    with served(past) as page:
        nurse = page.with_accounts().signed_in("nurse")
        given(nurse)
        nurse.fill("Complication", "skin necrosis")
        nurse.press("Check")
        nurse.press("Record")
        visitor = page.signed_in("physician")
        visitor.open("/tasks")
        assert "skin necrosis" in visitor.text
        visitor.open("/courses/K-1")
        assert "Entered by others: a physician looks at it" in visitor.text


def test_somebody_is_taken_off_the_waiting_list(page: Served) -> None:
    visitor = page.signed_in("secretary")
    visitor.open("/clinic")
    visitor.fill("Course file", "rubbish [")
    assert visitor.press("Read the file").status_code == 422
    text = COURSE.format(course="W-1", patient="P-9", first=soon())
    visitor.fill("Course file", text)
    visitor.press("Read the file")
    visitor.press("Put it on the list")
    assert "W-1, Anna Jensen" in visitor.text
    visitor.press("Take off the list W-1")
    visitor.press("Take it off")
    assert "Nobody waits." in visitor.text


def test_what_a_waiting_course_asks_is_the_physicians_to_confirm(page: Served) -> None:
    """Nobody's word comes in with a file: it is given by who is signed in."""
    asking = COURSE.format(course="W-2", patient="P-9", first=soon()).replace("87.5", "275")
    word = confirmation("dose-above-cases", "275 mg", lesion='"A"')
    for role in ("secretary", "physician"):
        visitor = page.signed_in(role)
        visitor.open("/clinic")
        visitor.fill("Course file", f"{asking}\n{word}")
        assert visitor.press("Read the file").status_code == 422
        assert "confirm on the page" in visitor.text
        visitor.fill("Course file", asking)
        found = visitor.press("Read the file")
        assert found.status_code == (403 if role == "secretary" else 409)
        assert "275" in visitor.text
    assert "W-2, patient P-9: it goes to the end of the list" in visitor.text
    assert not visitor.control("I confirm").is_on
    unsaid = visitor.press("Put it on the list")
    assert (unsaid.status_code, "W-2, Anna Jensen" in visitor.text) == (409, False)
    visitor.tick("I confirm")
    visitor.fill("Why it is so all the same", "so it is")
    visitor.press("Put it on the list")
    assert "W-2, Anna Jensen" in visitor.text
    visitor.press("Show who fits")
    visitor.press("Book")
    visitor.open("/courses/W-2")
    assert f"{NAMES['physician']}: so it is" in visitor.text


# `27 Nov 2026`, `27. nov 2026`
_MONTHS = "jan|feb|mar|apr|ma[jy]|jun|jul|aug|sep|o[kc]t|nov|dec"
_WORDED = re.compile(rf"\b\d{{1,2}}\.? (?:{_MONTHS}) 20\d\d", re.IGNORECASE)


@pytest.mark.parametrize("language", ["en", "da"])
def test_days_are_written_as_they_are_typed(past: str, language: str) -> None:
    what = {"lesion": "A", "on": soon()[:10], "mg": "50", "reason": "so", "ending": "stopped",
            "to": soon(8, "10:00"), "act": "check"}  # fmt: skip
    with served(past) as page:
        page.with_accounts()
        set_language(open_database(past), PHYSICIAN._replace(name=NAMES["physician"]), language)
        visitor = page.signed_in("physician")
        worded: list[str] = []
        for path in ("hold", "dose", "end", "visits/2/move", "visits/1/missed"):
            visitor.open(f"/courses/K-1/{path}")
            (form,) = [one for one in visitor.reader.forms if "reason" in names(one)]
            said = {one.name: one.value for one in form.controls if one.name} | what
            assert visitor.post(f"/courses/K-1/{path}", said).status_code in (200, 409)
            worded += _WORDED.findall(visitor.text)
        for path in ("/", "/tasks", "/courses", "/courses/K-1", "/courses/K-1/history"):
            assert visitor.open(path).status_code == 200
            worded += _WORDED.findall(visitor.text)
        assert worded == []


def names(form: Form) -> set[str]:
    return {one.name for one in form.controls}


def test_who_looks_at_the_waiting_list_is_noted(page: Served) -> None:
    secretary = page.signed_in("secretary")
    secretary.open("/clinic")
    secretary.fill("From", soon()[:10])
    secretary.fill("Reason", "ill")
    secretary.press("Show what moves")
    page.signed_in("administrator").open("/clinic")
    noted = page.signed_in("auditor").open("/audit").text
    assert noted.count("read waiting list") == 2
    assert noted.count("read waiting list, and what moves") == 1


def test_a_lesions_line_leads_to_its_course(page: Served) -> None:
    nurse = page.signed_in("nurse")
    answer = nurse.open("/series")
    assert answer.status_code == 200
    assert '<a href="/courses/K-1"><text' in answer.text
    assert "data-course" not in answer.text


@pytest.mark.parametrize(
    "asked",
    ["from=yesterday", "to=2026-02-30", "on=1", "on=2099-12-31", "from=2026-02-01&to=2026-01-01"],
)
def test_a_series_of_days_that_are_none_is_not_told(page: Served, asked: str) -> None:
    nurse = page.signed_in("nurse")
    answer = nurse.open(f"/series?{asked}")
    assert answer.status_code == 422
    assert "<svg" not in answer.text
    assert 'aria-invalid="true"' in answer.text
    answer = nurse.open(f"/series?{asked}", Accept="application/json")
    assert answer.status_code == 422
    assert set(answer.json()) == {"problems"}


@pytest.mark.parametrize("form", ["", "&as=csv"])
def test_a_log_of_a_day_that_is_none_is_not_told(page: Served, form: str) -> None:
    answer = page.signed_in("auditor").open(f"/audit?day=2026-02-30{form}")
    assert answer.status_code == 422
    assert "signed in" not in answer.text
    assert 'aria-invalid="true"' in answer.text

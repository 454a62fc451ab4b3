"""The page in another language: nothing that it shows or refuses has English left."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from planner.app.accounts import set_language, set_role
from planner.app.roles import ROLES, Role
from planner.core.followup.events import KINDS
from planner.documents.language import page_language
from planner.store.database import open_database
from planner.web.deeds import deed_words
from tests.acceptance.page.conftest import PHYSICIAN, add
from tests.acceptance.page.test_work import NEW
from tests.pages import NAMES, PASSWORD, Form, Visitor, served, soon

# Words that only an English sentence has, but for keys and choices of files, which stay.
ENGLISH = re.compile(
    r"(?<![&;\"'\[])\b(the|of|is|are|was|were|not|and|with|this|that|than|would|visit|lesion"
    r"|injection|dose|stated|given|more|less|week|day|days|page|no|write|choose|see|already"
    r"|course)\b(?! ?[\[:])"
)
# What somebody typed, and the title of the source.
TYPED = re.compile(r"systemic sclerosis|Treatment of Skin[^;.]*Case Series|xyz|12\.5 years")
COURSE = "/courses/K-1"
CHANGES = ("move", "hold", "end", "dose", "answer", "add-lesion", "resume", "confirm")
PATHS = (
    "/", "/tasks", f"/day/{soon(-10)[:10]}", f"/week/{soon(-10)[:10]}", "/courses", "/courses/new",
    COURSE, f"{COURSE}/history", f"{COURSE}/papers", f"{COURSE}/visits/1", f"{COURSE}/visits/2",
    f"{COURSE}/visits/77", *(f"{COURSE}/{one}" for one in CHANGES), "/courses/K-99", "/clinic",
    *(f"{COURSE}/visits/1/{one}" for one in ("move", "missed", "undo")), "/account", "/nowhere",
    "/series",
)  # fmt: skip
# What a form proves itself with, and what is done.
KEPT = re.compile(r"csrf|token|seen|answer|digest|sign|^what$|^act$")
AWAY = ("/logout", "/lock", "/unlock")


def english(visitor: Visitor) -> list[str]:
    """The words around what is English on a page."""
    text = TYPED.sub("", visitor.text)
    return [text[max(0, one.start() - 40) : one.end() + 40] for one in ENGLISH.finditer(text)]


def wrongly_filled(form: Form, path: str) -> Iterator[tuple[str, dict[str, str]]]:
    """What each button of a form sends when nonsense was written in every field."""
    where = form.action or path
    if form.method == "get" or where.startswith(AWAY):
        return
    for _, name, value in form.buttons:
        sent = {
            one.name: one.value if KEPT.search(one.name) else "xyz"
            for one in form.controls
            if one.name and (one.type not in ("radio", "checkbox") or one.is_on)
        }
        yield where, sent | ({name: value} if name else {})


@pytest.mark.parametrize("role", ROLES)
def test_no_english_is_left(light_url: str, role: Role) -> None:
    add(light_url, "K-1", "P-1", soon(-10, "09:00"))
    with served(light_url) as page:
        page.with_accounts()
        set_language(open_database(light_url), PHYSICIAN._replace(name=NAMES[role]), "da")
        visitor = page.visitor()
        visitor.open("/login")
        (form,) = visitor.reader.forms
        hidden = {one.name: one.value for one in form.controls if one.name}
        visitor.post("/login", {**hidden, "name": NAMES[role], "password": PASSWORD})
        found: dict[str, list[str]] = {}
        answers = set()
        for path in PATHS:
            address = str(visitor.open(path).url)
            found[path] = english(visitor)
            forms = list(visitor.reader.forms)
            for where, sent in (one for form in forms for one in wrongly_filled(form, address)):
                answers.add(visitor.post(where, sent).status_code)
                found[f"{where} {sent}"] = english(visitor)
        left = {path: texts for path, texts in found.items() if texts}
        assert [*left.values()] == [], [*left]
        assert not answers & {500, 502, 503}
        assert 403 in answers or 422 in answers


def test_what_people_did_is_told_in_the_language_of_who_asks(light_url: str) -> None:
    add(light_url, "K-1", "P-1", soon(-10, "09:00"))
    with served(light_url) as page:
        page.with_accounts()
        author = PHYSICIAN._replace(role="administrator", through="page")
        set_role(open_database(light_url), author, NAMES["secretary"], "nurse")
        set_language(open_database(light_url), PHYSICIAN._replace(name=NAMES["auditor"]), "da")
        auditor = page.signed_in("auditor")
        for path in PATHS:
            auditor.open(path)
        shown = auditor.open("/audit").text
        assert "<td>revisor</td><td>læste dagen" in shown
        assert f"<td>rolle givet: {NAMES['secretary']}, nurse</td>" in shown
        # What was refused is named by its address, which is one in all languages.
        left = [one for one in english(auditor) if "afvist: " not in one]
        assert left == []
        assert "auditor,read day" in auditor.open("/audit?as=csv").text


def test_each_deed_that_is_kept_has_its_words() -> None:
    untold = [one for one in KINDS if deed_words(one, page_language("en")) == one]
    assert untold == []
    assert deed_words("account Ann is now nurse", page_language("da")) == "account Ann is now nurse"


@pytest.fixture
def danish(light_url: str) -> Iterator[Visitor]:
    """A physician who reads Danish, at a clinic that writes English figures."""
    add(light_url, "K-1", "P-1", soon(-10, "09:00"))
    with served(light_url) as page:
        page.with_accounts()
        set_language(open_database(light_url), PHYSICIAN._replace(name=NAMES["physician"]), "da")
        yield page.signed_in("physician")


PLANNED = {"lesion[A].how": "planned"}
NEW_LESION = {
    "id": "B", "site": "knee", "side": "left", "size_mm": "70", "ulcerated": "yes",
    "from": soon()[:10], "reason": "x",
}  # fmt: skip
WRONG = [
    # a page of the course, what is said in it; what is told
    ("dose", {"lesion": "A", "mg": "100000", "reason": "x"}, "bed om noget andet"),
    ("visits/1", PLANNED | {"lesion[A].pain_after": "11"}, "højst 10 af 10"),
    ("visits/1", PLANNED | {"observed.depth": "xx"}, ">dybde</a>"),
    ("lesion", NEW_LESION | {"regimen": "daily"}, "brug single eller weekly"),
]


@pytest.mark.parametrize(("path", "said", "told"), WRONG)
def test_what_is_wrong_is_told_in_the_same_language(
    danish: Visitor, path: str, said: dict[str, str], told: str
) -> None:
    assert danish.post(f"{COURSE}/{path}", said | {"act": "check"}).status_code in (409, 422)
    assert told in danish.text or told in danish.page.text


HELD_ON = soon(9)[:10]
DAYS = [
    # an address, what is said in it
    (f"{COURSE}/hold", {"lesion": "A", "on": HELD_ON, "reason": "x"}),
    (f"{COURSE}/release", {"lesion": "A", "on": soon(2)[:10], "reason": "x"}),
    (f"{COURSE}/hold", {"lesion": "A", "on": "2099-12-31", "reason": "x"}),
    (f"{COURSE}/lesion", NEW_LESION | {"from": "2099-12-31"}),
    ("/courses/new", NEW | {f"move.{soon(10)[:10]}": soon(11)}),
    ("/courses/new", NEW | {f"move.{soon(16)[:10]}": soon(9, "11:00")}),
    ("/courses/new", NEW | {f"move.{soon(16)[:10]}": soon(24, "03:00")}),
    ("/courses/new", NEW | {f"move.{soon(16)[:10]}": "2099-12-30 10:00"}),
    ("/courses/new", NEW | {"first_visit": "2099-12-01 10:00"}),
]  # fmt: skip
# A day in words, and one without its weekday that nobody typed.
_IN_WORDS = re.compile(r"\b\d{1,2}\.? [A-Za-z]{3} 20\d\d(?!-)|(?<!\w{3} )\b20\d\d-\d\d-\d\d\b")


@pytest.mark.parametrize(("path", "said"), DAYS)
def test_days_in_what_is_wrong_are_written_as_all_others(
    danish: Visitor, path: str, said: dict[str, str]
) -> None:
    danish.open(f"{COURSE}/hold")
    for name, value in (("Læsion", "A"), ("Dag", HELD_ON), ("Begrundelse", "x")):
        danish.fill(name, value)
    danish.press("Vis, hvad der ændres")
    assert danish.press("Sæt på pause").status_code == 200, danish.text
    answer = danish.post(path, {"act": "check"} | said)
    assert answer.status_code in (409, 422)
    told = re.findall(r"<li>(.*?)</li>", danish.page.text.split('role="alert"')[1], re.DOTALL)
    assert told
    assert [one for one in told if _IN_WORDS.search(re.sub("<[^>]*>", "", one))] == []


def test_a_hint_is_one_that_its_field_reads(danish: Visitor) -> None:
    """A figure is typed as the clinic writes it, whatever the language of who types."""
    for typed in ("12,5", "1e3"):
        danish.post("/courses/new", {"lesion[1].dose_mg": typed, "act": "preview"})
        assert "12,5 mg" not in danish.text
    (hint,) = set(re.findall("skriv det som ([^<]*)", danish.page.text))
    danish.post("/courses/new", {"lesion[1].dose_mg": hint, "act": "preview"})
    assert hint.startswith("12.5")
    assert "skriv det som" not in danish.text


def test_what_was_noted_has_its_unit_and_the_mark_of_the_language(danish: Visitor) -> None:
    danish.open(f"{COURSE}/visits/1")
    danish.tick("som planlagt", "Læsion A")
    danish.fill("dybde", "4.5")
    danish.press("Kontrollér")
    assert "dybde 4,5 mm" in danish.text
    danish.press("Notér")
    for path in (COURSE, f"{COURSE}/history", f"{COURSE}/correct", f"{COURSE}/undo"):
        danish.open(path)
        assert "dybde 4,5 mm" in danish.text, path


def test_a_refusal_is_in_the_language_of_who_asks(light_url: str) -> None:
    add(light_url, "K-1", "P-1", soon(-10, "09:00"))
    with served(light_url) as page:
        page.with_accounts()
        set_language(open_database(light_url), PHYSICIAN._replace(name=NAMES["nurse"]), "da")
        nurse, physician = page.signed_in("nurse"), page.signed_in("physician")
        nurse.open(f"{COURSE}/visits/77")
        physician.open(f"{COURSE}/visits/77")
        assert "der er intet besøg 77" in nurse.text
        assert "there is no visit 77" in physician.text


def test_what_happened_meanwhile_is_told_in_the_language_of_who_asks(light_url: str) -> None:
    """The course moved on: what is new of it is worded as its history is."""
    add(light_url, "K-1", "P-1", soon(-10, "09:00"))
    with served(light_url) as page:
        page.with_accounts()
        set_language(open_database(light_url), PHYSICIAN._replace(name=NAMES["physician"]), "da")
        nurse, physician = page.signed_in("nurse"), page.signed_in("physician")
        physician.open(f"{COURSE}/hold")
        nurse.open(f"{COURSE}/visits/1")
        nurse.tick("as planned", "Lesion A")
        nurse.press("Check")
        nurse.press("Record")
        (form,) = [one for one in physician.reader.forms if one.method == "post" and any(
            each.name == "on" for each in one.controls
        )]  # fmt: skip
        sent = {one.name: one.value for one in form.controls} | {"on": soon()[:10], "reason": "x"}
        assert physician.post(f"{COURSE}/hold", sent | {"act": "check"}).status_code == 409
        assert english(physician) == []
        told = rf"givet \w+ {soon(-10)[:10]} 09:00: læsion A: 12,5 mg, trukket op 0,08 mL"
        assert re.search(told, physician.text), physician.text

"""The page in real browsers: its main tasks, by keyboard, narrow, dark, on paper, scriptless."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from tests.acceptance.page.conftest import CLINIC, PHYSICIAN, add
from tests.conftest import ROOT
from tests.pages import PASSWORD, Served, served, soon

AXE = ROOT / "tests" / "foreign" / "node_modules" / "axe-core" / "axe.min.js"
BROWSERS = {"chromium": "/usr/bin/chromium", "firefox": "/usr/bin/firefox-esr"}
# CI installs them; at the desk one that is missing is named and left out.
IS_CI = bool(os.environ.get("CI"))
# What the pages are looked at with.
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 900}},
    "narrow": {"viewport": {"width": 360, "height": 740}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
}
PATHS = (
    "/", "/week/{on}", "/tasks", "/courses", "/courses/new", "/courses/K-1",
    "/courses/K-1/visits/1", "/courses/K-1/visits/2/move", "/courses/K-1/dose",
    "/courses/K-1/papers", "/clinic", "/account", "/series",
)  # fmt: skip


@pytest.fixture(scope="module", params=[*BROWSERS])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    name = request.param
    path = BROWSERS[name]
    if not shutil.which(path) and not IS_CI:
        pytest.skip(f"{name} is not installed")
    with sync_playwright() as driver:
        if name == "chromium":
            found = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        else:
            found = driver.firefox.launch(channel="moz-firefox", executable_path=path)
        yield found
        found.close()


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    from planner.app.clinics import put_clinic
    from planner.app.planning import NamedFile
    from planner.store.database import open_database

    url = str(tmp_path_factory.mktemp("browsers") / "register.db")
    put_clinic(open_database(url), NamedFile("clinic", CLINIC.encode()), PHYSICIAN)
    add(url, "K-1", "P-1")
    for n, hour in enumerate(("09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00")):
        add(url, f"R-{n}", f"P-R{n}", soon(-10, hour))
    with served(url) as page:
        yield page.with_accounts()


def context_of(
    browser: Browser, there: Served, role: str = "physician", **look: Any
) -> BrowserContext:
    """Somebody with a browser who is signed in already."""
    if browser.browser_type.name == "firefox":
        # Firefox refuses to take these back once they were set.
        look = {"color_scheme": "null", "reduced_motion": "null", "forced_colors": "null",
                "contrast": "null"} | look  # fmt: skip
    context = browser.new_context(base_url=there.base, **look)
    cookie = there.signed_in(role).client.cookies["planner_session"]  # type: ignore[arg-type]
    context.add_cookies([{"name": "planner_session", "value": cookie, "url": there.base}])
    return context


class Looked:
    """A page that must not complain of anything."""

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda one: self.complaints.append(one.text) if one.type == "error" else None,
        )


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]


@pytest.mark.parametrize("look", LOOKS)
def test_pages_are_sound_for_everybody(browser: Browser, there: Served, look: str) -> None:
    """No violation that axe finds, nothing wider than the screen, no complaint of the browser.

    What axe finds it finds in the page, which is the same in both browsers: it looks in one.
    """
    context = context_of(browser, there, **LOOKS[look])
    looked = Looked(context)
    page = looked.page
    for path in PATHS:
        page.goto(path.format(on=soon()[:10]))
        if browser.browser_type.name == "chromium":
            assert violations(page) == [], path
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, f"{path} is {width} wider than the screen"
    assert looked.complaints == []
    context.close()


def test_the_names_on_a_courses_drawings_can_be_read_on_a_telephone(
    browser: Browser, there: Served
) -> None:
    """The map is moved, and not shrunk; no name of the chart lies on its lines."""
    context = context_of(browser, there, **LOOKS["narrow"])
    page = Looked(context).page
    page.goto("/courses/K-1")
    least = "one => Math.min(...[...one.querySelectorAll('text')].map("
    least += "each => each.getBoundingClientRect().height))"
    body = page.locator("figure.broad svg").first
    assert body.evaluate(least) >= 8
    chart = page.locator("figure.chart svg")
    edge = chart.evaluate(
        "one => Math.max(...[...one.querySelectorAll('polyline')].map("
        "each => each.getBoundingClientRect().right))"
    )
    named = chart.locator("text", has_text=" mm")
    assert named.count() > 0
    for one in named.all():
        box = one.bounding_box()
        assert box is not None
        assert box["x"] > edge
    context.close()


def fill_a_course(page: Page, name: str, hour: str = "13:00") -> None:
    """The form for a course, filled in so that it asks."""
    page.goto("/courses/new")
    page.get_by_role("textbox", name="Course id").fill(f"N-{name}")
    page.get_by_role("textbox", name="Patient id").fill(f"P-{name}")
    page.get_by_role("textbox", name="Diagnosis").fill("systemic sclerosis")
    page.get_by_role("textbox", name="First visit").fill(soon(11, hour))
    lesion = page.get_by_role("group", name="Lesion A")
    lesion.get_by_role("combobox", name="Site").select_option("knee")
    lesion.get_by_role("combobox", name="Side").select_option("right")
    lesion.get_by_role("textbox", name="Largest diameter, mm").fill("70")
    lesion.get_by_role("combobox", name="Ulcerated").select_option("yes")
    lesion.get_by_role("textbox", name="Dose, mg").fill("12.5; 57.5; 72.5; 275")


def test_a_physician_sees_the_plan_while_typing(browser: Browser, there: Served) -> None:
    context = context_of(browser, there, **LOOKS["wide"])
    looked = Looked(context)
    page = looked.page
    name = browser.browser_type.name
    fill_a_course(page, name)
    expect(page.get_by_text("weekly: one injection every 7 days, 4 in all")).to_be_visible()
    page.get_by_role("checkbox", name="I confirm").check()
    page.get_by_role("textbox", name="Why it is so all the same").fill("agreed")
    page.get_by_role("textbox", name="Measured by").fill("B")
    expect(page.get_by_role("checkbox", name="I confirm")).to_be_checked()
    page.get_by_role("button", name="Add the course").click()
    expect(page.get_by_role("heading", name=f"Course N-{name}")).to_be_visible()
    assert looked.complaints == []
    context.close()


def test_what_is_typed_into_the_preview_stays_when_it_is_drawn_anew(
    browser: Browser, there: Served
) -> None:
    context = context_of(browser, there, **LOOKS["wide"])
    page = Looked(context).page
    # There is room for two at one hour, which those that are added take.
    fill_a_course(page, f"T-{browser.browser_type.name}", "10:00")
    why = page.get_by_role("textbox", name="Why it is so all the same")
    expect(why).to_be_visible()
    held: list[Route] = []

    def hold(one: Route) -> None:
        held.append(one)

    page.route("**/courses/new/preview*", hold)
    page.evaluate("document.querySelector('#preview section').dataset.before = 'yes'")
    page.get_by_role("textbox", name="Measured by").fill("B")
    page.wait_for_timeout(600)
    page.get_by_role("checkbox", name="I confirm").check()
    why.press_sequentially("aeed")
    why.press("Home")
    why.press("ArrowRight")
    for one in held:
        one.continue_()
    expect(page.locator("#preview section[data-before]")).to_have_count(0)
    page.keyboard.type("gr")
    expect(why).to_have_value("agreed")
    expect(page.get_by_role("checkbox", name="I confirm")).to_be_checked()
    context.close()


def test_a_nurse_records_by_keyboard_alone(browser: Browser, there: Served) -> None:
    context = context_of(browser, there, "nurse", **LOOKS["wide"])
    page = Looked(context).page
    course = "R-0" if browser.browser_type.name == "chromium" else "R-1"
    page.goto(f"/courses/{course}/visits/1")
    page.get_by_role("radio", name="as planned").focus()
    page.keyboard.press("Space")
    page.get_by_role("textbox", name="Lot").focus()
    page.keyboard.type("7A12")
    page.get_by_role("button", name="Check").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="This will be recorded")).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Record":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("lot 7A12").first).to_be_visible()
    context.close()


def test_a_double_click_is_one_record(browser: Browser, there: Served) -> None:
    context = context_of(browser, there, "nurse", **LOOKS["wide"])
    page = Looked(context).page
    course = "R-2" if browser.browser_type.name == "chromium" else "R-3"
    page.goto(f"/courses/{course}/visits/1")
    page.get_by_role("radio", name="as planned").check()
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Record").dblclick()
    expect(page.get_by_role("heading", name=f"Course {course}")).to_be_visible()
    page.goto(f"/courses/{course}/history")
    assert page.locator("ol.history > li").count() == 2
    context.close()


def test_without_scripts_a_visit_is_recorded_too(browser: Browser, there: Served) -> None:
    context = context_of(browser, there, "nurse", java_script_enabled=False, **LOOKS["narrow"])
    page = context.new_page()
    course = "R-4" if browser.browser_type.name == "chromium" else "R-5"
    page.goto("/courses")
    page.get_by_role("searchbox", name="Search").fill(course)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=course).click()
    page.get_by_role("link", name="Record").first.click()
    page.get_by_role("radio", name="not given").check()
    page.get_by_role("textbox", name="Reason").fill("infected")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_text("infected").first).to_be_visible()
    context.close()


def test_a_form_that_was_filled_in_is_not_left_unasked(browser: Browser, there: Served) -> None:
    context = context_of(browser, there, **LOOKS["wide"])
    page = Looked(context).page
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.goto("/courses/new")
    page.get_by_role("textbox", name="Course id").press_sequentially("K-9")
    page.get_by_role("link", name="Day", exact=True).click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert page.url.endswith("/courses/new")
    context.close()


def test_the_lock_hides_the_page_and_brings_it_back(browser: Browser, there: Served) -> None:
    context = context_of(browser, there, **LOOKS["wide"])
    page = Looked(context).page
    page.goto("/courses/new")
    page.get_by_role("textbox", name="Course id").fill("K-9")
    page.get_by_role("button", name="Lock").click()
    expect(page.get_by_role("textbox", name="Course id")).to_be_hidden()
    expect(page.get_by_label("Password")).to_be_focused()
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Unlock").click()
    expect(page.get_by_text("name or password is wrong")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Unlock").click()
    expect(page.get_by_role("textbox", name="Course id")).to_have_value("K-9")
    context.close()


def test_a_lock_whose_session_is_over_shows_nothing(browser: Browser, there: Served) -> None:
    """Signed out, disabled, too old: without a session no word opens what is on the page."""
    context = context_of(browser, there, **LOOKS["wide"])
    page = Looked(context).page
    page.goto("/courses/K-1")
    page.get_by_role("button", name="Lock").click()
    context.clear_cookies()
    page.get_by_label("Password").fill("whatever it is")
    page.get_by_role("button", name="Unlock").click()
    page.wait_for_url("**/login*")
    expect(page.get_by_text("Anna Jensen")).to_have_count(0)
    context.close()


def test_an_idle_page_locks_by_itself(browser: Browser, tmp_path: Path, light_url: str) -> None:
    add(light_url)
    with served(light_url) as there:
        context = context_of(browser, there.with_accounts(), **LOOKS["wide"])
        page = context.new_page()
        page.clock.install()
        page.goto("/courses/K-1")
        page.clock.fast_forward("09:30")
        expect(page.get_by_text("Anna Jensen").first).to_be_visible()
        page.clock.fast_forward("00:45")
        expect(page.get_by_role("dialog", name="Locked")).to_be_visible()
        expect(page.get_by_text("Anna Jensen").first).to_be_hidden()
        context.close()


def test_signed_out_in_another_tab(browser: Browser, there: Served) -> None:
    context = context_of(browser, there, **LOOKS["wide"])
    one, other = context.new_page(), context.new_page()
    one.goto("/courses/K-1")
    other.goto("/")
    other.get_by_role("button", name="Sign out").click()
    one.wait_for_url("**/login*")
    one.go_back()
    expect(one.get_by_text("Anna Jensen")).to_have_count(0)
    context.close()


def test_hostile_text_does_nothing(browser: Browser, there: Served) -> None:
    context = context_of(browser, there, **LOOKS["wide"])
    looked = Looked(context)
    page = looked.page
    page.on("dialog", lambda dialog: looked.complaints.append(dialog.message))
    page.goto("/courses/new")
    page.get_by_role("textbox", name="Diagnosis").fill("<img src=x onerror=alert(1)>")
    page.get_by_role("textbox", name="Course id").fill("<b>")
    page.wait_for_timeout(1200)
    assert looked.complaints == [] or all("422" in one for one in looked.complaints)
    context.close()


def test_a_course_is_printed(browser: Browser, there: Served) -> None:
    if browser.browser_type.name != "chromium":
        return
    import pypdfium2

    context = context_of(browser, there)
    page = context.new_page()
    page.goto("/courses/K-1")
    made = pypdfium2.PdfDocument(page.pdf(format="A4"))
    text = "".join(one.get_textpage().get_text_range() for one in made)
    assert "Anna Jensen" in text
    assert "Sign out" not in text
    context.close()

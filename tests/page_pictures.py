"""Draws the pictures of docs/pictures from the running page: python -m tests.page_pictures."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from planner.app.clinics import put_clinic
from planner.app.planning import NamedFile
from planner.store.database import open_database
from tests.acceptance.page.conftest import CLINIC, PHYSICIAN, add
from tests.conftest import ROOT
from tests.pages import served, soon

FOLDER = ROOT / "docs" / "pictures"
SIZE = {"width": 1180, "height": 820}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    url = str(Path(tempfile.mkdtemp()) / "register.db")
    put_clinic(open_database(url), NamedFile("clinic", CLINIC.encode()), PHYSICIAN)
    for n, hour in enumerate(("09:00", "09:30", "09:30", "11:00", "13:15")):
        add(url, f"K-00{n + 1}", f"P-{n + 1}", soon(7, hour))
    with served(url) as there, sync_playwright() as driver:
        cookie = there.with_accounts().signed_in("physician").client.cookies["planner_session"]
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(base_url=there.base, viewport=SIZE)
        context.add_cookies([{"name": "planner_session", "value": cookie, "url": there.base}])
        page = context.new_page()
        for name, draw in (("day", day), ("week", week), ("planning", planning),
                           ("recording", recording)):  # fmt: skip
            draw(page)
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


def day(page: Page) -> None:
    page.goto(f"/day/{soon()[:10]}")


def week(page: Page) -> None:
    page.goto(f"/week/{soon()[:10]}")


def planning(page: Page) -> None:
    page.goto("/courses/new")
    page.get_by_label("Course id").fill("K-0042")
    page.get_by_label("Diagnosis").fill("systemic sclerosis")
    page.get_by_label("First visit").fill(soon(8, "10:00"))
    page.get_by_label("Patient id").fill("P-17")
    lesion = page.get_by_role("group", name="Lesion A")
    lesion.get_by_label("Site").select_option("finger")
    lesion.get_by_label("Side").select_option("left")
    lesion.get_by_label("Largest diameter, mm").fill("6")
    lesion.get_by_label("Ulcerated").select_option("yes")
    lesion.get_by_label("Dose, mg").fill("100")
    page.get_by_text("weekly: one injection every 7 days").wait_for()


def recording(page: Page) -> None:
    page.goto("/courses/K-001/visits/1")
    page.get_by_role("radio", name="as planned").check()
    page.get_by_label("Pain before").fill("2")
    page.get_by_label("Pain after").fill("5")
    page.get_by_label("Lot").fill("7A12")
    page.get_by_label("Expiry").fill("2032-03")
    page.get_by_role("button", name="Check").click()


if __name__ == "__main__":
    main()

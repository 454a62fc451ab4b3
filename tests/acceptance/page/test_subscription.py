"""A patient's calendar followed by programs that subscribe to it: vdirsyncer and node-ical."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.page.test_faults import address
from tests.pages import Served, soon
from tests.readers import FOREIGN, by_icalendar, need

CONFIG = """
[general]
status_path = "{base}/status/"
[pair patient]
a = "phone"
b = "clinic"
collections = null
conflict_resolution = "b wins"
[storage phone]
type = "filesystem"
path = "{base}/phone"
fileext = ".ics"
[storage clinic]
type = "http"
url = "{url}"
"""
# vdirsyncer names events anew, by their content: the moments tell them apart.
Starts = set[datetime]
Subscriber = Callable[[Path, str], Starts]


def by_vdirsyncer(base: Path, url: str) -> Starts:
    """What is on a phone after it looked at the address once more."""
    (base / "phone").mkdir(exist_ok=True)
    (base / "config").write_text(CONFIG.format(base=base, url=url))
    program = [str(Path(sys.executable).parent / "vdirsyncer"), "-c", str(base / "config")]
    for command in (("discover", "patient"), ("sync", "--force-delete")):
        done = subprocess.run([*program, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return {
        start
        for file in (base / "phone").glob("*.ics")
        for start, _ in by_icalendar(file.read_bytes()).values()
    }


def by_node_ical(_base: Path, url: str) -> Starts:
    need("node-ical")
    done = subprocess.run(
        ["node", "subscribed.mjs", url], cwd=FOREIGN, capture_output=True, text=True, check=True
    )
    rows = (line.split("|") for line in done.stdout.splitlines())
    return {datetime.fromtimestamp(int(start), UTC) for _, start, _ in rows}


@pytest.mark.parametrize("look", [by_vdirsyncer, by_node_ical])
def test_who_subscribes_sees_a_visit_move(page: Served, tmp_path: Path, look: Subscriber) -> None:
    url = page.base + address(page)
    before = look(tmp_path, url)
    assert len(before) == 6
    visitor = page.signed_in("physician")
    visitor.open("/courses/K-1/visits/2/move")
    visitor.fill("Another time", soon(14, "11:15"))
    visitor.fill("Reason", "travels")
    visitor.press("Show what changes")
    visitor.press("Move the visit")
    after = look(tmp_path, url)
    assert len(after) == 6
    (gone,), (come,) = before - after, after - before
    there = come.astimezone(ZoneInfo("Europe/Copenhagen"))
    assert f"{there:%Y-%m-%d %H:%M}" == soon(14, "11:15")
    assert gone < come

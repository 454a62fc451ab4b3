"""Publishing to real calendar servers: create, repeat, move, conflict, cancel."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import icalendar
import pytest

from tests.conftest import Run
from tests.courses import SOUND, write
from tests.servers import SERVERS, answering, free_port, make_calendar

ZONE = ("--timezone", "Europe/Copenhagen")
MOVE = '[[move]]\nfrom = 2026-09-14\nto = "2026-09-15 10:30"\n'
JOIN = '[[move]]\nfrom = 2026-10-05\nto = "2026-09-28 09:30"\n'
CONFIRM = (
    '[[confirm]]\nfinding = "move-outside-window"\ndue = 2026-09-28\nvalue = "2026-09-28 09:30"\n'
    'by = "Dr"\nreason = "x"\n'
)


@pytest.fixture(scope="module", params=SERVERS)
def calendars(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with SERVERS[request.param](tmp_path_factory.mktemp(request.param)) as url:
        yield url


@pytest.fixture
def server(calendars: str) -> str:
    """An empty calendar on a real server."""
    return make_calendar(calendars, uuid4().hex)


def plan(planner: Run, folder: Path, revision: int, more: str = "", course: str = "K-1") -> None:
    text = f"revision = {revision}\n{SOUND}{more}".replace("K-1", course)
    done = planner("plan", write(folder, text), *ZONE, "--out", "out")
    assert done.returncode == 0, done.stderr


def events(planner: Run, server: str, tmp_path: Path) -> dict[str, icalendar.Event]:
    """The events that are up there, by the UIDs of the plan."""
    content = (tmp_path / "out/clinic.ics").read_bytes()
    uids = [str(e["UID"]) for e in icalendar.Calendar.from_ical(content).walk("VEVENT")]
    found = {}
    for uid in uids:
        answer = httpx.get(f"{server}{uid}.ics", timeout=10)
        if answer.status_code == 200:
            (found[uid],) = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    return found


@pytest.mark.hazard("somebodys-change-overwritten")
def test_create_repeat_move_conflict_and_cancel(planner: Run, tmp_path: Path, server: str) -> None:
    plan(planner, tmp_path, 0)
    dry = planner("publish", "out", "--caldav", server, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "would be: 6 created" in dry.stdout
    assert events(planner, server, tmp_path) == {}

    done = planner("publish", "out", "--caldav", server)
    assert done.returncode == 0, done.stderr
    assert "6 created" in done.stdout
    assert len(events(planner, server, tmp_path)) == 6

    again = planner("publish", "out", "--caldav", server)
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "6 kept")

    plan(planner, tmp_path, 1, MOVE)
    moved = planner("publish", "out", "--caldav", server)
    assert moved.stdout.splitlines()[-1] == "1 moved, 5 kept", moved.stderr
    up = list(events(planner, server, tmp_path).values())
    assert sorted(f"{e['DTSTART'].dt:%m-%d %H:%M}" for e in up)[1] == "09-15 10:30"
    assert max(int(e["SEQUENCE"]) for e in up) == 1

    # A visit that joins another is cancelled, and stays as cancelled.
    plan(planner, tmp_path, 2, MOVE + JOIN + CONFIRM)
    cancelled = planner("publish", "out", "--caldav", server)
    assert cancelled.returncode == 0, cancelled.stderr
    assert "1 cancelled" in cancelled.stdout
    again = planner("publish", "out", "--caldav", server)
    assert again.stdout.splitlines()[-1] == "6 kept"

    # Somebody moves a visit by hand: nothing is overwritten.
    uid, event = next(iter(events(planner, server, tmp_path).items()))
    answer = httpx.get(f"{server}{uid}.ics", timeout=10)
    by_hand = re.sub(r"SUMMARY:[^\r\n]*", "SUMMARY:by hand", answer.text)
    put = httpx.put(f"{server}{uid}.ics", content=by_hand.encode(), timeout=10,
                    headers={"Content-Type": "text/calendar; charset=utf-8"})  # fmt: skip
    assert put.status_code in (200, 201, 204)
    plan(planner, tmp_path, 3, MOVE.replace("10:30", "11:30"))
    conflict = planner("publish", "out", "--caldav", server)
    assert conflict.returncode == 13
    assert "somebody changed it" in conflict.stderr
    assert events(planner, server, tmp_path)[uid]["SUMMARY"] == "by hand"
    others = [e for u, e in events(planner, server, tmp_path).items() if u != uid]
    assert max(int(e["SEQUENCE"]) for e in others) < 3
    assert event["SUMMARY"] != "by hand"


def test_an_older_revision_is_refused(planner: Run, tmp_path: Path, server: str) -> None:
    plan(planner, tmp_path, 5, course="K-2")
    assert planner("publish", "out", "--caldav", server).returncode == 0
    import shutil

    shutil.rmtree(tmp_path / "out")
    plan(planner, tmp_path, 4, MOVE, course="K-2")
    done = planner("publish", "out", "--caldav", server)
    assert done.returncode == 13
    assert "revision 5 is in the calendar already" in done.stderr


def test_what_waits_is_not_published_and_said(planner: Run, tmp_path: Path) -> None:
    text = SOUND.replace("12.5, 57.5", "12.5, 187.5")
    waiting = planner("plan", write(tmp_path, text), *ZONE, "--json")
    (tmp_path / "plan.json").write_text(waiting.stdout)
    done = planner("publish", ".", "--caldav", "https://calendar.example.org/")
    assert done.returncode == 12
    first, *others = done.stderr.splitlines()
    assert "this plan waits for a physician or has errors; nothing was done" in first
    found = [one for one in json.loads(waiting.stdout)["findings"] if one["severity"] == "confirm"]
    assert len(others) == len(found) > 0
    assert all(f"error: {one['code']}: " in each for one, each in zip(found, others, strict=True))


@pytest.mark.hazard("two-revisions-one-number")
def test_two_plans_of_one_revision_are_refused(planner: Run, tmp_path: Path, server: str) -> None:
    import shutil

    plan(planner, tmp_path, 0, course="K-3")
    assert planner("publish", "out", "--caldav", server).returncode == 0
    shutil.rmtree(tmp_path / "out")
    plan(planner, tmp_path, 0, MOVE, course="K-3")
    done = planner("publish", "out", "--caldav", server)
    assert done.returncode == 13
    assert "another plan of revision 0" in done.stderr


def test_another_course_goes_around_what_is_published(
    planner: Run, tmp_path: Path, server: str
) -> None:
    plan(planner, tmp_path, 0, course="K-4")
    assert planner("publish", "out", "--caldav", server).returncode == 0
    path = write(tmp_path, SOUND.replace("K-1", "K-5"))
    done = planner("plan", path, *ZONE, "--busy-caldav", server)
    assert done.returncode == 10
    assert "no room at 09:00" in done.stderr
    # Its own visits do not stand in its way.
    path = write(tmp_path, SOUND.replace("K-1", "K-4"))
    done = planner("plan", path, *ZONE, "--busy-caldav", server, "--out", "out")
    assert done.returncode == 0, done.stderr


def test_another_patients_course_of_the_same_id_is_left_alone(
    planner: Run, tmp_path: Path, server: str
) -> None:
    plan(planner, tmp_path, 0, course="K-6")
    assert planner("publish", "out", "--caldav", server).returncode == 0
    before = events(planner, server, tmp_path)
    others = f"revision = 1\n{SOUND}".replace("K-1", "K-6").replace("P-1", "P-2")
    # Their visits are no time of its own: it does not lie over them unseen.
    done = planner("plan", write(tmp_path, others), *ZONE, "--busy-caldav", server)
    assert done.returncode == 10
    assert "no room at 09:00" in done.stderr
    (tmp_path / "other").mkdir()
    later = others.replace("2026-09-07", "2026-09-08")
    done = planner("plan", write(tmp_path, later), *ZONE, "--out", "other")
    assert done.returncode == 0, done.stderr
    done = planner("publish", "other", "--caldav", server)
    assert done.returncode == 13
    (problem,) = done.stderr.splitlines()
    assert "course K-6: the calendar has visits of another patient's course" in problem
    assert "give one of the two courses another id" in problem
    assert events(planner, server, tmp_path) == before


ANSWERS = [
    (401, b"", 14, "refuses the credentials"),
    (403, b"", 14, "refuses the credentials"),
    (412, b"", 14, "answers 412"),
    (500, b"", 14, "answers 500"),
    (200, b"<html>hello</html>", 14, "answers 200"),
    (207, b"<html>hello</html>", 14, "no calendar"),
    (207, b"hello", 14, "web page"),
    (301, b"", 14, "answers 301"),
]


@pytest.mark.parametrize(("status", "body", "code", "message"), ANSWERS)
def test_what_a_server_may_answer(
    planner: Run, tmp_path: Path, status: int, body: bytes, code: int, message: str
) -> None:
    plan(planner, tmp_path, 0)
    with answering(status, body) as url:
        done = planner("publish", "out", "--caldav", url)
    assert done.returncode == code
    assert message in done.stderr


def test_a_slow_server_is_given_up(planner: Run, tmp_path: Path) -> None:
    plan(planner, tmp_path, 0)
    with answering(207, delay=11) as url:
        done = planner("publish", "out", "--caldav", url)
    assert done.returncode == 14
    assert "no answer within 10 seconds" in done.stderr


def test_a_server_that_is_down(planner: Run, tmp_path: Path) -> None:
    plan(planner, tmp_path, 0)
    done = planner("publish", "out", "--caldav", f"http://127.0.0.1:{free_port()}/c/")
    assert done.returncode == 14
    assert "cannot be reached" in done.stderr


def test_a_trickling_server_is_given_up(planner: Run, tmp_path: Path) -> None:
    plan(planner, tmp_path, 0)
    with answering(207, b"<" * 60, trickle=0.5) as url:
        done = planner("publish", "out", "--caldav", url)
    assert done.returncode == 14
    assert "no answer within 10 seconds" in done.stderr


@pytest.mark.hazard("somebodys-change-overwritten")
def test_a_cancelled_visit_that_somebody_changed_is_left(
    planner: Run, tmp_path: Path, server: str
) -> None:
    plan(planner, tmp_path, 0, course="K-7")
    assert planner("publish", "out", "--caldav", server).returncode == 0
    content = (tmp_path / "out/clinic.ics").read_bytes()
    uid = str(icalendar.Calendar.from_ical(content).walk("VEVENT")[4]["UID"])
    text = httpx.get(f"{server}{uid}.ics", timeout=10).text
    text = re.sub(r"DTSTART;TZID[^\r\n]*", "DTSTART;VALUE=DATE:20261005", text)
    text = re.sub(r"DTEND;TZID[^\r\n]*", "DTEND;VALUE=DATE:20261006", text)
    httpx.put(f"{server}{uid}.ics", content=text.encode(), timeout=10,
              headers={"Content-Type": "text/calendar; charset=utf-8"})  # fmt: skip
    plan(planner, tmp_path, 1, JOIN + CONFIRM, course="K-7")
    done = planner("publish", "out", "--caldav", server)
    assert done.returncode == 13, done.stderr
    assert "somebody changed it" in done.stderr


URLS = [
    "http://[::1",
    "https://calendar.example:abc/",
    "https://calendar.example:99999/",
    "https://calendar.example:0/",
    "https://calendar.example\n.evil/",
    "https://calendar .example/",
    "https://\u2603..example/",
    "https://1.2.3.999/",
    "https://us:secret#7@calendar.example/",
    "https://us:secret/7@calendar.example/",
    "https://us:secret?7@127.0.0.1/",
    "https://" + "\u00fc" * 80 + ".example/",
    f"https://calendar.example/{'x' * 3000}",
    "http://calendar.example/clinic/",
    "https://user:secret@calendar.example/clinic/",
    "ftp://calendar.example/",
    "calendar",
]


@pytest.mark.parametrize("url", URLS)
def test_urls_that_are_refused(planner: Run, tmp_path: Path, url: str) -> None:
    plan(planner, tmp_path, 0)
    done = planner("publish", "out", "--caldav", url)
    assert done.returncode == 10
    assert "secret" not in done.stderr


def test_credentials_come_from_the_environment_and_are_never_shown(
    planner: Run, tmp_path: Path
) -> None:
    plan(planner, tmp_path, 0)
    with answering(401) as url:
        done = planner("publish", "out", "--caldav", url,
                       PLANNER_CALDAV_USER="clinic", PLANNER_CALDAV_PASSWORD="hush")  # fmt: skip
    assert "hush" not in done.stdout + done.stderr


def test_a_certificate_is_verified(planner: Run, tmp_path: Path) -> None:
    plan(planner, tmp_path, 0)
    with answering(207) as url:
        done = planner("publish", "out", "--caldav", url.replace("http://", "https://"))
    assert done.returncode == 14
    assert "cannot be reached" in done.stderr


def test_half_way_says_what_is_up_and_goes_on(planner: Run, tmp_path: Path, server: str) -> None:
    """The third visit is already there, put by somebody else: it is met when it is created."""
    plan(planner, tmp_path, 0, course="K-6")
    content = (tmp_path / "out/clinic.ics").read_bytes()
    third = str(icalendar.Calendar.from_ical(content).walk("VEVENT")[2]["UID"])
    foreign = content.decode().replace("K-6", "foreign")
    foreign = re.sub(r"BEGIN:VEVENT.*?END:VEVENT\r\n", "", foreign, count=2, flags=re.DOTALL)
    foreign = foreign[: foreign.index("END:VEVENT")] + "END:VEVENT\r\nEND:VCALENDAR\r\n"
    httpx.put(f"{server}{third}.ics", content=foreign.encode(), timeout=10,
              headers={"Content-Type": "text/calendar; charset=utf-8"})  # fmt: skip
    done = planner("publish", "out", "--caldav", server)
    assert done.returncode == 13
    assert "visit 3" in done.stderr
    httpx.delete(f"{server}{third}.ics", timeout=10)
    again = planner("publish", "out", "--caldav", server)
    assert again.returncode == 0
    assert again.stdout.splitlines()[-1] == "6 created"


@pytest.mark.hazard("healed-or-infected-lesion")
def test_the_visits_of_a_held_course_are_cancelled(
    planner: Run, tmp_path: Path, server: str
) -> None:
    by = {"PLANNER_USER": "Dr A. Holm"}
    planner("course", "add", write(tmp_path, SOUND), *ZONE, **by)
    planner("course", "documents", "K-1", "--out", "out")
    assert "6 created" in planner("publish", "out", "--caldav", server).stdout
    hold = ("hold", "K-1", "--on", "2026-09-07", "--reason", "infected")
    planner("course", *hold, "--confirm", "by phone", **by)
    planner("course", "documents", "K-1", "--out", "out")
    done = planner("publish", "out", "--caldav", server)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "6 cancelled"), done.stderr

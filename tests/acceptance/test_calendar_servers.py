"""Calendar servers and the programs around them: what counts as a change, what goes nowhere."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from planner.documents.calendars import clinic_entry_before
from planner.documents.ical import calendar_bytes
from planner.files.plan import plan_from
from planner.servers.caldav import TIMEOUT_SECONDS
from planner.servers.published import content_of
from tests.conftest import Run
from tests.courses import SOUND, course_text, lesion, write
from tests.servers import SERVERS, Store, make_calendar, serving

ZONE = ("--timezone", "Europe/Copenhagen")
STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)
MOVE = '[[move]]\nfrom = 2026-09-14\nto = "2026-09-15 10:30"\n'
LOGIN = {"PLANNER_CALDAV_USER": "clinic", "PLANNER_CALDAV_PASSWORD": "hush77"}


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    with serving(store) as address:
        yield address


def plan(planner: Run, folder: Path, revision: int = 0, more: str = "") -> None:
    """What is published of a plan, without its papers."""
    course = write(folder, f"revision = {revision}\n{SOUND}{more}")
    done = planner("plan", course, *ZONE, "--json")
    assert done.returncode == 0, done.stderr
    (folder / "out").mkdir(exist_ok=True)
    (folder / "out/plan.json").write_text(done.stdout)


def issue(planner: Run, folder: Path) -> bytes:
    """All of a plan; its calendar for the clinic."""
    done = planner("plan", write(folder, f"revision = 0\n{SOUND}"), *ZONE, "--out", "out")
    assert done.returncode == 0, done.stderr
    return (folder / "out/clinic.ics").read_bytes()


def publish(planner: Run, url: str, *more: str, **environment: str) -> tuple[int, str]:
    done = planner("publish", "out", "--caldav", url, *more, **{**LOGIN, **environment})
    said = done.stderr if done.returncode else done.stdout.splitlines()[-1]
    assert "hush77" not in done.stdout + done.stderr
    assert "bug of ours" not in done.stderr
    return done.returncode, said


def edit(store: Store, visit: int, change: Callable[[str], str]) -> None:
    """Change the event of a visit, as somebody's program would."""
    path = next(p for p, one in store.items.items() if f"visit {visit}:".encode() in one)
    before = re.sub("\r\n ", "", store.items[path].decode())
    after = change(before)
    assert after != before
    store.items[path] = after.encode()


def in_event(line: str) -> Callable[[str], str]:
    return lambda text: text.replace("END:VEVENT", f"{line}\r\nEND:VEVENT")


TO_UTC = re.compile(r"(DTSTART|DTEND);TZID=Europe/Copenhagen:20260914T(\d\d)")
DISMISSED: dict[str, Callable[[str], str]] = {
    "X-MOZ-LASTACK": in_event("X-MOZ-LASTACK:20260901T000000Z"),
    "X-MOZ-GENERATION": in_event("X-MOZ-GENERATION:2"),
    "a category": in_event("CATEGORIES:skin"),
    "a colour": in_event("COLOR:red"),
    "busy": in_event("X-MICROSOFT-CDO-BUSYSTATUS:BUSY"),
    "an attendee": in_event("ATTENDEE:mailto:a@example.org"),
    "acknowledged": lambda text: text.replace(
        "END:VALARM", "ACKNOWLEDGED:20260901T000000Z\r\nEND:VALARM", 1),
    "no reminders": lambda text: re.sub(
        r"BEGIN:VALARM.*END:VALARM\r\n", "", text, flags=re.DOTALL),
    "no class": lambda text: text.replace("CLASS:PRIVATE\r\n", ""),
    "no transparency": lambda text: text.replace("TRANSP:OPAQUE\r\n", ""),
    "in UTC": lambda text: TO_UTC.sub(lambda m: f"{m[1]}:20260914T{int(m[2]) - 2:02}", text)
    .replace("20260914T070000", "20260914T070000Z").replace("20260914T073000", "20260914T073000Z"),
    "a length": lambda text: re.sub(r"DTEND[^\r]*", "DURATION:PT30M", text),
    "counted on": lambda text: text.replace("SEQUENCE:0", "SEQUENCE:3"),
}  # fmt: skip


@pytest.mark.parametrize("name", DISMISSED)
def test_what_changes_neither_day_nor_hour_nor_text_is_no_conflict(
    planner: Run, tmp_path: Path, store: Store, url: str, name: str
) -> None:
    plan(planner, tmp_path)
    assert publish(planner, url) == (0, "6 created")
    edit(store, 2, DISMISSED[name])
    edit(store, 3, in_event("X-MOZ-LASTACK:20260901T000000Z"))
    assert publish(planner, url) == (0, "6 kept")
    plan(planner, tmp_path, 1, MOVE)
    assert publish(planner, url) == (0, "1 moved, 5 kept")
    (moved,) = [one.decode() for one in store.items.values() if b"visit 2:" in one]
    assert "20260915T103000" in moved
    found = re.search(r"SEQUENCE:(\d+)", moved)
    assert found
    assert int(found[1]) == (4 if name == "counted on" else 1)


CHANGED: dict[str, Callable[[str], str]] = {
    "its text": lambda text: text.replace("SUMMARY:", "SUMMARY:not "),
    "its hour": lambda text: text.replace("T090000", "T093000"),
    "its state": lambda text: text.replace("STATUS:CONFIRMED", "STATUS:CANCELLED"),
    "its room": in_event("RRULE:FREQ=WEEKLY;COUNT=2"),
    "its place": in_event("LOCATION:elsewhere"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED)
@pytest.mark.hazard("somebodys-change-overwritten")
def test_what_somebody_changed_is_not_written_over(
    planner: Run, tmp_path: Path, store: Store, url: str, name: str
) -> None:
    plan(planner, tmp_path)
    publish(planner, url)
    edit(store, 2, CHANGED[name])
    before = dict(store.items)
    for revision, more in ((0, ""), (1, MOVE)):
        plan(planner, tmp_path, revision, more)
        code, said = publish(planner, url)
        assert (code, "somebody changed it" in said) == (13, True), said
        assert store.items == before


def test_a_past_visit_that_somebody_changed_stops_no_later_one(
    planner: Run, tmp_path: Path, store: Store, url: str
) -> None:
    plan(planner, tmp_path)
    publish(planner, url)
    edit(store, 1, lambda text: text.replace("SUMMARY:", "SUMMARY:done. "))
    plan(planner, tmp_path, 1, MOVE)
    # On 8 September; the visit was on the 7th.
    assert publish(planner, url, SOURCE_DATE_EPOCH="1788860000") == (0, "1 moved, 5 kept")
    assert any(b"SUMMARY:done" in one for one in store.items.values())


def brought_in(store: Store, content: bytes, count: int = 6) -> None:
    """Bring a calendar file in as programs do: an event a resource, under names of their own."""
    text = content.decode()
    head, tail = text[: text.index("BEGIN:VEVENT")], "END:VCALENDAR\r\n"
    for event in re.findall(r"BEGIN:VEVENT.*?END:VEVENT\r\n", text, re.DOTALL)[:count]:
        store.items[f"/cal/{uuid4().hex}.ics"] = f"{head}{event}{tail}".encode()


@pytest.mark.parametrize("status", [409, 412, 403])
@pytest.mark.parametrize("count", [1, 6])
def test_visits_that_were_brought_in_are_taken_over(
    planner: Run, tmp_path: Path, store: Store, url: str, status: int, count: int
) -> None:
    clinic = issue(planner, tmp_path)
    store.uid_conflict = status
    brought_in(store, clinic, count)
    said = f"{6 - count} created, {count} taken over" if count < 6 else "6 taken over"
    assert publish(planner, url, "--dry-run") == (0, f"would be: {said}")
    assert publish(planner, url) == (0, said)
    assert publish(planner, url) == (0, "6 kept")
    assert len(store.items) == 6


def in_words_of_before(folder: Path, *, is_marked: bool) -> bytes:
    """The visits of a plan as versions before told of them: published, or brought in by hand."""
    plan = plan_from((folder / "out/plan.json").read_bytes())
    entries = [clinic_entry_before(plan, visit, STAMP) for visit in plan.visits]
    if not is_marked:
        return calendar_bytes("", entries)
    files = [content_of(one, plan) for one in entries]
    head, _, _ = files[0].partition(b"BEGIN:VEVENT")
    events = (b"BEGIN:VEVENT" + one.partition(b"BEGIN:VEVENT")[2] for one in files)
    return head + b"".join(one.replace(b"END:VCALENDAR\r\n", b"") for one in events)


@pytest.mark.parametrize(
    ("is_marked", "done"), [(True, "3 updated, 3 kept"), (False, "6 taken over")]
)
@pytest.mark.hazard("somebodys-change-overwritten")
def test_what_a_version_before_told_otherwise_is_the_same_plan(
    planner: Run, tmp_path: Path, store: Store, url: str, is_marked: bool, done: str
) -> None:
    """Other words of an upgrade are neither somebody's change nor another plan."""
    text = course_text(
        lesion("A", dose_mg=50),
        lesion("B", site="fingertip", size_mm=3, ulcerated=False, dose_mg=12.5),
    )
    made = planner("plan", write(tmp_path, text), *ZONE, "--out", "out")
    assert made.returncode == 0, made.stderr
    brought_in(store, in_words_of_before(tmp_path, is_marked=is_marked))
    untouched = dict(store.items)
    assert publish(planner, url) == (0, done)
    assert publish(planner, url) == (0, "6 kept")
    # What somebody changed since stays refused.
    store.items.clear()
    store.items.update(untouched)
    edit(store, 2, CHANGED["its text"])
    assert publish(planner, url)[0] == 13


@pytest.mark.hazard("somebodys-change-overwritten")
def test_what_was_brought_in_and_says_something_else_is_named(
    planner: Run, tmp_path: Path, store: Store, url: str
) -> None:
    clinic = issue(planner, tmp_path)
    for content in (
        (tmp_path / "out/patient.ics").read_bytes(),
        clinic.replace(b"T0900", b"T0915"),
    ):
        store.items.clear()
        brought_in(store, content)
        before = dict(store.items)
        for more in (("--dry-run",), ()):
            code, said = publish(planner, url, *more)
            assert code == 13
            assert "visit 1, Mon 7 Sep 2026 09:00: its id is in the calendar already" in said
        assert store.items == before
    store.items = {"/cal/all.ics": clinic}
    code, said = publish(planner, url)
    assert (code, "it lies in one file with other events" in said) == (13, True)


@pytest.mark.parametrize("server", SERVERS)
def test_real_servers_let_visits_be_taken_over(
    planner: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, server: str
) -> None:
    clinic = issue(planner, tmp_path)
    store = Store()
    brought_in(store, clinic)
    with SERVERS[server](tmp_path_factory.mktemp(server)) as calendars:
        calendar = make_calendar(calendars, uuid4().hex)
        for path, content in store.items.items():
            name = path.rpartition("/")[2]
            put = httpx.put(f"{calendar}{name}", content=content, timeout=10,
                            headers={"Content-Type": "text/calendar"})  # fmt: skip
            assert put.status_code == 201
        assert publish(planner, calendar) == (0, "6 taken over")
        plan(planner, tmp_path, 1, MOVE)
        assert publish(planner, calendar) == (0, "1 moved, 5 kept")


WINDOWS = {
    "Pacific/Auckland": "20260906T203000Z", "Australia/Sydney": "20260906T223000Z",
    "Asia/Tokyo": "20260906T235000Z", "Pacific/Kiritimati": "20260906T183000Z",
    "America/Los_Angeles": "20260907T153000Z", "Europe/Copenhagen": "20260907T063000Z",
}  # fmt: skip


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_the_first_morning_is_asked_for_by_the_clinics_clock(
    planner: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, server: str
) -> None:
    """Half past eight to half past nine there, on the first day."""
    event = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:e1\r\n"
        "DTSTAMP:20260101T000000Z\r\nDTSTART:{}\r\nDURATION:PT1H\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    course = write(tmp_path, SOUND)
    with SERVERS[server](tmp_path_factory.mktemp(server)) as calendars:
        for zone, start in WINDOWS.items():
            calendar = make_calendar(calendars, uuid4().hex)
            httpx.put(f"{calendar}e1.ics", content=event.format(start), timeout=10,
                      headers={"Content-Type": "text/calendar"})  # fmt: skip
            done = planner("plan", course, "--timezone", zone, "--busy-caldav", calendar)
            assert done.returncode == 10, (zone, done.stdout[:100])
            assert "no room at 09:00" in done.stderr


ELSEWHERE = [
    "{other}{path}", "//{netloc}{path}", "http://u:p@{own}{path}", "HTTP://{netloc}{path}",
    "http://localhost:{port}{path}", "/other/x.ics", "../x.ics", "", "/cal/", "http://[::1{path}",
    "http://127.0.0.1:abc{path}", "http://127.0.0.1:99999{path}", "javascript:x", "file:///etc/x",
    "/cal/a\nb.ics", "/cal/\u202ex.ics", "/cal/" + "x" * 70_000,
]  # fmt: skip


@pytest.mark.hazard("data-leak")
def test_nothing_goes_to_an_address_outside_of_the_calendar(
    planner: Run, tmp_path: Path, store: Store, url: str
) -> None:
    plan(planner, tmp_path)
    publish(planner, url)
    plan(planner, tmp_path, 1, MOVE)
    other_course = write(tmp_path, SOUND.replace("K-1", "K-2"), "other.toml")
    elsewhere = Store()
    with serving(elsewhere) as other:
        places = {
            "other": other.rpartition("/cal/")[0], "netloc": other.split("/")[2],
            "own": url.split("/")[2], "port": url.split("/")[2].partition(":")[2],
        }  # fmt: skip
        for href in ELSEWHERE:
            store.href = _at(href, places)
            store.log.clear()
            code, said = publish(planner, url)
            assert code == 14, (href, said)
            assert len(said.splitlines()) == 1, (href, said)
            assert elsewhere.log == [], href
            assert {method for method, _, _ in store.log} == {"REPORT"}, href
            # What is taken counts wherever the server says that it lies.
            done = planner("plan", other_course, *ZONE, "--busy-caldav", url, **LOGIN)
            assert (done.returncode, "no room at 09:00" in done.stderr) == (10, True), href


def _at(href: str, places: Mapping[str, str]) -> Callable[[str], str]:
    return lambda path: href.format(path=path, **places)


TRICKLES = {
    "the first line": b"HTTP/1.1 207 Multi-Status and so on and so on and so on",
    "headers": b"HTTP/1.1 207 Multi-Status\r\n" + b"X-A: b\r\n" * 20,
    "going on": b"HTTP/1.1 100 Continue\r\n\r\n" * 10,
    "chunks": b"HTTP/1.1 207 M\r\nTransfer-Encoding: chunked\r\n\r\n000000000000000000000000000001",
}


def trickling(content: bytes) -> Callable[[Any, str], bool]:
    """Half a second for each byte of an answer."""

    def trickle(handler: Any, _method: str) -> bool:
        with suppress(OSError):
            for at in range(len(content)):
                handler.wfile.write(content[at : at + 1])
                time.sleep(0.5)
        return True

    return trickle


def test_an_answer_that_trickles_ends_after_ten_seconds(planner: Run, tmp_path: Path) -> None:
    plan(planner, tmp_path)

    def published(content: bytes) -> tuple[int, str, float]:
        store = Store()
        store.before = trickling(content)
        with serving(store) as url:
            begun = time.monotonic()
            code, said = publish(planner, url)
            return code, said, time.monotonic() - begun

    # At once: each takes its ten seconds.
    with ThreadPoolExecutor(len(TRICKLES)) as threads:
        for code, said, took in threads.map(published, TRICKLES.values()):
            assert (code, f"no answer within {TIMEOUT_SECONDS} seconds" in said) == (14, True), said
            assert took < TIMEOUT_SECONDS + 15


@pytest.mark.hazard("hostile-text")
def test_what_a_server_says_forges_no_line(
    planner: Run, tmp_path: Path, store: Store, url: str
) -> None:
    plan(planner, tmp_path)
    publish(planner, url)
    forged = "SUMMARY:x\\nerror: forged\\n6 kept \u202e\u2066"
    edit(store, 6, lambda text: re.sub(r"SUMMARY:[^\r]*", forged, text))
    for code, said in (publish(planner, url), publish(planner, url, "--dry-run")):
        assert code == 13
        assert len(said.splitlines()) == 1
        assert not {"\u202e", "\u2066"} & set(said)
    # As an event of ours that the plan no longer has, too.
    path = next(p for p, one in store.items.items() if b"forged" in one)
    store.items[path] = store.items[path].replace(b"UID:", b"UID:other-")
    code, said = publish(planner, url)
    assert (code, len(said.splitlines())) == (13, 1)


BROKEN = {
    "no UID": (r"UID:[^\r]*\r\n", ""), "two UIDs": (r"(UID:[^\r]*\r\n)", r"\1UID:two\r\n"),
    "a word for SEQUENCE": (r"SEQUENCE:0", "SEQUENCE:many"),
    "no number for SEQUENCE": (r"SEQUENCE:0", "SEQUENCE:"),
    "an endless SEQUENCE": (r"SEQUENCE:0", "SEQUENCE:" + "9" * 5000),
    "two SEQUENCEs": (r"(SEQUENCE:0\r\n)", r"\1SEQUENCE:1\r\n"),
    "a SEQUENCE below 0": (r"SEQUENCE:0", "SEQUENCE:-1"),
    "no start": (r"DTSTART[^\r]*\r\n", ""), "a start of none": (r"DTSTART[^\r]*", "DTSTART:x"),
    "a whole day": (r"DTSTART[^\r]*", "DTSTART;VALUE=DATE:20260914"),
    "two digests": (r"(X-PLANNER-DIGEST:[^\r]*\r\n)", r"\1X-PLANNER-DIGEST:x\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_an_event_of_ours_that_is_broken_is_named(
    planner: Run, tmp_path: Path, store: Store, url: str, name: str
) -> None:
    plan(planner, tmp_path)
    publish(planner, url)
    what, instead = BROKEN[name]

    def broken(text: str) -> str:
        head, begin, event = text.partition("BEGIN:VEVENT")
        return head + begin + re.sub(what, instead, event, count=1)

    edit(store, 2, broken)
    before = dict(store.items)
    code, said = publish(planner, url)
    if name != "no number for SEQUENCE":
        assert code == 13, said
    assert store.items == before


def challenge(header: str) -> Callable[[Any, str], bool]:
    """Ask for a login, and look at nothing but whether one is there."""

    def before(handler: Any, _method: str) -> bool:
        if handler.headers.get("Authorization"):
            return False
        handler.reply(401, b"", WWW_Authenticate=header)
        return True

    return before


DIGEST = 'Digest realm="c", nonce="n1", qop="auth", algorithm={}'


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("also", ["", 'Basic realm="c", '])
def test_a_login_by_digest(
    planner: Run, tmp_path: Path, store: Store, url: str, algorithm: str, also: str
) -> None:
    plan(planner, tmp_path)
    store.before = challenge(also + DIGEST.format(algorithm))
    assert publish(planner, url) == (0, "6 created")
    logins = [one["Authorization"] for _, _, one in store.log if "Authorization" in one]
    assert all(one.startswith("Digest ") for one in logins)
    (first, *_) = logins
    found = dict(re.findall(r'(\w+)="?([^",]+)', first))
    hashed = hashlib.md5 if algorithm == "MD5" else hashlib.sha256

    def h(text: str) -> str:
        return hashed(text.encode()).hexdigest()

    mixed = f"{h('clinic:c:hush77')}:n1:{found['nc']}:{found['cnonce']}:auth"
    assert found["response"] == h(f"{mixed}:{h('REPORT:/cal/')}")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Bearer", "it asks for a login by bearer"), ("Negotiate", "by negotiate"),
        (DIGEST.format("X-NEW"), "by digest"), ("Digest x", "by digest"), ("", "refuses"),
        (DIGEST.format("MD5").replace('"auth"', '"auth-int"'), "by digest"),
    ],
)  # fmt: skip
def test_a_login_that_nobody_knows_is_named(
    planner: Run, tmp_path: Path, store: Store, url: str, header: str, said: str
) -> None:
    plan(planner, tmp_path)
    store.before = challenge(header)
    code, words = publish(planner, url)
    assert (code, said in words) == (14, True), words
    assert not any("Authorization" in one for _, _, one in store.log)


def test_a_login_by_basic_is_sent_when_it_is_asked_for(
    planner: Run, tmp_path: Path, store: Store, url: str
) -> None:
    plan(planner, tmp_path)
    store.before = challenge('Basic realm="c"')
    assert publish(planner, url) == (0, "6 created")
    assert store.log[0][2].get("Authorization") is None

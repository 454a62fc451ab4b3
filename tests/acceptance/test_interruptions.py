"""A signal, a disk or a folder that will not: the old set or the new one, never a mixture.

MOMENTS=50 in the environment tries as many random moments of each command; a test run tries few.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import httpx
import icalendar
import pytest

from planner.cli.main import run
from planner.servers.caldav import Collection
from tests.conftest import Run
from tests.courses import SOUND, write
from tests.servers import in_front_of, make_calendar, radicale

MOMENTS = int(os.environ.get("MOMENTS", "6"))
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP)
ZONE = ("--timezone", "UTC")
CHANGED = "revision = 1\n" + SOUND.replace("12.5, 57.5, 72.5, 87.5", "15, 60, 75, 85")


def interrupted(folder: Path, command: tuple[str, ...], after: float, sent: int) -> int:
    """Run the command and send it a signal; its exit code."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1788000000"}
    with subprocess.Popen(
        [sys.executable, "-m", "planner", *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        time.sleep(after)
        process.send_signal(sent)
        _, said = process.communicate(timeout=60)
    # While Python itself starts, it has words of its own.
    assert "Traceback" not in said or "Fatal Python error: init" in said, said
    return process.returncode


def took(planner: Run, *command: str) -> float:
    """How long a command takes; it has to succeed."""
    start = time.monotonic()
    done = planner(*command)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - start


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.hazard("crash-in-the-middle")
def test_a_signal_leaves_the_old_set_or_the_new_one(fresh_planner: Run, tmp_path: Path) -> None:
    chance = random.Random(8)
    old, new, out = tmp_path / "old", tmp_path / "new", tmp_path / "out" / "K-1"
    took(fresh_planner, "plan", str(write(tmp_path, SOUND)), *ZONE, "--out", "old")
    command = ("plan", str(write(tmp_path, CHANGED)), *ZONE, "--out")
    # The new set says which revision it replaces: it is made where the old one lies.
    shutil.copytree(old, new)
    seconds = took(fresh_planner, *command, "new")
    seen = set()
    for moment in range(MOMENTS):
        shutil.rmtree(out.parent, ignore_errors=True)
        shutil.copytree(old, out)
        sent = SIGNALS[moment % len(SIGNALS)]
        # Half of the moments lie about where the papers are done and written.
        at = chance.uniform(0.6, 1.05) if moment % 2 else chance.uniform(0, 1)
        interrupted(tmp_path, (*command, str(out)), at * seconds, sent)
        left = contents(out)
        assert left in (contents(old), contents(new)), (moment, sent, at)
        seen.add(left == contents(old))
        # Killed, nobody can clear away; what is left beside it is hidden, and no set.
        beside = [path.name for path in out.parent.iterdir() if path != out]
        assert beside == [] or (sent == signal.SIGKILL and all(n.startswith(".") for n in beside))
    assert True in seen


def test_an_interrupt_before_the_command_has_its_words_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("planner.cli.main.prefer_newer_zones", interrupt)
    assert run(["evidence"]) == 130
    assert capsys.readouterr().err == "stopped; what was done before that stands\n"


# A command that clears an object away while a signal comes: what is raised there is lost.
LOST = """
import signal, sys, threading, time, weakref
from planner.cli import main

class Thing:
    pass

def work(arguments):
    thing = Thing()
    kept = weakref.ref(thing, lambda _: signal.raise_signal(int(sys.argv[1])))
    del thing
    time.sleep(20)
    return 0

# As on a busy machine: what sends the signal again runs before who started it goes on.
start = threading.Thread.start

def slow(thread):
    start(thread)
    time.sleep(float(sys.argv[2]))

threading.Thread.start = slow

# As in the instant before a wait begins: what comes then does not end it.
kill = signal.pthread_kill
sent = []

def too_early(thread, number):
    sent.append(number)
    if len(sent) > int(sys.argv[3]):
        kill(thread, number)

signal.pthread_kill = too_early
main._call = work
main.main()
"""


@pytest.mark.parametrize(("busy", "too_early"), [(0, 0), (0.5, 0), (0, 1)])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_python_clears_away_is_not_lost(
    sent: int, busy: float, too_early: int
) -> None:
    command = [sys.executable, "-c", LOST, str(int(sent)), str(busy), str(too_early)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=15)
    told = "stopped; what was done before that stands\n" if sent == signal.SIGINT else ""
    assert (done.returncode, done.stderr) == (128 + sent, told)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "server").mkdir()
    with radicale(tmp_path / "server") as calendars:
        yield make_calendar(calendars, "visits")


def published(server: str) -> list[int]:
    """The revision of each event that is up there."""
    answer = httpx.get(server, timeout=10)
    if answer.status_code == 404:
        return []
    events = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    return sorted(int(event["SEQUENCE"]) for event in events)


def test_a_signal_in_an_exchange_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, server: str
) -> None:
    """Raised in a task that connects, it ends the exchange; the loop itself says nothing."""

    async def signalled() -> NoReturn:
        raise SystemExit(143)

    async def stopped(*_request: object, **_more: object) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(signalled())

    monkeypatch.setattr(httpx.AsyncClient, "send", stopped)
    with pytest.raises(SystemExit, match="143"), Collection(server, None) as collection:
        collection.with_uid("one@clinic.example")
    del collection
    gc.collect()
    assert caplog.messages == []


@pytest.mark.hazard("crash-in-the-middle")
def test_a_signal_leaves_the_old_calendar_or_the_new_one(
    fresh_planner: Run, tmp_path: Path, server: str
) -> None:
    chance = random.Random(8)
    took(fresh_planner, "plan", str(write(tmp_path, SOUND)), *ZONE, "--out", "old")
    took(fresh_planner, "plan", str(write(tmp_path, CHANGED)), *ZONE, "--out", "new")
    took(fresh_planner, "publish", "old", "--caldav", server)
    uids = [f"{server}{path.name}" for path in (tmp_path / "server").rglob("*.ics")]
    kept = {uid: httpx.get(uid, timeout=10).content for uid in uids}
    command = ("publish", "new", "--caldav", server)
    seconds = took(fresh_planner, *command)
    assert published(server) == [0, 0, 1, 1, 1, 1]
    seen = set()
    for moment in range(MOMENTS):
        for uid, content in kept.items():
            httpx.put(uid, content=content, headers={"Content-Type": "text/calendar"}, timeout=10)
        sent = SIGNALS[moment % len(SIGNALS)]
        interrupted(tmp_path, command, chance.uniform(0.4, 1.05) * seconds, sent)
        up = published(server)
        if sent == signal.SIGKILL:
            # A server has no transactions: what was killed half way is published again.
            took(fresh_planner, *command)
            up = published(server)
        assert up in ([0] * 6, [0, 0, 1, 1, 1, 1]), (moment, sent, up)
        seen.add(tuple(up))
    assert seen <= {(0,) * 6, (0, 0, 1, 1, 1, 1)}


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.hazard("crash-in-the-middle")
def test_a_signal_in_the_middle_of_publishing_waits(
    fresh_planner: Run, tmp_path: Path, server: str, sent: int
) -> None:
    took(fresh_planner, "plan", str(write(tmp_path, SOUND)), *ZONE, "--out", "out")
    running: list[subprocess.Popen[bytes]] = []

    def at_the_third(count: int) -> None:
        if count == 3:
            running[0].send_signal(sent)
            time.sleep(0.3)

    with in_front_of(server, at_the_third) as url:
        command = [sys.executable, "-m", "planner", "publish", "out", "--caldav", url]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as process:
            running.append(process)
            _, said = process.communicate(timeout=60)
    assert published(server) == [0] * 6
    assert b"stopping when all visits are up" in said
    assert process.returncode == 128 + sent


def confined(script: str, folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """A shell without the rights of an administrator, in a namespace of its own."""
    if shutil.which("unshare") is None:
        if os.environ.get("CI"):
            pytest.fail("unshare is missing")
        pytest.skip("unshare is not here")
    return subprocess.run(
        ["unshare", "--user", *flags, "sh", "-c", script],
        cwd=folder,
        env={**os.environ, "PLANNER": f"{sys.executable} -m planner", "TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


PLANNER = "$PLANNER plan course.toml --timezone UTC --out"
MOUNT = ("--map-root-user", "--mount")
DISKS = {
    "without room": (f"mount -t tmpfs -o size=64k none d && {PLANNER} d/K-1; code=$?", MOUNT),
    "read-only": (f"mount -t tmpfs -o ro none d && {PLANNER} d/K-1; code=$?", MOUNT),
    "no rights": (f"{PLANNER} shut/K-1; code=$?; mkdir d/none", ()),
    "somebody else's": (f"{PLANNER} theirs/K-1; code=$?; mkdir d/none", ()),
}


@pytest.mark.parametrize("name", DISKS)
@pytest.mark.hazard("crash-in-the-middle")
def test_a_folder_that_cannot_be_written_is_left_as_it_was(tmp_path: Path, name: str) -> None:
    write(tmp_path, SOUND)
    (tmp_path / "d").mkdir()
    for folder in ("shut", "theirs"):
        (tmp_path / folder).mkdir(mode=0o555)
    if os.geteuid() == 0:
        os.chown(tmp_path / "theirs", 12345, 12345)
    script, flags = DISKS[name]
    done = confined(f"{script}; ls -A d shut theirs; exit $code", tmp_path, *flags)
    assert done.returncode == 14, done.stderr
    assert "it cannot be written" in done.stderr
    assert "check rights and room" in done.stderr
    listed = done.stdout.partition("d:\n")[2]
    assert listed.replace("none\n", "") == "\nshut:\n\ntheirs:\n"


@pytest.mark.hazard("crash-in-the-middle")
def test_a_failing_disk_leaves_the_old_set(tmp_path: Path) -> None:
    write(tmp_path, SOUND)
    (tmp_path / "d").mkdir()
    # Room for one set, not for the second beside it; the first one stands.
    script = (
        f"mount -t tmpfs -o size=700k none d && {PLANNER} d/K-1 > /dev/null || exit 99;"
        " cp d/K-1/plan.json before.json; sed -i '1i revision = 1' course.toml;"
        f" {PLANNER} d/K-1 > /dev/null; code=$?;"
        " cmp before.json d/K-1/plan.json && ls -A d; exit $code"
    )
    done = confined(script, tmp_path, *MOUNT)
    assert done.returncode == 14, done.stderr
    assert done.stdout == "K-1\n"


@pytest.mark.hazard("crash-in-the-middle", "stale-paper")
def test_an_issued_set_that_was_made_read_only_is_replaced_whole(tmp_path: Path) -> None:
    write(tmp_path, SOUND)
    (tmp_path / "d").mkdir()
    (tmp_path / "d").chmod(0o777)
    script = (
        f"{PLANNER} d/K-1 > /dev/null || exit 99; chmod 555 d/K-1 d/K-1/visits;"
        f" sed 's/^id = .K-1./&\\nrevision = 1/' course.toml > next.toml;"
        f" {PLANNER.replace('course.toml', 'next.toml')} d/K-1 > /dev/null; code=$?;"
        " ls -A d; exit $code"
    )
    (tmp_path / "run.sh").write_text(script)
    # Whoever may write everywhere finds nothing read-only.
    rights = "setpriv --bounding-set -dac_override,-dac_read_search"
    done = confined(f"{rights} sh run.sh", tmp_path, "--map-root-user")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "K-1\n"


def test_what_a_link_in_an_issued_set_leads_to_is_left_alone(planner: Run, tmp_path: Path) -> None:
    planner("plan", write(tmp_path, SOUND), "--timezone", "UTC")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    shutil.rmtree(tmp_path / "K-1/visits")
    (tmp_path / "K-1/visits").symlink_to(elsewhere)
    done = planner("plan", write(tmp_path, "revision = 1\n" + SOUND), "--timezone", "UTC")
    assert done.returncode == 0, done.stderr
    assert elsewhere.stat().st_mode & 0o777 == 0o755
    assert not list(elsewhere.iterdir())


@pytest.mark.hazard("crash-in-the-middle")
def test_folders_that_were_made_for_a_target_go_again(planner: Run, tmp_path: Path) -> None:
    course = write(tmp_path, SOUND)
    long = "n" * 250
    (tmp_path / "broken.jsonl").write_text('{"format": "planner-register", "version": 1}\n{}\n')
    for command, code in (
        (("plan", course, "--timezone", "UTC", "--out", f"made/too/{long}"), 14),
        (("protocol", "new", f"made/{long}.toml"), 14),
        (("course", "import", "broken.jsonl", "--database", "made/too/register.db"), 10),
    ):
        assert planner(*command).returncode == code, command
        assert not (tmp_path / "made").exists()


def test_a_target_below_a_file_is_named(planner: Run, tmp_path: Path) -> None:
    course = write(tmp_path, SOUND)
    done = planner("plan", course, "--timezone", "UTC", "--out", "course.toml/x")
    assert done.returncode == 13
    assert "course.toml: it is not a folder" in done.stderr

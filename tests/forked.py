"""The command as a user runs it, in a process of its own that has its modules loaded already.

Each process is forked from a server that has imported what commands import, and made what they
make once, so that a test pays for the command and not for the start of Python. `fresh` starts
Python itself.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

SECONDS = 60
_LOADED = [
    "alembic.command", "ics", "jinja2", "pydantic", "simplejson", "sqlalchemy.dialects.sqlite",
    "typst", "holidays.countries", "icalendar", "planner.app.courses", "planner.cli.course_papers",
    "planner.cli.main", "planner.cli.plan", "planner.cli.register",
    "planner.documents.document_set", "planner.files.course", "planner.files.plan",
    "planner.files.protocol", "tests.warm",
]  # fmt: skip
_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(_LOADED)


def forked(
    arguments: list[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the command in a forked process."""
    with tempfile.TemporaryDirectory() as streams:
        files = [Path(streams) / name for name in ("in", "out", "err")]
        files[0].write_text(environment.get("INPUT", ""), encoding="utf-8")
        child = _server.Process(
            target=_run, args=(arguments, folder, {**os.environ, **environment}, files, _umask())
        )
        child.start()
        child.join(SECONDS)
        if child.exitcode is None:
            child.kill()
            child.join()
        out, err = (path.read_text(encoding="utf-8") for path in files[1:])
    code = child.exitcode
    assert code is not None
    if code == -9:
        raise subprocess.TimeoutExpired(arguments, SECONDS, out, err)
    return subprocess.CompletedProcess(arguments, code, out, err)


def fresh(
    arguments: list[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the command in a Python that was started for it."""
    return subprocess.run(
        [sys.executable, "-m", "planner", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        input=environment.get("INPUT", ""),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _run(
    arguments: list[str],
    folder: Path,
    environment: Mapping[str, str],
    streams: list[Path],
    umask: int,
) -> None:
    """Become the command, in the forked process."""
    for number, path in enumerate(streams):
        flags = os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY
        os.dup2(os.open(path, flags, 0o600), number)
    sys.stdin, sys.stdout, sys.stderr = (open(n, "rw"[n > 0]) for n in range(3))  # noqa: SIM115
    os.umask(umask)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["planner", *arguments]
    code: object = 1
    try:
        from planner.cli.start import main

        main()
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
    for printed in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            printed.flush()
    os._exit(code if isinstance(code, int) else 1)

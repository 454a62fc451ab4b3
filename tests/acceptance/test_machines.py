"""What machines bring along: pipes, consoles, mounts, two runs at once, costly files."""

from __future__ import annotations

import json
import os
import pty
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planner.cli.main import run
from planner.documents import folder as folders
from planner.errors import RefusedError
from planner.files.public_holidays import public_holidays
from tests.conftest import ROOT, Run
from tests.courses import SOUND, write

ZONE, BY = ("--timezone", "Europe/Copenhagen"), ("--by", "Dr A. Holm")


def piped(tmp_path: Path, name: str, text: str) -> Path:
    """A named pipe that gives a text once."""
    path = tmp_path / name
    os.mkfifo(path)
    threading.Thread(target=path.write_text, args=(text,), daemon=True).start()
    return path


def test_each_input_is_read_once(planner: Run, tmp_path: Path) -> None:
    rules = (ROOT / "planner/protocols/sts-150.toml").read_text("utf-8")
    rules_path = piped(tmp_path, "rules", rules)
    course = piped(tmp_path, "course", f'protocol = "{rules_path}"\n{SOUND}')
    clinic = piped(tmp_path, "clinic", 'timezone = "Europe/Copenhagen"\n')
    done = planner("course", "add", course, "--clinic", clinic, *BY)
    assert done.returncode == 0, done.stderr
    assert "K-1" in planner("course", "list").stdout


@pytest.mark.parametrize("later", [1, 2])
@pytest.mark.hazard("two-revisions-one-number")
def test_of_two_runs_into_one_folder_the_lower_revision_does_not_win(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    later: int,
) -> None:
    """While the papers of one revision are made another one comes, which is equal or higher."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, f"revision = 1\n{SOUND}", "first.toml")
    write(tmp_path, f"revision = {later}\n{SOUND.replace('57.5', '60')}", "second.toml")
    alone_in = folders._alone_in

    def overtaken(folder: Path):  # type: ignore[no-untyped-def]
        monkeypatch.setattr(folders, "_alone_in", alone_in)
        assert run(["plan", "second.toml", *ZONE, "--out", "out"]) == 0
        return alone_in(folder)

    monkeypatch.setattr(folders, "_alone_in", overtaken)
    assert run(["plan", "first.toml", *ZONE, "--out", "out"]) == 13
    assert "was issued there" in capsys.readouterr().err
    assert json.loads((tmp_path / "out/plan.json").read_bytes())["revision"] == later
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_a_mount_point_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mount").mkdir()
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "mount")
    with pytest.raises(RefusedError, match="; name a folder inside it"):
        folders.check_ours(tmp_path / "mount")


@pytest.mark.parametrize("name", [".", ""])
def test_the_current_folder_is_called_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RefusedError, match="current folder cannot be replaced; name a new one"):
        folders.check_ours(Path(name))


def on_a_console(tmp_path: Path, *command: str) -> tuple[int, str]:
    """A command on a terminal whose letters are those of Windows; its exit code and output."""
    outer, inner = pty.openpty()
    environment = {
        **os.environ, "PYTHONIOENCODING": "cp1252:strict", "PYTHONPATH": str(ROOT),
        "PLANNER_DATABASE": str(tmp_path / "register.db"),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "planner", *command], cwd=tmp_path, env=environment,
        stdin=inner, stdout=inner, stderr=inner,
    )  # fmt: skip
    os.close(inner)
    said = b""
    while True:
        try:
            part = os.read(outer, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(outer)
    return process.wait(), said.decode("cp1252", "replace")


def test_a_letter_that_a_console_cannot_show_stops_nothing(tmp_path: Path) -> None:
    course = write(tmp_path, SOUND.replace('"P-1"', '"\u03a8-1"'))
    code, said = on_a_console(tmp_path, "course", "add", str(course), *ZONE, *BY)
    assert code == 0, said
    code, said = on_a_console(tmp_path, "course", "list")
    assert code == 0, said
    assert "?-1" in said


NOTE = "regional-holidays"


@pytest.mark.parametrize(
    ("more", "is_noted"),
    [
        ('country = "GB"', True), ('country = "DE"', True), ('country = "CH"', True),
        ('country = "CA"', True), ('country = "DK"', False), ('country = "FR"', True),
        ('country = "GB"\nsubdivision = "sct"', False), ('country = "DE"\nholidays = false', False),
        ("", False),
    ],
)  # fmt: skip
def test_a_country_whose_parts_have_holidays_of_their_own_is_noted(
    planner: Run, tmp_path: Path, more: str, is_noted: bool
) -> None:
    clinic = write(tmp_path, f'timezone = "Europe/London"\n{more}\n', "clinic.toml")
    course = write(tmp_path, SOUND.replace("2026-09-07", "2026-09-08"))
    done = planner("plan", course, "--clinic", clinic, "--json")
    assert done.returncode == 0, done.stderr
    found = [one for one in json.loads(done.stdout)["findings"] if one["code"] == NOTE]
    assert bool(found) is is_noted
    assert all("subdivision = " in one["message"] for one in found)


@pytest.mark.hazard("unknown-holidays")
def test_years_of_unknown_holidays_matter_only_where_they_are_reached(
    planner: Run, tmp_path: Path
) -> None:
    known = public_holidays("IN", None, range(2034, 2040)).years
    assert known == range(2034, 2036)
    clinic = write(tmp_path, 'timezone = "Asia/Kolkata"\ncountry = "IN"\n', "clinic.toml")
    for first, code in (("2035-06-04", 0), ("2035-11-12", 10), ("2036-06-02", 10)):
        course = write(tmp_path, SOUND.replace("2026-09-07", first))
        done = planner("plan", course, "--clinic", clinic, "--json")
        assert done.returncode == code, (first, done.stderr)
        assert code == 0 or "the public holidays of 2036 are not known" in done.stderr


def test_what_else_warns_meanwhile_says_nothing_of_a_year(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that was not closed is cleared away just then: the year is known all the same."""
    import warnings

    import holidays

    ask = holidays.country_holidays

    def asked(*given: Any, **options: Any) -> Any:
        warnings.warn("unclosed file", ResourceWarning, stacklevel=2)
        return ask(*given, **options)

    monkeypatch.setattr(holidays, "country_holidays", asked)
    assert public_holidays("DK", None, range(2026, 2028)).years == range(2026, 2028)


DEEP = ".".join(["a"] * 60_000)
COSTLY: dict[str, tuple[Callable[[], str], int]] = {
    "a header of many parts": (lambda: f"[{DEEP}]\n", 10),
    "a key of many parts": (lambda: f"{DEEP} = 1\n", 10),
    "a number of millions of digits": (lambda: f"id = {'1' * 4_900_000}\n", 10),
    "a fraction of millions of digits": (lambda: f"id = 0.{'1' * 4_900_000}\n", 10),
    "tables without end": (lambda: "[[x]]\n" * 600_000, 10),
    "unknown keys without end": (lambda: "".join(f"k{n} = 1\n" for n in range(60_000)), 10),
    "quotes without end": (lambda: 'a = """\n' + '""\n' * 500_000, 10),
    "one hundred lesions": (
        lambda: SOUND + "".join(LESION.format(n=n) for n in range(99)), 0),
}  # fmt: skip
LESION = '[[lesion]]\nid = "L{n}"\nsite = "trunk"\nsize_mm = 30\nulcerated = true\ndose_mg = 12.5\n'


@pytest.mark.parametrize("name", COSTLY)
def test_no_file_takes_long(tmp_path: Path, name: str) -> None:
    """In a process of its own, with the time and the memory that it may take."""
    make, code = COSTLY[name]
    course = write(tmp_path, make())

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2_000_000_000, 2_000_000_000))
        resource.setrlimit(resource.RLIMIT_CPU, (10, 12))

    done = subprocess.run(
        [sys.executable, "-m", "planner", "plan", str(course), *ZONE, "--json"],
        cwd=ROOT, preexec_fn=bounded, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr[:500]
    assert len(done.stderr.splitlines()) < 2000


@pytest.mark.parametrize(
    "command",
    [
        ("100000", "--strength", "0.0001"), ("1000000", "--strength", "0.000001"),
        ("--ml", "1000000", "--strength", "1000000"),
    ],
)  # fmt: skip
def test_a_dose_that_no_syringes_hold_is_refused(planner: Run, command: tuple[str, ...]) -> None:
    begun = time.monotonic()
    done = planner("dose", *command)
    assert done.returncode == 10
    assert "syringes" in done.stderr
    assert time.monotonic() - begun < 10


def test_regimens_that_cross_one_another_are_laid_out_or_refused(
    planner: Run, tmp_path: Path
) -> None:
    """Eight intervals that share no days, around closures."""
    rules = (ROOT / "planner/protocols/sts-150.toml").read_text("utf-8")
    own = "".join(
        f'[regimen.r{n}]\ntitle = "r{n}"\ninjections = 6\ninterval_days = {21 + n}\n'
        for n in range(8)
    )
    write(tmp_path, rules.replace("[regimen.single]", f"{own}[regimen.single]"), "rules.toml")
    lesions = "".join(
        LESION.format(n=n).replace("dose_mg = 12.5", f'regimen = "r{n}"') for n in range(8)
    )
    course = f'protocol = "rules.toml"\n{SOUND.partition("[[lesion]]")[0]}{lesions}'
    write(tmp_path, 'timezone = "UTC"\nclosed = ["2026-10-05/2026-10-09"]\n', "clinic.toml")
    begun = time.monotonic()
    done = planner("plan", write(tmp_path, course), "--clinic", "clinic.toml", "--json")
    assert done.returncode in (0, 12), done.stderr
    assert len(json.loads(done.stdout)["visits"]) >= 40
    assert time.monotonic() - begun < 20

"""An installation spoilt in one way after the other, to see `planner validate` find each.

    python -m tests.sabotages

Builds the wheel, spoils a copy of what it installs, runs the whole validation there, and tells
which steps did not hold. Ends with 1 where none did, or where a good copy does not pass.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT
from tests.removals import NOT_COPIED


class Sabotage(NamedTuple):
    """What is done to a copy, and the steps that have to see it, each by itself."""

    spoil: Callable[[Path], dict[str, str] | None]
    steps: tuple[str, ...]


def wheel(folder: Path) -> Path:
    """The project's wheel, built from a copy of its sources."""
    sources = folder / "sources"
    shutil.copytree(ROOT, sources, ignore=NOT_COPIED)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w",
         str(folder), str(sources)],
        check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"},
    )  # fmt: skip
    shutil.rmtree(sources)
    (made,) = folder.glob("*.whl")
    return made


def installed(made: Path) -> Path:
    """What a wheel installs, beside it, compiled as an installer does it."""
    folder = made.parent / "installed"
    with zipfile.ZipFile(made) as archive:
        archive.extractall(folder)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder)], check=True)
    return folder


def copied(there: Path, folder: Path) -> Path:
    """A copy of what is installed; it goes before any other on Python's path."""
    shutil.copytree(there, folder)
    return folder


def validated(copy: Path, steps: tuple[str, ...] = (), **env: str) -> dict[str, list[str]]:
    """The differences of a copy by steps: of some, or of all as the command gives them."""
    code = (
        "import json, sys;"
        "from planner.files.zone_data import prefer_newer_zones; prefer_newer_zones();"
        "from planner.app.validation.validating import checked;"
        "print(json.dumps(checked(sys.argv[1:])))"
    )
    command = ["-c", code, *steps] if steps else ["-m", "planner", "validate", "--json"]
    done = subprocess.run(
        [sys.executable, *command], cwd=copy.parent, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(copy), "PLANNER_DATABASE": str(copy / "r.db")} | env,
    )  # fmt: skip
    if not done.stdout:
        return {"started": [done.stderr.strip().splitlines()[-1]]}
    found = json.loads(done.stdout)
    if steps:
        return {name: differences for name, differences in found.items() if differences}
    assert done.returncode == (0 if found["holds"] else 13)
    return {one["id"]: one["differences"] for one in found["steps"] if not one["holds"]}


def _put(where: str, old: str, new: str) -> Callable[[Path], None]:
    """A text for another one in a file; it has to be there."""

    def spoil(copy: Path) -> None:
        path = copy / "planner" / where
        text = path.read_text(encoding="utf-8")
        assert old in text, (where, old)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil


def _swapped_font(copy: Path) -> None:
    fonts = copy / "planner/fonts"
    shutil.copy(fonts / "NotoSans-Bold.ttf", fonts / "NotoSans-Regular.ttf")


def _repackaged(copy: Path) -> None:
    """A font that somebody swapped and packed again: the installer's record is that of the copy."""
    _swapped_font(copy)
    name = "planner/fonts/NotoSans-Regular.ttf"
    digest = hashlib.sha256((copy / name).read_bytes()).digest()
    shown = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    (record,) = copy.glob("*.dist-info/RECORD")
    lines = record.read_text(encoding="utf-8").splitlines()
    others = [line for line in lines if not line.startswith(f"{name},")]
    record.write_text("\n".join([*others, f"{name},sha256={shown},", ""]), encoding="utf-8")


def _cut_off(copy: Path) -> None:
    path = copy / "planner/locale/da/LC_MESSAGES/planner.mo"
    path.write_bytes(path.read_bytes()[:-2000])


def _lost(copy: Path) -> None:
    (copy / "planner/examples/case-2-knee.toml").unlink()


def _other_zones(copy: Path) -> dict[str, str]:
    """Zone data that say they are newer, in which Copenhagen never changes its clocks."""
    folder = copy.parent / f"{copy.name}-zones"
    (folder / "Europe").mkdir(parents=True)
    (folder / "tzdata.zi").write_text("# version 2099z\n")
    shutil.copy(str(files("tzdata") / "zoneinfo" / "UTC"), folder / "Europe/Copenhagen")
    return {"PYTHONTZPATH": str(folder)}


def _old_package(copy: Path) -> None:
    """A package that is older than the planner asks for."""
    folder = copy / "holidays-0.1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: holidays\nVersion: 0.1\n")


def _no_room(copy: Path) -> dict[str, str]:
    return {"PLANNER_DATABASE": "/proc/register.db"}


def _spoilt_register(copy: Path) -> dict[str, str]:
    path = copy.parent / f"{copy.name}.db"
    path.write_text("garbage")
    return {"PLANNER_DATABASE": str(path)}


def _moved_away(copy: Path) -> dict[str, str]:
    """The program that runs is another copy than the one whose files were recorded."""
    _put("core/dosing/draw_up.py", "halves down", "halves up")(copy)
    kept = copy.parent / f"{copy.name}-recorded"
    kept.mkdir()
    for one in copy.glob("*.dist-info"):
        shutil.move(one, kept)
    return {"PYTHONPATH": f"{copy}{os.pathsep}{kept}"}


SABOTAGES = {
    "a figure in a protocol": Sabotage(
        _put("protocols/sts-150.toml", '">= 70"', '">= 60"'), ("files", "proof", "cases")
    ),
    "rules that overlap": Sabotage(
        _put("protocols/sts-150.toml", '"< 5"', '"< 6"'), ("files", "proof", "cases", "papers")
    ),
    "a file of cases that is broken": Sabotage(
        _put("cases/days.toml", "topic = ", "topic "), ("files", "cases")
    ),
    "a swapped font, packed again": Sabotage(_repackaged, ("files",)),
    "a swapped font": Sabotage(_swapped_font, ("files",)),
    "other zone data": Sabotage(_other_zones, ("zones",)),
    "a changed template": Sabotage(
        _put("templates/paper.typ", "{ top }", "{ bottom }"), ("files",)
    ),
    "a rounding patched in": Sabotage(
        _put(
            "core/dosing/draw_up.py",
            "lines = graduations(exact.ml, syringe.graduation_ml)",
            "lines = ceil(exact.ml / syringe.graduation_ml)",
        ),
        ("files", "cases"),
    ),
    "a broken locale": Sabotage(_cut_off, ("files", "languages")),
    "a file that is lost": Sabotage(_lost, ("files",)),
    "an old package": Sabotage(_old_package, ("versions",)),
    "a figure of the labels": Sabotage(
        _put("documents/labels.py", "{say.ml(volume)}{NBSP}", "{say.ml(volume * 10)}{NBSP}"),
        ("files", "papers"),
    ),
    "a figure of the worksheets": Sabotage(
        _put(
            "documents/worksheets.py", "say.ml(one.drawn_ml), bold", "say.ml(one.capacity_ml), bold"
        ),
        ("files",),
    ),
    "a calendar that tells": Sabotage(
        _put("documents/calendars.py", '("Appointment")', '("lesion")'), ("files", "calendars")
    ),
    "milligrams for millilitres": Sabotage(
        _put("documents/fhir.py", '_quantity(one.volume_ml, "mL")', '_quantity(one.dose_mg, "mL")'),
        ("files", "exchange"),
    ),
    "a published case": Sabotage(
        _put("cases/regimen.toml", 'regimen = "single"', 'regimen = "weekly"'), ("files", "cases")
    ),
    "a shortest interval": Sabotage(
        _put("protocols/sts-150.toml", "shortest_interval_days = 5", "shortest_interval_days = 4"),
        ("files", "cases"),
    ),
    "an event that is not written": Sabotage(
        _put("app/validation/writing.py", "print(len(", "print(9 + len("), ("files", "kill")
    ),
    "a copy beside what was installed": Sabotage(_moved_away, ("files",)),
    "no room for the register": Sabotage(_no_room, ("room",)),
    "a register that is none": Sabotage(_spoilt_register, ("room",)),
}


def main() -> int:
    """All sabotages, each by the whole command; 1 where one is not found."""
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        there = installed(wheel(folder))
        found = validated(copied(there, folder / "good"))
        print(f"a good copy: {found or 'holds'}", flush=True)
        failed += bool(found)
        for n, (title, sabotage) in enumerate(SABOTAGES.items()):
            copy = copied(there, folder / f"copy-{n}")
            env = sabotage.spoil(copy) or {}
            found = validated(copy, **env)
            print(f"{title}: {', '.join(found) or 'NOT FOUND'}", flush=True)
            failed += not found
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Each control of the hazard log taken away, one after the other, to see its tests fail.

    python -m tests.removals [HAZARD ...]

Copies the project, takes one control out of the copy (tests/removals.toml says how), runs the
tests of its hazard there, and tells what failed. Ends with 1 where nothing failed.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

from planner.files.hazards import hazards
from tests.conftest import ROOT

NOT_COPIED = shutil.ignore_patterns(".*", "node_modules", "build", "*.egg-info", "__pycache__")


class Removal(NamedTuple):
    """How a control is taken away: in a function of a file, a text and what stands in its place.

    What lies in no function is looked for in the whole file.
    """

    hazard: str
    where: str
    take: str
    put: str
    function: str = ""

    def place(self, text: str) -> str:
        """What of the file it is looked for in. Raises StopIteration for an unknown function."""
        return _function(text, self.function) if self.function else text

    def without(self, text: str) -> str:
        """The file without the control."""
        place = self.place(text)
        return text.replace(place, place.replace(self.take, self.put))


def _function(text: str, name: str) -> str:
    """A function of a module by its name, `Class.method`, as it stands there."""
    body: list[ast.stmt] = ast.parse(text).body
    for part in name.split("."):
        found = next(one for one in body if getattr(one, "name", None) == part)
        body = found.body  # type: ignore[attr-defined]
    lines = text.splitlines(keepends=True)
    return "".join(lines[found.lineno - 1 : found.end_lineno])


def removals() -> tuple[Removal, ...]:
    """All trials in their order."""
    table = tomllib.loads((ROOT / "tests" / "removals.toml").read_text(encoding="utf-8"))
    return tuple(Removal(**one) for one in table["removal"])


def copied(folder: Path) -> Path:
    """The project in a folder of its own, whole enough to run its tests there."""
    project = folder / "project"
    shutil.copytree(ROOT, project, symlinks=True, ignore=NOT_COPIED)
    # The installed package finds these here, not in the project that was copied.
    for name in ("docs", "templates"):
        (project / "planner" / name).symlink_to(f"../{name}")
    return project


def failures(project: Path, removal: Removal, tests: tuple[str, ...]) -> list[str]:
    """The tests that fail without the control."""
    path = project / removal.where
    kept = path.read_text(encoding="utf-8")
    path.write_text(removal.without(kept), encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-n", "0", "-q", "--tb=no", "-rf", *tests],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(project)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_text(kept, encoding="utf-8")
    return [line for line in done.stdout.splitlines() if line.startswith("FAILED")]


def main(wanted: list[str]) -> int:
    """Try each, and say it; the number of controls that nothing missed."""
    tests = {one.id: one.tests for one in hazards()}
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        project = copied(Path(folder))
        for removal in removals():
            if wanted and removal.hazard not in wanted:
                continue
            failed = failures(project, removal, tests[removal.hazard])
            missed += not failed
            said = failed[0].partition(" - ")[0] if failed else "NOTHING FAILED"
            print(f"{removal.hazard}, {removal.where}: {len(failed)} failed: {said}", flush=True)
    print(f"{missed} controls could be taken away unseen")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The workshop: types, style, imports, packaging and the README, so that nobody has to remember."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run


def sound(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.hazard("mg-for-ml")
def test_types_are_strict() -> None:
    sound(sys.executable, "-m", "mypy", "--strict", "planner")


def test_style() -> None:
    sound(sys.executable, "-m", "ruff", "check", ".")
    sound(sys.executable, "-m", "ruff", "format", "--check", ".")


@pytest.mark.hazard("data-leak")
def test_imports_point_one_way() -> None:
    sound(str(Path(sys.executable).parent / "lint-imports"), "--config", "setup.cfg")


def test_a_wheel_carries_templates_protocols_and_examples(tmp_path: Path) -> None:
    sound(
        sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "-q",
        "-w", str(tmp_path),
    )  # fmt: skip
    (wheel,) = tmp_path.glob("sts_course_planner-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "planner/templates/paper.html.j2",
        "planner/templates/common.typ",
        "planner/templates/paper.typ",
        "planner/templates/labels.typ",
        "planner/fonts/NotoSans-Regular.ttf",
        "planner/fonts/NotoSans-Bold.ttf",
        "planner/fonts/NotoSansMath-Regular.ttf",
        "planner/fonts/OFL.txt",
        "planner/locale/da/LC_MESSAGES/planner.mo",
        "planner/store/migrations/env.py",
        "planner/store/migrations/versions/v0001_history.py",
        "planner/templates/__init__.py",
        "planner/protocols/sts-150.toml",
        "planner/examples/case-2-knee.toml",
        "planner/hazards.toml",
        "planner/py.typed",
    } <= names


def test_every_command_has_help_with_an_example(planner: Run) -> None:
    from planner.cli.main import COMMANDS

    for name in COMMANDS:
        done = planner(name, "--help")
        assert done.returncode == 0
        assert "Example: planner" in done.stdout


README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    (command,) = re.findall(r"^python3 .*pytest.*$", README, re.MULTILINE)
    assert command in script


def readme_commands() -> list[str]:
    """The lines of the README that start with `$ planner`, with those that follow from `\\`."""
    text = README.replace("\\\n", " ")
    return re.findall(r"^\$ (planner .*)$", text, re.MULTILINE)


def test_the_readmes_commands_run(planner: Run, tmp_path: Path) -> None:
    assert len(readme_commands()) > 8
    for command in readme_commands():
        words, _, comment = command.partition("  # ")
        words, _, target = words.partition(" > ")
        expected = int(match[1]) if (match := re.search(r"exit (\d+)", comment)) else 0
        done = planner(*shlex.split(words)[1:], PLANNER_USER="Dr A. Holm")
        assert done.returncode == expected, f"{command}\n{done.stdout}{done.stderr}"
        if target:
            (tmp_path / target.strip()).write_text(done.stdout, encoding="utf-8")

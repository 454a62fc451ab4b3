"""The workshop: types, style, imports, packaging and the README, so that nobody has to remember."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
import zipfile
from configparser import ConfigParser
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


def test_the_order_of_imports_is_told_as_it_is_checked() -> None:
    checked = ConfigParser()
    checked.read(ROOT / "setup.cfg", encoding="utf-8")
    layers = checked["importlinter:contract:layers"]["layers"].split("\n")
    order = " -> ".join(f"`{one.replace('planner.', '')}`" for one in layers if one)
    assert order in (ROOT / "docs" / "programmer.md").read_text(encoding="utf-8")


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


def test_functions_are_small() -> None:
    """Half of them have at most 7 lines, nine of ten at most 20, none over 45."""
    nodes = [
        node
        for path in (ROOT / "planner").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    lines = sorted((node.end_lineno or 0) - node.lineno + 1 for node in nodes)
    assert lines[len(lines) // 2] <= 7
    assert lines[len(lines) * 9 // 10] <= 20
    assert lines[-1] <= 45


def bound(node: ast.AST) -> set[str]:
    """The names that a function binds inside, its parameters among them."""
    stored = {
        one.id for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }  # fmt: skip
    return stored | {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}


def test_said_is_a_function_and_nothing_else() -> None:
    """What a sentence is made by has one name; a variable of that name would hide it."""
    hiding = [
        f"{path.name}:{node.lineno}"
        for path in (ROOT / "planner").rglob("*.py")
        if re.search(r"^from planner.core.values.said import .*\bsaid\b", path.read_text(), re.M)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and "said" in bound(node)
    ]
    assert hiding == []


def test_no_rule_of_complexity_is_lifted() -> None:
    for path in (ROOT / "planner").rglob("*.py"):
        lifted = re.findall(r"noqa: *([A-Z0-9, ]+)", path.read_text(encoding="utf-8"))
        assert not [one for one in lifted if "C901" in one or "PLR09" in one], path


# Where a library's own types are wrong or missing, and what of it stands on the line.
FOREIGN_TYPES = {
    "core/roster/highs.py": ("highspy", r"highspy\.Highs\(\)"),
    "documents/ical.py": (
        "ics",
        r"class \w+\((Display)?(Alarm|Event|Calendar)(Serializer|\.Meta)?\)",
    ),
    "web/application.py": ("flask", r"page\.wsgi_app = "),
}


def test_types_are_ignored_only_where_a_library_has_them_wrong() -> None:
    used = set()
    for path in (ROOT / "planner").rglob("*.py"):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT / "planner").as_posix()
        assert not re.search(r"^\s*# *(mypy:|type: *ignore)", text, re.MULTILINE), path
        for line in re.findall(r"^.*# *type: *ignore.*$", text, re.MULTILINE):
            assert name in FOREIGN_TYPES, f"{name}: {line}"
            library, of_it = FOREIGN_TYPES[name]
            assert re.search(rf"^ *(from|import) {library}\b", text, re.MULTILINE), name
            assert re.search(of_it, line), f"{name}: {line}"
            used.add(name)
    assert used == {*FOREIGN_TYPES}


README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    (command,) = re.findall(r"^python3 .*pytest.*$", README, re.MULTILINE)
    assert command in script


# In the order in which a reader meets them: the front page, then one for each role.
PAGES = [ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in (
    "physician", "nurse", "secretary", "administrator", "series", "hazards"))]  # fmt: skip


def commands_of(page: Path) -> list[str]:
    """The lines of a page that start with `$ planner`, with those that follow from `\\`."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(r"^\$ (planner .*)$", text, re.MULTILINE)


def test_the_documentations_commands_run(planner: Run, tmp_path: Path) -> None:
    """In one folder, in the order of the pages; those of the front page alone first."""
    assert [len(commands_of(page)) > 0 for page in PAGES] == [True] * len(PAGES)
    for command in [command for page in PAGES for command in commands_of(page)]:
        words, _, comment = command.partition("  # ")
        words, _, target = words.partition(" > ")
        expected = int(match[1]) if (match := re.search(r"exit (\d+)", comment)) else 0
        done = planner(*shlex.split(words)[1:], PLANNER_USER="Dr A. Holm")
        assert done.returncode == expected, f"{command}\n{done.stdout}{done.stderr}"
        if target:
            (tmp_path / target.strip()).write_text(done.stdout, encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """What a link may lead to in a page: its headings, and what is named."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    named = re.findall(r'<a id="([^"]+)">', text)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings} | {*named}


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert len(pages) > 15
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = link.partition("#")
            if path.startswith("https:"):
                continue
            target = page.parent / path if path else page
            assert target.exists(), f"{page.name}: {link}"
            assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


def test_every_path_that_the_documentation_names_is_there() -> None:
    """`core/plan/pages.py` and the like: inside the package, or from the top."""
    for page in (ROOT / "docs").rglob("*.md"):
        for path in re.findall(
            r"`((?:\w+/)+\w+\.(?:py|toml|po))`", page.read_text(encoding="utf-8")
        ):
            if not {"NAME", "xx"} & set(re.split(r"[/.]", path)):
                found = (ROOT / path).exists() or (ROOT / "planner" / path).exists()
                assert found, f"{page.name}: {path}"

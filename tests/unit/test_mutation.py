"""The report on mutants: what it explains and what is mutated is there today."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

from tests import mutation
from tests.conftest import ROOT

SETTINGS = ConfigParser()
SETTINGS.read(ROOT / "setup.cfg", encoding="utf-8")
MUTATED = SETTINGS["mutmut"]["only_mutate"].split()


def sources() -> Iterator[Path]:
    for pattern in MUTATED:
        found = [*ROOT.glob(pattern.replace("*", "**/*.py") if "*" in pattern else pattern)]
        assert found, pattern
        yield from found


def functions(tree: ast.AST, before: str) -> Iterator[str]:
    """Those that are mutated: a property and the like is left as it is."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef) and not node.decorator_list:
            yield f"{before}.{node.name}"
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{before}.{node.name}")


def test_each_survivor_is_in_a_function_of_today() -> None:
    there = [
        name
        for path in sources()
        for name in functions(
            ast.parse(path.read_text(encoding="utf-8")),
            ".".join(path.relative_to(ROOT / "planner").with_suffix("").parts),
        )
    ]
    for one in mutation.explanations():
        assert any(re.fullmatch(one.function, name) for name in there), one.function


def test_an_explanation_is_of_what_a_line_became_not_of_all_that_changes_it() -> None:
    why = mutation.Explained("core.x", "len", "no matter")
    assert why.holds(mutation.Mutant("core", "x", 0, "-n = 1\n+n = len(a)"))
    assert not why.holds(mutation.Mutant("core", "x", 0, "-n = len(a)\n+n = None"))


def test_what_tries_the_mutants_is_there() -> None:
    for test in SETTINGS["mutmut"]["pytest_add_cli_args_test_selection"].split():
        assert (ROOT / test.partition("::")[0]).exists(), test


def test_a_mutant_is_found_in_the_room_that_it_is_in(tmp_path: Path) -> None:
    room = tmp_path / "core" / "plan"
    room.mkdir(parents=True)
    lived, caught = "x_doubled__mutmut_1", "x_doubled__mutmut_2"
    codes = {f"planner.core.plan.dose.{lived}": 0, f"planner.core.plan.dose.{caught}": 1}
    (room / "dose.py.meta").write_text(json.dumps({"exit_code_by_key": codes}), encoding="utf-8")
    (room / "dose.py").write_text(
        "def x_doubled__mutmut_orig(n):\n    return 2 * n\n\n\n"
        f"def {lived}(n):\n    return 3 * n\n\n\ndef {caught}(n):\n    return n\n",
        encoding="utf-8",
    )
    first, second = mutation.mutants(tmp_path)
    assert (first.module, first.function) == ("core.plan.dose", "doubled")
    assert first.change == "-return 2 * n\n+return 3 * n"
    assert second.change == ""

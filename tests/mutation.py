"""What became of the mutants that setup.cfg names, after `mutmut run`.

    python -m tests.mutation

A mutant is caught by the types or by a test. One that survives is explained in
tests/survivors.toml, by the function it is in and the line that it changes; the others are listed,
and the exit code is 1.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT

MUTANTS = ROOT / "mutants" / "planner"
# mutmut's own codes for what became of a mutant.
SURVIVED, UNTESTED, NOT_RUN, BY_TYPES = 0, 33, None, 37


class Mutant(NamedTuple):
    """One change: the function that it is in, as it is named there, and the lines of the change.

    `module` is its path below the package, dotted: `core.plan.checks`.
    """

    module: str
    function: str
    code: int | None
    change: str


def mutants(folder: Path = MUTANTS) -> Iterator[Mutant]:
    """All of them; the change of those that nothing caught."""
    for path in sorted(folder.rglob("*.py.meta")):
        module = ".".join(path.relative_to(folder).parts).removesuffix(".py.meta")
        codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        functions = _functions(path.with_suffix(""))
        for name, code in codes.items():
            mangled = name.rpartition(".")[2]
            function = re.sub(r"^x[_ǁ]|__mutmut_\d+$", "", mangled).replace("ǁ", ".")
            caught = code not in (SURVIVED, UNTESTED, NOT_RUN)
            change = "" if caught else _change(functions, mangled)
            yield Mutant(module, function, code, change)


def _functions(path: Path) -> dict[str, ast.FunctionDef]:
    """The functions of a module of mutants, methods included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {one.name: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}


def _change(functions: dict[str, ast.FunctionDef], mangled: str) -> str:
    original = re.sub(r"\d+$", "orig", mangled)
    texts = [ast.unparse(functions[name].body).splitlines() for name in (original, mangled)]  # type: ignore[arg-type]
    rows = difflib.unified_diff(*texts, lineterm="", n=0)
    return "\n".join(row for row in rows if row[0] in "+-" and row[:3] not in ("+++", "---"))


class Explained(NamedTuple):
    """Why a mutant may live: `change` is a pattern that its lines hold, not those that it had."""

    function: str
    change: str
    why: str

    def holds(self, mutant: Mutant) -> bool:
        """Whether it is about this mutant."""
        is_here = re.fullmatch(self.function, f"{mutant.module}.{mutant.function}") is not None
        made = "\n".join(row for row in mutant.change.splitlines() if row.startswith("+"))
        return is_here and re.search(self.change, made) is not None


def explanations() -> tuple[Explained, ...]:
    """Those of tests/survivors.toml."""
    table = tomllib.loads((ROOT / "tests" / "survivors.toml").read_text(encoding="utf-8"))
    return tuple(Explained(**one) for one in table["survivor"])


def main() -> int:
    """Print the score, and the survivors that nobody explained."""
    known, tally, open_ones = explanations(), Counter[str](), []
    for one in mutants():
        if one.code is NOT_RUN:
            tally["not run"] += 1
        elif one.code == BY_TYPES:
            tally["caught by types"] += 1
        elif one.code not in (SURVIVED, UNTESTED):
            tally["caught by a test"] += 1
        elif any(explained.holds(one) for explained in known):
            tally["survived, explained"] += 1
        else:
            tally["survived"] += 1
            open_ones.append(one)
    for one in open_ones:
        print(f"{one.module}.{one.function}\n{one.change}\n")
    for what, number in sorted(tally.items()):
        print(f"{number:6} {what}")
    if not tally:
        print("there are no mutants: run mutmut first")
        return 1
    caught = tally["caught by types"] + tally["caught by a test"]
    print(f"{caught / tally.total():.1%} of {tally.total()} caught")
    return int(bool(open_ones))


if __name__ == "__main__":
    sys.exit(main())

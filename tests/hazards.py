"""The hazard log and the tests' markers against one another, and the matrix of docs/hazards.md.

python -m tests.hazards     # writes the matrix anew
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from planner.files.hazards import LIKELIHOODS, Hazard, hazards
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "hazards.md"
BEGIN, END = "<!-- hazards: begin -->\n", "<!-- hazards: end -->\n"
Marks = Mapping[str, Sequence[str]]


def marked(folder: Path = ROOT / "tests") -> dict[str, list[str]]:
    """The hazards that each test function names, those without any included."""
    found = {}
    for path in sorted(folder.rglob("test_*.py")):
        name = path.relative_to(folder.parent).as_posix()
        for function in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                found[f"{name}::{function.name}"] = list(_named(function))
    return found


def _named(function: ast.FunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="hazard"), args=ids):
                yield from (one.value for one in ids if isinstance(one, ast.Constant))  # type: ignore[misc]


def stray(folder: Path = ROOT / "tests") -> Iterator[str]:
    """Files whose hazards stand where `marked` does not look: on a class, a module, a parameter."""
    for path in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        marks = [one for one in ast.walk(tree) if isinstance(one, ast.Attribute)]
        named = sum(one.attr == "hazard" and _is_mark(one.value) for one in marks)
        found = sum(
            isinstance(decorator, ast.Call) and decorator.func in marks
            for function in tree.body
            if isinstance(function, ast.FunctionDef)
            for decorator in function.decorator_list
            if isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr == "hazard"
        )
        if named != found:
            yield f"{path.name}: a hazard is marked elsewhere than at a test function"


def _is_mark(value: ast.expr) -> bool:
    return isinstance(value, ast.Attribute) and value.attr == "mark"


def faults(log: Sequence[Hazard], marks: Marks, root: Path = ROOT) -> Iterator[str]:
    """Where the log, the tests and the product disagree."""
    known = {one.id: one for one in log}
    if len(known) < len(log):
        yield "two hazards have one id"
    for one in log:
        yield from (f"{one.id}: {fault}" for fault in _faults(one, marks, root))
    for test, ids in marks.items():
        for hazard in ids:
            if hazard not in known:
                yield f"{test}: {hazard} is no hazard"
            elif test not in known[hazard].tests:
                yield f"{test}: {hazard} does not name it"


def _faults(one: Hazard, marks: Marks, root: Path) -> Iterator[str]:
    if not one.tests:
        yield "no test"
    if not one.controls:
        yield "no control"
    yield from _risk_faults(one)
    for control in one.controls:
        if not (root / control.where).is_file():
            yield f"{control.where} is not there"
    for test in one.tests:
        if test not in marks:
            yield f"{test} is not there"
        elif one.id not in marks[test]:
            yield f"{test} does not carry the id"


def _risk_faults(one: Hazard) -> Iterator[str]:
    risk = one.risk
    if not {risk.before, risk.with_controls} <= {*LIKELIHOODS}:
        yield "its risk is by no word of the scale"
    elif LIKELIHOODS.index(risk.with_controls) > LIKELIHOODS.index(risk.before):
        yield "its controls make it more likely"
    if risk.owner not in ("planner", "clinic") or risk.status not in ("controlled", "accepted"):
        yield "nobody answers for it, or nobody says how it stands"
    if bool(one.left) != (risk.status == "accepted"):
        yield "what is left and its status contradict one another"


def matrix(log: Sequence[Hazard]) -> str:
    """The hazards as a table: what, its risk, controls, tests."""
    rows = [
        "| hazard | risk, before and with | what stands against it | tests |",
        "|---|---|---|---|",
    ]
    for one in log:
        controls = "; ".join(f"{control.what} (`{control.where}`)" for control in one.controls)
        controls += f". **Left:** {one.left}" if one.left else ""
        tests = ", ".join(_link(test) for test in one.tests)
        name = f'<a id="{one.id}"></a>**{one.id}**: {one.hazard}'
        levels = (one.level(one.risk.before), one.level(one.risk.with_controls))
        risk = f"{one.severity}; {levels[0]}, {levels[1]} ({one.risk.owner}, {one.risk.status})"
        rows.append(f"| {name} | {risk} | {controls} | {tests} |")
    return "\n".join(rows) + "\n"


def _link(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../{path})"


def with_matrix(page: str, log: Sequence[Hazard]) -> str:
    """The page with the matrix of a log."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{matrix(log)}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_matrix(PAGE.read_text(encoding="utf-8"), hazards()), encoding="utf-8")

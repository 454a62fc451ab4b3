"""The best answer by HiGHS, for many visits at once; its package is an extra."""

from __future__ import annotations

from typing import Any

from planner.core.roster.choices import LEVELS, ImpossibleError, Model, NotProvenError

# For each level of the costs.
MOST_SECONDS = 60.0


def is_installed() -> bool:
    """Whether the package is there."""
    from importlib.util import find_spec

    return find_spec("highspy") is not None


def best_answer(model: Model) -> list[int]:
    """As `exact.best_answer`: each level of the costs is made least, then kept.

    Raises NotProvenError where a level takes longer, ImpossibleError as it does.
    """
    columns = [
        (place, n) for place, one in enumerate(model.choosers) for n in range(len(one.options))
    ]
    solver = _solver(model, columns)
    answer: list[float] = []
    for level in range(LEVELS):
        costs = [model.choosers[place].options[n].cost[level] for place, n in columns]
        if not answer or len({*costs}) > 1:
            answer = _least(solver, costs)
    chosen = [-1] * len(model.choosers)
    for (place, n), taken in zip(columns, answer, strict=True):
        if taken > 0.5:
            chosen[place] = n
    return chosen


def _least(solver: Any, costs: list[int]) -> list[float]:
    """The answer of least cost; from then on no other one costs more."""
    from highspy import HighsModelStatus

    for column, cost in enumerate(costs):
        solver.changeColCost(column, float(cost))
    solver.run()
    if solver.getModelStatus() == HighsModelStatus.kInfeasible:
        raise ImpossibleError
    if solver.getModelStatus() != HighsModelStatus.kOptimal:
        raise NotProvenError
    answer = list(solver.getSolution().col_value)
    least = sum(cost for cost, taken in zip(costs, answer, strict=True) if taken > 0.5)
    paid = [(column, float(cost)) for column, cost in enumerate(costs) if cost]
    if paid:
        _add_row(solver, float("-inf"), float(least), paid)
    return answer


def _solver(model: Model, columns: list[tuple[int, int]]) -> Any:
    """The model with its bounds; one thread, so that the same model has the same answer."""
    import highspy
    import numpy as np

    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 0.5),
        ("time_limit", MOST_SECONDS),
        # It calls some models infeasible that have an answer (HiGHS #3296, open with 1.15).
        ("presolve", "off"),
    ):
        solver.setOptionValue(name, value)
    count = len(columns)
    solver.addVars(count, np.zeros(count), np.ones(count))
    solver.changeColsIntegrality(
        count, np.arange(count), np.full(count, highspy.HighsVarType.kInteger)
    )
    rows: dict[int, list[tuple[int, float]]] = {}
    groups: dict[int, list[tuple[int, float]]] = {}
    for column, (place, n) in enumerate(columns):
        groups.setdefault(place, []).append((column, 1.0))
        for bound, amount in model.choosers[place].options[n].uses.items():
            rows.setdefault(bound, []).append((column, float(amount)))
    for group in groups.values():
        _add_row(solver, 1.0, 1.0, group)
    for bound, row in rows.items():
        if sum(amount for _, amount in row) > model.bounds[bound]:
            _add_row(solver, float("-inf"), float(model.bounds[bound]), row)
    return solver


def _add_row(solver: Any, least: float, most: float, row: list[tuple[int, float]]) -> None:
    import numpy as np

    places = np.array([column for column, _ in row], dtype=np.int32)
    amounts = np.array([amount for _, amount in row])
    solver.addRow(least, most, len(row), places, amounts)

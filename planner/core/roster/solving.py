"""The best answer of a model: exactly where that is quick, else by the solver that is installed."""

from __future__ import annotations

from planner.core.roster import exact, highs
from planner.core.roster.choices import Model, NotProvenError, holds, part_of, parts
from planner.errors import Problem, ServiceError

# With more visits than these the solver is quicker, where it is there.
MOST_EXACT = 8


def solved(model: Model) -> list[int]:
    """The place of the option that each visit takes, checked against every bound.

    Raises ImpossibleError where there is no answer, ServiceError where too many visits cross and no
    solver is there, or it runs out of time.
    """
    chosen = [-1] * len(model.choosers)
    for places in parts(model):
        for place, option in zip(places, _of_part(part_of(model, places)), strict=True):
            chosen[place] = option
    if not holds(model, chosen):
        raise AssertionError("an answer breaks the bounds that it was to keep")
    return chosen


def _of_part(part: Model) -> list[int]:
    crossing = f"{len(part.choosers)} visits cross"
    if len(part.choosers) > MOST_EXACT and highs.is_installed():
        return _by_highs(part, crossing)
    try:
        return exact.best_answer(part)
    except NotProvenError as error:
        if highs.is_installed():
            return _by_highs(part, crossing)
        problem = f"{crossing}, too many to go through one by one"
        fix = "pip install 'sts-course-planner[roster]', or change fewer days at once"
        raise ServiceError(Problem("", problem, fix)) from error


def _by_highs(part: Model, crossing: str) -> list[int]:
    try:
        return highs.best_answer(part)
    except NotProvenError as error:
        problem = f"{crossing}, and the solver found no best answer in time"
        raise ServiceError(Problem("", problem, "change fewer days at once")) from error

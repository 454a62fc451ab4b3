"""The best answer by going through all that can be better than the best one so far."""

from __future__ import annotations

from collections.abc import Sequence

from planner.core.roster.choices import (
    NO_COST,
    Cost,
    ImpossibleError,
    Model,
    NotProvenError,
    Option,
    plus,
)

# So many options are looked at before it is given up; some seconds.
MOST_STEPS = 3_000_000


def best_answer(model: Model, most_steps: int = MOST_STEPS) -> list[int]:
    """The place of the option that each visit takes.

    Raises NotProvenError after `most_steps`, ImpossibleError where there is no answer.
    """
    search = _Search(model, most_steps)
    search.go_on({*range(len(model.choosers))}, NO_COST)
    if search.best is None:
        raise ImpossibleError
    return [search.best[place] for place in range(len(model.choosers))]


class _Search:
    """Depth first: the visit that has most to lose comes first, its cheapest option before others.

    What is left costs at least what each visit would choose if it were alone.
    """

    def __init__(self, model: Model, most_steps: int) -> None:
        self.model = model
        self.steps = most_steps
        self.left = list(model.bounds)
        self.chosen: dict[int, int] = {}
        self.best: dict[int, int] | None = None
        self.best_cost: Cost = NO_COST
        self.cheapest_first = [_cheapest_first(one.options) for one in model.choosers]

    def go_on(self, open_ones: set[int], cost: Cost) -> None:
        """Try what is left; the answer so far costs `cost`."""
        if not open_ones:
            if self.best is None or cost < self.best_cost:
                self.best, self.best_cost = dict(self.chosen), cost
            return
        able = {place: self._able(place) for place in sorted(open_ones)}
        least = cost
        for place, options in able.items():
            if not options:
                return
            least = plus(least, self.model.choosers[place].options[options[0]].cost)
        if self.best is not None and least >= self.best_cost:
            return
        place = max(able, key=lambda one: self._regret(one, able[one]))
        there = self.model.choosers[place].options
        others = _less(least, there[able[place][0]].cost)
        for option in able[place]:
            paid = there[option].cost
            if self.best is not None and plus(others, paid) >= self.best_cost:
                # The options after it are dearer still.
                return
            self._take(place, option)
            self.go_on(open_ones - {place}, plus(cost, paid))
            self._give_back(place)

    def _able(self, place: int) -> list[int]:
        """The options of a visit for which there is room left, the cheapest first."""
        options = self.model.choosers[place].options
        self.steps -= len(options)
        if self.steps < 0:
            raise NotProvenError
        left = self.left
        return [
            n
            for n in self.cheapest_first[place]
            if all(amount <= left[bound] for bound, amount in options[n].uses.items())
        ]

    def _regret(self, place: int, able: Sequence[int]) -> tuple[Cost, int]:
        """What a visit loses if it does not get its cheapest option."""
        options = self.model.choosers[place].options
        if len(able) == 1:
            return (1 << 40, 0, 0, 0, 0), -place
        return _less(options[able[1]].cost, options[able[0]].cost), -place

    def _take(self, place: int, option: int) -> None:
        self.chosen[place] = option
        for bound, amount in self.model.choosers[place].options[option].uses.items():
            self.left[bound] -= amount

    def _give_back(self, place: int) -> None:
        option = self.chosen.pop(place)
        for bound, amount in self.model.choosers[place].options[option].uses.items():
            self.left[bound] += amount


def _cheapest_first(options: Sequence[Option]) -> list[int]:
    return sorted(range(len(options)), key=lambda n: options[n].cost)


def _less(one: Cost, other: Cost) -> Cost:
    a, b, c, d, e = one
    f, g, h, i, j = other
    return a - f, b - g, c - h, d - i, e - j

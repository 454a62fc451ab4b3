"""A choice for each of many visits, within bounds that they share: what solvers work on.

Each visit takes exactly one of its options. An option has a cost and takes amounts out of shared
bounds: room at a moment, or the distance between two visits. Costs are compared level by level.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

# What makes one answer better than another, the weightiest first: visits without a day, before
# those of which some is put off; visits moved, those whose patients were told of them before; days;
# hours; a throw of dice, so that one answer is the best whatever order the visits come in.
Cost = tuple[int, int, int, int, int]
LEVELS = 5
NO_COST: Cost = (0, 0, 0, 0, 0)


class Option(NamedTuple):
    """A start for a visit, None for no day; `uses` says how much of which bounds it takes."""

    start: datetime | None
    cost: Cost
    uses: Mapping[int, int]


class Chooser(NamedTuple):
    """A visit with its options; `key` tells it from all others."""

    key: tuple[str, int]
    options: tuple[Option, ...]


class Model(NamedTuple):
    """All visits that are laid out together; `bounds` say how much there is."""

    choosers: tuple[Chooser, ...]
    bounds: tuple[int, ...]


class NotProvenError(Exception):
    """The best answer was not found within the steps or the time that there are."""


class ImpossibleError(Exception):
    """There is no answer: some visit has no option that is left to it."""


def plus(one: Cost, other: Cost) -> Cost:
    """The sum of two costs, level by level."""
    a, b, c, d, e = one
    f, g, h, i, j = other
    return a + f, b + g, c + h, d + i, e + j


def total(model: Model, chosen: Sequence[int]) -> Cost:
    """What an answer costs: the place of the option that each visit takes."""
    cost = NO_COST
    for one, place in zip(model.choosers, chosen, strict=True):
        cost = plus(cost, one.options[place].cost)
    return cost


def holds(model: Model, chosen: Sequence[int]) -> bool:
    """Whether an answer stays within all bounds, counted in whole numbers."""
    if len(chosen) != len(model.choosers):
        return False
    used = [0] * len(model.bounds)
    for one, place in zip(model.choosers, chosen, strict=True):
        if not 0 <= place < len(one.options):
            return False
        for bound, amount in one.options[place].uses.items():
            used[bound] += amount
    return all(there <= most for there, most in zip(used, model.bounds, strict=True))


def parts(model: Model) -> Iterator[list[int]]:
    """The visits that share bounds with one another, group by group, each by its place."""
    first_of: dict[int, int] = {}
    leader = list(range(len(model.choosers)))

    def find(place: int) -> int:
        while leader[place] != place:
            leader[place] = leader[leader[place]]
            place = leader[place]
        return place

    for place, one in enumerate(model.choosers):
        for bound in {each for option in one.options for each in option.uses}:
            there = first_of.setdefault(bound, place)
            leader[find(place)] = find(there)
    groups: dict[int, list[int]] = {}
    for place in range(len(model.choosers)):
        groups.setdefault(find(place), []).append(place)
    yield from groups.values()


def part_of(model: Model, places: Iterable[int]) -> Model:
    """A model of some of the visits alone; others share no bound with them."""
    return Model(tuple(model.choosers[one] for one in places), model.bounds)

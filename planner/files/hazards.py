"""The hazard log: what may go wrong, how, for whom, and what stands against it."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import NamedTuple


class Control(NamedTuple):
    """What in the product stands against a hazard, and in which file."""

    what: str
    where: str


class Hazard(NamedTuple):
    """One hazard; its tests are `file::function`; `left` is what no control reaches, if known."""

    id: str
    hazard: str
    how: str
    harm: str
    controls: tuple[Control, ...]
    tests: tuple[str, ...]
    left: str = ""


def hazards() -> tuple[Hazard, ...]:
    """The hazard log in its order."""
    table = tomllib.loads(files("planner").joinpath("hazards.toml").read_text(encoding="utf-8"))
    return tuple(
        Hazard(
            one["id"],
            one["hazard"],
            one["how"],
            one["harm"],
            tuple(Control(**control) for control in one["control"]),
            tuple(one["tests"]),
            one.get("left", ""),
        )
        for one in table["hazard"]
    )

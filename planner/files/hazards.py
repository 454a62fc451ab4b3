"""The hazard log: what may go wrong, how, for whom, and what stands against it."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import NamedTuple


class Control(NamedTuple):
    """What in the product stands against a hazard, and in which file."""

    what: str
    where: str


class Risk(NamedTuple):
    """How likely the harm is before the controls and with them, by the scale of hazards.toml."""

    before: str
    with_controls: str
    owner: str
    status: str


# How bad a harm and how likely: as hazards.toml has the words.
SEVERITIES = ("minor", "serious", "severe")
LIKELIHOODS = ("rare", "unlikely", "possible", "likely")


class Hazard(NamedTuple):
    """One hazard; its tests are `file::function`; `left` is what no control reaches, if known."""

    id: str
    hazard: str
    how: str
    harm: str
    risk: Risk
    controls: tuple[Control, ...]
    tests: tuple[str, ...]
    left: str = ""

    @property
    def severity(self) -> str:
        """The worst that may come of it."""
        return next(one for one in reversed(SEVERITIES) if f", {one}" in self.harm)

    def level(self, likelihood: str) -> str:
        """`low`, `moderate` or `high`: how bad it is, and how likely."""
        bad, often = SEVERITIES.index(self.severity), LIKELIHOODS.index(likelihood)
        if often == 0 or bad + often <= 1:
            return "low"
        return "high" if bad + often >= 4 else "moderate"


def _risk(table: dict[str, str]) -> Risk:
    return Risk(table["before"], table["with"], table["owner"], table["status"])


def hazards() -> tuple[Hazard, ...]:
    """The hazard log in its order."""
    table = tomllib.loads(files("planner").joinpath("hazards.toml").read_text(encoding="utf-8"))
    return tuple(
        Hazard(
            one["id"],
            one["hazard"],
            one["how"],
            one["harm"],
            _risk(one["risk"]),
            tuple(Control(**control) for control in one["control"]),
            tuple(one["tests"]),
            one.get("left", ""),
        )
        for one in table["hazard"]
    )

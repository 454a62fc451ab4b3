"""What a validation checks: its steps, and what is known beforehand."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from planner.files.bundled import own_file

Part = Literal["installation", "operation", "performance"]


class ValidationStep(NamedTuple):
    """One check: how it is made, and what has to come out."""

    id: str
    part: Part
    title: str
    how: str
    expected: str


class Checked(NamedTuple):
    """A step that was made, what was seen, and each difference; none where it holds."""

    step: ValidationStep
    seen: str
    differences: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether it came out as it has to."""
        return not self.differences


class ValidationProtocol(NamedTuple):
    """The steps in their order, with the zones and words that are known beforehand."""

    version: str
    steps: tuple[ValidationStep, ...]
    zones: tuple[dict[str, Any], ...]
    words: tuple[dict[str, Any], ...]


def validation_protocol() -> ValidationProtocol:
    """The bundled protocol of `planner validate`. Raises RefusedError where it is spoilt."""
    with own_file("protocols/validation.toml"):
        text = (files("planner") / "protocols" / "validation.toml").read_text(encoding="utf-8")
        table = tomllib.loads(text)
        steps = tuple(ValidationStep(**one) for one in table["step"])
        zones, words = tuple(table["zone"]), tuple(table["words"])
        return ValidationProtocol(table["version"], steps, zones, words)

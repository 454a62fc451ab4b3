"""Options of one lesion each: `--lesion A --pain-before 3 --lesion B --pain-before 5`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import click

from planner.errors import Problem, UsageError

_ORDER = "planner.order"
_OPTIONS = {
    "lesion": ("--lesion", "L", "The lesion's id; again for each."),
    "dose": ("--dose", "MG", "What it was given, in mg."),
    "ml": ("--ml", "ML", "What it was given, in mL of the protocol's strength."),
    "pain_before": ("--pain-before", "N", "Pain before it, 0 to 10."),
    "pain_after": ("--pain-after", "N", "Pain after it, 0 to 10."),
    "complication": ("--complication", "TEXT", "What went wrong, or none."),
}


class InOrder(click.Command):
    """A command that remembers in which order its options were given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as any command does, and keep the order."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta[_ORDER] = [one.name for one in order]
        return super().parse_args(ctx, args)


class OfLesion(NamedTuple):
    """What was said of one lesion; of none where no lesion was named."""

    lesion: str | None
    dose: str | None = None
    ml: str | None = None
    pain_before: str | None = None
    pain_after: str | None = None
    complication: str | None = None


def each_lesion_options(command: Any) -> Any:
    """The options that are of the lesion named before them."""
    for name, metavar, text in reversed(_OPTIONS.values()):
        command = click.option(name, metavar=metavar, multiple=True, help=text)(command)
    return command


def by_lesion(**values: tuple[str, ...]) -> list[OfLesion]:
    """What was said of each lesion, in their order; with one lesion the order does not matter."""
    names = [one for one in click.get_current_context().meta[_ORDER] if one in _OPTIONS]
    left = {name: iter(values[name]) for name in _OPTIONS}
    said = [(name, next(left[name])) for name in names]
    if len(values["lesion"]) == 1:
        said.sort(key=lambda one: one[0] != "lesion")
    return [_group(one) for one in _groups(said)]


def noted_in_order(observe: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """What was noted, each with the lesion named before it; of the whole visit, if none was."""
    values, found, lesion = iter(observe), [], None
    lesions = iter(click.get_current_context().params["lesion"])
    for name in click.get_current_context().meta[_ORDER]:
        if name == "lesion":
            lesion = next(lesions)
        elif name == "observe":
            found.append((next(values), lesion))
    return found


def _groups(said: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    group: list[tuple[str, str]] = []
    for name, value in said:
        if name == "lesion" and group:
            yield group
            group = []
        group.append((name, value))
    if group:
        yield group


def _group(said: Sequence[tuple[str, str]]) -> OfLesion:
    found: dict[str, str] = {}
    for name, value in said:
        if name in found:
            problem = "it is given twice for one lesion"
            raise UsageError(Problem(_OPTIONS[name][0], problem, "name the lesion before each"))
        found[name] = value
    return OfLesion(found.pop("lesion", None), **found)


def check_groups(groups: Sequence[OfLesion], amounts: Mapping[str | None, object]) -> None:
    """Refuse what is of no lesion beside one that is, a lesion named twice, one without a dose."""
    names = [one.lesion for one in groups]
    if len(names) > 1 and None in names:
        problem = "dose, pain and complication are of one lesion"
        raise UsageError(Problem("--lesion", problem, "name it before them"))
    for name in names:
        if names.count(name) > 1:
            raise UsageError(Problem("--lesion", f"{name} is named twice", "keep one"))
    if amounts and None in amounts:
        raise UsageError(Problem("--lesion", "a dose is of one lesion", "name it"))
    for name, amount in amounts.items():
        if amount is None:
            fix = "give --dose or --ml after each --lesion"
            raise UsageError(Problem("--lesion", f"{name} has no dose", fix))

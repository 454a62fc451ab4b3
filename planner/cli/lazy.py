"""Groups of commands: a problem of a field is one of its option; modules load when called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import click

from planner.errors import PlannerError, Problem, UsageError


class FieldGroup(click.Group):
    """Commands whose options say what is wrong with a field."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it finds wrong with a field is said of the option that has it."""
        try:
            return super().invoke(ctx)
        except PlannerError as error:
            name = ctx.invoked_subcommand or ""
            command = self.get_command(ctx, name)
            flags = _flags(command) if command is not None else {}
            rename_fields(error, flags)
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command and what it is given: once, where it takes one value."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            given = click.Context(command, ctx, name, **command.context_settings)
            _check_given_once(command.make_parser(given).parse_args(list(rest))[2])
        return name, command, rest


class LazyGroup(FieldGroup):
    """Commands by their names, each with the module that has a command of that name.

    A name that Python takes for itself stands in its module with a `_` after it.
    """

    def __init__(self, *args: Any, modules: dict[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them, in their order."""
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them, loaded."""
        if cmd_name not in self.modules:
            return None
        module = import_module(self.modules[cmd_name])
        name = cmd_name.replace("-", "_")
        command = getattr(module, f"{name}_", None) or getattr(module, name)
        assert isinstance(command, click.Command)
        return command


def _flags(command: click.Command) -> dict[str, str]:
    """The options of a command by the fields that they give: `size_mm` is `--size-mm`."""
    names = [
        one for param in command.params if isinstance(param, click.Option) for one in param.opts
    ]
    return {one.removeprefix("--").replace("-", "_"): one for one in names}


def _check_given_once(order: Sequence[click.Parameter]) -> None:
    """Refuse an option of one value that is given again: the last would silently win."""
    for one in order:
        takes_one = isinstance(one, click.Option) and not (one.multiple or one.is_flag)
        if takes_one and order.count(one) > 1:
            raise UsageError(Problem("", f"{one.opts[0]} is given twice", "keep one"))


def rename_fields(error: PlannerError, names: Mapping[str, str]) -> None:
    """Say what is wrong with a field of what it is called where somebody gave it."""

    def renamed(place: str) -> str:
        field, colon, rest = place.partition(":")
        return names.get(field, field) + colon + rest

    error.problems = tuple(replace(one, place=renamed(one.place)) for one in error.problems)

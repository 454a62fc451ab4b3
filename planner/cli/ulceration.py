"""The two options that say whether a lesion is ulcerated; never both, never a guess."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from planner.errors import Problem, UsageError

T = TypeVar("T")
_OPTIONS = ("--ulcerated", "--not-ulcerated")


def ulceration_option(*, must: bool) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """`ulcerated`: True, False, or None where nothing was said and it `must` not be."""

    def with_options(command: Callable[..., T]) -> Callable[..., T]:
        @click.option(_OPTIONS[0], "is_ulcerated", is_flag=True, help="It is ulcerated.")
        @click.option(_OPTIONS[1], "is_intact", is_flag=True, help="It is not.")
        @wraps(command)
        def wrapped(*first: Any, is_ulcerated: bool, is_intact: bool, **own: Any) -> T:
            if is_ulcerated and is_intact:
                problem = f"{' and '.join(_OPTIONS)} were both given"
                raise UsageError(Problem("", problem, "keep one"))
            if must and not (is_ulcerated or is_intact):
                fix = f"give {' or '.join(_OPTIONS)}"
                raise UsageError(Problem("", "ulceration is not said", fix))
            said = is_ulcerated if is_ulcerated or is_intact else None
            return command(*first, ulcerated=said, **own)

        return wrapped

    return with_options

"""Every error of ours: the place, the problem, the fix, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar


class FieldError(ValueError):
    """What is wrong with a value, and the fix."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}; {fix}")
        self.problem = problem
        self.fix = fix


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: its place, what is wrong there, and the fix."""

    place: str
    problem: str
    fix: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.problem}" if self.place else self.problem
        return f"{text}; {self.fix}" if self.fix else text


class PlannerError(Exception):
    """The base of all errors that a user is shown, each without a traceback."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems: tuple[Problem, ...] = problems


class UsageError(PlannerError):
    """The command was called in a way that it does not offer."""

    exit_code = 2


class InputError(PlannerError):
    """A course, clinic, plan or busy file is wrong, or a value that was asked for is."""

    exit_code = 10


class NoRoomError(InputError):
    """A time that was asked for is taken: the clinic is open then, and full."""


class ProtocolError(PlannerError):
    """A protocol is wrong; nothing is planned by it."""

    exit_code = 11


class NotConfirmedError(PlannerError):
    """The plan has errors, or asks for confirmations that nobody gave."""

    exit_code = 12


class RefusedError(PlannerError):
    """What stands already says something else, and is not overwritten."""

    exit_code = 13


class NotAllowedError(RefusedError):
    """Somebody may not do that, as what they are."""


class NotFoundError(RefusedError):
    """There is no such course, clinic, visit or page."""


class MovedOnError(RefusedError):
    """Somebody else changed what was to be changed, since it was read."""


class ServiceError(PlannerError):
    """Something outside (a disk, a server) failed."""

    exit_code = 14


def raise_if_any(kind: type[PlannerError], problems: Iterable[Problem]) -> None:
    """Raise all problems as one error, so that a file is mended in one round."""
    found = tuple(problems)
    if found:
        raise kind(*found)


class Noted:
    """What is wrong with the parts of an input, kept so that it is told together."""

    def __init__(self, *problems: Problem) -> None:
        self.problems: list[Problem] = [*problems]
        self._kind: type[PlannerError] = InputError

    @contextmanager
    def noting(self, prefix: str = "") -> Iterator[None]:
        """Keep what is wrong with a part, after a file's name as `located` puts it, and go on."""
        try:
            with located(prefix):
                yield
        except (InputError, ProtocolError) as error:
            self.problems += error.problems
            # A wrong protocol is told by the exit code, whatever else is wrong.
            self._kind = ProtocolError if isinstance(error, ProtocolError) else self._kind

    def check(self) -> None:
        """Raise what was kept as one error, if anything was."""
        raise_if_any(self._kind, self.problems)


@contextmanager
def located(prefix: str) -> Iterator[None]:
    """Put a file's name before the places of the problems that are raised inside, if it has one."""
    try:
        yield
    except (InputError, ProtocolError) as error:
        if not prefix:
            raise
        raise type(error)(
            *(
                replace(problem, place=f"{prefix}: {problem.place}" if problem.place else prefix)
                for problem in error.problems
            )
        ) from error

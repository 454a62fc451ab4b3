"""What ships with the planner: protocols and examples, by their names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from planner.errors import InputError, PlannerError, Problem, RefusedError

_PACKAGE = Path(__file__).parent.parent
# What a course is planned by that names none.
DEFAULT_PROTOCOL = "sts-150"
# What stands beside the protocols of treatment: that of a validation.
_NO_TREATMENT = ("validation",)


@contextmanager
def own_file(name: str) -> Iterator[None]:
    """Say of a file that ships with the planner what is wrong with it. Raises RefusedError."""
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, AttributeError, PlannerError) as error:
        problem = f"it is not as it was installed ({type(error).__name__}: {error})"
        raise RefusedError(Problem(name, problem, "install the planner anew")) from error


def bundled_protocols() -> list[str]:
    """The names of the bundled protocols."""
    there = (path.stem for path in (_PACKAGE / "protocols").glob("*.toml"))
    return sorted(one for one in there if one not in _NO_TREATMENT)


def protocol_path(name: str, beside: Path | None = None) -> Path:
    """The file of a bundled protocol, or of a path, relative to the folder `beside`."""
    if name in bundled_protocols():
        return _PACKAGE / "protocols" / f"{name}.toml"
    return (beside or Path()) / name


def starting_protocol() -> str:
    """The text of a protocol file to start from."""
    return (_PACKAGE / "protocols" / "start.txt").read_text(encoding="utf-8")


def bundled_examples() -> list[str]:
    """The names of the bundled example files."""
    return sorted(path.stem for path in (_PACKAGE / "examples").glob("*.toml"))


def example_text(name: str) -> str:
    """The text of a bundled example. Raises InputError for an unknown name."""
    if name not in bundled_examples():
        fix = f"there are {', '.join(bundled_examples())}"
        raise InputError(Problem("", f"no example is called {name!r}", fix))
    return (_PACKAGE / "examples" / f"{name}.toml").read_text(encoding="utf-8")

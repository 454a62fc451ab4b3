"""`planner example`: the bundled course and clinic files."""

from __future__ import annotations

import click

from planner.files.bundled import bundled_examples, example_text


@click.command()
@click.argument("name", required=False)
def example(name: str | None) -> None:
    """Print a bundled course or clinic file; without a name, their names.

    Example: planner example case-2-knee > course.toml
    """
    click.echo("\n".join(bundled_examples()) if name is None else example_text(name).rstrip("\n"))

"""`planner schema`: JSON Schemas of the files, for editors."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("kind", type=click.Choice(["course", "clinic"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of course or clinic files, so that an editor completes them.

    Example: planner schema course > course.schema.json
    """
    from planner.files.clinic import ClinicFile
    from planner.files.course import CourseFile

    model = CourseFile if kind == "course" else ClinicFile
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(by_alias=True),
    }
    click.echo(json.dumps(described, indent=2, ensure_ascii=False))

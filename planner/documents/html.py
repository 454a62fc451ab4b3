"""The treatment sheet as one self-contained page that a browser prints."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from planner.documents.view import Sheet


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("planner.templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def sheet_html(sheet: Sheet) -> bytes:
    """The treatment sheet; nothing in it is loaded from anywhere."""
    return _environment().get_template("treatment-sheet.html.j2").render(sheet=sheet).encode()

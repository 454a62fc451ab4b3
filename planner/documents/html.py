"""Papers as one self-contained page that a browser shows and prints."""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from planner.core.values.formatting import NBSP
from planner.documents.paper import Block, Paper

# A figure and its unit stay on one line; browsers would break "mg/mL".
_FIGURE = re.compile(rf"([+\-±]?\d[\d.,]*{NBSP}(?:mg/mL|mg|mL|mm|%))")


def paper_html(paper: Paper) -> bytes:
    """A paper; nothing in it is loaded from anywhere."""
    template = _environment().get_template("paper.html.j2")
    return template.render(paper=paper, page=_page(paper.identity.page)).encode()


def _figures(text: str) -> Markup:
    """The text with each figure kept together."""
    parts = _FIGURE.split(text)
    return Markup("").join(
        Markup('<span class="figures">{}</span>').format(part) if index % 2 else escape(part)
        for index, part in enumerate(parts)
    )


def _page(words: str) -> str:
    """`"Page " counter(page) " of " counter(pages)`: for browsers that print page margins."""
    before, between = words.split("{n}")
    between, after = between.split("{of}")
    return f'"{before}" counter(page) "{between}" counter(pages) "{after}"'


def _kind(block: Block) -> str:
    return type(block).__name__


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("planner.templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figures": _figures, "kind": _kind}
    return environment

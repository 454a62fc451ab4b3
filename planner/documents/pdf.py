"""Papers as PDF by Typst: tagged, archivable, the same bytes for the same paper and time.

The template is code of ours, the paper is data beside it: no text of a paper is ever run.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.core.values.records import every_field, plain
from planner.core.values.said import said
from planner.documents.labels import LabelSheets
from planner.documents.paper import Block, Identity, Paper, Section
from planner.errors import InputError, Problem

if TYPE_CHECKING:
    import typst

_STANDARDS: list[Any] = ["ua-1", "a-2a"]
_OVERFLOW = re.compile(r"assertion failed: label (\d+) does not fit")
_MISSING = re.compile(r'the text `"(.+?)"` could not be displayed')


class MissingGlyphError(InputError):
    """Characters that the papers' fonts lack; who knows their places names them."""

    def __init__(self, characters: Sequence[str]) -> None:
        super().__init__(lack("", characters))
        self.characters = characters


class LabelOverflowError(ValueError):
    """A label, counted from 1, that cannot hold its text in letters of the least size."""

    def __init__(self, number: int) -> None:
        super().__init__(f"label {number} is too small for its text")
        self.number = number


def lack(place: str, characters: Sequence[str]) -> Problem:
    """That the papers lack letters, and what to do."""
    names = ", ".join(_named(one) for one in characters)
    fix = said("write it in Latin, Greek or Cyrillic letters")
    return Problem(place, said("the papers have no letter for {names}", names=names), fix)


def _named(character: str) -> str:
    point = f"U+{ord(character[0]):04X}"
    return f'"{character}" ({point})' if character.isprintable() else point


def paper_pdf(paper: Paper, stamp: datetime) -> bytes:
    """A paper. Raises MissingGlyphError for characters that the papers' fonts lack."""
    return _compiled("paper.typ", _data(paper), stamp)


def report_pdf(
    title: str, running: str, issue: str, blocks: Iterable[Block], stamp: datetime
) -> bytes:
    """A paper that is of no course: English, A4, its pages counted; as `paper_pdf`."""
    who = Identity(title, "", "", "", "page {n} of {of}")
    section = Section(running, issue, tuple(blocks))
    return paper_pdf(Paper(title, "", "en", "A4", who, (section,)), stamp)


def labels_pdf(labels: LabelSheets, stamp: datetime) -> bytes:
    """Sheets of labels; as `paper_pdf`. Raises LabelOverflowError where a label is too small."""
    return _compiled("labels.typ", _data(labels), stamp)


def _compiled(template: str, data: Any, stamp: datetime) -> bytes:
    import typst

    at = {
        name: getattr(stamp, name) for name in ("year", "month", "day", "hour", "minute", "second")
    }
    try:
        made = _compiler().compile(
            _source(template),
            format="pdf",
            pdf_standards=_STANDARDS,
            sys_inputs={"paper": json.dumps(data), "at": json.dumps(at)},
        )
    except typst.TypstError as error:
        if overflow := _OVERFLOW.search(error.diagnostic):
            raise LabelOverflowError(int(overflow[1])) from error
        missing = {_unescaped(one) for one in _MISSING.findall(error.diagnostic)}
        if not missing:
            raise
        raise MissingGlyphError(sorted(missing)) from error
    if not isinstance(made, bytes):
        raise TypeError("one PDF was asked for")
    return made


def _unescaped(shown: str) -> str:
    """A text as Typst's messages quote it, plain: `\\u{e000}` is one character."""
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), shown)


@cache
def _source(template: str) -> bytes:
    folder = files("planner.templates")
    return (folder / "common.typ").read_bytes() + (folder / template).read_bytes()


# A compiler serves one thread alone: another that asks it meanwhile is refused.
_OF_THREAD = threading.local()


def _compiler() -> typst.Compiler:
    import typst

    if not hasattr(_OF_THREAD, "compiler"):
        _OF_THREAD.compiler = typst.Compiler(font_paths=_fonts())
    made: typst.Compiler = _OF_THREAD.compiler
    return made


@cache
def _fonts() -> typst.Fonts:
    import typst

    folder = Path(str(files("planner") / "fonts"))
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
    )


def _data(paper: Any) -> Any:
    """A paper as its template reads it: each record with its kind. All of it is text already."""
    return plain(paper, _no_leaf, _with_kind)


def _with_kind(record: Any) -> Iterator[tuple[str, Any]]:
    yield "kind", type(record).__name__
    yield from every_field(record)


def _no_leaf(value: Any) -> Any:
    return value

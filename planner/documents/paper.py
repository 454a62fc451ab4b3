"""What papers are made of: blocks of finished strings, the same for HTML and PDF.

A paper is built once; both writers print every string of it, so that they cannot differ in a
token. Lengths are millimetres.
"""

from __future__ import annotations

from collections.abc import Iterable
from string import Formatter
from typing import Literal, NamedTuple

ROW_TO_WRITE_MM = 12
SIGNATURE_MM = 16  # 44 pt


class Span(NamedTuple):
    """A run of text in one weight."""

    text: str
    bold: bool = False


Line = tuple[Span, ...]


class Tick(NamedTuple):
    """A box to tick, or ticked, that never parts from its text."""

    text: str
    ticked: bool = False


class Figure(NamedTuple):
    """A drawing (SVG) with the text that stands for it; its height follows from its width."""

    svg: str
    alt: str
    width_mm: int


class Cell(NamedTuple):
    """A cell of a table: lines of text, then boxes to tick, then a drawing.

    A cell `to_write` in has its content at its foot, so that there is room for a pen above it.
    """

    lines: tuple[Line, ...] = ()
    ticks: tuple[Tick, ...] = ()
    figure: Figure | None = None
    columns: int = 1
    to_write: bool = False


class Row(NamedTuple):
    """A row; a `band` heads the rows below it. `height_mm` is the least, 0 what its text takes."""

    cells: tuple[Cell, ...]
    height_mm: int = 0
    band: bool = False


class Heading(NamedTuple):
    """A heading of level 1 (the paper) or 2."""

    text: str
    level: Literal[1, 2] = 2


class Paragraph(NamedTuple):
    """Running text."""

    line: Line
    small: bool = False


class Bullets(NamedTuple):
    """Short points."""

    items: tuple[str, ...]


class Facts(NamedTuple):
    """Names with values; a line to write on where the value is empty."""

    rows: tuple[tuple[str, str], ...]


class Ticks(NamedTuple):
    """Boxes to tick behind a lead."""

    lead: str
    ticks: tuple[Tick, ...]


class Strip(NamedTuple):
    """Framed text that nobody may overlook; boxes to tick end its last line."""

    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...] = ()


class Table(NamedTuple):
    """A table whose head repeats on each page. A width of 0 takes an equal part of the rest.

    Whoever signs below it sees its last row on the same page.
    """

    head: tuple[str, ...]
    widths_mm: tuple[int, ...]
    rows: tuple[Row, ...]
    signatures: tuple[str, ...] = ()


class Blanks(NamedTuple):
    """Lines to write on, each behind its name."""

    labels: tuple[str, ...]


class Signatures(NamedTuple):
    """Lines to sign on, side by side, each above its name."""

    labels: tuple[str, ...]


class Columns(NamedTuple):
    """Blocks side by side; the right ones in `right_mm`, the left ones in the rest."""

    left: tuple[Block, ...]
    right: tuple[Block, ...]
    right_mm: int


class Address(NamedTuple):
    """Lines that the window of an envelope shows."""

    lines: tuple[str, ...]


class Together(NamedTuple):
    """Blocks that no page break divides."""

    blocks: tuple[Block, ...]


Block = (
    Heading
    | Paragraph
    | Bullets
    | Facts
    | Ticks
    | Strip
    | Table
    | Blanks
    | Signatures
    | Columns
    | Together
    | Address
    | Figure
)


class Identity(NamedTuple):
    """What stands on every page; `label` asks for the patient's label where one is needed."""

    course: str
    mark: str
    patient: str
    label: str
    page: str


class Section(NamedTuple):
    """Pages of a paper that belong together; `running` and `issue` stand on each of them.

    Pages are counted within sections of one `group` that follow one another. In a pack for several
    patients each section has its own `identity`, else that of the paper.
    """

    running: str
    issue: str
    blocks: tuple[Block, ...]
    group: str = ""
    identity: Identity | None = None


class Paper(NamedTuple):
    """A paper of one or more sections, each from a new page on; `mark` says what kind of issue."""

    title: str
    mark: str
    language: str
    size: Literal["A4", "Letter"]
    identity: Identity
    sections: tuple[Section, ...]


def text(words: str, *, bold: bool = False) -> Line:
    """A line of one weight."""
    return (Span(words, bold),)


def mixed(template: str, **bold: str) -> Line:
    """A line with its places filled in bold: `mixed("Draw {volume}.", volume="0.08 mL")`."""
    spans = []
    for words, place, _, _ in Formatter().parse(template):
        spans += [Span(words)] if words else []
        spans += [Span(bold[place], bold=True)] if place else []
    return tuple(spans)


def blank(unit: str = "") -> Cell:
    """A cell to write a number in, before its unit where it has one."""
    return Cell((text(f"_____ {unit}"),) if unit else (), to_write=True)


def cell(*lines: str, bold: bool = False, ticks: Iterable[Tick] = (), columns: int = 1) -> Cell:
    """A cell of lines of one weight, and boxes to tick."""
    shown = tuple(text(one, bold=bold) for one in lines if one)
    return Cell(shown, tuple(ticks), columns=columns)

"""The few elements of SVG that our drawings are made of; lengths are millimetres."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal
from xml.sax.saxutils import escape

Point = tuple[float, float]
# A pattern a line, so that a grey copy can be read.
DASHES = ("", "3 1", "1 1", "5 1 1 1", "2 2", "4 1 1 1 1 1", ".5 1.5")


def drawing(width: float, height: float, elements: Iterable[str], corner: Point = (0, 0)) -> str:
    """A whole drawing, or the part of it from a corner on."""
    box = " ".join(f"{one:g}" for one in (*corner, width, height))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"'
        ' font-family="Noto Sans, DejaVu Sans, sans-serif">' + "".join(elements) + "</svg>"
    )


def words(
    at: Point,
    text: str,
    anchor: Literal["start", "middle", "end"],
    size: float,
    *,
    bold: bool = False,
) -> str:
    """A text on a white ground; `anchor` says which of its ends lies at the point."""
    weight = ' font-weight="bold"' if bold else ""
    halo = ' stroke="#fff" stroke-width=".6" paint-order="stroke"'
    return (
        f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{size:.2f}" text-anchor="{anchor}"'
        f"{weight}{halo}>{escape(text)}</text>"
    )


def rule(start: Point, end: Point, width: float) -> str:
    """A straight line."""
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
        f' stroke="#000" stroke-width="{width}"/>'
    )


def curve(points: Sequence[Point], width: float, dashes: str) -> str:
    """A line through points; `dashes` is its pattern, empty for a whole line."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    pattern = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{path}" fill="none" stroke="#000" stroke-width="{width}"{pattern}/>'


def area(outline: Sequence[Point], *, edge: float = 0) -> str:
    """A closed shape: white, or black with an edge of that width."""
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in outline) + "Z"
    look = f'stroke="#000" stroke-width="{edge}"' if edge else 'fill="#fff"'
    return f'<path d="{path}" {look}/>'


def dot(at: Point, radius: float) -> str:
    """A filled circle."""
    return f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius}" fill="#000"/>'


def ring(at: Point, radius: float) -> str:
    """An open circle."""
    return (
        f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius}" fill="#fff" stroke="#000"'
        ' stroke-width=".4"/>'
    )


def spread(wanted: Sequence[float], top: float, bottom: float, gap: float) -> list[float]:
    """Heights in the same order, a gap apart (less where they do not fit), near the wanted ones."""
    step = min(gap, (bottom - top) / max(1, len(wanted)))
    heights: list[float] = []
    for index, height in enumerate(wanted):
        least = heights[-1] + step if heights else top
        most = bottom - step * (len(wanted) - 1 - index)
        heights.append(min(max(height, least), most))
    return heights

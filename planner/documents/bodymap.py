"""The body map: our own outline, and where each site of each side lies on it.

The patient faces the reader in `front`, `palm` and the feet: the patient's right is at the
reader's left. In `back` and on the backs of the hands it is the other way round. A mark shows
site and side, never more than the course file says.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from math import cos, pi, sin
from typing import Literal, NamedTuple

from planner.core.plan.course import DIGITS
from planner.core.plan.findings import ranges
from planner.core.plan.plan import Plan, PlannedLesion
from planner.documents.language import Language, msgid
from planner.documents.paper import Figure
from planner.documents.svg import Point, area, dot, drawing, ring, rule, spread, words
from planner.documents.wording import where

WIDTH_MM, HEIGHT_MM = 186, 76
LONGEST_ID = 6
_ROW_MM = 3.2
_LETTERS_MM = 2.5
_CAPTION_MM = 2.3
# What the name of a lesion takes beside its view.
LABEL_MM = 10.0
# How high the views of a small map are.
SMALL_MM = 20.0
MOST_SMALL = 2
_Circle = tuple[float, float, float]
ViewName = Literal[
    "front", "back", "right palm", "left palm", "right hand", "left hand", "right foot", "left foot"
]


class View(NamedTuple):
    """A drawing of the map: its middle, the edges of its labels, and their rows."""

    middle: Point
    left: float
    right: float
    top: float
    bottom: float
    caption: str


class Anchor(NamedTuple):
    """Where a site lies: in a limb of a view, by its distance from the middle."""

    view: ViewName
    limb: str
    at: Point


# Distances from the middle of the body, of its (reader's) right half: limbs as rows of circles.
_BODY: dict[str, tuple[_Circle, ...]] = {
    "head": ((0, 5, 4), (0, 8.5, 3)),
    "neck": ((0, 11, 2), (0, 15, 2.3)),
    "upper-arm": ((7.7, 18.5, 2.3), (10.2, 29, 1.9)),
    "forearm": ((10.2, 29, 1.9), (12.4, 39, 1.35)),
    "hand": ((12.7, 41, 1.5), (13.3, 44.2, 1.1)),
    "thigh": ((3.9, 38, 3.7), (4.3, 51, 2.6)),
    "lower-leg": ((4.3, 51, 2.5), (4.5, 64, 1.5)),
    "foot": ((4.6, 65.5, 1.5), (5.6, 67.4, 1.4)),
}
_TRUNK: tuple[_Circle, ...] = ((-5, 18.5, 2.9), (5, 18.5, 2.9), (4.2, 37, 3.4), (-4.2, 37, 3.4))
_UNPAIRED = ("head", "neck", "trunk")
# A hand with its thumb at the reader's right.
_HAND: dict[str, tuple[_Circle, ...]] = {
    "palm": ((-3.8, 1.5, 1.5), (3.8, 1, 1.6), (2.8, 8, 2.2), (-2.8, 8, 2.1)),
    "wrist": ((0, 8, 3.4), (0, 13, 2.9)),
    "thumb": ((3.6, 6, 1.7), (8.2, 0.5, 1.2)),
    "index": ((3.9, 0, 1.3), (4.6, -8.5, 1.05)),
    "middle": ((1.3, -0.5, 1.3), (1.4, -10.2, 1.05)),
    "ring": ((-1.3, 0, 1.3), (-1.6, -9.3, 1.05)),
    "little": ((-3.8, 1, 1.2), (-4.8, -6, 0.95)),
}
# A foot from above, its toes towards the reader, its big toe at the reader's right.
_FOOT: dict[str, tuple[_Circle, ...]] = {
    "instep": ((0.3, -2, 3.1), (3, 6, 1.7), (-4, 4, 1.3)),
    "heel": ((0, -9, 3), (0.3, -2, 3.1)),
    "toe-1": ((3, 7, 1.5), (3.3, 9.6, 1.5)),
    "toe-2": ((0.7, 7, 1), (0.8, 9.8, 0.95)),
    "toe-3": ((-1.2, 6.4, 0.95), (-1.3, 9, 0.85)),
    "toe-4": ((-2.9, 5.6, 0.9), (-3.1, 8, 0.8)),
    "toe-5": ((-4.3, 4.6, 0.85), (-4.6, 6.6, 0.8)),
}

VIEWS: dict[ViewName, View] = {
    "front": View((27, 2), 9, 45, 3, 71, msgid("front")),
    "back": View((78, 2), 62, 94, 3, 71, msgid("back")),
    "right palm": View((114, 15), 105, 123, 4, 30, msgid("right hand, palm")),
    "left palm": View((137, 15), 128, 146, 4, 30, msgid("left hand, palm")),
    "right hand": View((114, 50), 105, 123, 39, 65, msgid("right hand, back")),
    "left hand": View((137, 50), 128, 146, 39, 65, msgid("left hand, back")),
    "right foot": View((174, 17), 167, 181, 4, 30, msgid("right foot")),
    "left foot": View((174, 52), 167, 181, 39, 65, msgid("left foot")),
}
# Each site of the bundled vocabulary, for the patient's left; mirrored for the right.
_SITES: dict[str, Anchor] = {
    "head": Anchor("front", "head", (0, 5)),
    "neck": Anchor("front", "neck", (0, 13.5)),
    "trunk": Anchor("front", "trunk", (0, 27)),
    "shoulder": Anchor("front", "upper-arm", (7.9, 18.5)),
    "axilla": Anchor("front", "upper-arm", (6.9, 21.5)),
    "upper-arm": Anchor("front", "upper-arm", (9, 24.5)),
    "forearm": Anchor("front", "forearm", (11.3, 34)),
    "wrist": Anchor("front", "forearm", (12.4, 39)),
    "hip": Anchor("front", "thigh", (6.3, 38)),
    "thigh": Anchor("front", "thigh", (4.2, 45)),
    "knee": Anchor("front", "lower-leg", (4.3, 51)),
    "lower-leg": Anchor("front", "lower-leg", (4.4, 58)),
    "ankle": Anchor("front", "lower-leg", (4.5, 64)),
    "elbow": Anchor("back", "forearm", (10.2, 29)),
    "buttock": Anchor("back", "thigh", (3.6, 38)),
}
# Where the parts of a hand and a foot lie, by the words of a site's detail.
_FINGERS: dict[str, tuple[Point, Point]] = {
    # the middle of the finger, its tip
    "thumb": ((6, 3.2), (8.2, 0.4)),
    "index": ((4.3, -4.2), (4.6, -8.5)),
    "middle": ((1.3, -5.2), (1.4, -10)),
    "ring": ((-1.5, -4.7), (-1.6, -9.1)),
    "little": ((-4.3, -2.6), (-4.8, -5.9)),
}
_TOES: dict[str, Point] = {
    "thumb": (3.3, 9.6), "index": (0.8, 9.8), "middle": (-1.3, 9), "ring": (-3.1, 8),
    "little": (-4.6, 6.6),
}  # fmt: skip
_MIRRORED: dict[ViewName, ViewName] = {
    "left palm": "right palm", "left hand": "right hand", "left foot": "right foot",
}  # fmt: skip


def anchor(site: str, side: str | None, detail: str | None = None) -> Anchor | None:
    """Where a site lies, on the map and in which limb; None for a site that the map lacks.

    A hand's and a foot's parts are told by their detail: which digit, and which surface (palmar,
    dorsal, plantar). Where it says less, or something else, no place is guessed.
    """
    found = _SITES.get(site) or _in_detail(site, (detail or "").casefold())
    if found is None:
        return None
    right = side == "right"
    view = _MIRRORED.get(found.view, found.view) if right else found.view
    limb = found.limb if found.limb in _UNPAIRED else f"{_side(right)} {found.limb}"
    x = found.at[0] * _sign(view, right)
    middle = VIEWS[view].middle
    return Anchor(view, limb, (middle[0] + x, middle[1] + found.at[1]))


def _in_detail(site: str, detail: str) -> Anchor | None:
    """A part of a hand or a foot, of the patient's left, by the words of its detail."""
    said = set(re.split(r"[\s,;]+", detail.strip())) - {""}
    digits = [one for one in DIGITS if one in said]
    surfaces = said & {"palmar", "dorsal", "plantar"}
    if said - {*digits, *surfaces} or len(digits) > 1 or len(surfaces) > 1:
        return None
    is_on_hand = "plantar" not in surfaces
    view: ViewName = "left hand" if "dorsal" in surfaces else "left palm"
    if site in ("finger", "fingertip") and digits and is_on_hand:
        middle, tip = _FINGERS[digits[0]]
        return Anchor(view, digits[0], tip if site == "fingertip" else middle)
    if site == "hand" and not digits and surfaces and is_on_hand:
        return Anchor(view, "palm", (0, 5))
    if site == "toe" and digits and "palmar" not in surfaces:
        number = DIGITS.index(digits[0]) + 1
        return Anchor("left foot", f"toe-{number}", _TOES[digits[0]])
    if site == "foot" and not digits and surfaces and "palmar" not in surfaces:
        return Anchor("left foot", "instep", (0, 1.5))
    return None


def is_below(lesion: PlannedLesion) -> bool:
    """Whether a lesion lies on the sole: its mark is open, as the foot is drawn from above."""
    return "plantar" in (lesion.site_detail or "").casefold().split()


def limbs() -> Iterator[tuple[ViewName, str, list[Point]]]:
    """Every limb of every view as a closed outline, named by the patient's side."""
    whole: tuple[ViewName, ...] = ("front", "back")
    for view in whole:
        yield view, "trunk", _placed(view, _hull(_TRUNK), 1)
        for limb, circles in _BODY.items():
            if limb in _UNPAIRED:
                yield view, limb, _placed(view, _hull(circles), 1)
                continue
            for right in (True, False):
                outline = _placed(view, _hull(circles), _sign(view, right))
                yield view, f"{_side(right)} {limb}", outline
    for view in VIEWS:
        if view not in whole:
            right = view.startswith("right")
            for limb, circles in (_FOOT if view.endswith("foot") else _HAND).items():
                outline = _placed(view, _hull(circles), _sign(view, right))
                yield view, f"{_side(right)} {limb}", outline


@cache
def _all_limbs() -> tuple[tuple[ViewName, str, list[Point]], ...]:
    """The outlines, worked out once: they are the same on every map."""
    return tuple(limbs())


@cache
def _bodies(seen: frozenset[ViewName]) -> tuple[str, ...]:
    """The outlines of some views, drawn once."""
    outlines = [outline for view, _, outline in _all_limbs() if view in seen]
    # All limbs black, then all white and without the edge: the outline of their union.
    return (*(area(one, edge=0.7) for one in outlines), *(area(one) for one in outlines))


def body_map(plan: Plan, say: Language, only: Collection[str] | None = None) -> Figure | None:
    """The map with a mark for each lesion that has a place on it.

    With `only` some lesions: the views that they are in, and no others; None where there is none.
    """
    lesions = [one for one in plan.lesions if only is None or one.id in only]
    names = map_names(plan)
    columns = list(_columns(lesions))
    if only is not None and not columns:
        return None
    seen = {view for view, _, _ in columns}
    if only is None or len(seen) > MOST_SMALL:
        # Many views are drawn as they are: beside one another their labels would meet.
        only, seen = None, {*VIEWS}
    # A small map is drawn smaller, its letters are not.
    more = 1.0 if only is None else max(1.0, _height(seen) / SMALL_MM)
    elements = [*_bodies(frozenset(seen)), *_captions(say, seen, more)]
    for view, at_left, marks in columns:
        elements += _labels(VIEWS[view], at_left, marks, names, more)
    whole = (0.0, 0.0, float(WIDTH_MM), float(HEIGHT_MM))
    left, top, width, height = whole if only is None else _around(seen, more)
    svg = drawing(width, height, elements, (left, top))
    return Figure(svg, _alternative(lesions, names, say), round(width / more))


def _height(seen: Collection[ViewName]) -> float:
    views = [VIEWS[name] for name in seen]
    return max(one.bottom for one in views) - min(one.top for one in views)


def _around(seen: Collection[ViewName], more: float) -> tuple[float, float, float, float]:
    """The part of the map that some views and their labels take: its corner and its size.

    Letters are `more` times as large as on the whole map.
    """
    views = [VIEWS[name] for name in seen]
    left = min(one.left for one in views) - LABEL_MM * more
    top = min(one.top for one in views) - 3
    right = max(one.right for one in views) + LABEL_MM * more
    bottom = max(one.bottom for one in views) + 5 * more
    return left, top, right - left, bottom - top


def _captions(say: Language, seen: Collection[ViewName], more: float) -> Iterator[str]:
    for name, view in ((name, VIEWS[name]) for name in VIEWS if name in seen):
        x, y = view.middle[0], view.bottom + 4 * more
        yield words((x, y), say(view.caption), "middle", _CAPTION_MM * more)
        if name in ("front", "back"):
            sides = ("right", "left") if name == "front" else ("left", "right")
            left, right = (say.site(one) for one in sides)
            if more > 1:
                left, right = left[0].upper(), right[0].upper()
            away = max(9.0, 5 * more)
            yield words((x - away, y), left, "end", _LETTERS_MM * more)
            yield words((x + away, y), right, "start", _LETTERS_MM * more)


def map_names(plan: Plan) -> dict[str, str]:
    """What the map calls each lesion: its id, or `#1` (no id has a #) where ids are too long."""
    ids = plan.lesion_ids
    if all(len(one) <= LONGEST_ID for one in ids):
        return {one: one for one in ids}
    return {one: f"#{number}" for number, one in enumerate(ids, start=1)}


def missing_from_map(plan: Plan, only: Collection[str] | None = None) -> list[str]:
    """The lesions, or those of some, whose place the map does not have or nobody said."""
    return [
        one.id
        for one in plan.lesions
        if (only is None or one.id in only) and anchor(one.site, one.side, one.site_detail) is None
    ]


def _columns(
    lesions: Sequence[PlannedLesion],
) -> Iterator[tuple[ViewName, bool, list[tuple[PlannedLesion, Point]]]]:
    """The marks of each column of labels: those left and those right of a view's middle."""
    columns: dict[tuple[ViewName, bool], list[tuple[PlannedLesion, Point]]] = {}
    for lesion in lesions:
        found = anchor(lesion.site, lesion.side, lesion.site_detail)
        if found is not None:
            at_left = found.at[0] <= VIEWS[found.view].middle[0]
            if found.view not in ("front", "back"):
                at_left = found.view not in ("left palm", "left hand")
            columns.setdefault((found.view, at_left), []).append((lesion, found.at))
    for (view, at_left), marks in columns.items():
        yield view, at_left, sorted(marks, key=lambda mark: mark[1][1])


def _labels(
    view: View,
    at_left: bool,
    marks: Sequence[tuple[PlannedLesion, Point]],
    names: dict[str, str],
    more: float,
) -> Iterator[str]:
    """Labels in a column, each with a leader to its mark; neighbours share one if many."""
    order = list(names.values())
    rows_there = max(1, int((view.bottom - view.top) / (_ROW_MM * more)))
    places: dict[Point, list[str]] = {}
    below = {names[lesion.id] for lesion, _ in marks if is_below(lesion)}
    for lesion, at in marks:
        places.setdefault(at, []).append(names[lesion.id])
    rows = [
        (at, chunk)
        for at, here in places.items()
        for chunk in _chunks(here, max(1, rows_there * len(here) // len(marks)))
    ]
    heights = spread([at[1] for at, _ in rows], view.top, view.bottom, _ROW_MM * more)
    x, gap = (view.left, -0.6) if at_left else (view.right, 0.6)
    seen: dict[Point, int] = {}
    for (at, chunk), y in zip(rows, heights, strict=True):
        count = seen[at] = seen.get(at, -1) + 1
        mark = _fanned(at, count)
        yield rule((x, y), mark, 0.2 * more)
        yield ring(mark, 0.8 * more) if below & {*chunk} else dot(mark, 0.8 * more)
        label = ranges(chunk, order)
        size = min(_LETTERS_MM, 9 / (0.62 * len(label))) * more
        yield words(
            (x + gap, y + size * 0.36), label, "end" if at_left else "start", size, bold=True
        )


def _chunks(here: list[str], rows: int) -> Iterator[list[str]]:
    """The names of one place in so many rows, or fewer."""
    size = -(-len(here) // rows)
    for start in range(0, len(here), size):
        yield here[start : start + size]


def _fanned(at: Point, count: int) -> Point:
    """The marks of one place side by side: the first in its middle, others around it."""
    if not count:
        return at
    turn = count * 2.4  # the golden angle: no two in one direction
    return at[0] + 0.9 * cos(turn), at[1] + 0.9 * sin(turn)


def _sign(view: ViewName, right: bool) -> int:
    """1 where the patient's side is drawn as the tables have it, -1 where it is mirrored."""
    if view == "front":
        return -1 if right else 1
    if view == "back":
        return 1 if right else -1
    return 1 if view in ("right palm", "left hand", "right foot") else -1


def _side(right: bool) -> str:
    return "right" if right else "left"


def _placed(view: ViewName, outline: list[Point], sign: int) -> list[Point]:
    middle = VIEWS[view].middle
    return [(middle[0] + sign * x, middle[1] + y) for x, y in outline]


def _hull(circles: Sequence[_Circle]) -> list[Point]:
    """The convex outline around circles."""
    points = sorted(
        {
            (round(x + r * cos(2 * pi * n / 24), 3), round(y + r * sin(2 * pi * n / 24), 3))
            for x, y, r in circles
            for n in range(24)
        }
    )
    return [*_half(points), *_half(points[::-1])]


def _half(points: Sequence[Point]) -> list[Point]:
    """One side of the convex hull of sorted points, without its last."""
    side: list[Point] = []
    for point in points:
        while len(side) > 1 and _turn(side[-2], side[-1], point) <= 0:
            side.pop()
        side.append(point)
    return side[:-1]


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _alternative(lesions: Sequence[PlannedLesion], names: dict[str, str], say: Language) -> str:
    marks = "; ".join(f"{names[one.id]}: {where(one, say)}" for one in lesions)
    return say("Body map with the lesions marked: {marks}", marks=marks)

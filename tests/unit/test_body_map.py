"""Each site of each side lies in the right limb, on the right side of the drawing."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.protocol.protocol import Protocol
from planner.documents.bodymap import VIEWS, Anchor, anchor, body_map, limbs, missing_from_map
from planner.documents.language import language
from planner.documents.page_head import Issue
from planner.documents.svg import Point
from planner.documents.treatment_sheet import treatment_sheet
from tests.clinics import SITES, UNPAIRED, many_lesions, text_plan
from tests.courses import course_text, lesion

# The limb that must hold a site, and where the patient's right is: at the reader's left or right,
# or by the thumb or big toe. Written from anatomy, not from the drawing.
EXPECTED = {
    "head": ("front", "head"),
    "neck": ("front", "neck"),
    "trunk": ("front", "trunk"),
    "shoulder": ("front", "upper-arm"),
    "axilla": ("front", "upper-arm"),
    "upper-arm": ("front", "upper-arm"),
    "forearm": ("front", "forearm"),
    "wrist": ("front", "forearm"),
    "hip": ("front", "thigh"),
    "thigh": ("front", "thigh"),
    "knee": ("front", "lower-leg"),
    "lower-leg": ("front", "lower-leg"),
    "ankle": ("front", "lower-leg"),
    "elbow": ("back", "forearm"),
    "buttock": ("back", "thigh"),
    "hand": ("{side} hand", "palm"),
    "finger": ("{side} palm", "middle"),
    "fingertip": ("{side} palm", "middle"),
    "foot": ("{side} foot", "instep"),
    "toe": ("{side} foot", "toe-2"),
}
# What has to be said of a hand or a foot, so that no place is guessed.
DETAILS = {
    "hand": "dorsal", "finger": "middle palmar", "fingertip": "middle", "foot": "dorsal",
    "toe": "index",
}  # fmt: skip
PLACES = [
    (site, side)
    for site in SITES
    for side in (("midline",) if site in UNPAIRED else ("left", "right"))
]


def holds(outline: list[Point], at: Point) -> bool:
    """Whether a point lies inside a closed outline: a ray from it crosses the edge oddly often."""
    crossings = 0
    for (x1, y1), (x2, y2) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if (y1 > at[1]) != (y2 > at[1]):
            crossings += at[0] < x1 + (at[1] - y1) * (x2 - x1) / (y2 - y1)
    return crossings % 2 == 1


def middle(view: str, limb: str) -> float:
    """The middle of a limb, from left to right."""
    (outline,) = [points for name, part, points in limbs() if (name, part) == (view, limb)]
    xs = [x for x, _ in outline]
    return (min(xs) + max(xs)) / 2


def place_of(site: str, side: str) -> Anchor:
    found = anchor(site, side, DETAILS.get(site))
    assert found is not None
    return found


def test_the_vocabulary_is_the_protocols(sts_150: Protocol) -> None:
    assert set(sts_150.table.domains.sites) == set(SITES) == set(EXPECTED)


@pytest.mark.parametrize(("site", "side"), PLACES)
def test_each_anchor_lies_in_its_limb(site: str, side: str) -> None:
    found = place_of(site, side)
    view, limb = EXPECTED[site]
    assert found.view == view.format(side=side)
    assert found.limb == (limb if site in UNPAIRED else f"{side} {limb}")
    holding = {part for name, part, outline in limbs()
               if name == found.view and holds(outline, found.at)}  # fmt: skip
    assert found.limb in holding


@pytest.mark.parametrize("site", [site for site in SITES if site not in UNPAIRED])
@pytest.mark.hazard("wrong-side-or-site")
def test_right_and_left_are_where_the_patient_has_them(site: str) -> None:
    right, left = place_of(site, "right"), place_of(site, "left")
    if right.view == "front":
        assert right.at[0] < VIEWS["front"].middle[0] < left.at[0]
    elif right.view == "back":
        assert left.at[0] < VIEWS["back"].middle[0] < right.at[0]
    else:
        assert (right.view[:5], left.view[:4]) == ("right", "left")


@pytest.mark.parametrize(("view", "thumb_at_readers"), [
    ("right palm", "right"), ("left palm", "left"), ("right hand", "left"), ("left hand", "right"),
])  # fmt: skip
@pytest.mark.hazard("wrong-side-or-site")
def test_hands_have_their_thumb_on_the_right_side(view: str, thumb_at_readers: str) -> None:
    side = view.split(maxsplit=1)[0]
    is_right = middle(view, f"{side} thumb") > middle(view, f"{side} little")
    assert is_right == (thumb_at_readers == "right")


@pytest.mark.parametrize(("view", "big_toe_at_readers"), [
    ("right foot", "right"), ("left foot", "left"),
])  # fmt: skip
@pytest.mark.hazard("wrong-side-or-site")
def test_feet_seen_from_the_front_have_their_big_toe_inside(
    view: str, big_toe_at_readers: str
) -> None:
    side = view.split(maxsplit=1)[0]
    is_right = middle(view, f"{side} toe-1") > middle(view, f"{side} toe-5")
    assert is_right == (big_toe_at_readers == "right")


@pytest.mark.hazard("wrong-side-or-site")
def test_a_mirrored_map_would_be_seen() -> None:
    """The check of sides itself: the mirror image of an anchor is not in its limb."""
    found = place_of("knee", "right")
    x = 2 * VIEWS["front"].middle[0] - found.at[0]
    (outline,) = [o for name, part, o in limbs() if (name, part) == ("front", found.limb)]
    assert holds(outline, found.at)
    assert not holds(outline, (x, found.at[1]))


@pytest.mark.parametrize("number", [1, 22, 60, 100])
def test_many_lesions_fan_out_and_all_are_named(
    number: int, sts_150: Protocol, clinic: Clinic
) -> None:
    text = many_lesions(number)
    if number == 60:  # all of them on one finger
        finger = 'site = "finger"\nside = "left"\nsite_detail = "ring palmar"\n'
        text = re.sub(r'site = ".*?"\n(side = ".*?"\n)?', finger, text)
    plan = text_plan(text, sts_150, clinic)
    figure = body_map(plan, language("en"))
    assert figure is not None
    dots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', figure.svg)
    labels = re.findall(r'font-weight="bold"[^>]*>([^<]*)<', figure.svg)
    assert len(dots) == len(labels)
    assert len(set(dots)) >= min(number, 15) // 2
    told = [*named(labels), *missing_from_map(plan)]
    assert sorted(told) == sorted(plan.lesion_ids), "each once"
    heights = re.findall(r'<line x1="([\d.]+)" y1="([\d.]+)"', figure.svg)
    assert len(heights) == len(set(heights)), "no two labels in one place"
    for lesion_id in plan.lesion_ids:
        assert f"{lesion_id}: " in figure.alt


def named(labels: list[str]) -> list[str]:
    """The lesions of labels such as `L1-L3` and `L1, L21`."""
    found = []
    for label in labels:
        for part in label.split(", "):
            first, _, last = part.partition("-")
            numbers = range(int(first[1:]), int((last or first)[1:]) + 1)
            found += [f"L{n}" for n in numbers]
    return found


def test_long_ids_become_numbers_that_the_table_explains(sts_150: Protocol, clinic: Clinic) -> None:
    issue = Issue(language("en"), {}, "", datetime(2026, 9, 1, 12, tzinfo=UTC))
    plan = text_plan(course_text(lesion("a-very-long-name", dose_mg=50)), sts_150, clinic)
    assert ">#1</text>" in body_map(plan, language("en")).svg
    assert "#1: a-very-long-name" in str(treatment_sheet(plan, issue))


def test_a_site_that_the_map_lacks_is_named(sts_150: Protocol, clinic: Clinic) -> None:
    plan = text_plan(course_text(lesion(dose_mg=50)), sts_150, clinic)
    elsewhere = plan._replace(lesions=(plan.lesions[0]._replace(site="ear"),))
    assert missing_from_map(elsewhere) == ["A"]
    assert missing_from_map(plan) == []

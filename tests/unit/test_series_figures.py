"""The figures of a series hold what they are drawn of, from one lesion to three hundred."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from decimal import Decimal
from typing import NamedTuple

import pytest

from planner.core.plan.response import reduction_percent
from planner.core.plan.response import remission as remission_of
from planner.core.protocol.protocol import Protocol
from planner.core.series.cohort import Cohort, Look, cohort_of, letters_cohort
from planner.core.series.description import described
from planner.documents.language import language
from planner.documents.series.checklist import checklist
from planner.documents.series.figures import figures
from planner.documents.series.flow import flow
from planner.documents.series.frame import Drawn
from planner.documents.series.pain import pain
from planner.documents.series.remission import remission
from planner.documents.series.report import methods, table_1
from planner.documents.series.spider import spider
from planner.documents.series.swimmer import swimmers
from planner.documents.series.waterfall import waterfall
from tests.series import made_up

SVG = "{http://www.w3.org/2000/svg}"
# Words that only an English text has.
ENGLISH = re.compile(
    r"\b(the|of|is|are|was|were|not|and|with|lesions?|courses?(?!\.csv)|injections?(?!\.csv)"
    r"|seen|gone|week|day|known|looks?|due|treated|held|change|years|running|write)\b"
)
SIZES = (0, 1, 7, 60, 80, 81, 300)
# How wide a letter is at most on average, and how high it stands, of its size.
WIDE, HIGH = 0.5, 0.7
NAMES = {"flow", "waterfall", "spider", "swimmer", "remission", "pain"}


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float
    text: str

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right
            and self.top < other.bottom and other.top < self.bottom
        )  # fmt: skip


def labels(drawing: Drawn) -> list[Box]:
    return [box(one) for one in ET.fromstring(drawing.svg).iter(f"{SVG}text")]


def box(one: ET.Element) -> Box:
    x, y, size = (float(one.attrib[name]) for name in ("x", "y", "font-size"))
    text = one.text or ""
    width = len(text) * size * WIDE
    left = x - {"start": 0, "middle": width / 2, "end": width}[one.attrib["text-anchor"]]
    return Box(left, y - size * HIGH, left + width, y, text)


def drawn(cohort: Cohort, code: str = "en") -> list[Drawn]:
    return figures(cohort, [described(cohort)], language(code))


def told(cohort: Cohort, code: str) -> list[str]:
    """All that is said of a series beside its figures and in them, a text an item."""
    say, found = language(code), [described(cohort)]
    head, rows = table_1(found, say)
    asked = [f"{one.asked}: {one.answer}" for one in checklist(found[0], say)]
    shown = drawn(cohort, code)
    labelled = [each.text for one in shown for each in labels(one)]
    titled = [f"{one.title} {one.head} {one.rows}" for one in shown]
    return [*head, *map(" ".join, rows), *asked, *methods(found[0], say), *labelled, *titled]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.hazard("wrong-figure-on-paper")
def test_a_series_in_danish_has_the_figures_of_the_english_and_no_english_word(size: int) -> None:
    cohort = made_up(size)
    danish, english = told(cohort, "da"), told(cohort, "en")
    assert [one for one in danish if ENGLISH.search(one)] == []
    figures_of = [
        [re.findall(r"[+-]?\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d)", ".", one)) for one in texts]
        for texts in (danish, english)
    ]
    assert sorted(figures_of[0]) == sorted(figures_of[1])


@pytest.mark.parametrize("code", ["en", "da"])
@pytest.mark.parametrize("size", SIZES)
def test_no_label_lies_on_another_or_beyond_the_drawing(size: int, code: str) -> None:
    for one in drawn(made_up(size), code):
        there = labels(one)
        _, _, width, height = map(float, ET.fromstring(one.svg).attrib["viewBox"].split())
        for each in there:
            assert -0.5 <= each.left < each.right <= width + 0.5, (one.name, each)
            assert -0.5 <= each.top < each.bottom <= height, (one.name, each)
        lying = [pair for pair in itertools.combinations(there, 2) if pair[0].meets(pair[1])]
        assert lying == [], one.name


def test_labels_that_lie_on_one_another_are_seen() -> None:
    first = drawn(made_up(7))[1]
    row = next(one for one in labels(first) if one.text.startswith("K-"))
    assert row.meets(row._replace(left=row.left + 1))
    assert not row.meets(row._replace(top=row.top + 20, bottom=row.bottom + 20))


@pytest.mark.parametrize("size", SIZES)
def test_each_figure_says_what_it_shows_in_words_and_as_a_table(size: int) -> None:
    found = drawn(made_up(size))
    assert {one.name for one in found if "-" not in one.name} == NAMES
    for one in found:
        root = ET.fromstring(one.svg)
        assert [root[0].tag, root[1].tag] == [f"{SVG}title", f"{SVG}desc"]
        assert root[0].text == one.title
        assert all(len(row) == len(one.head) for row in one.rows)
        assert all(cell in (root[1].text or "") for row in one.rows for cell in row)


def test_the_flow_is_read_out_as_it_is_drawn() -> None:
    """Its steps are called as its boxes, its counts are of one or several, no cell is empty."""
    found = flow(described(made_up(1)))
    told = ET.fromstring(found.svg)[1].text or ""
    assert [row[0] for row in found.rows[:4]] == [
        "registered", "treated", "seen at week 4", "seen at week 12",
    ]  # fmt: skip
    assert "1 patient, 1 lesion" in texts(found)
    assert not re.search(r"\b1 (patients|lesions)|, ;|, $", " ".join([told, *texts(found)]))


def test_a_waterfall_says_how_many_lesions_it_shows() -> None:
    cohort = made_up(7)
    courses = [
        one
        if n % 2
        else one._replace(lesions=tuple(each._replace(shots=()) for each in one.lesions))
        for n, one in enumerate(cohort.courses)
    ]
    fall = waterfall(cohort_of("x", courses, (28, 84)))
    assert f"{len(fall.rows)} treated and shown)" in fall.title
    assert 0 < len(fall.rows) < sum(len(one.lesions) for one in courses)


def test_pain_at_injections_alone_is_no_change() -> None:
    """Each injection has its pain; what is missing is that at a look."""
    (course,) = made_up(1).courses
    looks = [
        one._replace(looks=tuple(look._replace(pain_change=None) for look in one.looks))
        for one in course.lesions
    ]
    found = pain(cohort_of("x", [course._replace(lesions=tuple(looks))], (28, 84)))
    assert "both before the first injection and at a look" in " ".join(texts(found))


def test_every_course_has_its_lane_on_some_page() -> None:
    cohort = made_up(300)
    pages = [one for one in drawn(cohort) if one.name.startswith("swimmer")]
    assert len(pages) > 1
    assert [row[0] for one in pages for row in one.rows] == [one.id for one in cohort.courses]


def test_every_treated_lesion_has_its_bar() -> None:
    cohort = made_up(60)
    fall = drawn(cohort)[1]
    assert {row[0] for row in fall.rows} == {
        f"{course.id} {one.id}" for course, one in cohort.lesions
    }


def test_binned_figures_count_all_lesions() -> None:
    cohort = made_up(300)
    fall = drawn(cohort)[1]
    for days, when in ((28, "week 4"), (84, "week 12")):
        seen = sum(one.look(days) is not None for _, one in cohort.lesions)
        assert sum(int(row[2]) for row in fall.rows if row[0] == when) == seen


def test_what_is_not_yet_due_is_said_in_words_too() -> None:
    (course,) = made_up(1).courses
    (lesion,) = course.lesions
    lesion = lesion._replace(looks=lesion.looks[:1], due=(84,))
    cohort = cohort_of("x", [course._replace(lesions=(lesion,))], (28, 84))
    for one in (waterfall(cohort), spider(cohort)):
        assert "not yet due" in (ET.fromstring(one.svg)[1].text or "")
        assert "not seen" not in (ET.fromstring(one.svg)[1].text or "")


def grown(*sizes: int) -> Cohort:
    """A lesion of 10 mm a course, with its size in week 4."""
    (course,) = made_up(1).courses
    (lesion,) = course.lesions
    courses = []
    for n, size in enumerate(sizes):
        percent = reduction_percent(Decimal(10), Decimal(size))
        look = Look(
            28, 28, Decimal(size), percent, remission_of(Decimal(10), Decimal(size), Decimal(1))
        )
        name = f"{n:03}-{'x' * 35}-{n:03}"
        lesions = (lesion._replace(looks=(look,)),)
        courses.append(course._replace(id=name, patient=name, lesions=lesions, fate="lost"))
    return cohort_of("grown", courses, (28,))


def texts(one: Drawn) -> list[str]:
    return [each.text for each in labels(one)]


def test_a_median_lies_between_two() -> None:
    rows = dict(spider(grown(*[1, 9] * 41)).rows)
    assert (rows["first quarter"], rows["median"], rows["third quarter"]) == (
        "10.0 %", "50.0 %", "90.0 %",
    )  # fmt: skip


def test_what_is_gone_and_what_more_than_doubled_have_bars_of_their_own() -> None:
    fall = waterfall(grown(*[0] * 40, *[1] * 40, 20, 21, 43))
    assert [row[1:] for row in fall.rows] == [
        ("-100 %, gone", "40"),
        ("-90 to -80 %", "40"),
        ("+90 to +100 %", "1"),
        ("over +100 %", "2"),
    ]


@pytest.mark.parametrize("sizes", [(5, 21, 43), (*[5] * 80, 21, 43)])
def test_what_grew_beyond_the_spider_is_marked_with_its_figure(sizes: tuple[int, ...]) -> None:
    found = spider(grown(*sizes))
    assert any("to 430 %" in one for one in texts(found))
    assert "<path" in found.svg


def test_the_end_of_a_long_name_stays() -> None:
    cohort = grown(5, 6)
    for one in (waterfall(cohort), spider(cohort), *swimmers(cohort)):
        assert len({each for each in texts(one) if "\u2026" in each}) == 2, one.name


def test_who_was_lost_has_no_shape_of_a_look() -> None:
    (without,) = swimmers(cohort_of("x", [grown(5).courses[0]._replace(lesions=())], ()))
    circles = ET.fromstring(without.svg).iter(f"{SVG}circle")
    assert not [one for one in circles if one.attrib["fill"] == "#fff"]


@pytest.mark.parametrize("size", [1, 7, 60, 300])
def test_figures_have_no_colour_that_a_grey_copy_loses(size: int) -> None:
    """Ends of courses have shapes, lines have dashes, bars have edges."""
    for one in drawn(made_up(size)):
        for bar in ET.fromstring(one.svg).iter(f"{SVG}rect"):
            assert bar.attrib["stroke"] == "#000"


@pytest.mark.parametrize(("is_public", "marks"), [(False, 4), (True, 0)])
def test_a_share_of_few_people_is_not_drawn_in_public(is_public: bool, marks: int) -> None:
    found = remission([described(made_up(3), is_public=is_public)])
    assert len([*ET.fromstring(found.svg).iter(f"{SVG}circle")]) == marks
    of_patients = [row for row in found.rows if "patients" in row[0]]
    assert all((row[1:] == ("0 of <5", "none")) == is_public for row in of_patients)


def test_a_name_with_marks_of_xml_stays_a_name() -> None:
    name = '<script>&"'
    course = made_up(1).courses[0]._replace(id=name)
    found = drawn(cohort_of("x", [course], (28, 84)))
    named = {one.name for one in found if any(name in each for each in texts(one))}
    assert named == {"spider", "swimmer", "waterfall"}


def test_the_letters_cases_are_drawn(sts_150: Protocol) -> None:
    cohort = letters_cohort(sts_150)
    assert {one.name for one in drawn(cohort)} == NAMES

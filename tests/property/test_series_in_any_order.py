"""The order in which courses come changes no byte of a series."""

from __future__ import annotations

import random

import pytest

from planner.app.series import description_json
from planner.app.series_folder import series_files
from planner.core.series.cohort import Cohort, cohort_of
from planner.core.series.description import described
from tests.series import LOOKS, made_up


def shuffled(cohort: Cohort, seed: int) -> Cohort:
    courses = [*cohort.courses]
    random.Random(seed).shuffle(courses)
    return cohort_of(cohort.name, courses, LOOKS)


@pytest.mark.parametrize("size", [7, 60, 120])
def test_the_order_of_courses_changes_no_byte(size: int) -> None:
    cohort = made_up(size)
    first = series_files({"register": cohort})
    for seed in range(2):
        again = shuffled(cohort, seed)
        assert description_json(described(again)) == description_json(described(cohort))
        assert series_files({"register": again}) == first


def test_another_size_changes_them() -> None:
    cohort = made_up(7)
    course = cohort.courses[0]
    lesions = tuple(one._replace(looks=()) for one in course.lesions)
    other = cohort._replace(courses=(course._replace(lesions=lesions), *cohort.courses[1:]))
    first, changed = series_files({"register": cohort}), series_files({"register": other})
    assert {"report.pdf", "table-1.csv", "waterfall.svg", "evaluations.csv"} <= {
        name for name, content in first.items() if changed[name] != content
    }

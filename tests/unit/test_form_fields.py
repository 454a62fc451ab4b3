"""Fields of the page's forms: a choice that no form offers is told at its field."""

from __future__ import annotations

import pytest

from planner.core.calendar.clinic import KINDS
from planner.core.plan.course import SIDES
from planner.core.plan.plan import ENDINGS
from planner.errors import InputError, Problem
from planner.web.fields import Fields


@pytest.mark.parametrize("choices", [KINDS, SIDES, ENDINGS])
def test_each_of_the_choices_is_read_and_nothing_else(choices: tuple[str, ...]) -> None:
    for one in choices:
        assert Fields({"it": f" {one} "}, has_commas=False).one_of("it", choices) == one
    assert Fields({}, has_commas=False).one_of("it", choices) is None
    fields = Fields({"it": f"{choices[0]}?"}, has_commas=False)
    assert fields.one_of("it", choices) is None
    with pytest.raises(InputError) as caught:
        fields.check()
    problem, fix = f"{choices[0] + '?'!r} is no choice", f"did you mean {choices[0]}?"
    assert list(caught.value.problems) == [Problem("it", problem, fix)]

"""The law of a series, clause by clause: what it lets stand, and what breaks it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from planner.core.followup.law_of_series import Breach, Injection, breaches

MONDAY = date(2026, 9, 7)
SHORTEST = 5


def given(number: int, day: int) -> Injection:
    return Injection("A", number, MONDAY + timedelta(days=day), True)


def coming(number: int, day: int) -> Injection:
    return Injection("A", number, MONDAY + timedelta(days=day), False)


LAWFUL = {
    "a series as it was planned": [coming(n, 7 * n) for n in range(1, 5)],
    "given, then to come": [given(1, 0), given(2, 7), coming(3, 14)],
    "the shortest interval": [given(1, 0), coming(2, SHORTEST)],
    "one that was missed left out": [given(1, 0), coming(3, 14)],
    "one injection": [coming(1, 0)],
    "none": [],
}
BROKEN = {
    "two on one day, both to come": ([coming(1, 0), coming(2, 0)], "one-a-day", 0),
    "one to come on the day of one given": ([given(1, 0), coming(2, 0)], "one-a-day", 0),
    "two given on one day": ([given(1, 0), given(2, 0)], "one-a-day", 0),
    "another order, to come": ([coming(1, 7), coming(2, 0)], "order", 7),
    "another order, given": ([given(1, 7), given(2, 0)], "order", 7),
    "an earlier one to come after a later one given": ([coming(1, 9), given(2, 0)], "order", 9),
    "to come before one that was given": ([given(1, 9), coming(2, 0)], "after-given", 9),
    "an earlier one to come before it": ([coming(1, 0), given(2, 9)], "after-given", 9),
    "four days, to come": ([coming(1, 0), coming(2, 4)], "interval", 4),
    "four days from one given": ([given(1, 0), coming(2, 4)], "interval", 4),
    "four days, both given": ([given(1, 0), given(2, 4)], "interval", 4),
}


@pytest.mark.parametrize("name", LAWFUL)
@pytest.mark.hazard("series-out-of-order")
def test_what_the_law_lets_stand(name: str) -> None:
    assert list(breaches(LAWFUL[name], SHORTEST)) == []
    assert list(breaches(reversed(LAWFUL[name]), SHORTEST)) == []


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.hazard("series-out-of-order", "lesion-given-twice")
def test_each_clause_of_the_law(name: str) -> None:
    series, clause, days = BROKEN[name]
    for told in (series, series[::-1]):
        (found,) = breaches(told, SHORTEST)
        assert (found.clause, found.days) == (clause, days)
        assert (found.earlier.number, found.later.number) == (1, 2)


@pytest.mark.hazard("series-out-of-order")
def test_nothing_of_a_held_lesion_from_the_day_of_its_hold_on() -> None:
    series = [given(1, 0), coming(2, 7), coming(3, 14)]
    for since, caught in ((14, [3]), (15, []), (7, [2, 3]), (0, [2, 3])):
        found = list(breaches(series, SHORTEST, MONDAY + timedelta(days=since)))
        assert [one.clause for one in found] == ["hold"] * len(caught)
        assert [one.later.number for one in found] == caught


def test_each_pair_is_told_once_and_says_what_of_it_is_to_come() -> None:
    found = list(breaches([given(1, 0), coming(2, 2), coming(3, 4)], SHORTEST))
    assert [(one.earlier.number, one.later.number, one.days) for one in found] == [
        (1, 2, 2),
        (1, 3, 4),
        (2, 3, 2),
    ]
    assert [[each.number for each in one.to_come] for one in found[:2]] == [[2], [3]]
    assert not any(one.is_done for one in found)
    assert Breach("interval", given(1, 0), given(2, 4), 4).is_done

"""How many are at the clinic at once, against counting them minute by minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.calendar.occupancy import Busy, Occupancy

# Half hours from a Sunday evening on, over two midnights of UTC.
START = datetime(2026, 9, 6, 20, tzinfo=UTC)
ENDS = 120
Stretch = tuple[int, int]
stretches = st.tuples(st.integers(0, ENDS), st.integers(0, ENDS))


def at(half_hours: int, zone: str = "UTC") -> datetime:
    return (START + timedelta(minutes=30 * half_hours)).astimezone(ZoneInfo(zone))


def counted(taken: Sequence[Stretch], asked: Stretch) -> int:
    """The most that overlap at one half hour of those asked for."""
    return max(
        (sum(first <= n < last for first, last in taken) for n in range(*asked)),
        default=0,
    )


@settings(max_examples=400)
@given(st.lists(stretches, max_size=12), st.lists(stretches, min_size=1, max_size=5))
def test_the_peak_is_what_counting_gives(taken: list[Stretch], asked: list[Stretch]) -> None:
    occupancy = Occupancy(
        Busy(at(first, "Europe/Copenhagen"), at(last, "America/New_York")) for first, last in taken
    )
    for first, last in asked:
        assert occupancy.peak(at(first), at(last)) == counted(taken, (first, last))


def test_a_stretch_ends_where_the_next_one_begins() -> None:
    occupancy = Occupancy([Busy(at(0), at(2)), Busy(at(1), at(3))])
    peaks = {(0, 1): 1, (0, 2): 2, (2, 3): 1, (3, 9): 0, (1, 1): 0}
    assert {one: occupancy.peak(at(one[0]), at(one[1])) for one in peaks} == peaks

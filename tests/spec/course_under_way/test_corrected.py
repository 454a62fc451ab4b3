"""A slip, put right by a new event."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from planner.errors import (
    NotConfirmedError,
    RefusedError,
)
from tests.registers import NOW, Followed, days_of, moment
from tests.under_way import (
    PLANNED,
    doses,
    mend_time,
    open_days,
)


def test_a_slip_is_corrected_by_an_event_that_names_the_old_one(course: Followed) -> None:
    from planner.app.administration import Amount, Circumstances, corrected, mended_given
    from planner.core.followup.events import Given

    course.give(1)

    def mend(event: object) -> Given:
        assert isinstance(event, Given)
        return mended_given(course.now, event, None, Amount(ml=Decimal("0.1")), Circumstances())

    course.make(lambda now: corrected(now, 2, mend))
    given = course.visits[0].injections[0].given
    assert given is not None
    assert (given.drawn_ml, given.drawn_mg) == (Fraction("0.1"), 15)
    assert [one.number for one in course.now.record.entries] == [1, 2, 3]
    # Withdrawn, it never was.
    course.make(lambda now: corrected(now, 2, lambda _event: None))
    assert days_of(course.visits) == PLANNED
    with pytest.raises(RefusedError, match="withdrawn already"):
        course.make(lambda now: corrected(now, 2, lambda _event: None))


def test_a_correction_asks_what_a_record_asks(course: Followed) -> None:
    from planner.app.administration import Circumstances, corrected, mended_given
    from planner.core.followup.events import Given

    course.give(1)
    course.give(2)

    def on(at: str) -> None:
        def mend(event: object) -> Given:
            assert isinstance(event, Given)
            return mended_given(course.now, event, None, None, Circumstances(moment(at)))

        course.make(lambda now: corrected(now, 3, mend))

    with pytest.raises(NotConfirmedError, match="future"):
        on("2029-01-03 09:00")
    with pytest.raises(NotConfirmedError, match="shortest interval"):
        on("2026-09-07 12:00")
    on("2026-09-17 09:00")
    assert open_days(course, "A") == ["2026-09-24", "2026-10-01"]


def test_an_injection_entered_by_mistake_gets_the_dose_that_came_since(course: Followed) -> None:
    from planner.app.administration import corrected

    course.give(1)
    course.give(2)
    course.dose("20", confirm="pain")
    course.make(lambda now: corrected(now, 3, lambda _event: None))
    assert doses(course) == [Fraction("12.5"), 20, 20, 20]


def test_a_correction_keeps_who_gave_and_measured(course: Followed) -> None:
    from planner.app.administration import Circumstances, corrected, mended_given
    from planner.app.courses import change
    from planner.app.roles import Author
    from planner.core.followup.events import Given

    course.give(1)

    def mend(event: object) -> Given:
        assert isinstance(event, Given)
        return mended_given(course.now, event, None, None, Circumstances(lot="L2"))

    clerk = Author("Clerk", NOW, "lot")
    change(course.register, "K-1", [lambda now: corrected(now, 2, mend)], clerk)
    given = course.visits[0].injections[0].given
    assert given is not None
    assert (given.by, given.lot) == ("Dr A. Holm", "L2")


def test_a_true_time_is_put_right_whatever_was_moved_since(course: Followed) -> None:
    course.give(1)
    course.move(3, "2026-09-22 09:00")
    mend_time(course, 2, "2026-09-21 09:00", confirm="so it was")
    assert open_days(course, "A") == ["2026-09-28", "2026-10-05", "2026-10-12"]

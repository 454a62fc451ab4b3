"""What the chapters of a course under way share: plans, lesions, what happens."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from planner.core.plan.course import Lesion
from planner.core.values.quantities import Dose
from tests.courses import SOUND
from tests.registers import Followed, moment

# One large ulcerated knee, from Monday 7 September 2026: four injections, weeks 4 and 12.
PLANNED = [
    "2026-09-07 planned",
    "2026-09-14 planned",
    "2026-09-21 planned",
    "2026-09-28 planned",
    "2026-10-05 planned",
    "2026-11-30 planned",
]


WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


SHUT = "2026-12-01/2027-11-30"


ELBOW = Lesion("B", "elbow", Decimal(4), False, "left", doses=(Dose(Fraction(20)),), same_dose=True)


def doses(course: Followed) -> list[Fraction | None]:
    return [one.dose_mg for visit in course.visits for one in visit.injections]


def follow_uid(course: Followed, visit: int) -> str:
    record = course.now.record
    first = record._replace(entries=record.entries[:1])
    return first.plan(first.state).visits[visit - 1].uid


OTHER = '[[lesion]]\nid="B"\nsite="hand"\nside="left"\nsize_mm=20\nulcerated=true\ndose_mg=15\n'


def open_days(course: Followed, lesion: str) -> list[str]:
    return [
        str(visit.start.date())
        for visit in course.visits
        for one in visit.injections
        if one.lesion == lesion and one.state == "planned" and visit.start
    ]


def give_one(
    course: Followed, visit: int, lesion: str, at: str | None = None, confirm: str | None = None
) -> None:
    from planner.app.administration import Circumstances, given_as_planned

    noted = Circumstances(None if at is None else moment(at))
    course.make(lambda now: given_as_planned(now, visit, noted, [lesion]), confirm=confirm)


# The visits of injections are on 10, 17, 24 September and 1 October.
THURSDAYS = (SOUND + OTHER).replace("2026-09-07", "2026-09-10")


def mend_time(course: Followed, number: int, at: str, confirm: str | None = None) -> None:
    """Correct when an injection was given."""
    from planner.app.administration import Circumstances, corrected, mended_given
    from planner.core.followup.events import Given

    def mend(event: object) -> Given:
        assert isinstance(event, Given)
        noted = Circumstances(datetime.fromisoformat(at))
        return mended_given(course.now, event, None, None, noted)

    course.make(lambda now: corrected(now, number, mend), confirm=confirm)

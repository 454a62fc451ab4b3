"""What of a visit's time is worth a look: against its due day and its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from planner.core.plan.findings import Finding
from planner.core.plan.placement import Placed
from planner.core.values.formatting import (
    count,
    day,
    listing,
    moment,
    typed_moment,
)
from planner.core.values.said import Said, joined, said


def placed_findings(number: int, placed: Placed, shortest_days: int) -> Iterator[Finding]:
    """How a visit lies against its due day and its neighbours."""
    visit = placed.visit
    if placed.start is None:
        yield Finding(
            "no-open-day",
            "error",
            said(
                "visit {n}, due {due}: {because}",
                n=number,
                due=visit.due,
                because=placed.because or "",
            ),
            said("none"),
            visit=number,
            due=visit.due,
        )
        return
    value = typed_moment(placed.start)
    due = listing([day(one) for one in visit.moved_from or (visit.due,)])
    name = said("visit {n}, due {due}, on {start}", n=number, due=due, start=moment(placed.start))
    if visit.passed_window is not None:
        text = said(
            "{visit}: outside the window of {window} (the clinic's policy)",
            visit=name,
            window=said("\u00b1{days}", days=count(visit.passed_window, "day")),
        )
        yield Finding("move-outside-window", "confirm", text, value, visit=number, due=visit.due)
    if placed.near:
        text = said(
            "{visit}: {near}; the shortest interval is {least}",
            visit=name,
            near=_nearness(placed),
            least=count(shortest_days, "day"),
        )
        near = joined([_distances(placed), value])
        yield Finding("interval-too-short", "confirm", text, near, visit=number, due=visit.due)
    if placed.because is not None:
        # A record keeps it as its text, which is one of ours all the same.
        because = placed.because if isinstance(placed.because, Said) else said(placed.because)
        text = said("{visit}: {because}", visit=name, because=because)
        yield Finding("visit-moved", "note", text, value, visit=number, due=visit.due)


def _nearness(placed: Placed) -> str:
    """`A, B 4 days from the injection on Mon 14 Sep 2026`, for each distance."""
    lesions: dict[tuple[int, date], list[str]] = {}
    for one in placed.near:
        lesions.setdefault((one.days, one.other), []).append(one.lesion)
    return listing(
        [
            said(
                "{lesions} {days} from the injection on {on}",
                lesions=", ".join(names),
                days=count(days, "day"),
                on=other,
            )
            for (days, other), names in lesions.items()
        ]
    )


def _distances(placed: Placed) -> str:
    """`4 days` where that is so of every injection of the visit, else `A 4 days, C 3 days`."""
    distances = {one.days for one in placed.near}
    coming = {one.lesion for one in placed.visit.injected if one.state == "planned"}
    if len(distances) == 1 and coming <= {one.lesion for one in placed.near}:
        return count(distances.pop(), "day")
    return joined(
        [
            said("{lesion} {days}", lesion=one.lesion, days=count(one.days, "day"))
            for one in placed.near
        ]
    )

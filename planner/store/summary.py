"""What a day's list needs of a visit, kept beside it so that no course has to be read for it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from planner.core.calendar.clinic import Clinic, Purpose
from planner.core.dosing.draw_up import holder
from planner.core.plan.plan import PlannedVisit, Preparation
from planner.core.protocol.protocol import Protocol
from planner.core.values.formatting import number
from planner.core.values.quantities import Volume


class Summary(NamedTuple):
    """A visit in a day's list; figures are decimal texts, None where a dose is open.

    `syringes` has (capacity in mL, how many) for each size. Where the visit's stock is diluted,
    `diluent_ml` is not 0, and `measuring` has the syringes that measure stock and diluent.
    """

    start: str
    end: str
    clinic: str
    evaluations: list[str]
    injections: list[str]
    strength_mg_per_ml: str
    total_drawn_ml: str | None
    total_drawn_mg: str | None
    syringes: list[tuple[str, int]]
    stock_ml: str | None
    vials: int | None
    # What each lesion gets: its id and the drawn volume.
    volumes: list[tuple[str, str | None]] = []
    stock_mg_per_ml: str | None = None
    diluent_ml: str | None = None
    measuring: list[tuple[str, int]] = []


def summary(visit: PlannedVisit, clinic: Clinic, protocol: Protocol) -> str:
    """The summary of a visit, as its table has it."""
    made = visit.preparation
    return json.dumps(
        Summary(
            start=visit.start.isoformat() if visit.start else "",
            end=visit.end.isoformat() if visit.end else "",
            clinic=clinic.name or clinic.timezone,
            evaluations=[one.lesion for one in visit.evaluations if one.state == "planned"],
            injections=[one.lesion for one in visit.injections if one.state == "planned"],
            strength_mg_per_ml=number(protocol.strength.mg_per_ml),
            total_drawn_ml=_text(visit.total_drawn_ml),
            total_drawn_mg=_text(visit.total_drawn_mg),
            syringes=_by_size(one.capacity_ml for one in visit.syringes),
            stock_ml=_text(made.stock_ml if made else None),
            vials=made.vials if made else None,
            volumes=[
                (one.lesion, _text(one.drawn_ml))
                for one in visit.injections
                if one.state == "planned"
            ],
            stock_mg_per_ml=_text(made.strength_mg_per_ml if made else None),
            diluent_ml=_text(made.diluent_ml if made else None),
            measuring=_by_size(_measuring(made, clinic)),
        )._asdict(),
        ensure_ascii=False,
    )


def _measuring(made: Preparation | None, clinic: Clinic) -> Iterator[Fraction]:
    """The capacities of the syringes that measure the parts of a mixture, one for each part."""
    if made is None or not made.diluent_ml:
        return
    for part in (made.stock_ml, made.diluent_ml):
        if syringe := holder(Volume(part), clinic.syringes):
            yield syringe.capacity_ml


def _by_size(capacities: Iterable[Fraction]) -> list[tuple[str, int]]:
    return [(number(size), count) for size, count in sorted(Counter(capacities).items())]


def purposes_of(summary: Summary) -> list[Purpose]:
    """What is to be done at a visit, once for each lesion."""
    looks: list[Purpose] = ["evaluation"] * len(summary.evaluations)
    injections: list[Purpose] = ["injection"] * len(summary.injections)
    return [*looks, *injections]


# Kept by all that it is of: a day asks for each twice, and is looked at again and again.
@lru_cache(maxsize=1024)
def read_summary(text: str) -> Summary:
    """A summary from its table; its lists are for reading alone."""
    return Summary(**json.loads(text))


def _text(value: Fraction | Decimal | None) -> str | None:
    return None if value is None else number(value)

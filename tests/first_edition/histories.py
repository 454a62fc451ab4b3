"""How histories.json was made: by the first edition's own code and tests, and only with those.

    python -m tests.first_edition.histories 60 > tests/first_edition/histories.json

Random histories as dice of a seed have them, each with its events as the register kept them and
the visits that the first edition gave them.
"""

from __future__ import annotations

import json
import random
import sys
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from planner.app.administration import (
    Circumstances,
    Measurement,
    corrected,
    dose_changed,
    evaluated,
    given_as_planned,
    held,
    missed,
    moved,
    resumed,
)
from planner.errors import PlannerError
from planner.store.event_rows import to_row
from planner.store.standing import Standing
from tests.histories import START, add, after, begun

MOST = 14


def near(chance: random.Random, now: Standing) -> datetime | None:
    """A time near a visit of the course, mostly."""
    starts = [visit.start for visit in now.plan.visits if visit.start]
    if not starts or chance.random() < 0.3:
        on = START + timedelta(days=chance.randint(-2, 60))
        return chance.choice([None, datetime.combine(on, time(chance.randint(8, 14)))])
    start = chance.choice(starts).replace(tzinfo=None)
    return start + timedelta(days=chance.randint(-4, 5))


def what(chance: random.Random, now: Standing) -> Any:
    """What happens next."""
    visit, at = chance.randint(1, 9), near(chance, now)
    on = START + timedelta(days=chance.randint(-2, 60))
    lesion, one = chance.choice([None, "A", "B"]), chance.choice("AB")
    only = None if lesion is None else [lesion]
    number = chance.randint(2, len(now.record.entries) + 1)
    mg, size = Decimal(chance.randint(1, 90)), Decimal(chance.randint(0, 90))
    return chance.choice(
        [
            *[lambda st: given_as_planned(st, visit, Circumstances(at), only)] * 3,
            lambda st: missed(st, visit),
            lambda st: moved(st, visit, at or datetime(2026, 9, 20, 9)),
            lambda st: held(st, lesion, on),
            lambda st: resumed(st, lesion, on),
            lambda st: dose_changed(st, "A", mg, None),
            add(chance.choice("CD"), on),
            lambda st: evaluated(st, visit, one, Measurement(size, at=at)),
            lambda st: corrected(st, number, lambda _event: None),
        ]
    )


def history(seed: int) -> dict[str, Any]:
    """One history, and what the first edition made of it."""
    chance, now = random.Random(seed), begun()
    for _ in range(40):
        try:
            now = after(now, what(chance, now)(now))
        except PlannerError:
            continue
        if len(now.record.entries) > MOST:
            break
    rows = [to_row(entry, "00")._asdict() for entry in now.record.entries]
    visits = [
        [
            visit.start.isoformat() if visit.start else None,
            visit.uid,
            [[one.lesion, one.injection, one.state] for one in visit.injections],
            [[one.lesion, one.evaluation, one.state] for one in visit.evaluations],
        ]
        for visit in now.plan.visits
    ]
    on_hold = {name: str(on) for name, on in now.state.held.items()}
    status = now.state.status
    return {"seed": seed, "rows": rows, "visits": visits, "status": status, "held": on_hold}


if __name__ == "__main__":
    made = (json.dumps(history(seed), default=dict) for seed in range(int(sys.argv[1])))
    sys.stdout.write("[\n" + ",\n".join(made) + "\n]\n")

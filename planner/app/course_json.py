"""A course of the register as programs read it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from planner.core.followup.course_outcomes import outcomes
from planner.core.followup.events import Corrected, Entry, Migrated, Planned, kind_of
from planner.core.plan.plan import Plan, PlannedEvaluation, PlannedVisit
from planner.files.plan import plan_bytes
from planner.store.standing import Standing


def course_json(standing: Standing) -> dict[str, Any]:
    """A course as programs read it."""
    state, plan = standing.state, standing.plan
    return {
        "course": plan.course,
        "status": state.status,
        "revision": state.revision,
        "ending": state.ended.ending if state.ended else None,
        "ended_on": state.ended.on if state.ended else None,
        "plan": json.loads(plan_bytes(plan), parse_float=_exact),
        "lesions": [lesion_json(standing, one.id) for one in plan.lesions],
        "outcomes": [
            {
                "after_days": one.after_days,
                "lesions": one.lesions,
                "reduction_percent": one.reduction_percent,
                "reference_percent": one.reference_percent,
            }
            for one in outcomes(standing.plan)
        ],
        "history": history_json(standing.record.entries),
    }


def _exact(text: str) -> Any:
    return Decimal(text)


class Injections(NamedTuple):
    """The injections of a lesion, counted; its regimen has so many in all."""

    regimen: str
    of: int
    given: int
    remaining: int
    missed: int


def injections_counted(standing: Standing, lesion: str) -> Injections:
    """How far a lesion is in its regimen."""
    states = [slot.state for _, slot in standing.state.injections(lesion)]
    regimen = next(one.regimen for one in standing.plan.decisions if one.lesion == lesion)
    return Injections(
        regimen,
        of=next(one.injections for one in standing.plan.protocol.regimens if one.id == regimen),
        given=states.count("done"),
        remaining=states.count("planned") + states.count("waiting"),
        missed=states.count("missed"),
    )


def lesion_json(standing: Standing, lesion: str) -> dict[str, Any]:
    """How a lesion stands: its injections counted, its evaluations in the order of their days."""
    counted = injections_counted(standing, lesion)
    return {
        "lesion": lesion,
        "regimen": counted.regimen,
        "given": counted.given,
        "remaining": counted.remaining,
        "missed": counted.missed,
        "held": lesion in standing.state.held,
        "held_since": standing.state.held.get(lesion),
        "evaluations": [
            {
                "visit": visit.number,
                "date": one.result.on,
                "size_mm": one.result.size_mm,
                "reduction_percent": one.result.reduction_percent,
                "remission": one.result.remission,
                "pain": one.result.pain,
                "pain_change": one.result.pain_change,
                "ulcerated": one.result.ulcerated,
            }
            for visit, one in looks(standing.plan, lesion)
            if one.result is not None
        ],
    }


def looks(plan: Plan, lesion: str) -> Iterator[tuple[PlannedVisit, PlannedEvaluation]]:
    """The evaluations of a lesion, each with its visit."""
    for visit in plan.visits:
        for one in visit.evaluations:
            if one.lesion == lesion:
                yield visit, one


def history_json(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Each event with what it says; times of the clinic are `time`, `at` is when it was entered."""
    return [
        {
            "event": one.number,
            "kind": kind_of(one.event),
            "at": one.at.isoformat(),
            "by": one.by,
            "reason": one.reason,
            **_facts(one.event),
            **_times(one),
            **({"confirmations": list(one.confirmations)} if one.confirmations else {}),
            **({"role": one.role} if one.role != "physician" else {}),
            **({"answered": one.answered} if one.answered else {}),
            **({"through": one.through} if one.through != "terminal" else {}),
        }
        for one in entries
    ]


def _times(entry: Entry) -> dict[str, Any]:
    """The times of all visits that an event left to come, where it set them."""
    if entry.settled is None:
        return {}
    return {"scheduled": entry.settled.scheduled}


def _facts(event: Any) -> dict[str, Any]:
    """What an event says, under names that its envelope does not have."""
    if isinstance(event, Planned):
        return {"lesions": [one.id for one in event.course.lesions]}
    if isinstance(event, Migrated):
        return {"known": event.known}
    if isinstance(event, Corrected):
        instead = None if event.instead is None else _facts(event.instead)
        return {"corrects": event.event, "instead": instead}
    facts = event._asdict()
    if not facts.get("observed", True):
        # Most visits note nothing.
        del facts["observed"]
    return {"time" if name == "at" else name: value for name, value in facts.items()}

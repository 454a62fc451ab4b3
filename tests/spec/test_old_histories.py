"""Histories of the first edition, drawn by dice: migrated they say what that edition said.

tests/first_edition/histories.json has them as its register kept them, each with the visits that its
own code gave.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from planner.core.followup.course_state import fold
from planner.core.followup.current_plan import plan_again
from planner.core.followup.events import Entry, Migrated
from planner.core.followup.first_edition_history import migrate
from planner.store.event_rows import EventRow, KnownPatient, from_row
from tests.conftest import ROOT
from tests.histories import OPENING, PROTOCOL

HISTORIES = json.loads((ROOT / "tests/first_edition/histories.json").read_text(encoding="utf-8"))


def shown(entries: list[Entry]) -> list[list[Any]]:
    """The visits as the first edition told them: when, by which UID, what of whom."""
    plan = plan_again(fold(entries, PROTOCOL), PROTOCOL, OPENING.clinic)
    return [
        [
            visit.start.isoformat() if visit.start else None,
            visit.uid,
            [[one.lesion, one.injection, one.state] for one in visit.injections],
            [[one.lesion, one.evaluation, one.state] for one in visit.evaluations],
        ]
        for visit in plan.visits
    ]


@pytest.mark.parametrize("history", HISTORIES, ids=lambda one: str(one["seed"]))
@pytest.mark.hazard("upgrade-moves-a-visit")
def test_a_migrated_history_says_what_it_said(history: dict[str, Any]) -> None:
    entries = [from_row(EventRow(**one), KnownPatient("P-1")) for one in history["rows"]]
    settled = migrate(entries, PROTOCOL, OPENING)
    times = Entry(
        len(entries) + 1, datetime.now(UTC), "migration", None, Migrated(), settled=settled
    )
    entries.append(times)
    assert shown(entries) == history["visits"]
    state = fold(entries, PROTOCOL)
    assert state.status == history["status"]
    assert {name: str(on) for name, on in state.held.items()} == history["held"]
    assert sorted(one.number for one in state.visits.values()) == [
        *range(1, len(history["visits"]) + 1)
    ]

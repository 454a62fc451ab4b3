"""A plan.json is sealed: whatever is changed in it, or taken off it, it is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.core.calendar.clinic import Clinic
from planner.core.plan.findings import Finding
from planner.core.protocol.protocol import Protocol
from planner.errors import InputError
from planner.files.clinic import built_in_clinic
from planner.files.plan import plan_bytes, plan_from
from planner.files.protocol import load_protocol
from planner.files.seal import EditedPlanError
from tests.courses import confirmation, lesion, planned
from tests.plans import document, edited, first_edition, written

SMALL = lesion(size_mm=3, dose_mg=12.5)
SAID = confirmation("regimen-extrapolated", "weekly", lesion='"A"')
UNSEEN = ["", " ", "\u00a0", "\u3164", "\u2800", "\u034f", "\uffa0\u115f"]


def _content() -> bytes:
    clinic = built_in_clinic("Europe/Copenhagen")
    return plan_bytes(planned(load_protocol("sts-150"), clinic, SMALL, SAID))


CONTENT = _content()


def values(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all values of a plan, those that hold others included."""
    inside = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value) if isinstance(value, list) else inside
    for key, one in inside:
        yield (*path, key)
        yield from values(one, (*path, key))


PATHS = [path for path in values(document(CONTENT)) if path != ("seal",)]


def put(plan: Any, path: tuple[str | int, ...], value: Any) -> None:
    for part in path[:-1]:
        plan = plan[part]
    plan[path[-1]] = value


def test_the_seal_is_the_last_key(sts_150: Protocol, clinic: Clinic) -> None:
    plan = document(plan_bytes(planned(sts_150, clinic, lesion(dose_mg=50))))
    assert list(plan)[-1] == "seal"
    assert re.fullmatch("[0-9a-f]{64}", plan["seal"])


@given(path=st.sampled_from(PATHS), other=st.sampled_from([None, 0, Decimal("12.25"), "x", [], {}]))
@pytest.mark.hazard("wrong-figure-on-paper")
def test_a_plan_with_any_other_value_is_refused(path: tuple[str | int, ...], other: Any) -> None:
    content = edited(CONTENT, lambda plan: put(plan, path, other))
    if document(content) != document(CONTENT):
        with pytest.raises(EditedPlanError, match="seal: this plan was changed after it was made"):
            plan_from(content)


@pytest.mark.parametrize("path", [path for path in PATHS if isinstance(path[-1], str)], ids=str)
@pytest.mark.hazard("wrong-figure-on-paper")
def test_a_plan_without_a_key_is_refused(path: tuple[str | int, ...]) -> None:
    def take(plan: Any) -> None:
        for part in path[:-1]:
            plan = plan[part]
        del plan[path[-1]]

    with pytest.raises(EditedPlanError):
        plan_from(edited(CONTENT, take))


def test_a_figure_counts_as_it_is_written() -> None:
    assert b'"dose_mg": 12.5,' in CONTENT
    with pytest.raises(EditedPlanError):
        plan_from(CONTENT.replace(b'"dose_mg": 12.5,', b'"dose_mg": 12.50,'))


def test_a_tool_may_indent_a_plan_anew_and_sort_its_keys() -> None:
    plan = document(CONTENT)
    anew = dict(sorted(plan.items(), reverse=True))
    assert plan_from(written(anew)) == plan_from(CONTENT)
    assert plan_bytes(plan_from(written(anew))) == CONTENT


def test_a_key_that_stands_twice_is_refused() -> None:
    twice = CONTENT.replace(b'"revision": 0', b'"revision": 9, "revision": 0')
    assert twice != CONTENT
    with pytest.raises(InputError, match=r"this is not a plan\.json"):
        plan_from(twice)


@pytest.mark.parametrize("seal", [None, "", 0, [], "0" * 64])
def test_no_other_seal_will_do(seal: object) -> None:
    with pytest.raises(EditedPlanError):
        plan_from(edited(CONTENT, lambda plan: plan.update(seal=seal)))


@pytest.mark.parametrize("key", ["pages", "last_number", "wording"])
def test_a_seal_cannot_be_taken_off(key: str) -> None:
    with pytest.raises(EditedPlanError, match="seal: it was taken off this plan"):
        plan_from(first_edition(CONTENT, lambda plan: plan.update({key: []})))


@pytest.mark.parametrize("turn", [lambda plan: list(plan.values()), lambda _plan: None])
def test_a_plan_without_keys_is_none(turn: Any) -> None:
    """A list of its values, in their order, would have no seal either."""
    with pytest.raises(InputError, match=r"this is not a plan\.json"):
        plan_from(written(turn(document(first_edition(CONTENT)))))


def test_a_plan_of_the_first_edition_is_read() -> None:
    listed = {"pages": (), "last_number": 0}
    assert plan_from(first_edition(CONTENT)) == plan_from(CONTENT)._replace(**listed)


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: plan.update(
            findings=[one for one in plan["findings"] if one["severity"] != "confirm"]
        ),
        lambda plan: [one.update(confirmed_by="Dr A. Holm") for one in plan["findings"]],
        lambda plan: [one.update(confirmed_by="") for one in plan["findings"]],
    ],
    ids=["taken out", "confirmed", "by nobody"],
)
@pytest.mark.hazard("unissued-plan-used")
def test_a_plan_that_waits_for_a_physician_stays_so(
    sts_150: Protocol, clinic: Clinic, change: Any
) -> None:
    content = plan_bytes(planned(sts_150, clinic, SMALL))
    assert not plan_from(content).is_confirmed
    with pytest.raises(EditedPlanError):
        plan_from(edited(content, change))


@pytest.mark.parametrize("name", UNSEEN)
@pytest.mark.hazard("unissued-plan-used")
def test_a_name_that_nobody_sees_confirms_nothing(name: str) -> None:
    assert Finding("dose-jump", "confirm", "", "", confirmed_by=name).is_open
    assert not Finding("dose-jump", "confirm", "", "", confirmed_by="Ø").is_open

    def confirm(plan: Any) -> None:
        for one in plan["findings"]:
            if one["severity"] == "confirm":
                one["confirmed_by"] = name

    with suppress(InputError):  # for a text of spaces, before it comes to that
        assert not plan_from(first_edition(CONTENT, confirm)).is_confirmed


@pytest.mark.hazard("unissued-plan-used")
def test_a_first_edition_without_its_finding_is_refused() -> None:
    with pytest.raises(InputError, match="lesion A has no regimen-extrapolated"):
        plan_from(first_edition(CONTENT, lambda plan: plan.update(findings=[])))


def test_what_would_lead_a_file_elsewhere_is_refused_under_any_seal(
    sts_150: Protocol, clinic: Clinic
) -> None:
    plan = planned(sts_150, clinic, lesion(dose_mg=50))
    (first, *others) = plan.visits
    naive = [one and one.replace(tzinfo=None) for one in (first.start, first.end)]
    for changed, said in {
        plan._replace(course="../K-1"): "no course's id",
        plan._replace(visits=(first._replace(uid="../x"), *others)): "none of the planner's",
        plan._replace(clinic=plan.clinic._replace(timezone="Mars/Base")): "no time zone",
        plan._replace(visits=(first._replace(start=naive[0], end=naive[1]), *others)): "no offset",
        plan._replace(visits=(first._replace(end=first.start), *others)): "not after the start",
    }.items():
        with pytest.raises(InputError, match=said):
            plan_from(plan_bytes(changed))


@pytest.mark.parametrize("place", ["decisions", "visits", "findings"])
def test_a_sealed_plan_names_no_lesion_that_it_does_not_have(place: str) -> None:
    """Whoever seals a plan anew may have made it: it is no bug of ours that stops it."""
    plan = plan_from(CONTENT)
    decision, visit, finding = plan.decisions[0], plan.visits[0], plan.findings[0]
    injection = visit.injections[0]._replace(lesion="Z")
    others = {
        "decisions": {"decisions": (decision._replace(lesion="Z"),)},
        "visits": {"visits": (visit._replace(injections=(injection,)), *plan.visits[1:])},
        "findings": {"findings": (finding._replace(lesion="Z"), *plan.findings[1:])},
    }
    with pytest.raises(InputError, match=f'{place}: "Z" is no lesion of the plan'):
        plan_from(plan_bytes(plan._replace(**others[place])))  # type: ignore[arg-type]

"""Each page's code is of what the page tells to do, and of nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.plan.findings import Finding
from planner.core.plan.pages import letter_is_due, listed_pages, pages_of, stale_pages, with_pages
from planner.core.plan.plan import EndedCourse, GivenDose, Measured, Page, Plan, PlannedVisit
from planner.core.protocol.protocol import Protocol
from planner.files.plan import plan_bytes, plan_from
from tests.clinics import KINDS, NAMED, Kind, case_plan, clinic_of, text_plan
from tests.conftest import CASES
from tests.courses import confirmation, course_text, lesion

Change = Callable[[Plan], Plan]
ALL = {"treatment-sheet", "visit-2", "visit-3", "visit-4", "visit-5", "visit-6", "appointments"}
DOSES = ([12.5, 20, 30, 40], [15, 25, 35, 300])
GIVEN = GivenDose(
    Fraction(50), Fraction("0.33"), Fraction("49.5"), datetime(2026, 9, 7, 9, tzinfo=UTC), "Nurse",
    "7A", None, None, None, None,
)  # fmt: skip


@pytest.fixture
def plan(sts_150: Protocol, clinic: Clinic) -> Plan:
    """Two weekly lesions, the first visit of which was carried out; one dose is confirmed."""
    text = course_text(
        NAMED, *(lesion(name, dose_mg=list(doses)) for name, doses in zip("AB", DOSES, strict=True))
    )
    for finding, value, target in (
        ("dose-above-observed", "300 mg", {"lesion": '"B"'}),
        ("dose-jump", "35 mg to 300 mg", {"lesion": '"B"'}),
        ("site-total-above-cases", "A, B together 340 mg", {"due": "2026-09-28"}),
    ):
        text += confirmation(finding, value, **target)
    made = text_plan(text, sts_150, clinic_of("shared", clinic))
    assert made.is_confirmed, made.findings
    return done(made, 1)._replace(pages=())


def done(plan: Plan, *numbers: int) -> Plan:
    """The plan after visits were carried out."""
    return plan._replace(
        visits=tuple(_done(one) if one.number in numbers else one for one in plan.visits)
    )


def _done(visit: PlannedVisit) -> PlannedVisit:
    return visit._replace(
        state="done",
        evaluations=tuple(one._replace(state="done") for one in visit.evaluations),
        injections=tuple(one._replace(state="done", given=GIVEN) for one in visit.injections),
    )


def codes(plan: Plan) -> dict[str, str]:
    return dict(pages_of(plan))


def changed(before: Plan, after: Plan) -> set[str]:
    """The pages whose codes differ, or that are in one of the plans alone."""
    was, now = codes(before), codes(after)
    return {page for page in was.keys() | now.keys() if was.get(page) != now.get(page)}


def visit(which: int, /, **facts: Any) -> Change:
    def change(plan: Plan) -> Plan:
        visits = (one._replace(**facts) if one.number == which else one for one in plan.visits)
        return plan._replace(visits=tuple(visits))

    return change


def injection(number: int, which: int, /, **facts: Any) -> Change:
    """One injection of a visit, changed."""

    def change(plan: Plan) -> Plan:
        (found,) = (one for one in plan.visits if one.number == number)
        injections = list(found.injections)
        injections[which] = injections[which]._replace(**facts)
        return visit(number, injections=tuple(injections))(plan)

    return change


def look(number: int, /, **facts: Any) -> Change:
    """The first evaluation of a visit, changed."""

    def change(plan: Plan) -> Plan:
        (found,) = (one for one in plan.visits if one.number == number)
        first, *rest = found.evaluations
        return visit(number, evaluations=(first._replace(**facts), *rest))(plan)

    return change


def part(of: str, **facts: Any) -> Change:
    """The patient, the clinic or the protocol, changed."""
    return lambda plan: plan._replace(**{of: getattr(plan, of)._replace(**facts)})


def of_lesion(name: str, **facts: Any) -> Change:
    return lambda plan: plan._replace(
        lesions=tuple(one._replace(**facts) if one.id == name else one for one in plan.lesions)
    )


def of_decision(**facts: Any) -> Change:
    return lambda plan: plan._replace(
        decisions=(plan.decisions[0]._replace(**facts), *plan.decisions[1:])
    )


def with_finding(*facts: Any, **more: Any) -> Change:
    return lambda plan: plan._replace(findings=(*plan.findings, Finding(*facts, **more)))


def hour(number: int, hours: int) -> Change:
    def change(plan: Plan) -> Plan:
        (found,) = (one for one in plan.visits if one.number == number)
        assert found.start is not None
        assert found.end is not None
        later = timedelta(hours=hours)
        return visit(number, start=found.start + later, end=found.end + later)(plan)

    return change


def syringe(number: int, /, **facts: Any) -> Change:
    def change(plan: Plan) -> Plan:
        (found,) = (one for one in plan.visits if one.number == number)
        first, *rest = found.syringes
        return visit(number, syringes=(first._replace(**facts), *rest))(plan)

    return change


def prepared(number: int, /, **facts: Any) -> Change:
    def change(plan: Plan) -> Plan:
        (found,) = (one for one in plan.visits if one.number == number)
        assert found.preparation is not None
        return visit(number, preparation=found.preparation._replace(**facts))(plan)

    return change


def stock(**facts: Any) -> Change:
    def change(plan: Plan) -> Plan:
        assert plan.clinic.stock is not None
        return part("clinic", stock=plan.clinic.stock._replace(**facts))(plan)

    return change


def then(*changes: Change) -> Change:
    def change(plan: Plan) -> Plan:
        for one in changes:
            plan = one(plan)
        return plan

    return change


SHEET, LETTER = "treatment-sheet", "appointments"
CLINICAL = ALL - {LETTER}
INJECTING = {SHEET, "visit-2", "visit-3", "visit-4"}
MEASURING = {SHEET, "visit-5", "visit-6"}
# What is changed, and the pages that tell to do something else then.
TELLS: dict[str, tuple[Change, set[str]]] = {
    "the course": (lambda plan: plan._replace(course="K-2"), ALL),
    "the patient's id": (part("patient", id="P-2"), ALL),
    "the patient's name": (part("patient", name="Anna Jansen"), ALL),
    "the birth date": (part("patient", birth_date=date(1961, 5, 2)), ALL),
    "an allergy": (part("patient", sulfite_allergy=True), CLINICAL),
    "the diagnosis": (lambda plan: plan._replace(diagnosis="CREST"), {SHEET}),
    "the indication": (lambda plan: plan._replace(indication="severe"), {SHEET}),
    "an hour": (hour(3, 1), {SHEET, LETTER, "visit-3"}),
    "a day": (hour(3, 24), {SHEET, LETTER, "visit-3"}),
    "no day": (visit(3, start=None, end=None), {SHEET, LETTER, "visit-3"}),
    "a zone": (visit(3, timezone="Europe/Paris"), {SHEET, LETTER, "visit-3"}),
    "a number": (visit(3, number=7), {SHEET, "visit-3", "visit-7"}),
    "a visit cancelled": (visit(3, state="cancelled"), {SHEET, LETTER, "visit-3"}),
    "an injection cancelled": (injection(3, 1, state="cancelled"), {SHEET, "visit-3"}),
    "an injection's lesion": (injection(3, 0, lesion="B"), {SHEET, "visit-3"}),
    "an injection's count": (injection(3, 0, injection=4), {SHEET, "visit-3"}),
    "a dose": (injection(3, 0, dose_mg=Fraction(31)), {SHEET, "visit-3"}),
    "an open dose": (injection(3, 0, dose_mg=None), {SHEET, "visit-3"}),
    "a volume": (injection(3, 0, volume_ml=Fraction("0.21")), {SHEET, "visit-3"}),
    "a drawn volume": (injection(3, 0, drawn_ml=Fraction("0.21")), {SHEET, "visit-3"}),
    "a drawn dose": (injection(3, 0, drawn_mg=Fraction("31.5")), {SHEET, "visit-3"}),
    "a syringe": (syringe(3, capacity_ml=Fraction(3)), {SHEET, "visit-3"}),
    "a syringe's lines": (syringe(3, graduation_ml=Fraction("0.02")), {SHEET, "visit-3"}),
    "a syringe's volume": (syringe(3, drawn_ml=Fraction("0.44")), {SHEET, "visit-3"}),
    "a syringe's lesions": (syringe(3, aliquots=()), {SHEET, "visit-3"}),
    "a recipe": (prepared(3, diluent_ml=Fraction(1)), {SHEET, "visit-3"}),
    "vials": (prepared(3, vials=2), {SHEET, "visit-3"}),
    "the draw-up": (part("clinic", draw_up="each"), INJECTING),
    "a second check": (part("clinic", second_check=True), INJECTING),
    "the stock's strength": (stock(strength_mg_per_ml=Fraction(250)), INJECTING),
    "the salt": (stock(salt="anhydrous"), INJECTING),
    "the drug": (part("protocol", drug="sodium chloride"), CLINICAL),
    "the strength": (part("protocol", strength_mg_per_ml=Fraction(250)), CLINICAL),
    "the technique": (part("protocol", technique="elsewhere"), CLINICAL),
    "a site": (of_lesion("A", site="hand"), CLINICAL),
    "a side": (of_lesion("A", side="left"), CLINICAL),
    "where exactly": (of_lesion("A", site_detail="above"), CLINICAL),
    "the size at the start": (of_lesion("A", size_mm=Decimal(71)), MEASURING),
    "an ulceration": (of_lesion("A", ulcerated=False), {SHEET}),
    "a hold": (of_lesion("A", held_since=date(2026, 9, 25)), CLINICAL - {"visit-2", "visit-3"}),
    "a regimen": (of_decision(regimen="single"), {SHEET}),
    "a rule": (of_decision(rule="another"), {SHEET}),
    "an evaluation's time": (look(5, after_days=27), {SHEET, "visit-5"}),
    "which evaluation": (look(5, evaluation=2), {SHEET, "visit-5"}),
    "a warning of a visit": (
        with_finding("interval-too-short", "confirm", "", "4 days", visit=3), {SHEET, "visit-3"},
    ),
    "a warning of a lesion": (with_finding("regimen-inferred", "caution", "", "weekly", "A"),
                              CLINICAL),
    "a warning of a dose": (with_finding("dose-below-observed", "caution", "", "20 mg", "A"),
                            {SHEET, "visit-2"}),
    "a warning of a jump": (with_finding("dose-jump", "confirm", "", "20 mg to 30 mg", "A"),
                            {SHEET, "visit-3"}),
    "a warning of the course": (with_finding("stock-diluted", "caution", "", "250 mg/mL"),
                                {SHEET}),
    "the clinic's name": (part("clinic", name="Other clinic"), {LETTER}),
    "the clinic's address": (part("clinic", address="Elsewhere 2"), {LETTER}),
    "the clinic's phone": (part("clinic", phone="112"), {LETTER}),
}  # fmt: skip
SILENT: dict[str, Change] = {
    "the revision": lambda plan: plan._replace(revision=7, replaces=6),
    "what was given": injection(1, 0, given=GIVEN._replace(dose_mg=Fraction(12))),
    "a lot": injection(1, 0, given=GIVEN._replace(lot="8B", complication="bled")),
    "the hour of what was done": hour(1, 2),
    "the dose of what was done": injection(1, 0, dose_mg=Fraction(99)),
    "what became of a visit that is past": visit(1, state="missed"),
    "a uid": visit(3, uid="00000000-0000-0000-0000-000000000000"),
    "a due day": visit(3, due=date(2026, 9, 20), moved_because="no room at 09:00"),
    "times to choose from": visit(3, choices=(datetime(2026, 9, 21),)),
    "a deviation": injection(3, 0, deviation_percent=Fraction(1)),
    "supplies": lambda plan: plan._replace(supplies=plan.supplies._replace(vials=99)),
    "a note": with_finding("near-threshold", "note", "", "70 mm", "A"),
    "a past visit's warning": with_finding("interval-too-short", "confirm", "", "4", visit=1),
    "a message": lambda plan: plan._replace(
        findings=tuple(one._replace(message="other words") for one in plan.findings)
    ),
    "who confirmed": lambda plan: plan._replace(
        findings=tuple(one._replace(confirmed_by="B", reason="r") for one in plan.findings)
    ),
    "a remark": lambda plan: plan._replace(remarks=("said",)),
    "the prescriber": lambda plan: plan._replace(prescriber="Dr B. Berg"),
    "the protocol's version": part("protocol", version="9", sha256="0" * 64),
    "who measured": of_lesion("A", measured_by="C"),
    "a case": lambda plan: plan._replace(cases=()),
    "paper and language": part("clinic", paper="Letter", language="da"),
    "reminders": part("clinic", reminder_minutes=(5,)),
    "the last number": lambda plan: plan._replace(last_number=9),
    "the listed pages": lambda plan: plan._replace(pages=(Page("visit-2", "0" * 8),)),
    "the first visit": lambda plan: plan._replace(first_visit=plan.first_visit + timedelta(1)),
}


def test_the_pages_of_a_plan(plan: Plan) -> None:
    assert set(codes(plan)) == ALL
    assert [one.page for one in pages_of(plan)] == [
        "treatment-sheet", *(f"visit-{n}" for n in range(2, 7)), "appointments",
    ]  # fmt: skip
    assert all(re.fullmatch("[0-9a-f]{8}", code) for code in codes(plan).values())
    assert len(set(codes(plan).values())) == len(ALL)


@pytest.mark.parametrize(("change", "pages"), TELLS.values(), ids=TELLS.keys())
@pytest.mark.hazard("stale-paper")
def test_what_tells_to_do_something_else_has_another_code(
    plan: Plan, change: Change, pages: set[str]
) -> None:
    after = change(plan)
    assert changed(plan, after) == pages
    if after.course == plan.course:
        assert {one.page for one in stale_pages(plan, after)} == pages & ALL


@pytest.mark.parametrize("change", SILENT.values(), ids=SILENT.keys())
@pytest.mark.hazard("stale-paper")
def test_what_tells_nobody_to_do_anything_has_the_same_code(plan: Plan, change: Change) -> None:
    after = change(plan)
    assert after != plan
    assert codes(after) == codes(plan)
    assert stale_pages(plan, after) == ()
    assert not letter_is_due(plan, after)


def test_the_offset_is_no_part_of_a_code(plan: Plan) -> None:
    """The wall clock stands: rules of a zone that changed make no page stale."""
    moved = tuple(
        one._replace(
            start=one.start and one.start.replace(tzinfo=ZoneInfo("Europe/London")),
            end=one.end and one.end.replace(tzinfo=ZoneInfo("Europe/London")),
        )
        for one in plan.visits
    )
    assert codes(plan._replace(visits=moved)) == codes(plan)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_a_plan_that_is_read_has_the_codes_that_it_lists(case: str, kind: Kind) -> None:
    made = case_plan(case, kind)
    read = plan_from(plan_bytes(made))
    assert read.pages == made.pages == pages_of(made) == pages_of(read)
    assert listed_pages(read._replace(pages=())) == made.pages


def test_two_pages_never_share_a_code(sts_150: Protocol, clinic: Clinic) -> None:
    found = [
        page.code
        for course in ("K-1", "K-2")
        for page in text_plan(
            course_text(lesion(dose_mg=50)).replace("K-1", course), sts_150, clinic
        ).pages
    ]
    assert len(found) == len(set(found)) == 16


# --- what was done makes nothing stale


@pytest.mark.hazard("stale-paper")
def test_what_was_carried_out_makes_no_page_stale(plan: Plan) -> None:
    after = done(plan, 2)
    assert "visit-2" not in codes(after)
    assert stale_pages(plan, after) == ()
    # A day late, and another dose than planned: it was done all the same.
    late = then(hour(2, 25), injection(2, 0, given=GIVEN))(after)
    assert stale_pages(plan, late) == ()
    assert not letter_is_due(plan, late)
    assert stale_pages(plan, done(plan, *range(1, 7))) == ()


@pytest.mark.hazard("stale-paper")
def test_a_part_that_was_done_leaves_the_page_of_its_visit(plan: Plan) -> None:
    """The rest is drawn up for itself then; the page says the same of it."""
    half = then(injection(2, 0, state="done", given=GIVEN), visit(2, syringes=()), hour(2, 1))(plan)
    assert stale_pages(plan, half) == ()
    other = injection(2, 1, dose_mg=Fraction(26))(half)
    assert {one.page for one in stale_pages(plan, other)} == {SHEET, "visit-2"}


@pytest.mark.hazard("stale-paper")
def test_what_was_done_at_another_visit_is_no_more_to_do_at_its_own(plan: Plan) -> None:
    early = then(look(5, state="cancelled"), look(6, state="done", lesion="A", evaluation=1))(plan)
    assert {"visit-5", SHEET} <= {one.page for one in stale_pages(plan, early)}


@pytest.mark.hazard("stale-paper")
def test_a_visit_that_is_missed_or_cancelled_makes_its_page_stale(plan: Plan) -> None:
    for state in ("missed", "cancelled"):
        gone = then(
            visit(2, state=state), injection(2, 0, state=state), injection(2, 1, state=state)
        )(plan)
        found = {one.page: one.instead for one in stale_pages(plan, gone)}
        assert found.keys() == {SHEET, LETTER, "visit-2"}
        assert found["visit-2"] is None
        assert found[SHEET] == codes(gone)[SHEET]


@pytest.mark.parametrize(("was", "now", "stale"), [
    ("300 mg, 320 mg", "320 mg", False), ("320 mg", "300 mg, 320 mg", True),
])  # fmt: skip
def test_of_a_warnings_values_one_may_fall(plan: Plan, was: str, now: str, stale: bool) -> None:
    before, after = (
        with_finding("dose-above-observed", "confirm", "", value)(plan) for value in (was, now)
    )
    assert [one.page for one in stale_pages(before, after)] == [SHEET] * stale


def test_a_warning_that_falls_makes_nothing_stale(plan: Plan) -> None:
    warned = with_finding("regimen-inferred", "caution", "", "weekly", "A")(plan)
    warned = warned._replace(pages=pages_of(warned))
    assert stale_pages(warned, plan) == ()
    assert stale_pages(plan, warned) != ()


def test_of_an_ended_course_only_the_sheet_is_left(plan: Plan) -> None:
    ended = plan._replace(
        ending=EndedCourse("stopped", date(2026, 9, 9)),
        visits=tuple(
            one if one.state == "done" else one._replace(state="cancelled") for one in plan.visits
        ),
    )
    assert set(codes(ended)) == {SHEET}
    assert {one.page for one in stale_pages(plan, ended)} == ALL
    assert not letter_is_due(plan, ended)


def test_results_change_no_code(plan: Plan) -> None:
    after = done(plan, 1, 2, 3, 4, 5)
    seen = Measured(
        date(2026, 10, 5), Decimal(30), False, None, None, Fraction(50), "partial", None
    )
    assert codes(look(5, result=seen)(after)) == codes(after)


def test_new_times_are_told_where_no_letter_has_them(plan: Plan) -> None:
    assert letter_is_due(plan, hour(4, 1)(plan))
    assert letter_is_due(done(plan, *range(1, 7)), plan)
    assert not letter_is_due(plan, injection(3, 0, dose_mg=Fraction(1))(plan))
    assert not letter_is_due(plan, done(plan, *range(1, 7)))


def test_a_visit_without_a_day_has_no_page(plan: Plan) -> None:
    without = visit(3, start=None, end=None)(plan)
    assert [one.number for one in with_pages(without)] == [2, 4, 5, 6]
    assert codes(without).keys() == ALL - {"visit-3"}

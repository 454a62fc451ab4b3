"""What papers and the terminal say of a plan: whose it is, what it rests on, what a visit takes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from itertools import accumulate
from math import gcd
from typing import NamedTuple

from planner.core.dosing.draw_up import DrawUp
from planner.core.dosing.draw_up import draw_up as draw_up_of
from planner.core.plan.appointments import VisitState
from planner.core.plan.findings import AGAINST_TREATMENT, ranges
from planner.core.plan.pages import LETTER_PAGE, SHEET_PAGE
from planner.core.plan.plan import (
    Decision,
    Ending,
    Measured,
    Plan,
    PlannedInjection,
    PlannedLesion,
    PlannedSyringe,
    PlannedVisit,
)
from planner.core.protocol.protocol import SULFITE_ALLERGY, Screen
from planner.core.values.intervals import Interval
from planner.core.values.quantities import Dose, Number, Strength
from planner.documents.language import Language, language
from planner.documents.paper import Line, Span, Strip, Tick, mixed

ENGLISH = language("en")
DETAILS = ("thumb", "index", "middle", "ring", "little", "palmar", "dorsal", "plantar")
# So many doses are converted at most.
MOST_STEPS = 150


class GroundsRow(NamedTuple):
    """What the regimen of some lesions rests on, once for all of them."""

    lesions: str
    regimen: str
    rule: str
    because: str
    evidence: str
    source: str
    cases: tuple[str, ...]


def strength(plan: Plan, say: Language) -> str:
    """`150 mg/mL`: what every volume to inject is a volume of."""
    return say.mg_per_ml(plan.protocol.strength_mg_per_ml)


def is_diluted(plan: Plan) -> bool:
    """Whether the stock is stronger than what is injected."""
    stock = plan.clinic.stock
    return stock is not None and stock.strength_mg_per_ml > plan.protocol.strength_mg_per_ml


def drug(plan: Plan, say: Language) -> str:
    """The drug by its name in a language, where the protocol has one."""
    return dict(plan.protocol.drug_names).get(say.code, plan.protocol.drug)


def vial_check(plan: Plan, say: Language, *before: Line) -> Strip:
    """What has to stand on the vial, asked so that it can be read one way only.

    The stock's strength and salt where they are known; lines `before` it stand in the same frame.
    """
    stock = plan.clinic.stock
    strength = (stock or plan.protocol).strength_mg_per_ml
    return vial_strip(strength, None if stock is None else stock.salt, say, *before)


def vial_strip(strength: Number, salt_there: str | None, say: Language, *before: Line) -> Strip:
    """As `vial_check`, of a strength and a salt; None where no stock is known."""
    expected = say.mg_per_ml(strength)
    answers = (Tick(say("yes")), Tick(say("no \u2192 STOP")))
    if salt_there is None or salt_there == "not stated":
        salt = Span(say("Salt on the vial: ________________") + "   ")
        asked = mixed(say("The vial must say {strength}:"), strength=expected)
        return Strip((*before, (salt, *asked)), answers)
    words = say("The vial must say {strength}, {salt}:")
    return Strip((*before, mixed(words, strength=expected, salt=say(salt_there))), answers)


def warned_of(plan: Plan, say: Language) -> Iterator[str]:
    """A stated allergy and answers that are a reason to stop, each with who decided what."""
    for one in plan.findings:
        if one.code not in AGAINST_TREATMENT:
            continue
        stated = (
            say("A sulfite allergy is stated for this patient.")
            if one.code == "sulfite-allergy"
            else say.sentence(one.message)
        )
        who = say("Nobody has decided on it: stop.")
        if one.confirmed_by is not None:
            who = say("Decided by {by}: {reason}", by=one.confirmed_by, reason=one.reason)
        yield f"{stated.rstrip('.')}. {who}"


def unanswered(plan: Plan, sites: Collection[str]) -> Iterator[Screen]:
    """The questions that lesions at some sites ask and nobody answered yet."""
    if plan.patient.sulfite_allergy is None:
        yield SULFITE_ALLERGY
    answers = {one.screen for one in plan.screening}
    for screen in plan.protocol.screens:
        if screen.id not in answers and screen.concerns(sites):
            yield screen


def stops_ml(syringe: PlannedSyringe) -> list[Fraction]:
    """Where the plunger stands: before the first lesion, and after each of them."""
    return list(accumulate((-one.ml for one in syringe.aliquots), initial=syringe.drawn_ml))


def plunger_stops(syringe: PlannedSyringe, say: Language) -> str:
    """`0.3 \u2192 0.22 \u2192 0 mL`: where the plunger stands before and after each lesion."""
    *stops, last = stops_ml(syringe)
    return " \u2192 ".join([*(say.number(one) for one in stops), say.ml(last)])


def held_line(plan: Plan, visit: PlannedVisit, say: Language) -> Iterator[str]:
    """The lesions that are on hold at a visit: who holds the syringe has to know of them."""
    here = {one.lesion for one in visit.injections}
    held = [
        f"{one.id} {site_and_side(one, say)}"
        for one in plan.lesions
        if one.held_since is not None and one.id not in here
        if visit.start is None or visit.start.date() >= one.held_since
    ]
    if held:
        yield say("On hold, not to be injected: {lesions}.", lesions=", ".join(held))


def draw_up(plan: Plan, say: Language = ENGLISH) -> str:
    """How syringes are shared, and why this one: the smallest that holds it."""
    if plan.clinic.draw_up == "shared":
        return say(
            "One syringe serves several lesions of the same syringe size, intact ones before"
            " ulcerated ones, none divided; the smallest that holds a lesion's volume."
        )
    return say("A syringe for each lesion, the smallest that holds its volume.")


def conversion(plan: Plan, say: Language) -> Iterator[tuple[str, str, str]]:
    """Doses with what the syringes show of each: (dose, drawn volume, drawn dose).

    The steps hold every dose that the source names. One that the syringes miss by so much that a
    plan would ask a physician has words in place of a volume, and no drawn dose.
    """
    strength_there = Strength(plan.protocol.strength_mg_per_ml)
    for mg in _steps(plan):
        drawn = draw_up_of(Dose(mg), strength_there, plan.clinic.syringes)
        if is_converted(drawn):
            yield say.mg(mg), say.ml(drawn.drawn.ml), converted_dose(drawn, say)
        else:
            yield say.mg(mg), not_with_these(say), ""


def is_converted(drawn: DrawUp) -> bool:
    """Whether a paper says what to draw of a dose: nobody is there to ask, where it misses it."""
    return drawn.is_drawable and not drawn.is_far_off


def converted_dose(drawn: DrawUp, say: Language) -> str:
    """The dose that is drawn, and by how much it misses the other where that is to be seen."""
    dose = say.mg(drawn.drawn_dose.mg)
    if not drawn.is_off:
        return dose
    return f"{dose}, {say.percent(drawn.deviation * 100)}"


def not_with_these(say: Language) -> str:
    """What a paper says of a dose that the clinic's syringes do not show well enough."""
    return say("not with these syringes")


def _steps(plan: Plan) -> Iterator[Fraction]:
    """Doses from the smallest step on, up to the largest that a case was given."""
    named = [Fraction(one.mean_dose_mg) for one in plan.cases]
    for one in plan.cases:
        named += [Fraction(bound) for bound in Interval.parse(one.dose_range_mg).bounds]
    smallest = plan.clinic.syringes[0]
    if not named:
        # Nothing is named: the lines of the smallest syringe, ten of them.
        named = [smallest.capacity_ml * plan.protocol.strength_mg_per_ml]
        step = named[0] / 10
    else:
        step = Fraction(0)
        for dose in named:
            step = _common(step, dose)
        step = max(step, max(named) / MOST_STEPS)
    yield from (step * n for n in range(1, int(max(named) / step) + 1))


def _common(one: Fraction, other: Fraction) -> Fraction:
    """The largest fraction of which both are multiples."""
    return Fraction(
        gcd(one.numerator * other.denominator, other.numerator * one.denominator),
        one.denominator * other.denominator,
    )


def where(lesion: PlannedLesion, say: Language = ENGLISH) -> str:
    """`right knee (above the patella)`, whole: a site is never cut short."""
    text = site_and_side(lesion, say)
    if not lesion.site_detail:
        return text
    # The vocabulary of a hand or a foot has its words; whatever else was typed stands as it is.
    words = lesion.site_detail.split()
    detail = " ".join(say.site(one) if one in DETAILS else one for one in words)
    return f"{text} ({detail})"


def site_and_side(lesion: PlannedLesion, say: Language = ENGLISH) -> str:
    """`right knee`."""
    return " ".join(say.site(part) for part in (lesion.side, lesion.site) if part)


def regimen_title(plan: Plan, regimen: str, say: Language = ENGLISH) -> str:
    """`weekly: one injection every 7 days, 4 in all`."""
    title = next(one.title for one in plan.protocol.regimens if one.id == regimen)
    return f"{say.regimen(regimen)}: {say(title)}"


def evidence(plan: Plan, decision: Decision, say: Language = ENGLISH) -> str:
    """The evidence of a decision, with what its source can bear."""
    if decision.regimen != decision.by_rule:
        return say(
            "the physician's choice; the rule gives {regimen}",
            regimen=say.regimen(decision.by_rule),
        )
    shown = {
        "stated": say("stated by the source"),
        "inferred": say("inferred from a case"),
        "extrapolated": say("extrapolated"),
    }[decision.evidence]
    caveats = [say(one.caveat) for one in plan.protocol.sources if one.caveat]
    return f"{shown} ({'; '.join(caveats)})" if caveats else shown


def case_line(plan: Plan, case_id: str, say: Language = ENGLISH) -> str:
    """`knee, 70 mm: 4 injections of 12.5 to 87.5 mg, mean 57.5 mg (Table 1, row 2)`."""
    case = next(one for one in plan.cases if one.id == case_id)
    doses = say.sentence(Interval.parse(case.dose_range_mg).words("mg"))
    if case.injections > 1:
        doses = say("{doses}, mean {mean}", doses=doses, mean=say.mg(case.mean_dose_mg))
    times = say.plural("{n} injection", "{n} injections", case.injections)
    return say(
        "{site}, {size}: {times} of {doses} ({place})",
        site=say.site(case.site),
        size=say.mm(case.size_mm),
        times=times,
        doses=doses,
        place=say.sentence(case.place),
    )


def grounds(
    plan: Plan, without_dose: Collection[str] = (), say: Language = ENGLISH
) -> Iterator[GroundsRow]:
    """The grounds of the regimens, those alike together; with cases for lesions without a dose."""
    alike: dict[GroundsRow, list[str]] = {}
    for decision in plan.decisions:
        cases = decision.cases if decision.lesion in without_dose else ()
        row = GroundsRow(
            lesions="",
            regimen=regimen_title(plan, decision.regimen, say),
            rule=decision.rule,
            because=say.sentence(decision.because),
            evidence=evidence(plan, decision, say),
            source="; ".join(say.sentence(one) for one in decision.sources),
            cases=tuple(case_line(plan, case, say) for case in cases),
        )
        alike.setdefault(row, []).append(decision.lesion)
    for row, lesions in alike.items():
        yield row._replace(lesions=ranges(lesions, plan.lesion_ids))


def lesions_without_dose(plan: Plan) -> set[str]:
    """The lesions with an injection whose dose was left open."""
    return {one.lesion for visit in plan.visits for one in visit.injections if one.dose_mg is None}


def given_line(one: PlannedInjection, say: Language = ENGLISH) -> Iterator[str]:
    """`given: 57.5 mg, drawn 0.38 mL (57 mg), Mon 14 Sep 2026 09:10, lot 7A`."""
    given = one.given
    if given is None:
        return
    parts = [
        say(
            "given: {dose}, drawn {volume} ({drawn})",
            dose=say.mg(given.dose_mg),
            volume=say.ml(given.drawn_ml),
            drawn=say.mg(given.drawn_mg),
        ),
        say.moment(given.at),
    ]
    if given.lot:
        parts.append(say("lot {lot}", lot=given.lot))
    yield ", ".join(parts)
    if given.complication:
        yield say("Complication: {said}", said=given.complication)


def outcome_line(result: Measured, say: Language = ENGLISH) -> str:
    """`30 mm, smaller, reduction 57.1 %, pain 3/10, pain changed by -2`."""
    words = {
        "complete": say("gone"),
        "partial": say("smaller"),
        "unchanged": say("unchanged"),
        "larger": say("larger"),
    }[result.remission]
    parts = [
        say.mm(result.size_mm),
        words,
        say("reduction {percent}", percent=say.percent(result.reduction_percent)),
    ]
    if result.pain is not None:
        parts.append(say("pain {n}/10", n=say.number(result.pain)))
    if result.pain_change is not None:
        parts.append(say("pain changed by {n}", n=say.number(result.pain_change)))
    return ", ".join(parts)


def ending_lines(plan: Plan, say: Language = ENGLISH, *, to_patient: bool = True) -> Iterator[str]:
    """How the course ended, and what the staff has to do after a death, told in any course."""
    if plan.ending is None:
        return
    how = ending_words(plan.ending.ending, say)
    yield say("This course ended on {day}: {how}.", day=say.day(plan.ending.on), how=how)
    if plan.ending.ending == "died" or not to_patient:
        yield say(
            "Nothing more is sent to the patient. A phone's calendar cannot be recalled: a person"
            " has to call those who keep it."
        )


def ending_words(ending: Ending, say: Language = ENGLISH) -> str:
    """How a course ended, in words."""
    return {
        "completed": say("completed"),
        "stopped": say("stopped"),
        "died": say("the patient died"),
        "lost": say("lost to follow-up"),
    }[ending]


def visit_state(visit: PlannedVisit, say: Language = ENGLISH) -> str:
    """What became of a visit; nothing for one that is to come."""
    return "" if visit.state == "planned" else state_words(visit.state, say)


def page_words(page: str, say: Language = ENGLISH) -> str:
    """What a page of the papers is called: `visit 3` for visit-3."""
    names = {SHEET_PAGE: say("treatment sheet"), LETTER_PAGE: say("letter with the appointments")}
    return names.get(page) or say("visit {n}", n=page.rpartition("-")[2])


def state_words(state: VisitState, say: Language = ENGLISH) -> str:
    """What became of a visit, or of one lesion at it."""
    return {
        "planned": say("to come"),
        "done": say("done"),
        "missed": say("missed"),
        "cancelled": say("cancelled"),
    }[state]


def visit_title(visit: PlannedVisit, say: Language) -> str:
    """`Visit 1 · Mon 7 Sep 2026 09:30 to 10:00`."""
    number = say("Visit {n}", n=visit.number)
    return f"{number} \u00b7 {visit_time(visit, say)}"


def visit_time(visit: PlannedVisit, say: Language) -> str:
    """`Mon 7 Sep 2026 09:30 to 10:00`."""
    if visit.start is None or visit.end is None:
        return say("no day found (due {day})", day=say.day(visit.due))
    return say("{start} to {end}", start=say.moment(visit.start), end=f"{visit.end:%H:%M}")


def preparation_lines(plan: Plan, visit: PlannedVisit, say: Language = ENGLISH) -> Iterator[str]:
    """What to take from the stock, and the recipe where it is diluted; blanks for open doses."""
    made = visit.preparation
    if made is None:
        if is_diluted(plan) and plan.clinic.stock is not None and visit.injections:
            yield say(
                "Dilute: ________ mL stock of {stock} + ________ mL diluent = ________ mL of"
                " {wanted}. The pharmacy works it out, says the diluent and signs.",
                stock=say.mg_per_ml(plan.clinic.stock.strength_mg_per_ml),
                wanted=strength(plan, say),
            )
        return
    stock, taken = say.mg_per_ml(made.strength_mg_per_ml), say.ml(made.stock_ml)
    if made.diluent_ml:
        yield say(
            "Dilute: {taken} stock of {stock} + {diluent} diluent = {batch} of {wanted}. The"
            " diluent and its compatibility: the pharmacy says and signs.",
            taken=taken,
            stock=stock,
            diluent=say.ml(made.diluent_ml),
            batch=say.ml(made.batch_ml),
            wanted=strength(plan, say),
        )
    else:
        yield say(
            "In all {taken} of {stock} are used up, what stays in the syringes included.",
            taken=taken,
            stock=stock,
        )
    if made.vials is not None and made.wasted_ml is not None:
        vials = say.plural("{n} vial", "{n} vials", made.vials)
        rest = say.ml(made.wasted_ml)
        yield say("{vials}, single use; {rest} are discarded.", vials=vials, rest=rest)


def moved_line(visit: PlannedVisit, say: Language = ENGLISH) -> Iterator[str]:
    """Why a visit is not when it was due, if so; a visit that another joined was due that day.

    One without a day moved nowhere.
    """
    if not visit.moved_because:
        return
    because = say.sentence(visit.moved_because)
    if visit.start is None or visit.start.date() == visit.due:
        yield because
    else:
        yield say("moved from {day}: {because}", day=say.day(visit.due), because=because)


class Index(NamedTuple):
    """What rows look up in a plan, found once: lesions by id, and how often each is injected."""

    lesions: Mapping[str, PlannedLesion]
    injections: Mapping[str, int]

    def number(self, injection: PlannedInjection, say: Language) -> str:
        """`2 of 4`: which of its lesion's injections this is."""
        return say("{n} of {of}", n=injection.injection, of=self.injections[injection.lesion])


def index(plan: Plan) -> Index:
    """The index of a plan."""
    planned = {one.id: one.injections for one in plan.protocol.regimens}
    injections = {one.lesion: planned[one.regimen] for one in plan.decisions}
    return Index({lesion.id: lesion for lesion in plan.lesions}, injections)


def total_line(plan: Plan, visit: PlannedVisit, say: Language) -> Iterator[str]:
    """What a visit takes in all, where every dose is known."""
    if visit.total_drawn_ml is None or visit.total_drawn_mg is None or visit.total_dose_mg is None:
        return
    yield say(
        "Together: {dose} prescribed; drawn {volume} at {strength}, {drawn}.",
        dose=say.mg(visit.total_dose_mg),
        volume=say.ml(visit.total_drawn_ml),
        strength=strength(plan, say),
        drawn=say.mg(visit.total_drawn_mg),
    )


def after(days: int, say: Language) -> str:
    """`week 4`, or `day 10` where the days make no whole weeks."""
    return say("day {n}", n=days) if days % 7 else say("week {n}", n=days // 7)


def looked_at(visit: PlannedVisit, say: Language) -> Iterator[str]:
    """`A, B (week 4)`: the lesions that a visit measures, by the time since they began."""
    by_time: dict[int, list[str]] = {}
    for one in visit.evaluations:
        by_time.setdefault(one.after_days, []).append(one.lesion)
    for days, lesions in by_time.items():
        yield f"{', '.join(lesions)} ({after(days, say)})"


def remission_ticks(say: Language) -> Iterator[Tick]:
    """The four outcomes of a lesion."""
    for outcome in (say("gone"), say("smaller"), say("unchanged"), say("larger")):
        yield Tick(outcome)


def remission_line(plan: Plan, say: Language) -> str:
    """What the outcomes mean, by the precision of the protocol."""
    return say(
        "Gone: complete remission. Smaller by more than {precision}: partial remission. Smaller or"
        " larger by no more than that: unchanged.",
        precision=say.mm(plan.protocol.precision_mm),
    )

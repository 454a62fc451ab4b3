"""What of a patient, a lesion, a clinic and its stock is worth a look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from planner.core.calendar.clinic import Clinic
from planner.core.dosing.equipment import Stock
from planner.core.plan.course import Course, Lesion
from planner.core.plan.findings import Finding
from planner.core.protocol.decisions import Hit
from planner.core.protocol.protocol import Protocol
from planner.core.values.days import age_on
from planner.core.values.formatting import (
    count,
    decimal,
    mg_per_ml,
    mm,
    plain,
)
from planner.core.values.intervals import Interval
from planner.core.values.said import Said, joined, said, term

ADULT = 18


@dataclass(frozen=True)
class Decided:
    """A lesion with the rule that hit and the regimen that it gets."""

    lesion: Lesion
    hit: Hit
    regimen: str


# What is found of a lesion when it comes, by what was decided then; its doses may change later.
WHEN_IT_COMES = {
    "regimen-inferred", "regimen-extrapolated", "regimen-overridden", "near-threshold",
    "size-outside-observed", "site-outside-observed",
}  # fmt: skip


def lesion_findings(decided: Decided, protocol: Protocol) -> Iterator[Finding]:
    """What the regimen of a lesion rests on, and how near the rule is to another."""
    lesion, hit, regimen = decided.lesion, decided.hit, decided.regimen
    rule = hit.rule
    if regimen != rule.regimen:
        yield Finding(
            "regimen-overridden",
            "confirm",
            said(
                "chosen by the physician: {regimen}; rule {rule} gives {other} ({evidence})",
                regimen=term("regimen", regimen),
                rule=rule.id,
                other=term("regimen", rule.regimen),
                evidence=said(rule.evidence),
            ),
            term("regimen", regimen),
            lesion.id,
        )
    elif rule.evidence != "stated":
        yield Finding(
            f"regimen-{rule.evidence}",
            "confirm" if rule.evidence == "extrapolated" else "caution",
            said("{target}: {value}", target=term("regimen", regimen), value=said(rule.because)),
            term("regimen", regimen),
            lesion.id,
        )
    if hit.flip is not None and hit.flip.is_within(protocol.table.domains.precision_mm):
        yield Finding(
            "near-threshold", "note", hit.flip.words, plain(mm(lesion.size_mm)), lesion.id
        )
    yield from _unlike_observed(lesion, protocol)


def _unlike_observed(lesion: Lesion, protocol: Protocol) -> Iterator[Finding]:
    """A size and a site that the source did not treat."""
    observed = protocol.observed
    if observed is None:
        return
    if observed.size_mm is not None and lesion.size_mm not in observed.size_mm:
        yield Finding(
            "size-outside-observed",
            "caution",
            _treated(mm(lesion.size_mm), observed.size_mm.words("mm"), observed.place),
            plain(mm(lesion.size_mm)),
            lesion.id,
        )
    if observed.sites is not None and lesion.site not in observed.sites:
        yield Finding(
            "site-outside-observed",
            "caution",
            _treated(
                term("site", lesion.site),
                joined([term("site", one) for one in observed.sites]),
                observed.place,
            ),
            term("site", lesion.site),
            lesion.id,
        )


def _treated(what: str, others: str, place: str) -> Said:
    """What the source did not treat, what it did, and where it says so."""
    return said(
        "{what}; treated were {others} ({place})", what=what, others=others, place=said(place)
    )


def course_findings(course: Course, protocol: Protocol, clinic: Clinic) -> Iterator[Finding]:
    """What concerns the patient, the clinic and its approvals."""
    yield from _diagnosis(course, protocol)
    yield from _age(course, protocol)
    yield from _screening(course, protocol)
    if course.patient.sulfite_allergy:
        yield Finding(
            "sulfite-allergy",
            "confirm",
            said("stated for this patient; a sulfite allergy is not a sulfonamide allergy"),
            said("stated"),
        )
    yield from _approval(course, protocol, clinic)
    if clinic.holiday_parts:
        yield Finding(
            "regional-holidays",
            "note",
            said(
                "parts of the country ({parts}) have public holidays of their own, and the clinic"
                ' file does not state one: subdivision = "{part}" or the like',
                parts=", ".join(clinic.holiday_parts),
                part=clinic.holiday_parts[0],
            ),
            said("not stated"),
        )
    if clinic.assumed:
        yield Finding(
            "clinic-assumed",
            "note",
            said("assumed, as no clinic file states it: {what}", what=joined(clinic.assumed)),
            joined(clinic.assumed),
        )


def _diagnosis(course: Course, protocol: Protocol) -> Iterator[Finding]:
    observed = protocol.observed
    if observed is not None and observed.diagnoses is not None:
        known = {plain(name).casefold() for name in observed.diagnoses}
        if plain(course.diagnosis).casefold() not in known:
            yield Finding(
                "diagnosis-outside-observed",
                "caution",
                said(
                    "{diagnosis}; treated were {diagnoses}",
                    diagnosis=course.diagnosis,
                    diagnoses=", ".join(observed.diagnoses),
                ),
                course.diagnosis,
            )


def _age(course: Course, protocol: Protocol) -> Iterator[Finding]:
    """The age on the first day, against those that the source treated."""
    observed, born = protocol.observed, course.patient.birth_date
    if observed is None or observed.age is None or born is None:
        return
    age = age_on(born, course.first_visit.date())
    if age not in observed.age:
        yield Finding(
            "age-outside-observed",
            "confirm" if age < ADULT else "caution",
            _treated(count(age, "year"), _years(observed.age), observed.place),
            count(age, "year"),
        )


def _years(ages: Interval) -> str:
    """`49 to 74 years`, or as any stretch is said."""
    if ages.low is not None and ages.high is not None:
        return said("{low} to {high} years", low=decimal(ages.low), high=decimal(ages.high))
    return ages.words("years")


def _screening(course: Course, protocol: Protocol) -> Iterator[Finding]:
    """The answers that are a reason to stop and think, all in one line."""
    answers, sites = dict(course.screening), {one.site for one in course.lesions}
    stopping = [
        one for one in protocol.screens if one.concerns(sites) and answers.get(one.id) == one.stops
    ]
    if stopping:
        told = [(answer(said(one.question), one.stops), said(one.because)) for one in stopping]
        value = joined([answer(term("asked", one.id), one.stops) for one in stopping])
        message = joined([text for both in told for text in both], "; ")
        yield Finding("screening-positive", "confirm", message, value)


def answer(question: Said, is_yes: bool) -> Said:
    """What was asked, and what was said to it."""
    return said("{question}: yes" if is_yes else "{question}: no", question=question)


def _approval(course: Course, protocol: Protocol, clinic: Clinic) -> Iterator[Finding]:
    """Whether the clinic approved this version, and for the first day of the course."""
    name = f"{protocol.id} {protocol.version}"
    approvals = [one for one in clinic.approvals if one.protocol == protocol.id]
    day = course.first_visit.date()
    same = [one for one in approvals if one.version == protocol.version]
    if any(one.on <= day <= one.review_by for one in same):
        return
    if not approvals:
        yield Finding(
            "protocol-not-approved",
            "note",
            said("no approval of {protocol} in the clinic file", protocol=name),
            name,
        )
        return
    over = [one.review_by for one in same if one.review_by < day]
    if over:
        text = said(
            "the approval of {protocol} was to be reviewed by {day}",
            protocol=name,
            day=str(max(over)),
        )
    elif same:
        begins = str(min(one.on for one in same))
        text = said("the approval of {protocol} begins on {day}", protocol=name, day=begins)
    else:
        text = said(
            "version {versions} is approved, this is {version}",
            versions=", ".join(one.version for one in approvals),
            version=protocol.version,
        )
    yield Finding("protocol-not-approved", "caution", text, name)


def stock_findings(clinic: Clinic, protocol: Protocol, has_blanks: bool) -> Iterator[Finding]:
    """Strength and salt: stated or not, as the protocol's or not; never inferred."""
    stock, wanted = clinic.stock, protocol.strength
    if stock is None:
        yield Finding(
            "stock-not-stated",
            "caution",
            said(
                "read the strength on the vial; if it is not {strength}, stop",
                strength=mg_per_ml(wanted.mg_per_ml),
            ),
            said("not stated"),
        )
        return
    held = mg_per_ml(stock.strength.mg_per_ml)
    if stock.strength < wanted:
        yield Finding(
            "stock-too-weak",
            "error",
            said(
                "the stock has {strength}, the protocol needs {wanted}",
                strength=held,
                wanted=mg_per_ml(wanted.mg_per_ml),
            ),
            plain(held),
        )
    elif stock.strength > wanted:
        text = said(
            "the stock has {strength} and is diluted to {wanted}; a dose is open, so that the"
            " recipe is open too"
            if has_blanks
            else "the stock has {strength} and is diluted to {wanted}",
            strength=held,
            wanted=mg_per_ml(wanted.mg_per_ml),
        )
        yield Finding("stock-diluted", "confirm" if has_blanks else "caution", text, plain(held))
    yield from _salt(stock)


def _salt(stock: Stock) -> Iterator[Finding]:
    if stock.salt == "not stated":
        text = said("the clinic file does not name it")
        yield Finding("salt-not-stated", "note", text, said("not stated"))
    elif stock.salt == "anhydrous":
        yield Finding(
            "salt-differs",
            "confirm",
            said(
                "the stock is anhydrous: the same mass holds more thiosulphate than the"
                " pentahydrate; the source does not name its salt"
            ),
            said("anhydrous"),
        )

"""A bundle with all that one can have, and the ways in which a bundle may come to lie."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from planner.app.administration import Circumstances, Felt, Measurement, evaluated, given_as_planned
from planner.app.exchange import course_bundle
from planner.files.plan import plan_bytes
from planner.store.database import Database
from tests.registers import Followed, follow, moment

Json = dict[str, Any]
RECORDED = datetime(2027, 6, 1, 12, tzinfo=UTC)

THREE = """
id = "K-1"
diagnosis = "systemic sclerosis"
first_visit = "2026-09-07 09:00"
prescriber = "Dr A. Holm"
[patient]
id = "P-1"
name = "Anna Prøve"
birth_date = 1961-05-01
address = "Prøvevej 1, 2100 København"
[[lesion]]
id = "A"
site = "knee"
side = "right"
site_detail = "above the patella"
size_mm = 70
ulcerated = true
dose_mg = [12.5, 62.5, 72.5, 87.5]
[[lesion]]
id = "B"
site = "fingertip"
side = "left"
size_mm = 4
ulcerated = false
dose_mg = 15
[[lesion]]
id = "C"
site = "lower-leg"
side = "left"
size_mm = 80
ulcerated = true
dose_mg = 20
[[confirm]]
finding = "dose-jump"
lesion = ["A"]
value = "12.5 mg to 62.5 mg"
by = "Dr A. Holm"
reason = "as the source has it"
"""


def rich(register: Database, folder: Path) -> Followed:
    """A course in which injections were given and missed, one lesion is held, two were measured."""
    course = follow(register, folder, THREE, confirm="as it was")
    felt = {
        "A": Felt(Decimal(2), Decimal("4.5"), "infection"),
        "B": Felt(Decimal(0), Decimal(1)),
        "C": Felt(),
    }
    vial = Circumstances(moment("2026-09-07 09:10"), "L-77", "2027-09")
    course.make(lambda now: given_as_planned(now, 1, vial, felt=felt))
    course.hold("2026-09-10", "C")
    course.give(2, "2026-09-14 09:05")
    course.miss(3)
    seen = Measurement(Decimal(30), True, Decimal(1), "Nurse B", moment("2026-10-05 09:00"))
    number = next(
        visit.number
        for visit in course.visits
        if "evaluation" in visit.purposes and visit.start and visit.start.month == 10
    )
    course.make(lambda now: evaluated(now, number, "A", seen))
    return course


def rich_bundle(register: Database, folder: Path) -> tuple[bytes, bytes]:
    """The bundle of that course, and its plan.json."""
    course = rich(register, folder)
    bundle = course_bundle(register, "physician", course.course, RECORDED, "transaction").content
    return bundle, plan_bytes(course.now.plan)


def load(bundle: bytes) -> Json:
    read: Json = json.loads(bundle, parse_float=Decimal)
    return read


def dumped(bundle: Json) -> bytes:
    import simplejson

    return simplejson.dumps(bundle, use_decimal=True).encode()


def of(bundle: Json, kind: str, **where: Any) -> Json:
    """The first resource of a kind that has some elements."""
    return next(entry["resource"] for entry in all_of(bundle, kind, **where))


def all_of(bundle: Json, kind: str, **where: Any) -> Iterator[Json]:
    for entry in bundle["entry"]:
        one = entry["resource"]
        if one["resourceType"] == kind and all(one.get(k) == v for k, v in where.items()):
            yield entry


def _dose(bundle: Json) -> list[Json]:
    request = next(
        entry["resource"] for entry in all_of(bundle, "MedicationRequest", status="completed")
    )
    amounts: list[Json] = request["dosageInstruction"][0]["doseAndRate"]
    return amounts


def _quantity(bundle: Json) -> Json:
    found: Json = _dose(bundle)[0]["doseQuantity"]
    return found


def _strength(bundle: Json) -> Json:
    found: Json = of(bundle, "Medication")["ingredient"][0]["strength"]
    return found


def _swap(one: Json, first: str, second: str) -> None:
    one[first], one[second] = one[second], one[first]


def _swapped_amounts(bundle: Json) -> None:
    ordered, calculated = _dose(bundle)
    _swap_between(ordered, calculated, "doseQuantity")


def _swap_between(one: Json, other: Json, key: str) -> None:
    one[key], other[key] = other[key], one[key]


def _other_unit(code: str, unit: str | None = None) -> Callable[[Json], None]:
    def change(bundle: Json) -> None:
        _quantity(bundle).update(code=code, unit=unit or code)

    return change


def _scaled(by: str) -> Callable[[Json], None]:
    def change(bundle: Json) -> None:
        _quantity(bundle)["value"] *= Decimal(by)

    return change


def _set(kind: str, key: str, value: Any, **where: Any) -> Callable[[Json], None]:
    def change(bundle: Json) -> None:
        of(bundle, kind, **where)[key] = value

    return change


def _gone(kind: str, **where: Any) -> Callable[[Json], None]:
    def change(bundle: Json) -> None:
        bundle["entry"].remove(next(all_of(bundle, kind, **where)))

    return change


def _without(kind: str, key: str, **where: Any) -> Callable[[Json], None]:
    def change(bundle: Json) -> None:
        del of(bundle, kind, **where)[key]

    return change


def _later(key: str, old: str, new: str) -> Callable[[Json], None]:
    def change(bundle: Json) -> None:
        one = of(bundle, "Appointment", status="booked")
        one[key] = one[key].replace(old, new)

    return change


def _end_before_start(bundle: Json) -> None:
    _swap(of(bundle, "Appointment", status="booked"), "start", "end")


def _given_before_ordered(bundle: Json) -> None:
    one = of(bundle, "MedicationAdministration")
    one["effectiveDateTime"] = "2026-08-01T09:10:00+02:00"


def _other_side(bundle: Json) -> None:
    one = of(bundle, "BodyStructure")
    one["locationQualifier"][0]["text"] = "left"


def _sides_apart(bundle: Json) -> None:
    conditions = [e["resource"] for e in all_of(bundle, "Condition") if "bodySite" in e["resource"]]
    conditions[0]["bodySite"][0]["text"] = "left knee (above the patella)"


def _lesions_swapped(bundle: Json) -> None:
    first, second = (entry["resource"] for entry in list(all_of(bundle, "MedicationRequest"))[:2])
    _swap_between(first, second, "reasonReference")


def _doubled(bundle: Json) -> None:
    bundle["entry"].append(copy.deepcopy(next(all_of(bundle, "MedicationRequest"))))


def _same_identifier(bundle: Json) -> None:
    first, second = list(all_of(bundle, "ServiceRequest"))[:2]
    second["resource"]["identifier"][0] = first["resource"]["identifier"][0]


def _dangling(bundle: Json) -> None:
    of(bundle, "MedicationRequest")["subject"]["reference"] = "urn:uuid:" + "0" * 36


def _script(bundle: Json) -> None:
    of(bundle, "Patient")["text"] = {
        "status": "generated",
        "div": "<div xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></div>",
    }


def _request_elsewhere(bundle: Json) -> None:
    next(all_of(bundle, "Patient"))["request"]["url"] = "Patient?identifier=P-1"


def _posted(bundle: Json) -> None:
    next(all_of(bundle, "MedicationRequest"))["request"] = {
        "method": "POST",
        "url": "MedicationRequest",
    }


def _named(kind: str, what: str, value: str) -> Callable[[Json], None]:
    def change(bundle: Json) -> None:
        for one in of(bundle, kind)["identifier"]:
            if one.get("type", {}).get("text") == what:
                one["value"] = value

    return change


def _not_planned_any_more(bundle: Json) -> None:
    of(bundle, "CarePlan")["instantiatesCanonical"] = ["urn:uuid:" + "0" * 36 + "|9.9"]


def _unconfirmed(bundle: Json) -> None:
    for entry in all_of(bundle, "DetectedIssue"):
        entry["resource"].pop("mitigation", None)


def _another_value(bundle: Json) -> None:
    of(bundle, "DetectedIssue")["evidence"][0]["code"][0]["text"] = "nothing"


def _measured(kind: str, value: Any) -> Callable[[Json], None]:
    def change(bundle: Json) -> None:
        for entry in all_of(bundle, "Observation"):
            if kind in entry["resource"]["identifier"][1]["value"]:
                key = "valueQuantity" if "valueQuantity" in entry["resource"] else "valueBoolean"
                entry["resource"][key] = (
                    {**entry["resource"][key], "value": value} if key == "valueQuantity" else value
                )
                return

    return change


def _given_amount(bundle: Json) -> None:
    of(bundle, "MedicationAdministration")["dosage"]["dose"]["value"] += 1


def _another_lot(bundle: Json) -> None:
    for entry in all_of(bundle, "Medication"):
        if "batch" in entry["resource"]:
            entry["resource"]["batch"]["lotNumber"] = "L-78"


def _somebody_else(bundle: Json) -> None:
    of(bundle, "MedicationAdministration")["performer"][0]["actor"]["display"] = "Dr B"


def _exponent(bundle: Json) -> None:
    _quantity(bundle)["value"] = "12.5"


def _ratio_of_litres(bundle: Json) -> None:
    _strength(bundle)["denominator"]["value"] = 1000


# Each way to spoil a bundle, by what it does; the first thirty-two are those that validators were
# tried with before there was a planner's bundle.
MUTATIONS: dict[str, Callable[[Json], None]] = {
    "mg and mL swapped": _swapped_amounts,
    "g for mg": _other_unit("g"),
    "unit and code that differ": _other_unit("mg", "mL"),
    "a unit that UCUM does not have": _other_unit("milligram"),
    "a megagram": _other_unit("Mg"),
    "a negative dose": _scaled("-1"),
    "ten times the dose": _scaled("10"),
    "mL that does not fit mg": lambda one: _dose(one)[1]["doseQuantity"].update(value=Decimal(1)),
    "the strength upside down": lambda one: _swap(_strength(one), "numerator", "denominator"),
    "another strength": lambda one: _strength(one)["numerator"].update(value=250),
    "an offset that was lost": _later("start", "+02:00", ""),
    "another offset": _later("start", "+02:00", "+01:00"),
    "an hour later": _later("start", "T09", "T10"),
    "an end before the start": _end_before_start,
    "given before it was ordered": _given_before_ordered,
    "30 February": _set("Patient", "birthDate", "1961-02-30"),
    "a day without a month": _set("Patient", "birthDate", "1961-1-5"),
    "another birth date": _set("Patient", "birthDate", "1962-05-01"),
    "a side swapped": _other_side,
    "a plan become an order": _set("MedicationRequest", "intent", "order"),
    "an intent that there is not": _set("MedicationRequest", "intent", "maybe"),
    "a status that there is not": _set("MedicationRequest", "status", "running"),
    "a request without a status": _without("MedicationRequest", "status"),
    "a request without a patient": _without("MedicationRequest", "subject"),
    "a script in the narrative": _script,
    "a reference that leads nowhere": _dangling,
    "a resource that stands twice": _doubled,
    "one identifier for two": _same_identifier,
    "an appointment without people": _set("Appointment", "participant", []),
    "an unknown element": _set("Patient", "birthdate", "1961-05-01"),
    "a number as text": _exponent,
    "a resource of no kind": _set("Patient", "resourceType", "Person2"),
    "a strength per litre": _ratio_of_litres,
    "a missed visit as done": _set("Appointment", "status", "fulfilled", status="noshow"),
    "a visit to come as cancelled": _set("Appointment", "status", "cancelled", status="booked"),
    "a held request as active": _set("MedicationRequest", "status", "active", status="on-hold"),
    "a given request as active": _set("MedicationRequest", "status", "active", status="completed"),
    "an injection left out": _gone("MedicationRequest"),
    "an appointment left out": _gone("Appointment", status="booked"),
    "what was given left out": _gone("MedicationAdministration"),
    "a complication left out": _gone("AdverseEvent"),
    "a finding left out": _gone("DetectedIssue"),
    "a confirmation left out": _unconfirmed,
    "another value of a finding": _another_value,
    "another severity": _set("DetectedIssue", "severity", "low", severity="moderate"),
    "two lesions' requests swapped": _lesions_swapped,
    "a condition at another site than its lesion": _sides_apart,
    "another diagnosis": lambda one: of(one, "Condition")["code"].update(text="dermatomyositis"),
    "another patient": _named("Patient", "patient", "P-2"),
    "another course": _named("CarePlan", "course", "K-2"),
    "another protocol's digest": _named("PlanDefinition", "sha256", "0" * 64),
    "another version of the protocol": _set("PlanDefinition", "version", "9.9"),
    "a course by another protocol": _not_planned_any_more,
    "a size of a millimetre more": _measured("A size 1", Decimal(31)),
    "ulcerated become intact": _measured("A ulceration 0", value=False),
    "pain of five": _measured("A pain-before 1", Decimal(5)),
    "a milligram more given": _given_amount,
    "another lot": _another_lot,
    "somebody else gave it": _somebody_else,
    "a search by a name that others have too": _request_elsewhere,
    "posted anew at each time": _posted,
    "another plan.json": lambda one: of(one, "Provenance")["entity"][0]["what"][
        "identifier"
    ].update(value="urn:sha256:" + "0" * 64),
    "a course that is completed": _set("CarePlan", "status", "completed"),
}


def spoilt(bundle: bytes, name: str) -> bytes:
    """A bundle after one of the mutations. Raises AssertionError where that changes nothing."""
    made = load(bundle)
    before = copy.deepcopy(made)
    MUTATIONS[name](made)
    assert made != before, name
    return dumped(made)

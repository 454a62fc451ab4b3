"""A FHIR bundle read back to its figures, and held against the plan.json that it was made from.

It knows nothing of how the bundle was written: what both took for granted would be seen by nobody.
No validator of FHIR that can be had sees milligrams and millilitres swapped, a side turned, an
offset lost; this does.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

Json = dict[str, Any]

UNITS = ("mg", "mL", "mm", "d", "{score}")
UCUM = "http://unitsofmeasure.org"
# What a status may be here, by the kind of resource.
STATUSES = {
    "Appointment": ("booked", "proposed", "fulfilled", "noshow", "cancelled"),
    "CarePlan": ("active", "draft", "on-hold", "completed", "revoked", "unknown"),
    "DetectedIssue": ("final", "cancelled"),
    "DocumentReference": ("current",),
    "Location": ("active",),
    "Medication": ("active",),
    "MedicationAdministration": ("completed", "entered-in-error"),
    "MedicationRequest": ("active", "draft", "on-hold", "completed", "cancelled"),
    "Observation": ("final", "entered-in-error"),
    "PlanDefinition": ("active",),
    "ServiceRequest": ("active", "draft", "completed", "revoked"),
}
# What became of a visit or an injection, as its request says it; one to come is active, or a draft.
REVOKED = {"done": "completed", "missed": "revoked", "cancelled": "revoked"}
CANCELLED = {"done": "completed", "missed": "cancelled", "cancelled": "cancelled"}
APPOINTMENTS = {"done": "fulfilled", "missed": "noshow", "cancelled": "cancelled"}
# The elements that a resource may have here, beside its kind and its identifier.
ELEMENTS = {
    "AdverseEvent": "id actuality event subject date recorder suspectEntity",
    "Appointment": "status cancelationReason start end basedOn participant",
    "BodyStructure": "active location locationQualifier description patient",
    "CarePlan": "instantiatesCanonical status intent title subject period author addresses"
    " activity",
    "Condition": "clinicalStatus verificationStatus code bodySite subject note",
    "DetectedIssue": "status code severity patient implicated evidence detail mitigation",
    "DocumentReference": "status docStatus type subject date content context",
    "Location": "status mode name telecom address managingOrganization",
    "Medication": "code status form ingredient batch",
    "MedicationAdministration": "status medicationReference subject effectiveDateTime performer"
    " reasonReference request dosage",
    "MedicationRequest": "basedOn status statusReason intent medicationReference subject requester"
    " reasonReference dosageInstruction",
    "Observation": "status code subject focus basedOn partOf effectiveDateTime performer"
    " valueQuantity valueBoolean",
    "Organization": "active name telecom address",
    "Patient": "name birthDate address",
    "PlanDefinition": "url version title status usage relatedArtifact action",
    "Provenance": "id target recorded activity reason agent entity",
    "ServiceRequest": "basedOn status intent code subject occurrenceDateTime requester"
    " locationReference reasonReference",
}
# The kinds that are of no patient.
OF_NOBODY = ("Location", "Medication", "Organization", "Patient", "PlanDefinition", "Provenance")
SEVERITIES = {"error": "high", "confirm": "high", "caution": "moderate", "note": "low"}
# The statuses of what is not in the plan any more.
FELL_AWAY = ("cancelled",)
# By id: they have no search by an identifier.
BY_ID = ("AdverseEvent", "Provenance")
DELETED = re.compile(r'\{"request": \{"method": "DELETE", "url": "AdverseEvent/[0-9a-f-]{36}"\}\}')
DATES = re.compile(r"(\d{4})(-\d\d(-\d\d)?)?")
KINDS = ("transaction", "collection")
MOMENTS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
DATED = ("birthDate", "expirationDate")
TIMED = ("start", "end", "recorded", "timestamp", "effectiveDateTime", "occurrenceDateTime", "date")


def differences(bundle: bytes, plan: bytes) -> list[str]:
    """All in which a bundle is unsound, or says other things than its plan.json; none if good."""
    try:
        read, source = (json.loads(one, parse_float=Decimal, parse_constant=_refuse)
                        for one in (bundle, plan))  # fmt: skip
        resources = [one["resource"] for one in read["entry"] if "resource" in one]
        return [*_unsound(read), *_unlike(resources, source, hashlib.sha256(plan).hexdigest())]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration) as error:
        return [f"the bundle cannot be read back: {type(error).__name__} {error}"]


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


# --- what no bundle may have, whatever the plan


def _unsound(bundle: Json) -> Iterator[str]:
    entries = [one for one in bundle["entry"] if "resource" in one]
    for entry in bundle["entry"]:
        if "resource" not in entry and not DELETED.fullmatch(json.dumps(entry)):
            yield "an entry has nothing to say"
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") not in KINDS:
        yield f"no bundle of a kind that is written: {bundle.get('type')}"
    urls = Counter(entry["fullUrl"] for entry in entries)
    yield from (f"{url}: stands {n} times" for url, n in urls.items() if n > 1)
    keys = Counter(_key(one["resource"]) for one in entries if one["resource"].get("identifier"))
    yield from (f"identifier {key}: stands {n} times" for key, n in keys.items() if n > 1)
    patients = [one["fullUrl"] for one in entries if one["resource"]["resourceType"] == "Patient"]
    for entry in entries:
        resource = entry["resource"]
        kind = resource["resourceType"]
        unknown = set(resource) - {"resourceType", "identifier", *ELEMENTS.get(kind, "").split()}
        yield from (f"{kind}: no element is called {one}" for one in sorted(unknown))
        if kind not in OF_NOBODY and _patients_of(resource) != patients:
            yield f"{kind}: it is not of the one patient"
        yield from (f"{kind}: {one}" for one in _entry_faults(bundle["type"], entry))
        yield from (f"{kind}: {one}" for one in _value_faults(resource, urls))
        if kind in STATUSES and resource.get("status") not in STATUSES[kind]:
            yield f"{kind}: the status {resource.get('status')!r} is none of its"
        for start, end in _spans(resource):
            if not start < end and not (kind == "CarePlan" and start == end):
                yield f"{kind}: it ends before it starts"


def _patients_of(resource: Json) -> list[str]:
    if resource["resourceType"] == "Appointment":
        return [resource["participant"][0]["actor"]["reference"]]
    one = resource.get("subject") or resource.get("patient") or {}
    return [str(one.get("reference"))]


def _key(resource: Json) -> tuple[str, str]:
    named = resource["identifier"]
    own = named if isinstance(named, dict) else named[0]
    return resource["resourceType"], own["value"]


def _entry_faults(bundle: str, entry: Json) -> Iterator[str]:
    """How it is put there: by its own identifier, or its own id."""
    resource, request = entry["resource"], entry.get("request")
    if (request is None) != (bundle == "collection"):
        yield "a request stands in a collection, or is missing"
    if request is None:
        return
    kind, uuid = resource["resourceType"], entry["fullUrl"].removeprefix("urn:uuid:")
    token = f"{kind}?identifier=urn:ietf:rfc:3986%7Curn:uuid:{uuid}"
    wanted = f"{kind}/{uuid}" if kind in BY_ID else token
    if (request["method"], request["url"]) != ("PUT", wanted):
        yield f"its request is not that of {uuid}"
    if kind in BY_ID and resource.get("id") != uuid:
        yield "its id is not that of its request"
    if resource.get("identifier") and _key(resource)[1] != entry["fullUrl"]:
        yield "its identifier is not its address"


def _value_faults(value: Any, urls: Counter[str], name: str = "") -> Iterator[str]:
    """Units, figures, references, days and markup, wherever they stand."""
    if isinstance(value, list):
        for one in value:
            yield from _value_faults(one, urls, name)
    elif isinstance(value, dict):
        if "div" in value:
            yield "a narrative, which nothing here writes"
        target = value.get("reference")
        if isinstance(target, str) and target not in urls:
            yield f"{target} is not in the bundle"
        if "unit" in value or ("value" in value and value.get("system") == UCUM):
            yield from _quantity_faults(value)
        for key, one in value.items():
            yield from _value_faults(one, urls, key)
    elif name == "event" or name in TIMED or name in DATED:
        yield from _time_faults(str(value), name)


def _quantity_faults(quantity: Json) -> Iterator[str]:
    unit, code, system = (quantity.get(one) for one in ("unit", "code", "system"))
    if unit != code or code not in UNITS or system != UCUM:
        yield f"{unit!r} ({code!r}) is no unit of ours"
    if not isinstance(quantity.get("value"), Decimal | int) or quantity["value"] < 0:
        yield f"{quantity.get('value')!r} is no amount"


def _time_faults(text: str, name: str) -> Iterator[str]:
    try:
        if MOMENTS.fullmatch(text) and name not in DATED:
            datetime.fromisoformat(text)
        elif match := DATES.fullmatch(text):
            year, month, day = match[1], match[2], match[3]
            date.fromisoformat(text if day else f"{year}{month or '-01'}-01")
        else:
            yield f"{name} {text!r} is no time with an offset, and no date"
    except ValueError:
        yield f"{name} {text!r} is no day of the calendar"


def _spans(resource: Json) -> Iterator[tuple[str, str]]:
    for one in (resource, resource.get("period") or {}):
        if isinstance(one.get("start"), str) and isinstance(one.get("end"), str):
            times = datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])
            yield times[0].isoformat(), times[1].isoformat()


# --- what it says, beside what the plan says


def _unlike(resources: list[Json], plan: Json, sha256: str) -> Iterator[str]:
    read = _Read([one for one in resources if not _is_withdrawn(one)], resources)
    there: dict[str, Callable[[Json], Any]] = {
        "patient": lambda one: _patient_of(one["patient"]),
        "clinic": lambda one: (one["clinic"]["name"], one["clinic"]["name"]),
        "diagnosis": lambda one: one["diagnosis"],
        "protocol": _protocol_of,
        "course": _course_of,
        "lesions": lambda one: sorted(_lesions_of(one)),
        "sizes": lambda one: sorted(_sizes_of(one)),
        "visits": lambda one: sorted(_visits_of(one)),
        "injections": lambda one: sorted(_injections_of(one), key=str),
        "given": lambda one: sorted(_given_of(one), key=str),
        "complications": lambda one: sorted(_complications_of(one)),
        "pain": lambda one: sorted(_pain_of(one)),
        "findings": lambda one: sorted(map(_finding_of, one["findings"])),
        "strength": lambda one: {(Decimal(one["protocol"]["strength_mg_per_ml"]), "mg", 1, "mL")},
    }
    for name, of_plan in there.items():
        wanted, found = of_plan(plan), getattr(read, name)()
        if name in ("visits", "injections"):
            # What fell away since an earlier bundle is there as cancelled, under its old number.
            known = {one[0] for one in wanted}
            found = [one for one in found if one[0] in known or one[1] not in FELL_AWAY]
        if wanted != found:
            yield f"{name}: {_apart(wanted, found)}"
    if f"urn:sha256:{sha256}" not in read.sources():
        yield "the plan.json that it names is another one"


def _is_withdrawn(resource: Json) -> bool:
    """Whether a resource takes back what an earlier bundle said."""
    if resource["resourceType"] == "Condition":
        return "verificationStatus" in resource
    if resource["resourceType"] == "BodyStructure":
        return not resource["active"]
    if resource["resourceType"] == "DetectedIssue":
        return bool(resource["status"] == "cancelled")
    return bool(resource.get("status") == "entered-in-error")


def _waits(plan: Json) -> bool:
    """Whether a finding keeps the whole course from being acted on."""
    return any(
        one["severity"] == "error" or (one["severity"] == "confirm" and not one.get("confirmed_by"))
        for one in plan["findings"]
        if one["code"] != "no-open-day"
    )


def _apart(wanted: Any, found: Any) -> str:
    if isinstance(wanted, list) and isinstance(found, list):
        wanted, found = ([one for one in left if one not in right] for left, right in
                         ((wanted, found), (found, wanted)))  # fmt: skip
    return f"{found} instead of {wanted}"


def _patient_of(patient: Json) -> tuple[Any, ...]:
    return patient["id"], patient.get("name"), patient.get("birth_date"), patient.get("address")


def _protocol_of(plan: Json) -> tuple[Any, ...]:
    return tuple(plan["protocol"][name] for name in ("id", "version", "sha256"))


def _course_of(plan: Json) -> tuple[Any, ...]:
    ending = plan.get("ending")
    if ending:
        states = {"completed": "completed", "lost": "unknown"}
        return plan["course"], states.get(ending["ending"], "revoked")
    waiting = _waits(plan)
    held = [one.get("held_since") for one in plan["lesions"]]
    return plan["course"], "draft" if waiting else "on-hold" if all(held) else "active"


def _lesions_of(plan: Json) -> Iterator[tuple[Any, ...]]:
    codes = plan["clinic"].get("codes") or []
    for one in plan["lesions"]:
        own = sorted(
            (each["system"], each["code"]) for each in codes if each["site"] == one["site"]
        )
        yield one["id"], one["site"], one.get("side") or "", one.get("site_detail") or "", own


def _sizes_of(plan: Json) -> Iterator[tuple[str, str, Any]]:
    """Sizes and ulcerations by lesion: `0` before the first injection, then by evaluation."""
    for one in plan["lesions"]:
        yield one["id"], "size 0", Decimal(one["size_mm"])
        yield one["id"], "ulceration 0", one["ulcerated"]
    for visit in plan["visits"]:
        for one in visit["evaluations"]:
            found = one.get("result")
            if found:
                yield one["lesion"], f"size {one['evaluation']}", Decimal(found["size_mm"])
                if found.get("ulcerated") is not None:
                    yield one["lesion"], f"ulceration {one['evaluation']}", found["ulcerated"]


def _pain_of(plan: Json) -> Iterator[tuple[str, str, Decimal]]:
    for visit in plan["visits"]:
        for one in visit["evaluations"]:
            found = one.get("result")
            if found and found.get("pain") is not None:
                yield one["lesion"], f"pain {one['evaluation']}", Decimal(found["pain"])
        for one in visit["injections"]:
            given = one.get("given") or {}
            for when in ("before", "after"):
                if given.get(f"pain_{when}") is not None:
                    pain = Decimal(given[f"pain_{when}"])
                    yield one["lesion"], f"pain-{when} {one['injection']}", pain


def _visits_of(plan: Json) -> Iterator[tuple[str, ...]]:
    to_come = "draft" if _waits(plan) else "active"
    for visit in plan["visits"]:
        start, end = (visit[name] or "" for name in ("start", "end"))
        booked = "booked" if start and to_come == "active" else "proposed"
        yield (
            str(visit["number"]),
            APPOINTMENTS.get(visit["state"], booked),
            REVOKED.get(visit["state"], to_come),
            start,
            end,
            " and ".join(visit["purposes"]),
            start or visit["due"],
        )


def _injections_of(plan: Json) -> Iterator[tuple[Any, ...]]:
    there = set()
    for visit in plan["visits"]:
        for one in visit["injections"]:
            there.add((one["lesion"], one["injection"]))
            dose, volume = one["dose_mg"], one["volume_ml"]
            figures = (dose, volume) if dose is not None and volume is not None else (None, None)
            name = f"{one['lesion']}/{one['injection']}"
            to_come = "draft" if _waits(plan) or one["drawn_ml"] is None else "active"
            status = CANCELLED.get(one["state"], to_come)
            yield name, status, visit["start"], one["lesion"], *map(_exact, figures)
    regimens = {one["id"]: one["injections"] for one in plan["protocol"]["regimens"]}
    chosen = {one["lesion"]: one["regimen"] for one in plan["decisions"]}
    for lesion in plan["lesions"]:
        if lesion.get("held_since"):
            for count in range(1, regimens[chosen[lesion["id"]]] + 1):
                if (lesion["id"], count) not in there:
                    yield f"{lesion['id']}/{count}", "on-hold", None, lesion["id"], None, None


def _exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _given_of(plan: Json) -> Iterator[tuple[Any, ...]]:
    for visit in plan["visits"]:
        for one in visit["injections"]:
            given = one.get("given")
            if given:
                lot, expiry = given.get("lot") or "", given.get("expiry") or ""
                name = f"{one['lesion']}/{one['injection']}"
                dose = Decimal(given["dose_mg"])
                yield name, one["lesion"], given["at"], given["by"], dose, lot, expiry


def _complications_of(plan: Json) -> Iterator[tuple[str, str, str]]:
    for visit in plan["visits"]:
        for one in visit["injections"]:
            given = one.get("given") or {}
            if given.get("complication"):
                yield f"{one['lesion']}/{one['injection']}", given["at"], given["complication"]


def _finding_of(one: Json) -> tuple[str, ...]:
    severity = SEVERITIES[one["severity"]]
    words = (one.get("confirmed_by") or "", one.get("reason") or "")
    said = words if one.get("confirmed_by") else ("", "")
    return one["code"], severity, one["value"], one["message"], one.get("lesion") or "", *said


class _Read:
    """The figures of a bundle, in the form of those of a plan."""

    def __init__(self, resources: list[Json], everything: list[Json]) -> None:
        self.of: dict[str, list[Json]] = {}
        self.at: dict[str, Json] = {}
        for one in resources:
            self.of.setdefault(one["resourceType"], []).append(one)
        for one in everything:
            if one["resourceType"] not in BY_ID:
                self.at[_key(one)[1]] = one

    def all(self, kind: str) -> list[Json]:
        return self.of.get(kind, [])

    def only(self, kind: str) -> Json:
        (one,) = self.all(kind)
        return one

    def named(self, resource: Json, what: str) -> str:
        return next(str(one["value"]) for one in resource["identifier"]
                    if one.get("type", {}).get("text") == what)  # fmt: skip

    def lesion(self, references: list[Json], what: str = "lesion") -> str:
        (reference,) = references
        return self.named(self.at[reference["reference"]], what)

    def patient(self) -> tuple[Any, ...]:
        one = self.only("Patient")
        name, address = ((one.get(key) or [{}])[0].get("text") for key in ("name", "address"))
        return self.named(one, "patient"), name, one.get("birthDate"), address

    def clinic(self) -> tuple[str, str]:
        organization, place = self.only("Organization"), self.only("Location")
        return organization.get("name", ""), place.get("name", "")

    def diagnosis(self) -> str:
        (one,) = (one for one in self.all("Condition") if len(one["identifier"]) == 1)
        return str(one["code"]["text"])

    def protocol(self) -> tuple[Any, ...]:
        one = self.only("PlanDefinition")
        (used,) = self.only("CarePlan")["instantiatesCanonical"]
        if used != f"{one['url']}|{one['version']}":
            return ("the course follows another one",)
        return self.named(one, "protocol"), one["version"], self.named(one, "sha256")

    def course(self) -> tuple[str, str]:
        one = self.only("CarePlan")
        return self.named(one, "course"), one["status"] if one["intent"] == "plan" else ""

    def lesions(self) -> list[tuple[Any, ...]]:
        conditions = [one for one in self.all("Condition") if len(one["identifier"]) > 1]
        sites = {self.named(one, "lesion"): one["bodySite"][0] for one in conditions}
        found: list[tuple[Any, ...]] = []
        for one in self.all("BodyStructure"):
            (side,) = one.get("locationQualifier") or [{"text": ""}]
            lesion, site = self.named(one, "lesion"), one["location"]["text"]
            told = f"{side['text']} {site.replace('-', ' ')}".strip()
            place = sites.pop(lesion)
            codings = [place.get("coding", []), one["location"].get("coding", [])]
            if place["text"].split(" (")[0] != told or codings[0] != codings[1]:
                found.append((lesion, "its condition is at another site"))
            codes = sorted((each["system"], each["code"]) for each in codings[1])
            found.append((lesion, site, side["text"], one.get("description", ""), codes))
        return sorted(found)

    def _observed(self) -> Iterator[tuple[str, str, Any, str]]:
        for one in self.all("Observation"):
            lesion, what, when = self.named(one, "observation").rsplit(" ", 2)
            if self.lesion(one["focus"]) != lesion or one["code"]["text"] != TOLD[what]:
                what = "of another lesion, or of something else"
            quantity = one.get("valueQuantity")
            value = one.get("valueBoolean") if quantity is None else Decimal(quantity["value"])
            yield lesion, f"{what} {when}", value, quantity["code"] if quantity else ""

    def sizes(self) -> list[tuple[Any, ...]]:
        units = {"size": "mm", "ulceration": ""}
        seen = self._observed()
        return sorted(one[:3] for one in seen if units.get(one[1].split()[0], "-") == one[3])

    def pain(self) -> list[tuple[Any, ...]]:
        """Whatever is observed besides: in its score, or it is none."""
        sized = ("size", "ulceration")
        seen = self._observed()
        return sorted(
            one[:3] if one[3] == "{score}" else (*one, "in no score")
            for one in seen
            if one[1].split()[0] not in sized
        )

    def visits(self) -> list[tuple[str, ...]]:
        found = []
        for one in self.all("Appointment"):
            (request,) = (self.at[based["reference"]] for based in one["basedOn"])
            number = self.named(one, "visit")
            if self.named(request, "visit") != number or request["intent"] != "plan":
                number = f"{number}, of another request"
            start, end = one.get("start", ""), one.get("end", "")
            code, when = request["code"]["text"], request["occurrenceDateTime"]
            found.append((number, one["status"], request["status"], start, end, code, when))
        return sorted(found)

    def injections(self) -> list[tuple[Any, ...]]:
        found = []
        for one in self.all("MedicationRequest"):
            (dosage,) = one["dosageInstruction"]
            state = one["status"]
            (start,) = dosage.get("timing", {}).get("event", [None])
            amounts = {
                self._type(each): each["doseQuantity"] for each in dosage.get("doseAndRate", [])
            }
            ordered = _amount(amounts.pop("ordered", None), "mg")
            calculated = _amount(amounts.pop("calculated", None), "mL")
            if one["intent"] != "plan" or amounts:
                state = "no plan"
            lesion = self.lesion(one["reasonReference"])
            name = self.named(one, "injection")
            found.append((name, state, start, lesion, ordered, calculated))
        return sorted(found, key=str)

    @staticmethod
    def _type(amount: Json) -> str:
        (coding,) = amount["type"]["coding"]
        return str(coding["code"])

    def given(self) -> list[tuple[Any, ...]]:
        found = []
        for one in self.all("MedicationAdministration"):
            batch = self.at[one["medicationReference"]["reference"]].get("batch", {})
            name = self.named(one, "injection")
            if self.named(self.at[one["request"]["reference"]], "injection") != name:
                name = "of another request"
            (performer,) = one["performer"]
            dose = _amount(one["dosage"]["dose"], "mg")
            lot, expiry = batch.get("lotNumber", ""), batch.get("expirationDate", "")
            lesion = self.lesion(one["reasonReference"])
            by, at = performer["actor"]["display"], one["effectiveDateTime"]
            found.append((name, lesion, at, by, dose, lot, expiry))
        return sorted(found, key=str)

    def complications(self) -> list[tuple[str, str, str]]:
        found = []
        for one in self.all("AdverseEvent"):
            name = self.lesion([each["instance"] for each in one["suspectEntity"]], "injection")
            found.append((name, one["date"], one["event"]["text"]))
        return sorted(found)

    def findings(self) -> list[tuple[str, ...]]:
        found = []
        for one in self.all("DetectedIssue"):
            of = [self.at[each["reference"]] for each in one.get("implicated", [])]
            lesions = [
                self.named(each, "lesion") for each in of if each["resourceType"] == "Condition"
            ]
            (said,) = one.get("mitigation") or [{"author": {"display": ""}, "action": {"text": ""}}]
            (value,) = one["evidence"][0]["code"]
            told = one["code"]["text"], one["severity"], value["text"], one["detail"]
            words = said["author"]["display"], said["action"]["text"]
            found.append((*told, "".join(lesions), *words))
        return sorted(found)

    def strength(self) -> set[tuple[Any, ...]]:
        """What a millilitre holds, of every medication."""
        found = set()
        for one in self.all("Medication"):
            (ingredient,) = one["ingredient"]
            above, below = (ingredient["strength"][name] for name in ("numerator", "denominator"))
            found.add((Decimal(above["value"]), above["code"], below["value"], below["code"]))
        return found

    def sources(self) -> list[str]:
        return [
            entity["what"]["identifier"]["value"]
            for one in self.all("Provenance")
            for entity in one.get("entity", [])
        ]


# The words that an observation has for what is looked at.
TOLD = {
    "size": "largest diameter of the calcification",
    "ulceration": "ulcerated",
    "pain": "pain, 0 to 10",
    "pain-before": "pain before the injection, 0 to 10",
    "pain-after": "pain after the injection, 0 to 10",
}


def _amount(quantity: Json | None, unit: str) -> Decimal | None:
    if quantity is None:
        return None
    return Decimal(quantity["value"]) if quantity["code"] == unit else Decimal("NaN")

"""A plan, and what was done of it, as a FHIR bundle in the elements that R4 and R4B share.

Every resource has an identifier that stays the same for the same thing, so that a bundle may be
posted again: what is there is replaced, nothing is doubled.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, NamedTuple
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

from planner.core.followup.events import Entry, kind_of
from planner.core.plan.appointments import VisitState
from planner.core.plan.findings import Finding
from planner.core.plan.plan import (
    PLAN_NAME,
    GivenDose,
    Plan,
    PlannedEvaluation,
    PlannedInjection,
    PlannedLesion,
    PlannedVisit,
)
from planner.core.values.formatting import decimal, mg, ml
from planner.core.values.lettering import as_people_read
from planner.documents.wording import regimen_title, where

Json = dict[str, Any]
Kind = Literal["transaction", "collection"]

UCUM = "http://unitsofmeasure.org"
ANY_URI = "urn:ietf:rfc:3986"
DOSE_TYPES = "http://terminology.hl7.org/CodeSystem/dose-rate-type"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
ATC = "http://www.whocc.no/atc"
ICD_10 = "http://hl7.org/fhir/sid/icd-10"
# The WHO's code of the drug; a protocol of another drug has none here.
DRUG_CODES = {"sodium thiosulphate": "V03AB06"}
# R4 has no search by identifier for these: they are put under an id of their own.
BY_ID = {"AdverseEvent", "Provenance"}

APPOINTMENTS: Mapping[VisitState, str] = {
    "planned": "booked", "done": "fulfilled", "missed": "noshow", "cancelled": "cancelled",
}  # fmt: skip
SEVERITIES = {"error": "high", "confirm": "high", "caution": "moderate", "note": "low"}
CARE_PLANS = {"completed": "completed", "stopped": "revoked", "died": "revoked", "lost": "unknown"}


# Lot and expiry where no vial was named.
NO_BATCH = ("", "")


class Writing(NamedTuple):
    """What a bundle is made of: a plan, its plan.json, when, and what goes along.

    `anchor` is what the course is known by elsewhere, the same whatever becomes of it. `before` has
    the plans that a course of the register had, oldest first, and `entries` its history; both are
    empty for a plan.json alone.
    """

    plan: Plan
    content: bytes
    recorded: datetime
    version: str
    anchor: str
    papers: Mapping[str, bytes] = {}
    before: Sequence[Plan] = ()
    entries: Sequence[Entry] = ()


def bundle_bytes(writing: Writing, kind: Kind) -> bytes:
    """The bundle as JSON; the same plan at the same time gives the same bytes."""
    import simplejson

    made = _Bundle(writing, kind)
    bundle = {
        "resourceType": "Bundle",
        "type": kind,
        "timestamp": writing.recorded.isoformat(),
        "entry": made.entries(),
    }
    text = simplejson.dumps(bundle, use_decimal=True, indent=1, ensure_ascii=False)
    return f"{text}\n".encode()


class _Bundle:
    """Makes each resource once; a reference is to the `fullUrl` of an entry beside it."""

    def __init__(self, writing: Writing, kind: Kind) -> None:
        self.writing, self.kind = writing, kind
        plan = self.plan = writing.plan
        patient, clinic = plan.patient, plan.clinic.name
        self.course = uuid5(NAMESPACE_URL, f"course {writing.anchor}")
        named = f"{clinic} patient {as_people_read(patient.id)}"
        self.patient = uuid5(NAMESPACE_URL, named) if clinic else uuid5(self.course, "patient")
        self.clinic = uuid5(NAMESPACE_URL, f"clinic {clinic}") if clinic else self.course
        self.lesions = {one.id: one for one in plan.lesions}
        self.waits = bool(plan.hindering)

    def entries(self) -> list[Json]:
        """Each resource with its address and, in a transaction, how it is put there."""
        now = list(self._resources())
        there = {(kind, key) for kind, key, _ in now}
        gone = [one for one in self._earlier() if one[:2] not in there]
        made = [self._entry(*one) for one in (*now, *filter(None, map(_withdrawn, gone)))]
        return made + [self._deleted(*one[:2]) for one in gone if self._is_to_delete(one[0])]

    def _earlier(self) -> list[tuple[str, str, Json]]:
        """What earlier bundles of the course may have had, each as it last was."""
        found: dict[tuple[str, str], Json] = {}
        for plan in self.writing.before:
            earlier = _Bundle(self.writing._replace(plan=plan, before=(), papers={}), self.kind)
            # Whose it is stays: only what was said of the course is looked back at.
            earlier.course, earlier.patient, earlier.clinic = self.course, self.patient, self.clinic
            found |= {(kind, key): one for kind, key, one in earlier._resources()}
        return [(kind, key, one) for (kind, key), one in found.items()]

    def _is_to_delete(self, kind: str) -> bool:
        """R4 has no word for an adverse event that was none."""
        return kind == "AdverseEvent" and self.kind == "transaction"

    def _deleted(self, kind: str, key: str) -> Json:
        return {"request": {"method": "DELETE", "url": f"{kind}/{self._uuid(kind, key)}"}}

    def _entry(self, kind: str, key: str, elements: Json) -> Json:
        uuid = self._uuid(kind, key)
        own = {"system": ANY_URI, "value": f"urn:uuid:{uuid}"}
        named = elements.pop("identifier", [])
        resource: Json = {"resourceType": kind}
        if kind in BY_ID:
            resource["id"] = str(uuid)
        if kind == "AdverseEvent":
            resource["identifier"] = own
        elif kind not in BY_ID:
            resource["identifier"] = [own, *named]
        resource |= {name: value for name, value in elements.items() if value not in (None, [], "")}
        entry: Json = {"fullUrl": f"urn:uuid:{uuid}", "resource": resource}
        if self.kind == "transaction":
            token = quote(f"{ANY_URI}|urn:uuid:{uuid}", safe=":")
            url = f"{kind}/{uuid}" if kind in BY_ID else f"{kind}?identifier={token}"
            entry["request"] = {"method": "PUT", "url": url}
        return entry

    def _uuid(self, kind: str, key: str) -> UUID:
        if kind == "Patient":
            return self.patient
        if kind in ("Organization", "Location"):
            return uuid5(self.clinic, kind)
        if kind == "PlanDefinition":
            return uuid5(NAMESPACE_URL, f"{kind} {self.plan.protocol.sha256}")
        if kind == "Medication":
            return uuid5(NAMESPACE_URL, f"{kind} {key}")
        return uuid5(self.course, f"{kind} {key}")

    def _to(self, kind: str, key: str = "") -> Json:
        return {"reference": f"urn:uuid:{self._uuid(kind, key)}"}

    @property
    def _drug(self) -> str:
        """The drug, with its salt where the clinic states that of its stock."""
        stock = self.plan.clinic.stock
        salt = stock.salt if stock is not None and stock.salt != "not stated" else ""
        return f"{self.plan.protocol.drug} {salt}".strip()

    def _vial(self, batch: tuple[str, str]) -> str:
        """What tells one medication from another: drug, salt, strength, lot and expiry."""
        return " ".join((self._drug, str(self.plan.protocol.strength_mg_per_ml), *batch))

    @property
    def _subject(self) -> Json:
        return self._to("Patient")

    def _resources(self) -> Iterator[tuple[str, str, Json]]:
        plan = self.plan
        yield from self._who_and_where()
        for batch in self._batches():
            yield "Medication", self._vial(batch), self._medication(*batch)
        yield "PlanDefinition", "", self._protocol()
        yield "Condition", "", self._diagnosis()
        for lesion in plan.lesions:
            yield "Condition", lesion.id, self._calcification(lesion)
            yield "BodyStructure", lesion.id, self._body_structure(lesion)
            yield from self._baseline(lesion)
        yield "CarePlan", "", self._care_plan()
        for visit in plan.visits:
            yield from self._visit(visit)
        for name, count in self._held():
            yield "MedicationRequest", f"{name}/{count}", self._on_hold(name, count)
        for finding in plan.findings:
            key = f"{finding.code} {finding.lesion or ''} {finding.visit or ''}"
            yield "DetectedIssue", key, self._issue(finding)
        for name, content in self.writing.papers.items():
            yield "DocumentReference", name, self._paper(name, content)
        yield from self._provenance()

    def _who_and_where(self) -> Iterator[tuple[str, str, Json]]:
        plan, clinic = self.plan, self.plan.clinic
        patient = plan.patient
        yield (
            "Patient",
            "",
            {
                "identifier": [_named("patient", patient.id)],
                "name": [{"text": patient.name}] if patient.name else None,
                "birthDate": patient.birth_date.isoformat() if patient.birth_date else None,
                "address": [{"text": patient.address}] if patient.address else None,
            },
        )
        shared: Json = {
            "name": clinic.name,
            "telecom": [{"system": "phone", "value": clinic.phone}] if clinic.phone else None,
        }
        address = {"text": clinic.address} if clinic.address else None
        yield "Organization", "", {"active": True, **shared, "address": address and [address]}
        managing = self._to("Organization")
        yield (
            "Location",
            "",
            {
                "status": "active",
                "mode": "instance",
                **shared,
                "address": address,
                "managingOrganization": managing,
            },
        )

    def _batches(self) -> list[tuple[str, str]]:
        """The vials that were given from, by lot and expiry; first the drug as it is planned."""
        given = [one.given for visit in self.plan.visits for one in visit.injections if one.given]
        return list(dict.fromkeys([NO_BATCH, *map(_batch, given)]))

    def _medication(self, lot: str, expiry: str) -> Json:
        protocol = self.plan.protocol
        code = DRUG_CODES.get(protocol.drug)
        strength = {
            "numerator": _quantity(protocol.strength_mg_per_ml, "mg"),
            "denominator": _quantity(Fraction(1), "mL"),
        }
        batch = {"lotNumber": lot or None, "expirationDate": expiry or None}
        return {
            "code": {
                **({"coding": [{"system": ATC, "code": code}]} if code else {}),
                "text": protocol.drug,
            },
            "status": "active",
            "form": {"text": "solution for injection"},
            "ingredient": [
                {
                    "itemCodeableConcept": {"text": self._drug},
                    "isActive": True,
                    "strength": strength,
                }
            ],
            "batch": {name: one for name, one in batch.items() if one} or None,
        }

    def _protocol(self) -> Json:
        protocol = self.plan.protocol
        return {
            "identifier": [
                _named("protocol", protocol.id),
                _named("sha256", protocol.sha256),
            ],
            "url": f"urn:uuid:{self._uuid('PlanDefinition', '')}",
            "version": protocol.version,
            "title": protocol.title,
            "status": "active",
            "usage": protocol.use,
            "relatedArtifact": [
                {"type": "derived-from", "citation": one.citation} for one in protocol.sources
            ],
            "action": [{"title": one.id, "description": one.title} for one in protocol.regimens],
        }

    def _diagnosis(self) -> Json:
        return {
            "clinicalStatus": _coded(CLINICAL, "active"),
            "code": {"text": self.plan.diagnosis},
            "subject": self._subject,
        }

    def _calcification(self, lesion: PlannedLesion) -> Json:
        decision = next(one for one in self.plan.decisions if one.lesion == lesion.id)
        grounds = [regimen_title(self.plan, decision.regimen), *decision.reasons, decision.because]
        return {
            "identifier": [_named("lesion", lesion.id)],
            "clinicalStatus": _coded(CLINICAL, "active"),
            "code": {
                "coding": [{"system": ICD_10, "code": "L94.2"}],
                "text": "calcification of the skin",
            },
            "bodySite": [self._site(lesion)],
            "subject": self._subject,
            "note": [
                {"text": f"Rule {decision.rule}, {decision.evidence}: {' '.join(grounds)}"},
            ],
        }

    def _site(self, lesion: PlannedLesion) -> Json:
        codes = [
            {"system": one.system, "code": one.code}
            for one in self.plan.clinic.codes
            if one.site == lesion.site
        ]
        return {**({"coding": codes} if codes else {}), "text": where(lesion)}

    def _body_structure(self, lesion: PlannedLesion) -> Json:
        return {
            "identifier": [_named("lesion", lesion.id)],
            "active": True,
            "location": {**self._site(lesion), "text": lesion.site},
            "locationQualifier": [{"text": lesion.side}] if lesion.side else None,
            "description": lesion.site_detail,
            "patient": self._subject,
        }

    def _baseline(self, lesion: PlannedLesion) -> Iterator[tuple[str, str, Json]]:
        yield self._observed(lesion.id, "size", "0", valueQuantity=_quantity(lesion.size_mm, "mm"))
        yield self._observed(lesion.id, "ulceration", "0", valueBoolean=lesion.ulcerated)

    def _observed(
        self, lesion: str, what: str, when: str, **elements: Any
    ) -> tuple[str, str, Json]:
        """One observation of a lesion; `when` tells those of one kind apart."""
        resource: Json = {
            "identifier": [_named("observation", f"{lesion} {what} {when}")],
            "status": "final",
            "code": {"text": OBSERVED[what]},
            "subject": self._subject,
            "focus": [self._to("BodyStructure", lesion)],
            **elements,
        }
        return "Observation", f"{lesion} {what} {when}", resource

    def _care_plan(self) -> Json:
        plan = self.plan
        days = [one.start.date() if one.start else one.due for one in plan.visits]
        requests = [
            *(("ServiceRequest", one.uid) for one in plan.visits),
            *(
                ("MedicationRequest", f"{one.lesion}/{one.injection}")
                for visit in plan.visits
                for one in visit.injections
            ),
            *(("MedicationRequest", f"{name}/{count}") for name, count in self._held()),
        ]
        url = f"urn:uuid:{self._uuid('PlanDefinition', '')}"
        return {
            "identifier": [_named("course", plan.course)],
            "instantiatesCanonical": [f"{url}|{plan.protocol.version}"],
            "status": self._course_status(),
            "intent": "plan",
            "title": f"Course {plan.course}, revision {plan.revision}",
            "subject": self._subject,
            "period": {"start": min(days).isoformat(), "end": max(days).isoformat()}
            if days
            else None,
            "author": _display(plan.prescriber),
            "addresses": [self._to("Condition", key) for key in ("", *self.lesions)],
            "activity": [{"reference": self._to(kind, key)} for kind, key in requests],
        }

    def _course_status(self) -> str:
        plan = self.plan
        if plan.ending is not None:
            return CARE_PLANS[plan.ending.ending]
        if self.waits:
            return "draft"
        held = {one.id for one in plan.lesions if one.held_since is not None}
        return "on-hold" if held and held == set(self.lesions) else "active"

    def _visit(self, visit: PlannedVisit) -> Iterator[tuple[str, str, Json]]:
        number = [_named("visit", str(visit.number))]
        lesions = list(dict.fromkeys(one.lesion for one in visit.names))
        yield (
            "ServiceRequest",
            visit.uid,
            {
                "identifier": number,
                "basedOn": [self._to("CarePlan")],
                "status": self._requested_status(visit.state, "revoked"),
                "intent": "plan",
                "code": {"text": " and ".join(visit.purposes)},
                "subject": self._subject,
                "occurrenceDateTime": (visit.start or visit.due).isoformat(),
                "requester": _display(self.plan.prescriber),
                "locationReference": [self._to("Location")],
                "reasonReference": [self._to("Condition", one) for one in lesions],
            },
        )
        state = APPOINTMENTS[visit.state]
        if visit.state == "planned" and (visit.start is None or self.waits):
            state = "proposed"
        present = "accepted" if state == "fulfilled" else "needs-action"
        yield (
            "Appointment",
            visit.uid,
            {
                "identifier": number,
                "status": state,
                "cancelationReason": {"text": "cancelled"} if state == "cancelled" else None,
                "start": visit.start.isoformat() if visit.start else None,
                "end": visit.end.isoformat() if visit.end else None,
                "basedOn": [self._to("ServiceRequest", visit.uid)],
                "participant": [
                    {"actor": self._subject, "status": present},
                    {"actor": self._to("Location"), "status": "accepted"},
                ],
            },
        )
        for one in visit.evaluations:
            yield from self._evaluation(visit, one)
        for injection in visit.injections:
            yield from self._injection(visit, injection)

    def _evaluation(
        self, visit: PlannedVisit, one: PlannedEvaluation
    ) -> Iterator[tuple[str, str, Json]]:
        found = one.result
        if found is None:
            return
        shared: Json = {
            "basedOn": [self._to("ServiceRequest", visit.uid)],
            "effectiveDateTime": found.on.isoformat(),
            "performer": [_display(found.measured_by)] if found.measured_by else None,
        }
        when = str(one.evaluation)
        size = _quantity(found.size_mm, "mm")
        yield self._observed(one.lesion, "size", when, **shared, valueQuantity=size)
        if found.ulcerated is not None:
            yield self._observed(
                one.lesion, "ulceration", when, **shared, valueBoolean=found.ulcerated
            )
        if found.pain is not None:
            pain = _quantity(found.pain, "{score}")
            yield self._observed(one.lesion, "pain", when, **shared, valueQuantity=pain)

    def _injection(
        self, visit: PlannedVisit, one: PlannedInjection
    ) -> Iterator[tuple[str, str, Json]]:
        key = f"{one.lesion}/{one.injection}"
        request = self._requested(one.lesion, one.injection)
        is_open = one.state == "planned" and one.drawn_ml is None
        request["status"] = "draft" if is_open else self._requested_status(one.state, "cancelled")
        request["basedOn"] = [self._to("CarePlan"), self._to("ServiceRequest", visit.uid)]
        dosage: Json = self._dosage(one.lesion)
        if visit.start is not None:
            dosage["timing"] = {"event": [visit.start.isoformat()]}
        if one.dose_mg is not None and one.volume_ml is not None:
            drawn = "" if one.drawn_ml is None else f"; draw up {ml(one.drawn_ml)}"
            dosage["text"] = f"{mg(one.dose_mg)}{drawn}"
            dosage["doseAndRate"] = [
                {
                    "type": _coded(DOSE_TYPES, "ordered"),
                    "doseQuantity": _quantity(one.dose_mg, "mg"),
                },
                {
                    "type": _coded(DOSE_TYPES, "calculated"),
                    "doseQuantity": _quantity(one.volume_ml, "mL"),
                },
            ]
        request["dosageInstruction"] = [dosage]
        yield "MedicationRequest", key, request
        if one.given is not None:
            yield from self._given(visit, one, one.given)

    def _requested_status(self, state: VisitState, undone: str) -> str:
        """A request's status; nobody acts on one while a finding waits for a physician."""
        if state == "planned":
            return "draft" if self.waits else "active"
        return "completed" if state == "done" else undone

    def _requested(self, lesion: str, injection: int) -> Json:
        return {
            "identifier": [_named("injection", f"{lesion}/{injection}")],
            "intent": "plan",
            "medicationReference": self._to("Medication", self._vial(NO_BATCH)),
            "subject": self._subject,
            "requester": _display(self.plan.prescriber),
            "reasonReference": [self._to("Condition", lesion)],
        }

    def _dosage(self, lesion: str) -> Json:
        return {
            "site": self._site(self.lesions[lesion]),
            "route": {"text": self.plan.protocol.route},
            "method": {"text": self.plan.protocol.technique},
        }

    def _held(self) -> Iterator[tuple[str, int]]:
        """Injections of held lesions that wait without a visit."""
        there = {
            (one.lesion, one.injection) for visit in self.plan.visits for one in visit.injections
        }
        for lesion in self.plan.lesions:
            if lesion.held_since is None:
                continue
            decision = next(one for one in self.plan.decisions if one.lesion == lesion.id)
            regimens = self.plan.protocol.regimens
            regimen = next(one for one in regimens if one.id == decision.regimen)
            for count in range(1, regimen.injections + 1):
                if (lesion.id, count) not in there:
                    yield lesion.id, count

    def _on_hold(self, lesion: str, count: int) -> Json:
        since = self.lesions[lesion].held_since
        return {
            **self._requested(lesion, count),
            "basedOn": [self._to("CarePlan")],
            "status": "on-hold",
            "statusReason": {"text": f"held since {since}"},
            "dosageInstruction": [self._dosage(lesion)],
        }

    def _given(
        self, visit: PlannedVisit, one: PlannedInjection, given: GivenDose
    ) -> Iterator[tuple[str, str, Json]]:
        key = f"{one.lesion}/{one.injection}"
        at = given.at.isoformat()
        drawn = f"{ml(given.drawn_ml)} ({mg(given.drawn_mg)})"
        dosage = {
            "text": f"{mg(given.dose_mg)}; drawn {drawn}",
            "site": self._site(self.lesions[one.lesion]),
            "route": {"text": self.plan.protocol.route},
            "dose": _quantity(given.dose_mg, "mg"),
        }
        yield (
            "MedicationAdministration",
            key,
            {
                "identifier": [_named("injection", key)],
                "status": "completed",
                "medicationReference": self._to("Medication", self._vial(_batch(given))),
                "subject": self._subject,
                "effectiveDateTime": at,
                "performer": [{"actor": {"display": given.by}}],
                "reasonReference": [self._to("Condition", one.lesion)],
                "request": self._to("MedicationRequest", key),
                "dosage": dosage,
            },
        )
        part_of = {
            "partOf": [self._to("MedicationAdministration", key)],
            "basedOn": [self._to("ServiceRequest", visit.uid)],
            "effectiveDateTime": at,
        }
        for what, pain in (("pain-before", given.pain_before), ("pain-after", given.pain_after)):
            if pain is not None:
                value = {"valueQuantity": _quantity(pain, "{score}")}
                yield self._observed(one.lesion, what, str(one.injection), **part_of, **value)
        if given.complication:
            yield "AdverseEvent", key, self._complication(key, given)

    def _complication(self, key: str, given: GivenDose) -> Json:
        return {
            "actuality": "actual",
            "event": {"text": given.complication},
            "subject": self._subject,
            "date": given.at.isoformat(),
            "recorder": {"display": given.by},
            "suspectEntity": [{"instance": self._to("MedicationAdministration", key)}],
        }

    def _issue(self, finding: Finding) -> Json:
        if finding.lesion is not None:
            implicated = [self._to("Condition", finding.lesion)]
        else:
            uids = [one.uid for one in self.plan.visits if one.number == finding.visit]
            implicated = [self._to("ServiceRequest", one) for one in uids]
        action = {"action": {"text": finding.reason or "confirmed"}}
        author = {"author": _display(finding.confirmed_by)}
        return {
            "status": "final",
            "code": {"text": finding.code},
            "severity": SEVERITIES[finding.severity],
            "patient": self._subject,
            "implicated": implicated,
            "evidence": [{"code": [{"text": finding.value}]}],
            "detail": finding.message,
            "mitigation": [{**action, **author}] if finding.confirmed_by else None,
        }

    def _paper(self, name: str, content: bytes) -> Json:
        digest = hashlib.sha1(content, usedforsecurity=False).digest()
        return {
            "status": "current",
            "docStatus": "final",
            "type": {"text": name.removesuffix(".pdf").replace("-", " ")},
            "subject": self._subject,
            "date": self.writing.recorded.isoformat(),
            "content": [
                {
                    "attachment": {
                        "contentType": "application/pdf",
                        "data": base64.b64encode(content).decode(),
                        "size": len(content),
                        # R4 says SHA-1; it tells a spoilt copy, and is no protection.
                        "hash": base64.b64encode(digest).decode(),
                        "title": name,
                    }
                }
            ],
            "context": {"related": [self._to("CarePlan")]},
        }

    def _provenance(self) -> Iterator[tuple[str, str, Json]]:
        """Where the bundle is from: its plan.json, and each event that led to it."""
        sha256 = hashlib.sha256(self.writing.content).hexdigest()
        source = {"identifier": {"system": ANY_URI, "value": f"urn:sha256:{sha256}"}}
        target = [self._to("CarePlan")]
        yield (
            "Provenance",
            sha256,
            {
                "target": target,
                "recorded": self.writing.recorded.isoformat(),
                "agent": [{"who": {"display": f"sts-course-planner {self.writing.version}"}}],
                "entity": [{"role": "source", "what": {**source, "display": PLAN_NAME}}],
            },
        )
        for entry in self.writing.entries:
            yield (
                "Provenance",
                f"event {entry.number}",
                {
                    "target": target,
                    "recorded": entry.at.isoformat(),
                    "activity": {"text": kind_of(entry.event)},
                    "reason": [{"text": entry.reason}] if entry.reason else None,
                    "agent": [{"type": {"text": entry.role}, "who": {"display": entry.by}}],
                },
            )


# What becomes of a resource that an earlier bundle had and the course has no more.
WITHDRAWN: Mapping[str, Json] = {
    "Appointment": {"status": "cancelled", "cancelationReason": {"text": "fell away"}},
    "BodyStructure": {"active": False},
    "Condition": {"clinicalStatus": None},
    "DetectedIssue": {"status": "cancelled"},
    "Medication": {},
    "MedicationAdministration": {"status": "entered-in-error"},
    "MedicationRequest": {"status": "cancelled"},
    "Observation": {"status": "entered-in-error"},
    "ServiceRequest": {"status": "revoked"},
}


def _withdrawn(earlier: tuple[str, str, Json]) -> tuple[str, str, Json] | None:
    """A resource as it is taken back; None where nothing is to be said of it."""
    kind, key, resource = earlier
    if kind not in WITHDRAWN:
        return None
    if kind == "Condition":
        resource = {**resource, "verificationStatus": _coded(VERIFICATION, "entered-in-error")}
    return kind, key, {**resource, **WITHDRAWN[kind]}


OBSERVED = {
    "size": "largest diameter of the calcification",
    "ulceration": "ulcerated",
    "pain": "pain, 0 to 10",
    "pain-before": "pain before the injection, 0 to 10",
    "pain-after": "pain after the injection, 0 to 10",
}


def _named(what: str, value: str) -> Json:
    """An identifier that people read, beside the one that systems match by."""
    return {"type": {"text": what}, "value": value}


def _quantity(value: Fraction | Decimal, unit: str) -> Json:
    """A number with a unit of UCUM: mg, mL, mm, d or {score}, and no other."""
    return {"value": decimal(value), "unit": unit, "system": UCUM, "code": unit}


def _coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _display(name: str | None) -> Json | None:
    return {"display": name} if name else None


def _batch(given: GivenDose) -> tuple[str, str]:
    """Lot and expiry of the vial that was given from, as far as they were noted."""
    return given.lot or "", given.expiry or ""

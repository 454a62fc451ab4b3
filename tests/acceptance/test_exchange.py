"""A course for other systems: what validators, a server and rule engines of others make of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from planner.app.administration import Circumstances, Felt, given_as_planned
from planner.app.exchange import course_bundle, plan_bundle
from planner.app.queries import course_standing
from planner.documents.dmn import dmn_bytes, jdm_bytes
from planner.documents.fhir_read_back import differences
from planner.files.bundled import bundled_examples, bundled_protocols, example_text
from planner.files.plan import plan_bytes
from planner.files.protocol import load_protocol
from planner.store.database import open_database
from tests.conftest import ROOT, Run
from tests.fhir_bundles import MUTATIONS, RECORDED, THREE, all_of, load, of, rich_bundle, spoilt
from tests.servers import fhir_server
from tests.tables import boundary_grid

FOREIGN = Path(__file__).parents[1] / "foreign"
PROTOCOLS = Path(__file__).parents[1] / "protocols"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A bundle with all that one can have, and its plan.json."""
    folder = tmp_path_factory.mktemp("rich")
    return rich_bundle(open_database(str(folder / "register.db")), folder)


def by_node(script: str, given: object) -> Any:
    done = subprocess.run(
        ["node", str(FOREIGN / script)],
        input=json.dumps(given), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


# --- FHIR


def test_validators_of_others_find_nothing(good: tuple[bytes, bytes]) -> None:
    import fhirkit
    from fhir.resources.R4B.bundle import Bundle

    bundle, plan = good
    assert differences(bundle, plan) == []
    assert Bundle.model_validate_json(bundle).entry
    assert fhirkit.validate(bundle.decode()) == []
    assert by_node("fhir.mjs", [json.loads(bundle)]) == [{"medplum": [], "fhir": []}]


@pytest.mark.hazard("record-elsewhere-says-other")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_bundle_is_seen(good: tuple[bytes, bytes], name: str) -> None:
    bundle, plan = good
    assert differences(spoilt(bundle, name), plan)


def test_it_says_what_was_planned_and_done(good: tuple[bytes, bytes]) -> None:
    bundle = load(good[0])
    given = of(bundle, "MedicationAdministration")
    assert given["dosage"]["dose"] == {
        "value": Decimal("12.5"),
        "unit": "mg",
        "system": "http://unitsofmeasure.org",
        "code": "mg",
    }
    assert given["effectiveDateTime"] == "2026-09-07T09:10:00+02:00"
    held = [one["resource"] for one in all_of(bundle, "MedicationRequest", status="on-hold")]
    assert [one["identifier"][1]["value"] for one in held] == ["C/2", "C/3", "C/4"]
    assert of(bundle, "Appointment", status="noshow")["start"] == "2026-09-21T09:00:00+02:00"
    (complication,) = all_of(bundle, "AdverseEvent")
    assert complication["resource"]["event"] == {"text": "infection"}
    assert complication["request"]["url"].startswith("AdverseEvent/")
    kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    assert kinds == {
        "AdverseEvent", "Appointment", "BodyStructure", "CarePlan", "Condition", "DetectedIssue",
        "Location", "Medication", "MedicationAdministration", "MedicationRequest", "Observation",
        "Organization", "Patient", "PlanDefinition", "Provenance", "ServiceRequest",
    }  # fmt: skip


@pytest.mark.parametrize("name", [one for one in bundled_examples() if one.startswith("case")])
def test_each_case_of_the_letter_is_carried_over(planner: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "course.toml").write_text(example_text(name))
    (tmp_path / "clinic.toml").write_text(example_text("clinic-copenhagen"))
    planner("plan", "course.toml", "--clinic", "clinic.toml", "--out", "out")
    done = planner("fhir", "out/plan.json", "--collection", "--out", "bundle.json")
    assert done.returncode == 0
    bundle = (tmp_path / "bundle.json").read_bytes()
    assert differences(bundle, (tmp_path / "out/plan.json").read_bytes()) == []
    assert all("request" not in entry for entry in load(bundle)["entry"])
    assert planner("fhir", "out/plan.json", "--out", "bundle.json").returncode == 13
    assert (tmp_path / "bundle.json").read_bytes() == bundle


def test_a_course_goes_along_with_its_papers(planner: Run, tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text(THREE)
    (tmp_path / "clinic.toml").write_text(
        example_text("clinic-copenhagen")
        + '[codes.knee]\nsystem = "http://snomed.info/sct"\ncode = "1"\n'
    )
    added = planner(
        "course",
        "add",
        "course.toml",
        "--clinic",
        "clinic.toml",
        "--by",
        "Dr A",
        "--confirm",
        "yes",
    )
    assert added.returncode == 0, added.stderr
    done = planner("fhir", "--course", "K-1", "--papers")
    bundle = load(done.stdout.encode())
    titles = [
        one["resource"]["content"][0]["attachment"]["title"]
        for one in all_of(bundle, "DocumentReference")
    ]
    assert sorted(titles) == [
        "appointments.pdf", "labels.pdf", "treatment-sheet.pdf", "worksheets.pdf",
    ]  # fmt: skip
    history = json.loads(planner("course", "show", "K-1", "--json").stdout)["history"]
    assert [one["kind"] for one in history] == ["planned", "issued"]
    site = of(bundle, "BodyStructure")["location"]
    assert site == {
        "coding": [{"system": "http://snomed.info/sct", "code": "1"}],
        "text": "knee",
    }
    assert planner("fhir", "--course", "K-1").stdout == planner("fhir", "--course", "K-1").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "name a plan.json, or a course"),
        (["none.json"], 10, "none.json"),
        (["--course", "K-9"], 13, "no such course"),
        (["course.toml"], 10, "not a plan.json"),
        (["out/plan.json", "--course", "K-1"], 2, "name a plan.json, or a course"),
    ],
)
def test_what_is_no_course_is_refused(
    planner: Run, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "course.toml").write_text(THREE)
    (tmp_path / "clinic.toml").write_text(example_text("clinic-copenhagen"))
    planner(
        "course",
        "add",
        "course.toml",
        "--clinic",
        "clinic.toml",
        "--by",
        "Dr A",
        "--confirm",
        "yes",
    )
    done = planner("fhir", *arguments, "--out", "bundle.json")
    assert done.returncode == code
    assert said in done.stderr
    assert not (tmp_path / "bundle.json").exists()


def test_a_code_of_an_unknown_site_is_refused(planner: Run, tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text(THREE)
    (tmp_path / "clinic.toml").write_text(
        'timezone = "Europe/Copenhagen"\n[codes.nose]\nsystem = "x"\ncode = "1"\n'
    )
    done = planner("plan", "course.toml", "--clinic", "clinic.toml")
    assert done.returncode == 10
    assert "codes.nose" in done.stderr


def without(value: Any, gone: set[str]) -> Any:
    """A resource without its references to what a server does not keep."""
    if isinstance(value, list):
        return [one for one in (without(each, gone) for each in value) if one is not None]
    if isinstance(value, dict):
        if value.get("reference") in [*gone]:
            return None
        kept = {name: without(one, gone) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one not in (None, [])}
    return value


@pytest.mark.hazard("record-elsewhere-says-other")
def test_a_server_of_others_takes_it_twice(good: tuple[bytes, bytes], tmp_path: Path) -> None:
    """Posted twice: each resource is there once, and every dose comes back as it was sent."""
    bundle = json.loads(good[0])
    with fhir_server(tmp_path) as url:
        known = {one["type"] for one in httpx.get(f"{url}/metadata").json()["rest"][0]["resource"]}
        gone = {
            entry["fullUrl"]
            for entry in bundle["entry"]
            if entry["resource"]["resourceType"] not in known
        }
        bundle["entry"] = [one for one in bundle["entry"] if one["fullUrl"] not in gone]
        sent = without(bundle, gone)
        for _ in range(2):
            answer = httpx.post(url, json=sent, timeout=60)
            assert answer.status_code == 200, answer.text
        for kind in {entry["resource"]["resourceType"] for entry in sent["entry"]}:
            total = httpx.get(f"{url}/{kind}?_summary=count").json()["total"]
            assert total == sum(1 for _ in all_of(sent, kind)), kind
        found = httpx.get(f"{url}/MedicationRequest?_count=100").json()["entry"]
    assert sorted(doses(found)) == sorted(doses(sent["entry"]))


def doses(entries: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        one = entry["resource"]
        if one["resourceType"] == "MedicationRequest":
            amounts = one["dosageInstruction"][0].get("doseAndRate", [])
            yield one["identifier"][1]["value"], json.dumps(amounts, sort_keys=True)


@pytest.mark.hazard("record-elsewhere-says-other")
def test_what_differs_is_never_written(
    good: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A writer that lies: the bundle stays where it is, and it is called a bug (1)."""
    from planner.app import exchange
    from planner.errors import PlannerError
    from planner.files.plan import plan_from

    honest = exchange.bundle_bytes
    monkeypatch.setattr(
        exchange, "bundle_bytes", lambda *given: spoilt(honest(*given), "ten times the dose")
    )
    with pytest.raises(PlannerError, match="report it as a bug") as raised:
        plan_bundle(plan_from(good[1]), good[1], RECORDED, "transaction", with_papers=False)
    assert raised.value.exit_code == 1


def test_every_history_is_carried_over(tmp_path: Path) -> None:
    """Whatever happens to a course: its bundle says what its plan says."""
    from tests.registers import Followed, follow

    register = open_database(str(tmp_path / "register.db"))
    course = follow(register, tmp_path)
    steps: list[Callable[[Followed], object]] = [
        lambda one: one.give(1, "2026-09-07 09:00"),
        lambda one: one.hold("2026-09-08"),
        lambda one: one.resume("2026-09-15"),
        lambda one: one.miss(2),
        lambda one: one.dose("60", from_visit=3),
        lambda one: one.evaluate(5, "30", at="2026-10-06 09:00"),
        lambda one: one.end("died", "2026-10-07", confirm="as it was"),
    ]
    for step in steps:
        step(course)
        found = course_bundle(register, "physician", "K-1", RECORDED, "transaction")
        bundle = found.content
        assert differences(bundle, plan_bytes(course.now.plan)) == []
    assert of(load(bundle), "CarePlan")["status"] == "revoked"
    assert not list(all_of(load(bundle), "Appointment", status="booked"))


def put(server: dict[str, dict[str, Any]], bundle: dict[str, Any]) -> None:
    """What a server makes of a transaction."""
    for entry in bundle["entry"]:
        request = entry["request"]
        if request["method"] == "DELETE":
            server.pop(request["url"], None)
        else:
            server[request["url"]] = entry["resource"]


LIVE = {"booked", "active", "draft", "proposed", "completed", "fulfilled", "final", "on-hold"}


@pytest.mark.hazard("record-elsewhere-says-other")
def test_what_fell_away_is_taken_back_at_the_server(tmp_path: Path) -> None:
    """Undone, held, joined, measured again: nothing that is no more stays there as if it were."""
    from planner.app.administration import undone
    from tests.registers import follow

    register = open_database(str(tmp_path / "register.db"))
    course = follow(register, tmp_path, THREE, confirm="as it was")
    server: dict[str, dict[str, Any]] = {}
    felt = {"A": Felt(Decimal(2), Decimal(3), "necrosis")}
    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: course.make(
            lambda now: given_as_planned(now, 1, Circumstances(lot="L-1"), felt=felt)
        ),
        lambda: course.make(undone),
        lambda: course.give(1, "2026-09-07 09:00"),
        lambda: course.hold("2026-09-10", "A"),
        lambda: course.hold("2026-09-10"),
        lambda: course.resume("2026-09-16"),
        lambda: course.move(3, "2026-09-30 09:00", confirm="as it was"),
        lambda: course.end("died", "2026-10-01", confirm="as it was"),
    ]
    for step in steps:
        step()
        bundle = load(course_bundle(register, "physician", "K-1", RECORDED, "transaction").content)
        put(server, bundle)
        sent = {entry["request"]["url"] for entry in bundle["entry"]}
        left = {url: one for url, one in server.items() if url not in sent}
        assert not [url for url, one in left.items() if one.get("status") in LIVE], step
        assert not [url for url in left if url.startswith("AdverseEvent")]
    statuses = {one["status"] for one in server.values() if one["resourceType"] == "Appointment"}
    assert statuses <= {"fulfilled", "cancelled"}
    errors = [one for one in server.values() if one.get("status") == "entered-in-error"]
    assert {one["resourceType"] for one in errors} == {
        "MedicationAdministration",
        "Observation",
    } or ({one["resourceType"] for one in errors} == {"Observation"})


@pytest.mark.hazard("record-elsewhere-says-other")
def test_a_visit_of_the_first_bundle_that_joins_another_is_taken_back(tmp_path: Path) -> None:
    """The first change moves a visit, and its series' end comes to the day of an evaluation."""
    from tests.registers import follow

    register = open_database(str(tmp_path / "register.db"))
    course = follow(register, tmp_path, THREE, confirm="as it was")

    def bundle() -> dict[str, Any]:
        return load(course_bundle(register, "physician", "K-1", RECORDED, "transaction").content)

    server: dict[str, dict[str, Any]] = {}
    put(server, bundle())
    course.move(2, "2026-09-21 09:00", confirm="as it was")
    put(server, bundle())
    booked = [one for one in server.values() if one.get("status") == "booked"]
    assert len(booked) == len(course.visits) == 5


def test_what_was_given_from_another_stock_is_taken_back_too(tmp_path: Path) -> None:
    """The clinic's stock has another salt since: what was undone named the old one."""
    from planner.app.administration import undone
    from planner.app.clinics import put_clinic
    from planner.app.planning import NamedFile
    from planner.app.roles import Author
    from tests.registers import NOW, follow

    register = open_database(str(tmp_path / "register.db"))
    clinic = tmp_path / "clinic.toml"
    clinic.write_text(example_text("clinic-copenhagen").replace("not stated", "pentahydrate"))
    course = follow(register, tmp_path, clinic=clinic)
    course.give(1, "2026-09-07 09:00")
    course.make(undone)
    clinic.write_text(example_text("clinic-copenhagen"))
    author = Author("Dr A. Holm", NOW, "another vial", "as it was")
    put_clinic(register, NamedFile.of_file(clinic), author)
    bundle = load(course_bundle(register, "physician", "K-1", RECORDED, "transaction").content)
    texts = {one["resource"]["code"]["text"] for one in all_of(bundle, "Medication")}
    assert texts == {"sodium thiosulphate"}
    assert len(list(all_of(bundle, "Medication"))) == 2


def test_several_findings_of_one_visit_are_told_apart(planner: Run, tmp_path: Path) -> None:
    course = THREE[: THREE.index("[[lesion]]")] + "".join(
        f'[[lesion]]\nid = "{name}"\nsite = "{site}"\nside = "{side}"\nsize_mm = 70\n'
        "ulcerated = true\ndose_mg = 60\n"
        for name, site, side in (
            ("A", "knee", "left"), ("B", "knee", "left"),
            ("C", "knee", "right"), ("D", "knee", "right"),
        )
    )  # fmt: skip
    bundle = file_bundle(planner, tmp_path, course, example_text("clinic-copenhagen"), "b.json")
    codes = [one["resource"]["code"]["text"] for one in all_of(load(bundle), "DetectedIssue")]
    assert "site-total-above-cases" in codes


def identity(bundle: bytes, kind: str) -> str:
    return next(entry["fullUrl"] for entry in all_of(load(bundle), kind))


def file_bundle(planner: Run, tmp_path: Path, course: str, clinic: str, out: str) -> bytes:
    (tmp_path / "course.toml").write_text(course)
    (tmp_path / "clinic.toml").write_text(clinic)
    done = planner("plan", "course.toml", "--clinic", "clinic.toml", "--json")
    (tmp_path / "plan.json").write_text(done.stdout)
    assert planner("fhir", "plan.json", "--out", out).returncode == 0
    return (tmp_path / out).read_bytes()


def test_two_people_are_never_one(planner: Run, tmp_path: Path) -> None:
    """Two clinics without a name, with the same ids: their patients stay apart."""
    nameless = 'timezone = "Europe/Copenhagen"\n'
    other = THREE.replace("Anna Prøve", "Bente Prøve")
    first = file_bundle(planner, tmp_path, THREE, nameless, "1.json")
    second = file_bundle(planner, tmp_path, other, nameless, "2.json")
    assert identity(first, "Patient") != identity(second, "Patient")
    assert identity(first, "CarePlan") != identity(second, "CarePlan")


def test_who_is_named_later_doubles_no_course(tmp_path: Path) -> None:
    """A clinic without a name, which learns who its patient is: the course stays the same there."""
    from tests.registers import follow

    register = open_database(str(tmp_path / "register.db"))
    clinic = tmp_path / "clinic.toml"
    clinic.write_text('timezone = "Europe/Copenhagen"\n')
    nobody = THREE.replace('name = "Anna Prøve"\nbirth_date = 1961-05-01\n', "")
    follow(register, tmp_path, nobody, clinic, confirm="as it was")
    before = course_bundle(register, "physician", "K-1", None, "transaction").content
    other = THREE.replace('"K-1"', '"K-2"').replace("09:00", "13:00")
    follow(register, tmp_path, other, clinic, confirm="as it was")
    after = course_bundle(register, "physician", "K-1", None, "transaction").content
    patient = of(load(after), "Patient")
    assert patient["birthDate"] == "1961-05-01"
    for kind in ("Patient", "CarePlan", "Appointment", "MedicationRequest"):
        assert identity(before, kind) == identity(after, kind), kind


def test_a_salt_is_told_from_another_one(planner: Run, tmp_path: Path) -> None:
    text = example_text("clinic-copenhagen")
    found = {
        identity(
            file_bundle(planner, tmp_path, THREE, text.replace("not stated", salt), f"{salt}.json"),
            "Medication",
        )
        for salt in ("pentahydrate", "anhydrous")
    }
    assert len(found) == 2


def test_a_clinic_that_is_called_otherwise_doubles_no_course(tmp_path: Path) -> None:
    from planner.core.plan.plan import Plan

    register = open_database(str(tmp_path / "register.db"))
    bundle, _ = rich_bundle(register, tmp_path)
    plan: Plan = course_standing(register, "physician", "K-1").plan
    renamed = plan._replace(clinic=plan.clinic._replace(name="Another name"))
    again = plan_bundle(renamed, plan_bytes(renamed), RECORDED, "transaction", with_papers=False)
    for kind in ("CarePlan", "Appointment", "MedicationRequest"):
        assert identity(bundle, kind) == identity(again, kind)


def test_what_waits_for_a_physician_is_a_draft(planner: Run, tmp_path: Path) -> None:
    """Nobody acts on a dose that nobody confirmed."""
    course = THREE.replace("dose_mg = 15", "dose_mg = 31")
    bundle = load(
        file_bundle(planner, tmp_path, course, example_text("clinic-copenhagen"), "b.json")
    )
    for kind in ("MedicationRequest", "ServiceRequest", "CarePlan"):
        assert {one["resource"]["status"] for one in all_of(bundle, kind)} == {"draft"}
    assert {one["resource"]["status"] for one in all_of(bundle, "Appointment")} == {"proposed"}


def test_an_erased_patient_has_no_bundle(tmp_path: Path) -> None:
    from planner.app.patients import erase
    from planner.errors import RefusedError
    from tests.acceptance.page.conftest import PHYSICIAN

    register = open_database(str(tmp_path / "register.db"))
    rich_bundle(register, tmp_path)
    erase(register, "P-1", PHYSICIAN, force=True)
    with pytest.raises(RefusedError, match="erased"):
        course_bundle(register, "physician", "K-1", RECORDED, "transaction")


def test_papers_that_nobody_got_are_not_noted(planner: Run, tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text(THREE)
    (tmp_path / "clinic.toml").write_text(example_text("clinic-copenhagen"))
    planner("course", "add", "course.toml", "--clinic", "clinic.toml", "--by", "Dr A",
            "--confirm", "yes")  # fmt: skip
    assert planner("fhir", "--course", "K-1", "--papers", "--out", "/proc/b.json").returncode == 14
    history = json.loads(planner("course", "show", "K-1", "--json").stdout)["history"]
    assert [one["kind"] for one in history] == ["planned"]


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://unitsofmeasure.org", "mg"),
        ("SNOMED", "1"),
        ("http://a b", "1"),
        ("javascript:alert(1)", "1"),
        ("http://snomed.info/sct", " 7 "),
        ("http://snomed.info/sct", "x  y"),
    ],
)
def test_a_code_that_is_none_is_refused(
    planner: Run, tmp_path: Path, system: str, code: str
) -> None:
    (tmp_path / "course.toml").write_text(THREE)
    (tmp_path / "clinic.toml").write_text(
        f'timezone = "UTC"\n[codes.knee]\nsystem = "{system}"\ncode = "{code}"\n'
    )
    done = planner("plan", "course.toml", "--clinic", "clinic.toml")
    assert done.returncode == 10
    assert "codes.knee" in done.stderr


# --- rules


def protocols() -> list[str]:
    return [*bundled_protocols(), *map(str, sorted(PROTOCOLS.glob("*.toml")))]


@pytest.mark.parametrize("name", protocols())
def test_rule_engines_of_others_decide_as_the_planner(name: str) -> None:
    """The whole boundary grid by dmn-moddle and feelin from the XML, and by zen-engine."""
    import zen
    from lxml import etree

    protocol = load_protocol(name)
    xml = dmn_bytes(protocol)
    schema = FOREIGN / "node_modules/dmn-moddle/resources/dmn/xsd/DMN13.xsd"
    etree.XMLSchema(etree.parse(schema)).assertValid(etree.fromstring(xml))
    table = protocol.table
    grid = list(boundary_grid(table.rules, table.domains))
    decided = [table.decide(*point).rule for point in grid]
    wanted = [[one.regimen, one.evidence, one.id] for one in decided]
    points = [[float(size), ulcerated, site] for size, ulcerated, site in grid]
    found = by_node("dmn.mjs", {"dmn": xml.decode(), "points": points})
    assert found == [[one] for one in wanted]
    by_zen = zen.ZenEngine().create_decision(jdm_bytes(protocol).decode())
    for (size, ulcerated, site), (regimen, evidence, rule) in zip(points, wanted, strict=True):
        lesion = {"size_mm": size, "ulcerated": ulcerated, "site": site}
        result = by_zen.evaluate(lesion)["result"]
        assert result == {"regimen": regimen, "evidence": evidence, "rule": rule}
    domains = table.domains
    beyond = [
        one for one in (0, -3, 1e-7, 600, 1e6, None) if Decimal(one or 0) not in domains.size_mm
    ]
    for size, ulcerated, site in (
        *((size, ulcerated, site) for size in beyond for _, ulcerated, site in points),
        *((size, ulcerated, site) for size, ulcerated, _ in points for site in ("nose", None)),
        *((size, ulcerated, site) for size, _, site in points for ulcerated in ("yes", None)),
    ):
        lesion = {"size_mm": size, "ulcerated": ulcerated, "site": site}
        assert not by_zen.evaluate(lesion)["result"], lesion


MUTANTS = {
    "a bound that is closed": ("&lt; 5", "&lt;= 5"),
    "another bound": ("&gt;= 70", "&gt;= 71"),
    "another regimen": ('"single"', '"weekly"'),
    "intact for ulcerated": ("<text>true</text>", "<text>false</text>"),
    "a site left out": ('"finger", ', ""),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_spoilt_table_is_seen(name: str) -> None:
    protocol = load_protocol("sts-150")
    grid = list(boundary_grid(protocol.table.rules, protocol.table.domains))
    xml = dmn_bytes(protocol).decode()
    old, new = MUTANTS[name]
    head, table = xml.split("<decisionTable", 1)
    assert old in table
    points = [[float(size), ulcerated, site] for size, ulcerated, site in grid]
    spoilt_xml = f"{head}<decisionTable{table.replace(old, new, 1)}"
    found = by_node("dmn.mjs", {"dmn": spoilt_xml, "points": points})
    decided = [protocol.table.decide(*point).rule for point in grid]
    assert found != [[[one.regimen, one.evidence, one.id]] for one in decided]


def test_odd_ids_and_texts_make_a_sound_table(tmp_path: Path) -> None:
    from lxml import etree

    text = (ROOT / "planner/protocols/sts-150.toml").read_text(encoding="utf-8")
    text = text.replace('id = "large-intact"', 'id = "small-fingertip-size_mm"', 1)
    text = text.replace("Fingertip calcifications under", "a \uffff < & ]]> b, under", 1)
    (tmp_path / "ours.toml").write_text(text, encoding="utf-8")
    xml = dmn_bytes(load_protocol(str(tmp_path / "ours.toml")))
    schema = FOREIGN / "node_modules/dmn-moddle/resources/dmn/xsd/DMN13.xsd"
    etree.XMLSchema(etree.parse(schema)).assertValid(etree.fromstring(xml))


def test_the_command_prints_the_rules(planner: Run, tmp_path: Path) -> None:
    assert planner("protocol", "dmn", "sts-150").stdout.startswith("<?xml")
    assert "decisionTableNode" in planner("protocol", "dmn", "sts-150", "--jdm").stdout
    (tmp_path / "ours.toml").write_text("id = 1")
    assert planner("protocol", "dmn", "ours.toml").returncode == 11


def test_the_reader_knows_nothing_of_the_writer() -> None:
    """What both took for granted would be seen by nobody."""
    code = (
        "import sys, planner.documents.fhir_read_back;"
        "sys.exit('planner.documents.fhir' in sys.modules or 'planner.core' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""Calendar files: strict, private, and the same instants in every reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo, available_timezones

import icalendar
import pytest
import vobject
from dateutil.tz import tzical
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.calendar.clinic import Clinic
from planner.core.plan.plan import Plan
from planner.core.plan.planning import plan_course
from planner.core.protocol.protocol import Protocol
from planner.documents.calendars import calendar_files, changes_file
from planner.documents.ical import CalendarEntry, calendar_bytes, duration
from planner.documents.timezones import vtimezone
from tests.courses import course, course_text, lesion, planned
from tests.readers import READERS, Instants, by_khal, need
from tests.strict_ics import faults

CLINIC_NAME = "Klinik for hudsygdomme på Østerbro, afsnit for bløddele"
STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)


def plan_in(zone: str, first_visit: str, protocol: Protocol, clinic: Clinic) -> Plan:
    text = course_text(lesion(dose_mg=[12.5, 57.5, 72.5, 87.5]), first_visit=first_visit)
    made = course(text, protocol, zone)
    return plan_course(made, protocol, clinic._replace(timezone=zone, name=CLINIC_NAME))


@pytest.fixture
def files(sts_150: Protocol, clinic: Clinic) -> dict[str, bytes]:
    plan = plan_in("Europe/Copenhagen", "2026-09-07 09:00", sts_150, clinic)
    return dict(calendar_files(plan, STAMP))


def test_every_file_of_a_plan_is_strict(files: dict[str, bytes]) -> None:
    assert set(files) == {"patient.ics", "clinic.ics"} | {
        f"visits/visit-{number}.ics" for number in range(1, 7)
    }
    assert [(name, fault) for name, content in files.items() for fault in faults(content)] == []


def _sub(pattern: bytes, by: bytes) -> Callable[[bytes], bytes]:
    return lambda content: re.sub(pattern, by, content, count=1, flags=re.DOTALL)


MUTANTS = {
    "a bare line feed": _sub(rb"\r\nVERSION", b"\nVERSION"),
    "no last CRLF": lambda content: content.removesuffix(b"\r\n"),
    "no folding": _sub(rb"\r\n ", b""),
    "no DTSTAMP": _sub(rb"DTSTAMP:[^\r]*\r\n", b""),
    "alarms first": _sub(
        rb"(BEGIN:VEVENT\r\n)(.*?)(BEGIN:VALARM.*?END:VALARM\r\n)(END:VEVENT)", rb"\1\3\2\4"
    ),
    "time zone after the events": _sub(
        rb"(BEGIN:VTIMEZONE.*?END:VTIMEZONE\r\n)(.*)(END:VCALENDAR)", rb"\2\1\3"
    ),
    "properties after the events": _sub(rb"(VERSION:2.0\r\n)(.*)(END:VCALENDAR)", rb"\2\1\3"),
    "a week and three days": _sub(rb"TRIGGER:-P1D", b"TRIGGER:-P1W3D"),
    "an empty duration": _sub(rb"TRIGGER:-P1D", b"TRIGGER:P"),
    "a floating start": _sub(rb"DTSTART;TZID=Europe/Copenhagen:", b"DTSTART:"),
    "no time zone": _sub(rb"BEGIN:VTIMEZONE.*END:VTIMEZONE\r\n", b""),
    "one UID twice": _sub(rb"UID:([^\r]*)(.*)UID:([^\r]*)", rb"UID:\1\2UID:\1"),
    "a bare comma": _sub(rb"SUMMARY:Appointment\\,", b"SUMMARY:Appointment,"),
    "an invalid escape": _sub(rb"SUMMARY:Appointment\\,", rb"SUMMARY:Appointment\\r"),
    "a METHOD": _sub(rb"VERSION:2.0\r\n", b"VERSION:2.0\r\nMETHOD:PUBLISH\r\n"),
    "a control character": _sub(rb"SUMMARY:A", b"SUMMARY:\x07A"),
    "no end of an alarm": _sub(rb"END:VALARM\r\n", b""),
    "a sequence that is none": _sub(rb"SEQUENCE:0", b"SEQUENCE:first"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_strict_check_catches_each_mutant(files: dict[str, bytes], name: str) -> None:
    mutant = MUTANTS[name](files["patient.ics"])
    assert mutant != files["patient.ics"]
    assert faults(mutant)


CLOCK_CHANGES = [
    ("Europe/Copenhagen", "2026-10-12 09:00"),  # back on 25 October
    ("Europe/Copenhagen", "2026-03-16 08:00"),  # forward on 29 March
    ("America/New_York", "2026-10-19 14:00"),  # back on 1 November
    ("America/New_York", "2026-02-23 09:30"),  # forward on 8 March
]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("zone", "first_visit"), CLOCK_CHANGES)
@pytest.mark.hazard("wrong-timezone")
def test_all_readers_see_the_same_instants(
    sts_150: Protocol, clinic: Clinic, reader: str, zone: str, first_visit: str
) -> None:
    need(reader)
    plan = plan_in(zone, first_visit, sts_150, clinic)
    wall = datetime.fromisoformat(first_visit)
    expected: Instants = {}
    for visit in plan.visits:
        local = datetime.combine(visit.due, wall.time(), ZoneInfo(zone)).astimezone(UTC)
        expected[visit.uid] = (local, local + timedelta(minutes=30 if visit.injections else 20))
    for name, content in calendar_files(plan, STAMP):
        if "visits" not in name:
            assert READERS[reader](content) == expected


@pytest.mark.hazard("clock-change")
def test_the_wall_clock_stays_over_the_clock_change(sts_150: Protocol, clinic: Clinic) -> None:
    plan = plan_in("Europe/Copenhagen", "2026-10-12 09:00", sts_150, clinic)
    offsets = [str(visit.start)[-6:] for visit in plan.visits]
    assert {f"{visit.start:%H:%M}" for visit in plan.visits} == {"09:00"}
    assert offsets == ["+02:00", "+02:00", "+01:00", "+01:00", "+01:00", "+01:00"]


@pytest.mark.hazard("identity-in-patient-calendar")
def test_the_patients_files_tell_nothing(sts_150: Protocol, clinic: Clinic) -> None:
    plan = plan_in("Europe/Copenhagen", "2026-09-07 09:00", sts_150, clinic)
    secret = ["K-1", "P-1", "knee", "right", "thiosulphate", "sclerosis", "injection", "lesion"]
    secret += ["mg", "mL", "visit", " of 6", "evaluation", "sts"]
    for name, content in calendar_files(plan, STAMP):
        if name != "clinic.ics":
            unfolded = content.replace(b"\r\n ", b"").decode().lower()
            assert [word for word in secret if word.lower() in unfolded] == []


@pytest.mark.hazard("wrong-figure-on-paper", "identity-in-patient-calendar")
def test_the_clinics_file_has_volumes_beside_their_strength(files: dict[str, bytes]) -> None:
    events = icalendar.Calendar.from_ical(files["clinic.ics"]).walk("VEVENT")
    summaries = [str(event["SUMMARY"]).replace("\u00a0", " ") for event in events]
    assert summaries[1] == "K-1, visit 2: injection A: 0.38 mL at 150 mg/mL"
    assert summaries[4] == "K-1, visit 5: evaluation A"


def test_the_clinics_file_is_in_its_language(sts_150: Protocol, clinic: Clinic) -> None:
    danish = clinic._replace(language="da")
    plan = plan_in("Europe/Copenhagen", "2026-09-07 09:00", sts_150, danish)
    content = dict(calendar_files(plan, STAMP))["clinic.ics"]
    calendar = icalendar.Calendar.from_ical(content)
    events = calendar.walk("VEVENT")
    summaries = [str(event["SUMMARY"]).replace("\u00a0", " ") for event in events]
    assert str(calendar["X-WR-CALNAME"]) == "Forløb K-1"
    assert summaries[1] == "K-1, besøg 2: injektion A: 0,38 mL af 150 mg/mL"
    assert summaries[4] == "K-1, besøg 5: evaluering A"
    assert str(events[0]["DESCRIPTION"]) == "A: højre knæ"


def test_the_clinics_file_names_the_lesions_of_each_visit(
    sts_150: Protocol, clinic: Clinic
) -> None:
    """What a visit does not treat is nothing to look for at it."""
    made = planned(
        sts_150,
        clinic,
        lesion("A", dose_mg=50),
        lesion("B", site="fingertip", size_mm=3, ulcerated=False, dose_mg=12.5),
        lesion("C", site="elbow", dose_mg=50),
    )
    content = dict(calendar_files(made, STAMP))["clinic.ics"]
    for visit, event in zip(
        made.visits, icalendar.Calendar.from_ical(content).walk("VEVENT"), strict=True
    ):
        told = [line.partition(":")[0] for line in str(event["DESCRIPTION"]).splitlines()]
        assert told == sorted({name.lesion for name in visit.names})
    assert {one.injection for one in made.visits[0].injections if one.lesion == "B"} == {1}
    assert [one.lesion for one in made.visits[1].injections] == ["A", "C"]


def test_a_uid_stays_when_the_visit_moves(sts_150: Protocol, clinic: Clinic) -> None:
    text = course_text(lesion(dose_mg=50))
    moved = text + '[[move]]\nfrom = 2026-09-21\nto = "2026-09-22 10:30"\n'
    before, after = (
        plan_course(course(one, sts_150), sts_150, clinic).visits for one in (text, moved)
    )
    assert [visit.uid for visit in before] == [visit.uid for visit in after]
    assert after[2].start is not None
    assert f"{after[2].start:%Y-%m-%d %H:%M}" == "2026-09-22 10:30"


def entry(**changes: object) -> CalendarEntry:
    start = datetime(2026, 9, 7, 9, tzinfo=ZoneInfo("UTC"))
    fields: dict[str, object] = {
        "uid": "1", "sequence": 0, "stamp": STAMP, "start": start,
        "end": start + timedelta(minutes=30), "timezone": "UTC", "summary": "Appointment",
    }  # fmt: skip
    return CalendarEntry(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a\x00b", "a\x07", "a\x1bb", "a\x7f"])
def test_control_characters_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="control"):
        calendar_bytes("c", [entry(summary=text)])


def test_two_events_of_one_uid_are_refused_not_merged() -> None:
    with pytest.raises(ValueError, match="one UID"):
        calendar_bytes("c", [entry(), entry(summary="another")])


def test_utc_is_written_as_instants() -> None:
    content = calendar_bytes("c", [entry()])
    assert b"DTSTART:20260907T090000Z" in content
    assert b"VTIMEZONE" not in content
    assert faults(content) == []


DURATIONS = [
    (timedelta(), "PT0S"),
    (timedelta(days=10), "P10D"),
    (timedelta(hours=2), "PT2H"),
    (timedelta(minutes=90), "PT90M"),
]


@pytest.mark.parametrize(("before", "text"), DURATIONS)
def test_durations_have_one_unit(before: timedelta, text: str) -> None:
    assert duration(before) == text


@pytest.mark.parametrize("zone", ["Africa/Casablanca", "Africa/El_Aaiun"])
@pytest.mark.hazard("clock-change")
def test_a_zone_that_no_yearly_rule_can_say_gets_instants(
    sts_150: Protocol, clinic: Clinic, zone: str
) -> None:
    assert vtimezone(zone, 2026, 2026) is None
    plan = plan_in(zone, "2026-09-07 09:00", sts_150, clinic)
    for _, content in calendar_files(plan, STAMP):
        assert b"TZID" not in content
        assert faults(content) == []


@pytest.mark.hazard("clock-change")
def test_every_zone_is_told_as_zoneinfo_has_it() -> None:
    """Over two years, at each month and around each change, read by dateutil's own reader."""
    zones = sorted(available_timezones() - {"localtime", "Factory"})
    for key in zones:
        lines = vtimezone(key, 2026, 2027)
        # None also where the rules change within these years.
        if not lines:
            continue
        read = tzical(StringIO("\n".join(lines))).get()
        for month in range(24):
            for day in (1, 8, 15, 22, 28):
                wall = datetime(2026 + month // 12, month % 12 + 1, day, 12)
                assert read is not None
                offset = read.utcoffset(wall)
                assert offset == wall.replace(tzinfo=ZoneInfo(key)).utcoffset(), (key, wall)
    # As the releases of zone data go: those whose clocks follow the moon.
    assert {key for key in zones if vtimezone(key, 2031, 2032) is None} <= {
        "Africa/Casablanca", "Africa/El_Aaiun", "Asia/Gaza", "Asia/Hebron",
    }  # fmt: skip


@settings(max_examples=200)
@given(st.lists(st.text(max_size=200), min_size=10, max_size=10))
@pytest.mark.hazard("hostile-text")
def test_hostile_texts_come_back_verbatim_or_are_refused(texts: list[str]) -> None:
    """2,000 texts in a summary, through three readers."""
    for text in texts:
        try:
            content = calendar_bytes("c", [entry(summary="A " + text)])
        except ValueError:
            assert re.search("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", text)
            continue
        assert faults(content) == []
        wanted = ("A " + text).replace("\r\n", "\n").replace("\r", "\n")
        (event,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
        assert str(event["SUMMARY"]) == wanted
        read = vobject.readOne(content.decode()).vevent.summary.value
        assert read == wanted


def test_khal_moves_and_cancels_in_place(sts_150: Protocol, clinic: Clinic) -> None:
    before = plan_in("Europe/Copenhagen", "2026-09-07 09:00", sts_150, clinic)
    text = course_text(lesion(dose_mg=[12.5, 57.5, 72.5, 87.5])) + (
        '[[move]]\nfrom = 2026-09-14\nto = "2026-09-15 10:30"\n'
        '[[move]]\nfrom = 2026-10-05\nto = "2026-09-28 09:00"\n'
    )
    moved = course("revision = 1\n" + text, sts_150)
    after = plan_course(moved, sts_150, clinic._replace(name=CLINIC_NAME))
    changes = changes_file(before, after, STAMP)["changes.ics"]
    assert faults(changes) == []
    states = {
        str(e["UID"]): (str(e["STATUS"]), int(e["SEQUENCE"]))
        for e in icalendar.Calendar.from_ical(changes).walk("VEVENT")
    }
    assert states == {
        before.visits[1].uid: ("CONFIRMED", 1),
        # It takes the evaluation in, and longer.
        before.visits[3].uid: ("CONFIRMED", 1),
        before.visits[4].uid: ("CANCELLED", 1),
    }
    original = dict(calendar_files(before, STAMP))["patient.ics"]
    found = by_khal(original, changes)
    assert len(found) == 6
    start = after.visits[1].start
    assert start is not None
    assert found[before.visits[1].uid][0] == start.astimezone(UTC)


def test_nothing_changed_makes_no_file(sts_150: Protocol, clinic: Clinic) -> None:
    plan = plan_in("Europe/Copenhagen", "2026-09-07 09:00", sts_150, clinic)
    assert changes_file(plan, plan._replace(revision=1), STAMP) == {}

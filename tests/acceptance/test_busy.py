"""What is taken at the clinic: busy files of any origin, recurrences, exceptions, hostile ones."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from planner.core.plan.calendar_ids import patient_mark
from planner.errors import InputError
from planner.files.busy import Own, busy_times
from tests.conftest import Run
from tests.courses import SOUND, write

ZONE = ZoneInfo("Europe/Copenhagen")
NOBODY = Own("", "", frozenset())
DAYS = range(datetime(2026, 9, 7).toordinal(), datetime(2026, 12, 31).toordinal())


def calendar(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\nDTSTAMP:20260101T000000Z\n{e}\nEND:VEVENT\n" for e in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//\n{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def taken(content: bytes, own: Own = NOBODY) -> list[tuple[str, str]]:
    """The taken times as local text."""
    found = sorted(busy_times(content, ZONE, DAYS, own), key=lambda one: one.start)
    return [
        (f"{one.start.astimezone(ZONE):%m-%d %H:%M}", f"{one.end.astimezone(ZONE):%m-%d %H:%M}")
        for one in found
    ]


EVENTS = {
    "with a zone": (
        "UID:1\nDTSTART;TZID=America/New_York:20260914T030000\n"
        "DTEND;TZID=America/New_York:20260914T040000",
        [("09-14 09:00", "09-14 10:00")],
    ),
    "floating": (
        "UID:1\nDTSTART:20260914T090000\nDTEND:20260914T093000", [("09-14 09:00", "09-14 09:30")],
    ),
    "in UTC": (
        "UID:1\nDTSTART:20260914T070000Z\nDURATION:PT30M", [("09-14 09:00", "09-14 09:30")],
    ),
    "a whole day": (
        "UID:1\nDTSTART;VALUE=DATE:20260914", [("09-14 00:00", "09-15 00:00")],
    ),
    "two whole days": (
        "UID:1\nDTSTART;VALUE=DATE:20260914\nDTEND;VALUE=DATE:20260916",
        [("09-14 00:00", "09-16 00:00")],
    ),
    "weekly, but for one": (
        "UID:1\nDTSTART;TZID=Europe/Copenhagen:20260907T090000\nDURATION:PT1H\n"
        "RRULE:FREQ=WEEKLY;COUNT=3\nEXDATE;TZID=Europe/Copenhagen:20260914T090000",
        [("09-07 09:00", "09-07 10:00"), ("09-21 09:00", "09-21 10:00")],
    ),
    "free": ("UID:1\nDTSTART:20260914T090000Z\nDURATION:PT1H\nTRANSP:TRANSPARENT", []),
    "cancelled": ("UID:1\nDTSTART:20260914T090000Z\nDURATION:PT1H\nSTATUS:CANCELLED", []),
    "long ago": ("UID:1\nDTSTART:20250914T090000Z\nDURATION:PT1H", []),
    "our own on a server": (
        "UID:1\nDTSTART:20260914T090000Z\nDURATION:PT1H\nX-PLANNER-COURSE:K-1", [],
    ),
    "our own, of this patient": (
        "UID:1\nDTSTART:20260914T090000Z\nDURATION:PT1H\nX-PLANNER-COURSE:K-1\n"
        f"X-PLANNER-PATIENT:{patient_mark('K-1', 'P-1')}", [],
    ),
    "another patient's of this id": (
        "UID:1\nDTSTART:20260914T090000Z\nDURATION:PT1H\nX-PLANNER-COURSE:K-1\n"
        f"X-PLANNER-PATIENT:{patient_mark('K-1', 'P-2')}",
        [("09-14 11:00", "09-14 12:00")],
    ),
    "on weekdays since 1970": (
        "UID:1\nDTSTART:19700105T070000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;"
        "BYDAY=MO,TU,WE,TH,FR;UNTIL=20260907T235959Z",
        [("09-07 09:00", "09-07 10:00")],
    ),
    "over centuries": (
        "UID:1\nDTSTART;VALUE=DATE:19000101\nDTEND;VALUE=DATE:20990101",
        [("09-07 00:00", "12-31 00:00")],
    ),
    # Some programs end a rule of timed events on a day: that day counts.
    "weekly until a day": (
        "UID:1\nDTSTART;TZID=Europe/Copenhagen:20260907T090000\nDURATION:PT1H\n"
        "RRULE:FREQ=WEEKLY;UNTIL=20260914",
        [("09-07 09:00", "09-07 10:00"), ("09-14 09:00", "09-14 10:00")],
    ),
    "without end, as some write it": (
        "UID:1\nDTSTART;TZID=America/New_York:20261229T030000\nDURATION:PT1H\n"
        "RRULE:FREQ=DAILY;UNTIL=99991231",
        [("12-29 09:00", "12-29 10:00"), ("12-30 09:00", "12-30 10:00")],
    ),
    "floating, weekly until a day": (
        "UID:1\nDTSTART:20260907T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;UNTIL=20260914",
        [("09-07 09:00", "09-07 10:00"), ("09-14 09:00", "09-14 10:00")],
    ),
    "our own": ("UID:own\nDTSTART:20260914T090000Z\nDURATION:PT1H", []),
}  # fmt: skip


@pytest.mark.parametrize("name", EVENTS)
def test_what_is_taken(name: str) -> None:
    event, expected = EVENTS[name]
    assert taken(calendar(event), Own("K-1", "P-1", frozenset({"own"}))) == expected


def test_one_moved_occurrence() -> None:
    series = "UID:1\nDTSTART:20260914T070000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2"
    moved = "UID:1\nRECURRENCE-ID:20260921T070000Z\nDTSTART:20260922T070000Z\nDURATION:PT1H"
    assert taken(calendar(series, moved)) == [
        ("09-14 09:00", "09-14 10:00"), ("09-22 09:00", "09-22 10:00"),
    ]  # fmt: skip


def test_two_events_of_one_uid_both_count() -> None:
    first = "UID:1\nDTSTART:20260914T070000Z\nDURATION:PT1H"
    second = "UID:1\nDTSTART:20260921T070000Z\nDURATION:PT1H"
    assert taken(calendar(first, second)) == [
        ("09-14 09:00", "09-14 10:00"), ("09-21 09:00", "09-21 10:00"),
    ]  # fmt: skip


@pytest.mark.parametrize(("offset", "start"), [("-0400", "15:00"), ("+0200", "09:00")])
def test_each_file_has_its_own_zones(offset: str, start: str) -> None:
    """Two files may name different zones alike; the second is not read in the first one's."""
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        f"TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE\n"
    ).replace("\n", "\r\n")
    event = "UID:1\nDTSTART;TZID=Customized Time Zone:20260914T090000\nDURATION:PT1H"
    content = calendar(event).replace(b"BEGIN:VEVENT", zone.encode() + b"BEGIN:VEVENT", 1)
    assert taken(content)[0][0] == f"09-14 {start}"


def test_an_endless_recurrence_is_followed_as_far_as_the_course_goes() -> None:
    content = calendar("UID:1\nDTSTART:20200106T080000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY")
    assert 15 < len(taken(content)) < 20


BAD = {
    "a broken event": calendar("UID:1\nDTSTART:2026-09-14"),
    "no start": calendar("UID:1\nSUMMARY:x"),
    "a zone that is not": calendar(
        "UID:1\nDTSTART;TZID=Mars/Phobos:20260914T090000\nDURATION:PT1H"
    ),
    "millions": calendar("UID:1\nDTSTART:20260101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY"),
    "millions by parts": calendar(
        "UID:1\nDTSTART:20260101T000000Z\nDURATION:PT1S\nRRULE:FREQ=DAILY;"
        f"BYHOUR={','.join(map(str, range(24)))};BYMINUTE={','.join(map(str, range(60)))}"
    ),
    "millions by the hour": calendar(
        "UID:1\nDTSTART:20260101T000000Z\nDURATION:PT1S\nRRULE:FREQ=HOURLY;"
        f"BYMINUTE={','.join(map(str, range(60)))};BYSECOND={','.join(map(str, range(60)))}"
    ),
    "millions in all": calendar(
        *(
            f"UID:{n}\nDTSTART:20260101T000000Z\nDURATION:PT1S\nRRULE:FREQ=MINUTELY;INTERVAL=10"
            for n in range(300)
        )
    ),
    "an interval of zero": calendar(
        "UID:1\nDTSTART:20260101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=0"
    ),
    "an end before the start": calendar("UID:1\nDTSTART:20260914T090000Z\nDTEND:20260914T080000Z"),
    "a negative duration": calendar("UID:1\nDTSTART:20260914T090000Z\nDURATION:-PT1H"),
    "two ends": calendar(
        "UID:1\nDTSTART:20260914T090000Z\nDTEND:20260914T100000Z\nDTEND:20260914T110000Z"
    ),
    "an exception in no zone": calendar(
        "UID:1\nDTSTART:20260914T070000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3\n"
        "EXDATE;TZID=Mars/Olympus:20260914T090000"
    ),
    "a choice within a day": calendar(
        "UID:1\nDTSTART:20260914T090000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY;COUNT=1;BYSETPOS=2"
    ),
    "a period that is a day": b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VFREEBUSY\r\nUID:1\r\n"
    b"FREEBUSY;VALUE=DATE:20260908\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n",
    "no calendar": b"<html>no</html>",
    "nothing": b"",
    "bytes": bytes(range(256)),
    "cut off": calendar("UID:1\nDTSTART:20260914T090000Z")[:-40],
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_busy_file_is_refused(planner: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "busy.ics").write_bytes(BAD[name])
    path = write(tmp_path, SOUND)
    done = planner("plan", path, "--timezone", "Europe/Copenhagen", "--busy", "busy.ics")
    assert done.returncode == 10, done.stdout
    assert "busy.ics" in done.stderr
    assert not (tmp_path / "K-1").exists()


def test_a_huge_busy_file_is_refused(planner: Run, tmp_path: Path) -> None:
    (tmp_path / "busy.ics").write_bytes(b"X" * 50_000_000)
    path = write(tmp_path, SOUND)
    done = planner("plan", path, "--timezone", "UTC", "--busy", "busy.ics")
    assert done.returncode == 10
    assert "the file is over" in done.stderr


def test_visits_go_around_what_is_taken(planner: Run, tmp_path: Path) -> None:
    (tmp_path / "room.ics").write_bytes(
        calendar("UID:1\nDTSTART:20260914T063000Z\nDTEND:20260914T080000Z")
    )
    (tmp_path / "leave.ics").write_bytes(
        calendar("UID:2\nDTSTART;VALUE=DATE:20260921\nDTEND;VALUE=DATE:20260922")
    )
    path = write(tmp_path, SOUND)
    busy = ("--busy", "room.ics", "--busy", "leave.ics")
    done = planner("plan", path, "--timezone", "Europe/Copenhagen", *busy, "--json", "--out", "o")
    plan = json.loads(done.stdout)
    assert [visit["start"][:16] for visit in plan["visits"][1:4]] == [
        "2026-09-14T10:00", "2026-09-22T09:00", "2026-09-28T09:00",
    ]  # fmt: skip
    assert plan["visits"][1]["moved_because"] == "no room at 09:00"
    # Its own visits do not stand in its way.
    done = planner("plan", path, "--timezone", "Europe/Copenhagen", "--busy", "o/clinic.ics",
                   "--json")  # fmt: skip
    assert json.loads(done.stdout)["visits"][2]["start"][:16] == "2026-09-21T09:00"


def test_capacity_counts_overlaps(planner: Run, tmp_path: Path) -> None:
    slot = "\nDTSTART:20260914T070000Z\nDTEND:20260914T073000Z"
    (tmp_path / "busy.ics").write_bytes(calendar(f"UID:1{slot}", f"UID:2{slot}"))
    path = write(tmp_path, SOUND)
    for capacity, start in ((2, "09:30"), (3, "09:00")):
        write(tmp_path, f'timezone = "Europe/Copenhagen"\ncapacity = {capacity}\n', "clinic.toml")
        done = planner("plan", path, "--clinic", "clinic.toml", "--busy", "busy.ics", "--json")
        assert json.loads(done.stdout)["visits"][1]["start"][11:16] == start


def test_a_taken_first_hour_is_refused(planner: Run, tmp_path: Path) -> None:
    (tmp_path / "busy.ics").write_bytes(
        calendar("UID:1\nDTSTART:20260907T071500Z\nDTEND:20260907T080000Z")
    )
    path = write(tmp_path, SOUND)
    done = planner("plan", path, "--timezone", "Europe/Copenhagen", "--busy", "busy.ics")
    assert done.returncode == 10
    assert "no room at 09:00; free near it: 2026-09-07 08:45" in done.stderr


def test_free_busy_answers_are_read() -> None:
    text = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//\nBEGIN:VFREEBUSY\nUID:f\n"
        "DTSTAMP:20260101T000000Z\nFREEBUSY:20260914T070000Z/20260914T080000Z\n"
        "FREEBUSY;FBTYPE=FREE:20260915T070000Z/PT1H\nEND:VFREEBUSY\nEND:VCALENDAR\n"
    )
    assert taken(text.replace("\n", "\r\n").encode()) == [("09-14 09:00", "09-14 10:00")]


def test_a_problem_names_its_event() -> None:
    with pytest.raises(InputError, match="VEVENT 1"):
        list(busy_times(BAD["no start"], ZONE, DAYS, NOBODY))


SHOWN_IN = ["UTC", "America/New_York", "W. Europe Standard Time"]


@pytest.mark.parametrize("zone", SHOWN_IN)
@pytest.mark.hazard("wrong-timezone")
def test_a_floating_time_is_the_clinics_wherever_the_calendar_is_shown(zone: str) -> None:
    floating, weekly = EVENTS["floating"], EVENTS["weekly, but for one"]
    content = calendar(floating[0], weekly[0].replace("UID:1", "UID:2"))
    content = content.replace(b"PRODID", f"X-WR-TIMEZONE:{zone}\r\nPRODID".encode())
    assert taken(content) == sorted([*floating[1], *weekly[1]])


@pytest.mark.parametrize(
    "line",
    [
        "DTSTART;TZID=Europe/Copenhagen:20260914T073000Z\nDURATION:PT1H",
        "DTSTART:20260914T073000Z\nDTEND;TZID=Europe/\n Copenhagen:20260914T083000Z",
    ],
)
@pytest.mark.hazard("wrong-timezone")
def test_a_time_of_two_zones_is_refused(line: str) -> None:
    with pytest.raises(InputError, match=r"^VEVENT 1: its DT\w+ names a zone .* and is in UTC too"):
        taken(calendar(f"UID:1\n{line}"))


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_an_event_out_of_reach_is_named(year: str) -> None:
    with pytest.raises(InputError, match="VEVENT far: its year"):
        taken(calendar(f"UID:far\nDTSTART:{year}0101T000000Z\nDURATION:PT1H"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "DTSTART;TZID=Europe:20260914T090000",
            'VEVENT 1: it is in the zone "Europe", which is not known',
        ),
        ("DTSTART;VALUE=TIME:090000", "VEVENT 1: its DTSTART is no date and time"),
    ],
)
def test_a_start_that_is_none_is_refused(line: str, said: str) -> None:
    """Found by the fuzzer."""
    with pytest.raises(InputError, match=said):
        taken(calendar(f"UID:1\n{line}\nDURATION:PT1H"))


def test_two_files_of_one_name_are_told_apart(planner: Run, tmp_path: Path) -> None:
    for folder, content in (("d1", calendar(EVENTS["floating"][0])), ("d2", b"nothing")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "clinic.ics").write_bytes(content)
    path = write(tmp_path, SOUND)
    busy = ("--busy", "d1/clinic.ics", "--busy", "d2/clinic.ics")
    done = planner("plan", path, "--timezone", "UTC", *busy)
    assert done.returncode == 10
    assert "error: d2/clinic.ics: it is no calendar" in done.stderr

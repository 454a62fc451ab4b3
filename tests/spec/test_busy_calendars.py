"""What calendar files of any program take, by kinds of what programs write."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from planner.core.calendar.occupancy import Busy, Occupancy
from planner.errors import InputError
from planner.files.busy import Own, busy_times
from planner.files.calendars.recurrence import Steps, rule_of, starts

ZONE = ZoneInfo("Europe/Copenhagen")
DAYS = range(datetime(2026, 9, 7).toordinal(), datetime(2026, 12, 31).toordinal())
REFUSED = "refused"
NINE = ["09-07 09:00-10:00"]
WHOLE = ["09-07 00:00-00:00"]
AUTUMN, SPRING = "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3"
OWN = "Customized Time Zone"


def taken(content: str | bytes, zone: ZoneInfo = ZONE, days: range = DAYS) -> list[str] | str:
    """The taken times as the clinic reads them; `refused` for a file that is."""
    raw = content.encode() if isinstance(content, str) else content
    try:
        found = sorted(
            busy_times(raw, zone, days, Own("K-1", "P-1", frozenset())), key=lambda o: o.start
        )
    except InputError as error:
        places = [one.place.partition(" ")[0] for one in error.problems]
        assert {*places} <= {"VEVENT", "VFREEBUSY"}, error  # noqa: PT017
        return REFUSED
    spans = [(one.start.astimezone(zone), one.end.astimezone(zone)) for one in found]
    return [f"{start:%m-%d %H:%M}-{end:%H:%M}" for start, end in spans]


def busy_times_of(content: str) -> list[Busy]:
    return list(busy_times(content.encode(), ZONE, DAYS, Own("", "", frozenset())))


def calendar(*parts: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", *parts,
                        "END:VCALENDAR", ""])  # fmt: skip


def event(*lines: str, uid: str = "e1") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"])


def observance(kind: str, since: str, before: str, after: str, *more: str) -> str:
    return "\r\n".join([f"BEGIN:{kind}", f"DTSTART:{since}", f"TZOFFSETFROM:{before}",
                        f"TZOFFSETTO:{after}", *more, f"END:{kind}"])  # fmt: skip


def own_zone(winter: str = "+0100", summer: str = "+0200", name: str = OWN, *more: str) -> str:
    return "\r\n".join([
        "BEGIN:VTIMEZONE", f"TZID:{name}", *more,
        observance("STANDARD", "20001029T030000", summer, winter, f"RRULE:{AUTUMN}"),
        observance("DAYLIGHT", "20000326T020000", winter, summer, f"RRULE:{SPRING}"),
        "END:VTIMEZONE",
    ])  # fmt: skip


def at(hour: int, zone: str = OWN, day: str = "20260907") -> str:
    """An hour in a zone."""
    return event(f"DTSTART;TZID={zone}:{day}T{hour:02}0000", "DURATION:PT1H")


OFFSETS = {
    "+0200": (9, NINE), "0200": (9, NINE), " +0200": (9, NINE), "\t+0200": (9, NINE),
    "+0200 ": (9, NINE), "+ 0200": (9, NINE), "+02:00": (9, NINE), "+020000": (9, NINE),
    "020000": (9, NINE), "\uff0b0200": (9, NINE),
    "-0400": (3, NINE), "\u22120400": (3, NINE), "\u20130400": (3, NINE), " -0400": (3, NINE),
    "- 0400": (3, NINE), "-04:00": (3, NINE), "\uff0d0400": (3, NINE),
    "+1400": (21, NINE), "-1400": (17, ["09-08 09:00-10:00"]),
    **dict.fromkeys(
        ["+2000", "2000", "+1401", "-1500", "+200", "200", "+2", "+0299", "++0200", "+00200",
         "UTC+02:00", "CET", ""],
        (9, REFUSED),
    ),
}  # fmt: skip


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_an_offset_is_read_as_what_it_must_mean_or_refused(offset: str) -> None:
    hour, expected = OFFSETS[offset]
    assert taken(calendar(own_zone(summer=offset), at(hour))) == expected


def test_a_zone_that_no_event_uses_may_say_what_it_wants() -> None:
    other = own_zone("+2000", "nonsense", "Other")
    assert taken(calendar(other, own_zone(), at(9))) == NINE


NAMES = {
    "W. Europe Standard Time": NINE, '"W. Europe Standard Time"': NINE,
    "Romance Standard Time": NINE, "Central European Standard Time": NINE,
    "/citadel.org/20210210_1/Europe/Copenhagen": NINE, "Europe/Copenhagen": NINE,
    "Customized Time Zone": REFUSED, "Europe": REFUSED, "CEST": REFUSED, "Mars/Phobos": REFUSED,
    '"(UTC+01:00) Amsterdam, Berlin"': REFUSED, "GMT+0200": REFUSED,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_zone_that_the_file_does_not_explain_is_known_by_name_or_refused(name: str) -> None:
    assert taken(calendar(at(9, name))) == NAMES[name]


@pytest.mark.parametrize(
    "name",
    ["W. Europe Standard Time", "(UTC+01:00) Amsterdam, Berlin", "EST", "tzone://Microsoft/Custom",
     "/mozilla.org/20050126_1/Europe/Copenhagen"],
)  # fmt: skip
@pytest.mark.parametrize("is_before", [True, False])
def test_a_zone_is_the_files_own(name: str, is_before: bool) -> None:
    """It is New York's, whatever its name."""
    zone, one = own_zone("-0500", "-0400", name), at(3, f'"{name}"')
    assert taken(calendar(*((zone, one) if is_before else (one, zone)))) == NINE


UTC_ZONES = {
    "summer time": ("+0000", "+0100", ["09-07 10:00-11:00"], REFUSED),
    "no change": ("+0000", "-0000", ["09-07 11:00-12:00"], NINE),
    "broken": ("here", "there", ["09-07 11:00-12:00"], NINE),
}  # fmt: skip


@pytest.mark.parametrize("name", ["GMT", "Greenwich", "Z", "UTC", "Universal"])
@pytest.mark.parametrize("rules", UTC_ZONES)
@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_a_name_of_utc_is_the_files_own_where_its_rules_say_otherwise(
    name: str, rules: str
) -> None:
    winter, summer, expected, said_twice = UTC_ZONES[rules]
    zone, lines = own_zone(winter, summer, name), ["DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=1"]
    assert taken(calendar(zone, at(9, name))) == expected
    added = event(f"DTSTART;TZID={name}:20260801T090000", "DURATION:PT1H",
                  f"RDATE;TZID={name}:20260907T090000,20260908T090000",
                  f"EXDATE;TZID={name}:20260908T090000")  # fmt: skip
    assert taken(calendar(zone, added)) == expected
    assert taken(calendar(zone, event(f"DTSTART;TZID={name}:20260907T070000Z", *lines))) == (
        said_twice
    )
    assert taken(calendar(own_zone(winter, summer, "Etc/UTC"), at(7, "Etc/UTC"))) == NINE


@pytest.mark.parametrize("of_zone", [r"(UTC) A\, B\; C:\\D", r"(UTC) A, B; C:\D"])
@pytest.mark.parametrize("of_event", [r"(UTC) A, B; C:\D", r"(UTC) A\, B\; C:\\D"])
def test_a_zone_is_found_with_and_without_the_marks_of_a_text(of_zone: str, of_event: str) -> None:
    assert taken(calendar(own_zone(name=of_zone), at(9, f'"{of_event}"'))) == NINE


SHAPES = {
    "since 1601": own_zone().replace("2000", "1601", 2),
    "since ever": own_zone().replace("20001029T03", "00010101T00").replace(
        "20000326T02", "00010101T00"),
    "since ever, by its own day": own_zone().replace(
        "20000326T02", "00010326T02").replace(SPRING, "FREQ=YEARLY"),
    "until the last year": own_zone().replace(SPRING, f"{SPRING};UNTIL=99991231T235959Z").replace(
        AUTUMN, f"{AUTUMN};UNTIL=99991231"),
    "winter alone": f"BEGIN:VTIMEZONE\r\nTZID:{OWN}\r\n"
    + observance("STANDARD", "16010101T000000", "+0200", "+0200")
    + "\r\nEND:VTIMEZONE",
    "by dates": f"BEGIN:VTIMEZONE\r\nTZID:{OWN}\r\n"
    + observance("STANDARD", "20251026T030000", "+0200", "+0100", "RDATE:20261025T030000")
    + "\r\n"
    + observance("DAYLIGHT", "20250330T020000", "+0100", "+0200", "RDATE:20260329T020000")
    + "\r\nEND:VTIMEZONE",
    "named in languages": own_zone("+0100", "+0200", OWN, "X-LIC-LOCATION:Europe/Copenhagen"),
    "old rules that ended": own_zone().replace(
        "BEGIN:STANDARD",
        observance("STANDARD", "19700101T030000", "+0500", "+0500",
                   f"RRULE:{AUTUMN};UNTIL=19991231T000000Z") + "\r\nBEGIN:STANDARD", 1),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shapes_of_zones(shape: str) -> None:
    assert taken(calendar(SHAPES[shape], at(9))) == NINE


BROKEN_ZONES = {
    "no rules": "", "no since": "BEGIN:STANDARD\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\n"
    "END:STANDARD", "every second": observance("STANDARD", "20000101T000000", "+0100", "+0200",
    "RRULE:FREQ=SECONDLY"), "no rule": observance("STANDARD", "20000101T000000", "+0100", "+0200",
    "RRULE:FREQ=YEARLY;BYDAY=XX"),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN_ZONES)
def test_a_broken_zone_matters_where_its_name_tells_nothing(broken: str) -> None:
    def zone(name: str) -> str:
        return "\r\n".join(
            ["BEGIN:VTIMEZONE", f"TZID:{name}", *filter(None, [BROKEN_ZONES[broken]]),
             "END:VTIMEZONE"])  # fmt: skip

    assert taken(calendar(zone(OWN), at(9))) == REFUSED
    for name in ("Europe/Copenhagen", "W. Europe Standard Time"):
        assert taken(calendar(zone(name), at(9, name))) == NINE
    assert taken(calendar(zone("Other"), own_zone(), at(9))) == NINE


@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_each_calendar_of_a_file_has_its_own_zones() -> None:
    here, there = own_zone(), own_zone("-0500", "-0400")
    first, second = calendar(here, at(12)), calendar(there, at(3))
    for content in (first + second, second + first):
        assert taken(content) == ["09-07 09:00-10:00", "09-07 12:00-13:00"]
    assert taken(first + calendar(at(9))) == REFUSED


def test_a_zone_that_stands_twice_is_read_where_both_say_the_same() -> None:
    assert taken(calendar(own_zone(), own_zone(), at(9))) == NINE
    assert taken(calendar(own_zone(), own_zone("-0500", "-0400"), at(9))) == REFUSED


WHOLE_DAYS = {
    "a day": ["DTSTART;VALUE=DATE:20260907"],
    "its own end": ["DTSTART;VALUE=DATE:20260907", "DTEND;VALUE=DATE:20260907"],
    "no length": ["DTSTART;VALUE=DATE:20260907", "DURATION:P0D"],
    "no seconds": ["DTSTART;VALUE=DATE:20260907", "DURATION:PT0S"],
    "no VALUE": ["DTSTART:20260907", "DTEND:20260907"],
    "in a zone": ["DTSTART;TZID=America/New_York:20260907", "DTEND;TZID=America/New_York:20260907"],
    "midnight as a day": ["DTSTART;VALUE=DATE:20260907T000000"],
    "Outlook": ["DTSTART:20260907T000000", "DTEND:20260907T000000",
                "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"],
    "Outlook in a zone": ["DTSTART;TZID=Europe/Copenhagen:20260907T000000",
                          "X-MICROSOFT-CDO-ALLDAYEVENT:true"],
    "Outlook in UTC": ["DTSTART:20260906T220000Z", "DTEND:20260906T220000Z",
                       "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"],
    "a phone": ["DTSTART:20260907T000000", "DTEND:20260907T000000", "X-FUNAMBOL-ALLDAY:1"],
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE_DAYS)
@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_a_whole_day_without_length_is_a_day(name: str) -> None:
    lines = WHOLE_DAYS[name]
    assert taken(calendar(event(*lines))) == WHOLE
    weekly = taken(calendar(event(*lines, "RRULE:FREQ=WEEKLY;COUNT=2")))
    assert weekly == [*WHOLE, "09-14 00:00-00:00"]


@pytest.mark.parametrize(
    "lines",
    [
        ["DTSTART;VALUE=DATE:20260907", "DTEND:20260907T100000"],
        ["DTSTART:20260907T090000", "DTEND;VALUE=DATE:20260908"],
        ["DTSTART;VALUE=DATE:20260907T090000"],
        ["DTSTART;VALUE=DATE:20260907", "DTEND;VALUE=DATE:20260906"],
        ["DTSTART:20260907T090000Z", "DURATION:PT"],
    ],
)
def test_a_doubtful_extent_is_refused(lines: list[str]) -> None:
    assert taken(calendar(event(*lines))) == REFUSED


@pytest.mark.parametrize("name", ["UTC", '"UTC"', "Etc/UTC", "GMT", "Zulu"])
def test_utc_said_twice_is_utc(name: str) -> None:
    lines = [f"DTSTART;TZID={name}:20260831T070000Z", f"DTEND;TZID={name}:20260831T080000Z",
             "RRULE:FREQ=WEEKLY;COUNT=3", f"EXDATE;TZID={name}:20260914T070000Z"]  # fmt: skip
    assert taken(calendar(event(*lines))) == NINE


@pytest.mark.parametrize(
    "start",
    ['DTSTART;X="a:b";TZID=Europe/Copenhagen', "DTSTART ;TZID=Europe/Copenhagen",
     "DTSTART;TZID=\r\r\n Europe/Copenhagen", "DTSTART;TZID=Etc/GMT-2", "DTSTART;TZID=Nowhere"],
)  # fmt: skip
@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_another_zone_and_utc_is_refused(start: str) -> None:
    assert taken(calendar(event(f"{start}:20260907T070000Z", "DURATION:PT1H"))) == REFUSED


NOT_NEEDED = [
    "BEGIN:VALARM\r\nTRIGGER:-PT1D\r\nEND:VALARM", "BEGIN:VALARM\r\nTRIGGER\r\nEND:VALARM",
    "BEGIN:VALARM\r\nTRIGGER:", "SEQUENCE:1\r\nSEQUENCE:x", "SEQUENCE:\r\nPRIORITY:high",
    "GEO:here", "DTSTAMP:yesterday", "ATTACH;X=\"a:b", "a line of nothing", "X-A;VALUE=DATE:1",
    "CREATED;TZID=Europe/Copenhagen:20260907T070000Z",
]  # fmt: skip


@pytest.mark.parametrize("lines", NOT_NEEDED)
def test_what_is_not_needed_stops_nothing(lines: str) -> None:
    hour = ["DTSTART:20260907T070000Z", "DURATION:PT1H"]
    assert taken(calendar(event(*hour, lines))) == NINE
    task = "BEGIN:VTODO\r\nDUE:never\r\nRRULE:x\r\nEND:VTODO"
    free = event("DTSTART:x", "TRANSP:TRANSPARENT", uid="f")
    gone = event("STATUS:CANCELLED", uid="c")
    assert taken(calendar(task, free, gone, event(*hour))) == NINE


HOUR = ["DTSTART:20260907T070000Z", "DURATION:PT1H"]
SOUND = event(*HOUR)
# What has no end, as a message names it, and the file from its calendar's beginning on.
UNENDED = {
    "VCALENDAR": ["END:VEVENT", SOUND],
    "VTODO in VCALENDAR": ["BEGIN:VTODO\r\nUID:t\r\nSUMMARY:x", SOUND],
    "VJOURNAL in VCALENDAR": ["BEGIN:VJOURNAL", SOUND, "BEGIN:VJOURNAL\r\nEND:VJOURNAL"],
    "X-FOO in VCALENDAR": ["BEGIN:X-FOO\r\nBEGIN:X-BAR\r\nEND:X-BAR", SOUND],
    "X-OUT in VCALENDAR": ["BEGIN:X-OUT\r\nBEGIN:X-IN", SOUND],
    "VPOLL in VCALENDAR": ["BEGIN:VPOLL", calendar(SOUND).strip()],
    "X-ZONE in VCALENDAR": ["BEGIN:X-ZONE", own_zone("-0500", "-0400", "EST"), at(3, "EST")],
    "VALARM in VEVENT e1": [event(*HOUR, "BEGIN:VALARM\r\nTRIGGER:-P1D", "RRULE:FREQ=DAILY")],
    "X-TZ in VTIMEZONE EST": [
        own_zone("-0500", "-0400", "EST", "BEGIN:X-TZ"), at(3, "EST")],
}  # fmt: skip


@pytest.mark.parametrize("name", UNENDED)
@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_what_has_no_end_hides_nothing(name: str) -> None:
    content = calendar(*UNENDED[name])
    for cut in (content, content.removesuffix("END:VCALENDAR\r\n")):
        with pytest.raises(InputError, match=r": it has no end: the file was cut short; "):
            busy_times_of(cut)
    with pytest.raises(InputError, match=f"^{name}: "):
        busy_times_of(content)


@pytest.mark.parametrize(
    "others",
    [
        "BEGIN:X-FOO\r\nBEGIN:X-BAR\r\nBEGIN:X-FOO\r\nEND:X-FOO\r\nEND:X-BAR\r\nEND:X-FOO",
        "BEGIN:VTODO\r\nBEGIN:VALARM\r\nDURATION:x\r\nEND:VALARM\r\nEND:VTODO",
        f"BEGIN:VPOLL\r\n{event('DTSTART:x', uid='p')}\r\nEND:VPOLL",
        "BEGIN:VTODO\r\nDTSTART:x\r\nBEGIN:VALARM\r\nDURATION:x\r\nEND:VTODO",
    ],
)
def test_components_of_no_account_are_skipped_with_all_inside(others: str) -> None:
    assert taken(calendar(others, SOUND)) == NINE
    assert taken(calendar(event(*HOUR, others))) == NINE


STATES = {
    "": NINE, "TRANSP:TRANSPARENT": [], "TRANSP:transparent": [], "TRANSP:OPAQUE": NINE,
    "STATUS:CANCELLED": [], "STATUS:TENTATIVE": NINE, "STATUS:CONFIRMED": NINE,
    "X-MICROSOFT-CDO-BUSYSTATUS:FREE": [], "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE": NINE,
    "X-MICROSOFT-CDO-BUSYSTATUS:OOF": NINE, "X-MICROSOFT-CDO-BUSYSTATUS:BUSY": NINE,
    "TRANSP:OPAQUE\r\nX-MICROSOFT-CDO-BUSYSTATUS:FREE": NINE,
    "TRANSP:TRANSPARENT\r\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY": NINE,
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_how_each_state_counts(state: str) -> None:
    lines = ["DTSTART:20260907T070000Z", "DURATION:PT1H", *filter(None, [state])]
    assert taken(calendar(event(*lines))) == STATES[state]


# The clocks of Copenhagen go back on 25 October and forward on 28 March.
LENGTHS = {
    "hours over the autumn change": ("20261024T200000", "PT37H30M", ["10-24 20:00-08:30"]),
    "a day over the autumn change": ("20261024T200000", "P1D", ["10-24 20:00-20:00"]),
    "a day and hours": ("20261024T200000", "P1DT13H30M", ["10-24 20:00-09:30"]),
    "a day to the change, and hours": ("20261024T010000", "P1DT3H", ["10-24 01:00-03:00"]),
    "hours over the spring change": ("20270327T200000", "PT37H30M", ["03-27 20:00-10:30"]),
    "a week over the spring change": ("20270327T200000", "P1W", ["03-27 20:00-20:00"]),
    "an hour in the missing one": ("20270328T013000", "PT1H", ["03-28 01:30-03:30"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LENGTHS)
@pytest.mark.hazard("clock-change")
@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_days_last_by_the_clock_and_hours_exactly(name: str) -> None:
    start, lasts, expected = LENGTHS[name]
    days = range(DAYS.start, DAYS.stop + 180)
    here = "TZID=Europe/Copenhagen"
    for lines in (
        [f"DTSTART;{here}:{start}", f"DURATION:{lasts}"],
        [f"DTSTART;{here}:{start}", f"DURATION:{lasts}", "RRULE:FREQ=YEARLY"],
        [f"DTSTART;{here}:20260101T090000", f"RDATE;{here};VALUE=PERIOD:{start}/{lasts}"],
    ):
        assert taken(calendar(event(*lines)), days=days) == expected
    free_busy = f"BEGIN:VFREEBUSY\r\nFREEBUSY;{here}:{start}/{lasts}\r\nEND:VFREEBUSY"
    assert taken(calendar(free_busy), days=days) == expected


def hours(*days: str, hour: str = "09:00-10:00") -> list[str]:
    return [f"{day} {hour}" for day in days]


SERIES = {
    "a floating start, an exception in UTC": (
        ["DTSTART:20260907T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3",
         "EXDATE:20260914T070000Z"], hours("09-07", "09-21")),
    "two hours a day, one left out": (
        ["DTSTART;TZID=Europe/Copenhagen:20260907T090000", "DURATION:PT1H",
         "RRULE:FREQ=DAILY;COUNT=2;BYHOUR=9,11",
         "EXDATE;TZID=Europe/Copenhagen:20260907T090000"], hours("09-07", hour="11:00-12:00")),
    "an exception at another hour": (
        ["DTSTART:20260907T070000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=1",
         "EXDATE;TZID=Europe/Copenhagen:20260907T070000"], NINE),
    "an exception of a day": (
        ["DTSTART:20260907T070000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2",
         "EXDATE;VALUE=DATE:20260914"], NINE),
    "until a local time of New York": (
        ["DTSTART;TZID=America/New_York:20260907T030000", "DURATION:PT1H",
         "RRULE:FREQ=WEEKLY;UNTIL=20260914T030000"], hours("09-07", "09-14")),
    "a floating start until UTC": (
        ["DTSTART:20260907T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;UNTIL=20260914T070000Z"],
        hours("09-07", "09-14")),
    "since 2005, every other week": (
        ["DTSTART;TZID=Europe/Copenhagen:20050103T090000", "DURATION:PT1H",
         "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=567"], hours("09-14")),
    "the last Friday of a month": (
        ["DTSTART;TZID=Europe/Copenhagen:20200131T090000", "DURATION:PT1H",
         "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;UNTIL=20261031T000000"],
        hours("09-30", "10-30")),
    "an added time with an end of its own": (
        ["DTSTART:20260101T070000Z", "DURATION:PT1H",
         "RDATE;VALUE=PERIOD:20260907T070000Z/PT2H,20260908T070000Z/20260908T090000Z"],
        hours("09-07", "09-08", hour="09:00-11:00")),
    "an added day": (
        ["DTSTART;TZID=Europe/Copenhagen:20260101T090000", "DURATION:PT1H",
         "RDATE;VALUE=DATE:20260907,20260908"], hours("09-07", "09-08")),
    "an added time with an end, by the clock of the series": (
        ["DTSTART;TZID=America/New_York:20260101T030000", "DURATION:PT1H",
         "RDATE;VALUE=PERIOD:20260907T030000/20260907T050000"], hours("09-07", hour="09:00-11:00")),
    "an added time without a zone of a series in UTC": (
        ["DTSTART:20260101T070000Z", "DURATION:PT1H", "RDATE:20260907T090000"], NINE),
    "an added day of a floating series": (
        ["DTSTART:20260101T090000", "DURATION:PT1H", "RDATE;VALUE=DATE:20260907"], NINE),
    "an added day that is left out by its hour": (
        ["DTSTART:20260907T070000Z", "DURATION:PT1H", "RDATE;VALUE=DATE:20260914",
         "EXDATE:20260914T070000Z"], NINE),
    "a day that is added by its midnight, here or in UTC": (
        ["DTSTART;VALUE=DATE:20260101", "RDATE:20260906T220000Z,20260909T000000Z"],
        ["09-07 00:00-00:00", "09-09 00:00-00:00"]),
    "a floating end": (
        ["DTSTART;TZID=Europe/Copenhagen:20260907T090000", "DTEND:20260907T100000"], NINE),
    "over the clock change": (
        ["DTSTART;TZID=Europe/Copenhagen:20261019T090000", "DURATION:PT1H",
         "RRULE:FREQ=WEEKLY;COUNT=2"], hours("10-19", "10-26")),
    "a rule that never hits": (
        ["DTSTART:20260907T070000Z", "DURATION:PT1H",
         "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"], NINE),
}  # fmt: skip


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_series(name: str) -> None:
    lines, expected = SERIES[name]
    assert taken(calendar(event(*lines))) == expected


MASTER = ["DTSTART;TZID=Europe/Copenhagen:20260907T090000", "DURATION:PT1H",
          "RRULE:FREQ=WEEKLY;COUNT=3"]  # fmt: skip
CHANGES = {
    "moved": (["RECURRENCE-ID;TZID=Europe/Copenhagen:20260914T090000", "DTSTART:20260915T070000Z",
               "DURATION:PT1H"], hours("09-07", "09-15", "09-21")),
    "named in UTC": (["RECURRENCE-ID:20260914T070000Z", "DTSTART:20260915T070000Z",
                      "DURATION:PT1H"], hours("09-07", "09-15", "09-21")),
    "cancelled": (["RECURRENCE-ID:20260914T070000Z", "DTSTART:20260914T070000Z",
                   "STATUS:CANCELLED"], hours("09-07", "09-21")),
    "from then on": (["RECURRENCE-ID;RANGE=THISANDFUTURE:20260914T070000Z",
                      "DTSTART:20260915T080000Z", "DURATION:PT1H"],
                     ["09-07 09:00-10:00", "09-15 10:00-11:00", "09-22 10:00-11:00"]),
    "of a time that is left out as well": (
        ["RECURRENCE-ID:20260928T070000Z", "DTSTART:20260928T070000Z", "DURATION:PT1H"],
        hours("09-07", "09-14", "09-21", "09-28")),
    "up to then": (["RECURRENCE-ID;RANGE=THISANDPRIOR:20260914T070000Z",
                    "DTSTART:20260915T070000Z"], REFUSED),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_changes_of_one_time(name: str) -> None:
    lines, expected = CHANGES[name]
    assert taken(calendar(event(*MASTER), event(*lines))) == expected
    assert taken(calendar(event(*lines), event(*MASTER))) == expected


HERE = "TZID=Europe/Copenhagen"
FROM = f"RECURRENCE-ID;RANGE=THISANDFUTURE;{HERE}"
WEEKLY = [f"DTSTART;{HERE}:20261016T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=4"]
# Of Fridays the third is a Monday's, over the clock change of 25 October.
MONDAYS = ["10-16 09:00-10:00", "10-26 09:00-10:00", "11-02 09:00-10:00", "11-09 09:00-10:00"]
FROM_THEN_ON = {
    "longer, and begun before the course": (
        [f"DTSTART;{HERE}:20260821T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3"],
        [f"{FROM}:20260828T090000", f"DTSTART;{HERE}:20260828T090000",
         f"DTEND;{HERE}:20260908T160000"], ["09-07 00:00-16:00", "09-07 00:00-16:00"]),
    "over the clock change": (
        WEEKLY, [f"{FROM}:20261023T090000", f"DTSTART;{HERE}:20261026T090000", "DURATION:PT1H"],
        MONDAYS),
    "over the clock change, in UTC": (
        WEEKLY, ["RECURRENCE-ID;RANGE=THISANDFUTURE:20261023T070000Z", "DTSTART:20261026T080000Z",
                 "DURATION:PT1H"], MONDAYS),
    "over the clock change, by another clock": (
        WEEKLY, [f"{FROM}:20261023T090000", "DTSTART;TZID=Asia/Tokyo:20261026T170000",
                 "DURATION:PT1H"], MONDAYS),
    "over the clock change, of a floating series": (
        ["DTSTART:20261016T090000", *WEEKLY[1:]],
        ["RECURRENCE-ID;RANGE=THISANDFUTURE:20261023T090000", "DTSTART:20261026T080000Z",
         "DURATION:PT1H"], MONDAYS),
    "over the clock change, in a zone of the file": (
        [f"DTSTART;TZID={OWN}:20261016T090000", *WEEKLY[1:]],
        [f"{FROM}:20261023T090000", "DTSTART:20261026T080000Z", "DURATION:PT1H"], MONDAYS),
    "over the clock change, of days": (
        ["DTSTART;VALUE=DATE:20261016", "RRULE:FREQ=WEEKLY;COUNT=3"],
        ["RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20261023", "DTSTART;VALUE=DATE:20261026"],
        ["10-16 00:00-00:00", "10-26 00:00-00:00", "11-02 00:00-00:00"]),
    "named by its day": (
        WEEKLY, ["RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20261023",
                 f"DTSTART;{HERE}:20261026T090000", "DURATION:PT1H"], MONDAYS),
    "days that are named by their midnight in UTC": (
        ["DTSTART;VALUE=DATE:20261016", "RRULE:FREQ=WEEKLY;COUNT=3"],
        ["RECURRENCE-ID;RANGE=THISANDFUTURE:20261023T000000Z", "DTSTART;VALUE=DATE:20261026"],
        ["10-16 00:00-00:00", "10-26 00:00-00:00", "11-02 00:00-00:00"]),
    "longer at added times too": (
        [*WEEKLY, f"RDATE;{HERE}:20261014T120000,20261028T120000", "RDATE:20261024T100000Z"],
        [f"{FROM}:20261023T090000", f"DTSTART;{HERE}:20261026T090000", "DURATION:PT2H"],
        ["10-14 12:00-13:00", "10-16 09:00-10:00", "10-26 09:00-11:00", "10-27 12:00-14:00",
         "10-31 12:00-14:00", "11-02 09:00-11:00", "11-09 09:00-11:00"]),
    "as long as they are at added times with an end": (
        [*WEEKLY, f"RDATE;VALUE=PERIOD;{HERE}:20261014T120000/PT3H,20261028T120000/PT3H,"
         "20261029T120000/20261029T150000"],
        [f"{FROM}:20261023T090000", f"DTSTART;{HERE}:20261026T090000", "DURATION:PT2H"],
        ["10-14 12:00-15:00", "10-16 09:00-10:00", "10-26 09:00-11:00", "10-31 12:00-15:00",
         "11-01 12:00-15:00", "11-02 09:00-11:00", "11-09 09:00-11:00"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FROM_THEN_ON)
@pytest.mark.hazard("clock-change")
@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_a_change_from_then_on_is_by_the_clock_of_the_series(name: str) -> None:
    master, change, expected = FROM_THEN_ON[name]
    for parts in ((event(*master), event(*change)), (event(*change), event(*master))):
        assert taken(calendar(own_zone(), *parts)) == expected


FREE = ["TRANSP:TRANSPARENT"]
OF_FREE = {
    "taken from then on": (["RECURRENCE-ID;RANGE=THISANDFUTURE:20260914T070000Z",
                            "DTSTART:20260914T070000Z", "DURATION:PT1H"], hours("09-14", "09-21")),
    "taken once": (["RECURRENCE-ID:20260914T070000Z", "DTSTART:20260914T070000Z",
                    "DURATION:PT1H"], hours("09-14")),
    "free at another hour": (["RECURRENCE-ID;RANGE=THISANDFUTURE:20260914T070000Z",
                              "DTSTART:20260914T080000Z", "DURATION:PT1H", *FREE], []),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_FREE)
@pytest.mark.parametrize("free", ["TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"])
@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_changes_of_a_series_that_takes_no_time(name: str, free: str) -> None:
    lines, expected = OF_FREE[name]
    # A time that was added counts as those of the rule do.
    added = "RDATE:20260910T070000Z,20260924T070000Z"
    for master in ([*MASTER, free], [*MASTER, free, added]):
        later = hours("09-24") if added in master and name == "taken from then on" else []
        for parts in ((event(*master), event(*lines)), (event(*lines), event(*master))):
            assert taken(calendar(*parts)) == [*expected, *later]


def test_a_series_that_is_free_from_then_on_is_free_at_its_added_times_too() -> None:
    free = event("RECURRENCE-ID;RANGE=THISANDFUTURE:20260914T070000Z", "DTSTART:20260914T070000Z",
                 "DURATION:PT1H", *FREE)  # fmt: skip
    master = event(*MASTER, "RDATE:20260910T070000Z,20260924T070000Z")
    assert taken(calendar(master, free)) == hours("09-07", "09-10")


# Midnight by the clinic's clock, in UTC; the day itself as midnight in UTC; by another clock.
LEFT_OUT = {
    "20260907T220000Z": "Europe/Copenhagen", "20260908T000000Z": "America/New_York",
    "20260908T040000Z": "America/New_York", "20260908T000000": "America/New_York",
    "20260907T110000Z": "Pacific/Tongatapu",
}  # fmt: skip


@pytest.mark.parametrize("time", LEFT_OUT)
@pytest.mark.parametrize("name", ["EXDATE", "RECURRENCE-ID"])
@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_a_whole_day_that_is_left_out_by_its_time(name: str, time: str) -> None:
    days = ["DTSTART;VALUE=DATE:20260907", "RRULE:FREQ=DAILY;COUNT=3"]
    left_out = f"{name}:{time}"
    parts = [event(*days, left_out)]
    if name == "RECURRENCE-ID":
        parts = [event(*days), event(left_out, f"DTSTART:{time}", "STATUS:CANCELLED")]
    found = taken(calendar(*parts), ZoneInfo(LEFT_OUT[time]))
    assert found == hours("09-07", "09-09", hour="00:00-00:00")


VERSIONS = {
    "cancelled later": ([*HOUR, "SEQUENCE:1"], [*HOUR, "SEQUENCE:2", "STATUS:CANCELLED"], []),
    "free later": ([*HOUR], ["DTSTART:20260908T070000Z", "SEQUENCE:1", "TRANSP:TRANSPARENT"], []),
    "cancelled, and told again": (
        [*HOUR, "SEQUENCE:3"], [*HOUR, "SEQUENCE:2", "STATUS:CANCELLED"], NINE),
    "cancelled under the same number": ([*HOUR], [*HOUR, "STATUS:CANCELLED"], NINE),
    "a changed time of a series that was cancelled": (
        [*HOUR, "RECURRENCE-ID:20260901T070000Z"], [*HOUR, "SEQUENCE:1", "STATUS:CANCELLED"], []),
    "a changed time of a series that is free": (
        [*HOUR, "RECURRENCE-ID:20260901T070000Z"],
        [*HOUR, "SEQUENCE:1", "TRANSP:TRANSPARENT"], NINE),
}  # fmt: skip


@pytest.mark.parametrize("name", VERSIONS)
def test_a_newer_version_that_takes_no_time(name: str) -> None:
    old, new, expected = VERSIONS[name]
    for parts in ((event(*old), event(*new)), (event(*new), event(*old))):
        assert taken(calendar(*parts)) == expected


def test_events_without_an_id_belong_to_nothing_else() -> None:
    first = event("DTSTART:20260907T070000Z", "DURATION:PT1H", "SEQUENCE:0", uid="")
    second = event("DTSTART:20260908T070000Z", "DURATION:PT1H", "SEQUENCE:1", uid="")
    assert taken(calendar(first, second)) == hours("09-07", "09-08")


BROKEN = {
    "no frequency": "RRULE:COUNT=3", "an unknown part": "RRULE:FREQ=DAILY;RSCALE=GREGORIAN",
    "hour 25": "RRULE:FREQ=DAILY;BYHOUR=25", "a place beyond": "RRULE:FREQ=MONTHLY;BYSETPOS=400",
    "said twice": "DTSTART:20260908T070000Z", "no number": "RRULE:FREQ=DAILY;COUNT=many",
    "an end that is none": "DTEND:never", "an exception that is none": "EXDATE:never",
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_needed_and_broken_is_refused_with_its_event(name: str) -> None:
    lines = ["DTSTART:20260907T070000Z", "DURATION:PT1H", BROKEN[name]]
    with pytest.raises(InputError, match=r"^VEVENT e1: "):
        busy_times_of(calendar(event(*lines)))


FAR = {
    "lasts for millennia": ("DTEND:89000101T000000Z", "RRULE:FREQ=YEARLY", REFUSED),
    "comes again in millennia": ("DURATION:PT1H", "RRULE:FREQ=HOURLY;INTERVAL=999999999", NINE),
    "never in its month": (
        "DURATION:PT1H", "RRULE:FREQ=HOURLY;BYMONTH=1;INTERVAL=999999999", NINE),
    "years apart": ("DURATION:PT1H", "RRULE:FREQ=MONTHLY;INTERVAL=999999999", NINE),
    "once more, far away": ("DURATION:PT1H", "RDATE:89991231T235959Z", NINE),
}  # fmt: skip


@pytest.mark.parametrize("name", FAR)
def test_what_reaches_beyond_all_dates_is_read_or_refused(name: str) -> None:
    end, rule, expected = FAR[name]
    assert taken(calendar(event("DTSTART:20260907T070000Z", end, rule))) == expected


def test_free_busy_in_a_zone() -> None:
    def periods(line: str) -> str:
        return calendar(f"BEGIN:VFREEBUSY\r\nUID:f\r\n{line}\r\nEND:VFREEBUSY")

    hour = "20260907T030000/PT1H"
    assert taken(periods(f"FREEBUSY;TZID=America/New_York:{hour}")) == NINE
    assert taken(periods(f"FREEBUSY;TZID=Nowhere:{hour}")) == REFUSED
    assert taken(periods("FREEBUSY:20260907T070000Z/20260907T060000Z")) == REFUSED


@pytest.mark.parametrize(
    "encoded",
    [
        "\ufeff{}".format, lambda text: f"\ufeff{text}".encode("utf-16-le"),
        lambda text: text.replace("UID:e1", "UID:\xe9").encode("cp1252"),
        lambda text: text.replace("\r\n", "\n"), lambda text: text.replace("\r\n", "\r"),
        lambda text: text.replace("\r\n", "\r\r\n"), lambda text: text + "\x00\x1a",
    ],
)  # fmt: skip
def test_the_letters_and_lines_of_files(encoded) -> None:  # type: ignore[no-untyped-def]
    assert taken(encoded(calendar(own_zone(), at(9)))) == NINE


def test_many_series_are_followed_from_the_course_on() -> None:
    weekly = [
        event(f"DTSTART;TZID=Europe/Copenhagen:2005010{3 + n % 5}T090000", "DURATION:PT1H",
              "RRULE:FREQ=WEEKLY", uid=f"u{n}")
        for n in range(400)
    ]  # fmt: skip
    found = taken(calendar(*weekly))
    assert len(found) == 80 * sum(len(range(DAYS.start + n, DAYS.stop, 7)) for n in range(5))


def test_long_times_are_counted_by_their_number() -> None:
    lines = ["DTSTART:20260801T000000Z", "DURATION:P100D", "RRULE:FREQ=MINUTELY;COUNT=3000"]
    busy = Occupancy(busy_times_of(calendar(event(*lines))))
    day = datetime(2026, 10, 1, 9, tzinfo=ZONE)
    assert busy.peak(day, day + timedelta(hours=1)) == 3000


def some(values: Sequence[int], most: int = 3) -> st.SearchStrategy[list[int]]:
    return st.lists(st.sampled_from(values), max_size=most, unique=True)


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Sound rules of every frequency, with parts that go with it."""
    frequency = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"]))
    parts = {
        "BYMONTH": draw(some(range(1, 13))),
        "BYMONTHDAY": draw(some([*range(1, 32), -1, -5])) if frequency != "WEEKLY" else [],
        "BYHOUR": draw(some(range(24), 2)),
        "BYMINUTE": draw(some([0, 15, 45], 2)),
    }
    if frequency == "YEARLY":
        parts["BYWEEKNO"] = draw(some([1, 20, 52, 53, -1], 2))
        parts["BYYEARDAY"] = draw(some([1, 100, 366, -1], 2))
    days = draw(st.lists(st.sampled_from(["MO", "TU", "FR", "SU"]), max_size=2, unique=True))
    if frequency in ("YEARLY", "MONTHLY") and not parts.get("BYWEEKNO"):
        number = draw(st.sampled_from(["", "1", "-1", "2"]))
        days = [f"{number}{day}" for day in days]
    said = [f"{name}={','.join(map(str, numbers))}" for name, numbers in parts.items() if numbers]
    said += [f"BYDAY={','.join(days)}"] if days else []
    # dateutil begins the first week of a weekly rule with its start, RFC 5545 with the week.
    if said and frequency not in ("HOURLY", "WEEKLY") and draw(st.booleans()):
        said.append(f"BYSETPOS={draw(st.sampled_from(['1', '-1', '2', '1,3']))}")
    if draw(st.booleans()):
        said.append(f"COUNT={draw(st.integers(1, 40))}")
    if draw(st.booleans()):
        said.append(f"WKST={draw(st.sampled_from(['MO', 'SU']))}")
    return ";".join([f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 4))}", *said])


@settings(max_examples=400, deadline=None)
@given(
    rules(),
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 1, 1)).map(
        lambda t: t.replace(microsecond=0)
    ),
)
def test_a_rule_hits_when_dateutil_says(text: str, start: datetime) -> None:
    first, last = datetime(2025, 6, 1, 13, 30), datetime(2027, 1, 1)
    rule = rule_of(text)
    # One that never hits is followed by dateutil to the year 9999, or refused.
    long = start, start + timedelta(days=4400)
    assume(any(True for _ in starts(rule, start, long, Steps(10**7))))
    expected = itertools.takewhile(lambda one: one < last, rrulestr(text, dtstart=start))
    found = list(starts(rule, start, (first, last), Steps(10**7)))
    assert found == [one for one in expected if one >= first]

"""How the register of the first edition was made that lies beside this file.

Its courses are made up. They were entered by the first edition's commands, with the clock set to
the moment of each entry, and what those commands then said of them was kept. It runs with the
first edition's code alone: a later one writes another register, and is to be held against this.

    python -m tests.first_edition.make      (register.db, export.jsonl, shows.json, due.json)
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, NamedTuple, Self

import planner.cli.register
from planner.cli.main import run

HERE = Path(__file__).parent
BUNDLED = HERE.parents[1] / "planner" / "examples" / "clinic-copenhagen.toml"
DOCTOR, NURSE = "Dr A. Holm", "Nurse B. Lund"
# Days on which visits of any of the courses lie.
SPAN = ("2025-01-01", "2028-01-01")

TWO_ROOMS = """
name = "Vestergade"
address = "Eksempelgade 2, 8000 Aarhus C"
phone = "+45 00 00 00 01"
timezone = "Europe/Copenhagen"
country = "DK"
opening = { mon = "08:00-15:30", tue = "08:00-15:30", wed = "08:00-15:30", thu = "08:00-15:30" }
closed = ["2026-07-10/2026-08-02"]
holidays = true
capacity = 2
language = "da"
draw_up = "shared"
[stock]
strength_mg_per_ml = 250
salt = "pentahydrate"
vial_ml = 10
[[syringe]]
capacity_ml = 1
graduation_ml = 0.01
dead_space_ml = 0.07
[[syringe]]
capacity_ml = 3
graduation_ml = 0.1
dead_space_ml = 0.08
[[syringe]]
capacity_ml = 10
graduation_ml = 0.5
dead_space_ml = 0.1
"""
NO_NAME = """
timezone = "Europe/Berlin"
country = "DE"
subdivision = "BY"
holidays = true
opening = { mon = ["08:00-12:00", "13:00-16:00"], wed = "08:00-16:00", thu = "08:00-16:00", \
fri = "08:00-13:00" }
"""


class Step(NamedTuple):
    """A command and the moment (UTC) at which it was entered."""

    at: str
    arguments: tuple[str, ...]


class Course(NamedTuple):
    """A course: what it stands for, its file, its clinic (None: built in), what happened to it."""

    meaning: str
    text: str
    clinic: str | None
    added: str
    steps: Sequence[Step] = ()
    confirm: str | None = None


class _Clock(datetime):
    """The clock of the commands: it stands where a step puts it."""

    here = datetime(2026, 1, 1, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        moment = cls.here.astimezone(tz)
        return cls.fromisoformat(moment.isoformat())


def text(
    course: str,
    patient: str,
    first_visit: str,
    *tables: str,
    who: str = "",
    head: str = "",
    diagnosis: str = "systemic sclerosis",
) -> str:
    """A course file."""
    return (
        f'id = "{course}"\ndiagnosis = "{diagnosis}"\nfirst_visit = "{first_visit}"\n{head}'
        f'[patient]\nid = "{patient}"\n{who}{"".join(tables)}'
    )


def lesion(name: str, site: str, size: object, dose: object, more: str = "") -> str:
    """An ulcerated lesion on the right side; `dose` None is a blank one."""
    side = "" if site in ("head", "neck", "trunk") else 'side = "right"\n'
    said = "" if dose is None else f"dose_mg = {dose}\n"
    return (
        f'[[lesion]]\nid = "{name}"\nsite = "{site}"\n{side}size_mm = {size}\nulcerated = true\n'
        f"{said}{more}"
    )


def confirmed(finding: str, value: str, target: str) -> str:
    """A [[confirm]] table."""
    return (
        f'[[confirm]]\nfinding = "{finding}"\n{target}\nvalue = "{value}"\nby = "{DOCTOR}"\n'
        'reason = "seen and agreed"\n'
    )


def step(at: str, what: str, *arguments: str, by: str = DOCTOR) -> Step:
    """A change of a course: `what` is the command; the course's id comes in when it is run."""
    return Step(at, (what, *arguments, "--by", by))


def give(at: str, visit: int, *more: str) -> Step:
    """A visit given as planned, at the planned time if `more` says no other."""
    chosen = () if "--dose" in more or "--ml" in more else ("--as-planned",)
    return step(at, "give", "--visit", str(visit), *chosen, *more, by=NURSE)


def papers(at: str) -> Step:
    """The documents of a course, made and handed out."""
    return Step(at, ("documents", "--by", NURSE))


def reason(said: str) -> tuple[str, str]:
    """Why a change is made."""
    return "--reason", said


COURSES = {
    "F-01": Course(
        "planned only; its week 4 falls on a closure and moves to the day before",
        text("F-01", "P-01", "2026-11-26 09:00",
             lesion("A", "knee", 70, "[12.5, 57.5, 72.5, 87.5]"),
             who='name = "Ane Alm"\nbirth_date = 1961-05-01\n'),
        "copenhagen", "2026-11-02 10:00",
    ),
    "F-02": Course(
        "issued and nothing since; visit 3 falls on Ascension Day, a tie of the day before and"
        " the day after",
        text("F-02", "P-02", "2027-04-22 10:00", lesion("A", "elbow", 25, 40),
             lesion("B", "hand", 12, "[20, 25, 30, 30]"), who='name = "Bo Birk"\n'),
        "copenhagen", "2026-11-03 10:00", [papers("2026-11-03 11:00")],
    ),
    "F-03": Course(
        "issued, then visit 2 moved inside its window and nothing issued since; visit 4 on"
        " Christmas Day and an evaluation on New Year's Day are shifted",
        text("F-03", "P-03", "2026-12-04 09:00", lesion("A", "knee", 40, 60)),
        "no-name", "2026-11-04 10:00",
        [papers("2026-11-04 11:00"),
         step("2026-11-06 09:00", "move", "--visit", "2", "--to", "2026-12-10 10:30",
              *reason("travels"))],
    ),
    "F-04": Course(
        "visit 2 missed, then given two days late, inside the window",
        text("F-04", "P-04", "2026-08-31 09:00", lesion("A", "lower-leg", 30, "[50, 60, 70, 80]"),
             lesion("B", "ankle", 15, 20)),
        "two-rooms", "2026-08-20 10:00",
        [papers("2026-08-20 11:00"), give("2026-08-31 12:00", 1, "--lot", "7A12"),
         step("2026-09-07 15:00", "miss", "--visit", "2", *reason("had a cold")),
         give("2026-09-09 12:00", 2, "--at", "2026-09-09 09:00"), papers("2026-09-09 13:00")],
    ),
    "F-05": Course(
        "visit 3 missed, then moved outside its window and confirmed: the later one follows",
        text("F-05", "P-05", "2026-11-02 09:00", lesion("A", "knee", 55, 90)),
        "two-rooms", "2026-10-20 10:00",
        [give("2026-11-02 12:00", 1), give("2026-11-09 12:00", 2), papers("2026-11-09 13:00"),
         step("2026-11-16 15:00", "miss", "--visit", "3", *reason("no transport")),
         step("2026-11-17 09:00", "move", "--visit", "3", "--to", "2026-12-01 11:00",
              *reason("as agreed by telephone"), "--confirm", "no earlier day will do")],
    ),
    "F-06": Course(
        "visit 2 given four days late, outside the window: the later ones follow from it and"
        " meet Easter Monday",
        text("F-06", "P-06", "2026-03-12 09:00", lesion("A", "forearm", 22, 45)),
        "copenhagen", "2026-03-02 10:00",
        [give("2026-03-12 12:00", 1, "--pain-before", "3", "--pain-after", "5"),
         give("2026-03-23 12:00", 2, "--at", "2026-03-23 09:30")],
    ),
    "F-07": Course(
        "held and released, evaluated twice, ended as completed",
        text("F-07", "P-07", "2025-09-01 09:30",
             lesion("A", "knee", 70, "[12.5, 57.5, 72.5, 87.5]"),
             who='name = "Else Eg"\nbirth_date = 1952-02-29\n'),
        "copenhagen", "2025-08-20 10:00",
        [papers("2025-08-20 11:00"), give("2025-09-01 12:00", 1, "--lot", "7A12"),
         give("2025-09-08 12:00", 2, "--complication", "infection"),
         step("2025-09-10 10:00", "hold", "--lesion", "A", "--on", "2025-09-10",
              *reason("infection")),
         step("2025-09-24 10:00", "resume", "--lesion", "A", "--on", "2025-09-25",
              *reason("healed")),
         give("2025-09-25 12:00", 3),
         step("2025-09-29 12:00", "evaluate", "--visit", "4", "--lesion", "A", "--size-mm", "45",
              "--ulcerated", "--pain", "2", by=NURSE),
         give("2025-10-02 12:00", 5), papers("2025-10-02 13:00"),
         step("2025-11-24 12:00", "evaluate", "--visit", "6", "--lesion", "A", "--size-mm", "0",
              "--not-ulcerated", "--pain", "0", by=NURSE),
         step("2025-11-25 10:00", "end", "--as", "completed", "--on", "2025-11-24",
              *reason("week 12 done"))],
    ),
    "F-08": Course(
        "one of two lesions is held now; the other goes on",
        text("F-08", "P-08", "2026-11-16 09:00", lesion("A", "knee", 35, 80),
             lesion("B", "finger", 9, 15)),
        "no-name", "2026-11-05 10:00",
        [give("2026-11-16 12:00", 1), papers("2026-11-16 13:00"),
         step("2026-11-19 10:00", "hold", "--lesion", "B", "--on", "2026-11-20",
              *reason("sore"))],
    ),
    "F-09": Course(
        "a dose changed above what the source gave, confirmed; a lesion added in the middle that"
        " shares visits; issued after",
        text("F-09", "P-09", "2026-11-03 10:00", lesion("A", "buttock", 80, "[60, 120, 120, 120]")),
        "two-rooms", "2026-10-21 10:00",
        [give("2026-11-03 12:00", 1), give("2026-11-10 12:00", 2),
         step("2026-11-11 09:00", "dose", "--lesion", "A", "--mg", "280", "--from-visit", "4",
              *reason("large"), "--confirm", "agreed in conference"),
         step("2026-11-11 10:00", "lesion", "--id", "B", "--site", "elbow", "--side", "left",
              "--size-mm", "14", "--ulcerated", "--dose", "20", "--from", "2026-11-17",
              *reason("found today"), "--confirm", "small beside A"),
         papers("2026-11-11 11:00")],
    ),
    "F-10": Course(
        "a given dose corrected, a miss withdrawn; ended as stopped",
        text("F-10", "P-10", "2026-02-02 09:00", lesion("A", "shoulder", 28, 60),
             lesion("B", "hip", 33, 75)),
        "copenhagen", "2026-01-20 10:00",
        [give("2026-02-02 12:00", 1), give("2026-02-09 12:00", 2),
         step("2026-02-10 09:00", "correct", "--event", "3", "--lesion", "A", "--dose", "57.5",
              *reason("read 75.5")),
         step("2026-02-16 15:00", "miss", "--visit", "3", *reason("not seen")),
         step("2026-02-16 16:00", "correct", "--event", "5", "--withdraw",
              *reason("she was there")),
         give("2026-02-16 17:00", 3),
         step("2026-02-20 10:00", "end", "--as", "stopped", "--on", "2026-02-20",
              *reason("the patient's wish"))],
    ),
    "F-11": Course(
        "ended by death, after papers were out",
        text("F-11", "P-11", "2025-10-06 09:00", lesion("A", "buttock", 75, "[30, 75, 75, 60]"),
             lesion("B", "thigh", 85, "[30, 75, 75, 60]"),
             diagnosis="nephrogenic systemic fibrosis"),
        "copenhagen", "2025-09-20 10:00",
        [papers("2025-09-20 11:00"), give("2025-10-06 12:00", 1), give("2025-10-13 12:00", 2),
         step("2025-10-20 10:00", "end", "--as", "died", "--on", "2025-10-18",
              *reason("told by the ward"))],
    ),
    "F-12": Course(
        "lost to follow-up after two visits, the second one at another dose than planned",
        text("F-12", "P-12", "2026-01-08 09:00", lesion("A", "foot", 18, 35)),
        "no-name", "2025-12-20 10:00",
        [give("2026-01-08 12:00", 1),
         give("2026-01-15 12:00", 2, "--lesion", "A", "--ml", "0.2"),
         step("2026-03-01 10:00", "end", "--as", "lost", "--on", "2026-02-28",
              *reason("moved away"))],
    ),
    "F-13": Course(
        "its patient had no name when its papers were issued; a later course (F-14) brought it,"
        " with an allergy",
        text("F-13", "P-13", "2026-11-26 09:15", lesion("A", "wrist", 11, 25)),
        "copenhagen", "2026-11-06 10:00", [papers("2026-11-06 11:00")],
    ),
    "F-14": Course(
        "the second running course of the patient of F-13, with name, birth date and an allergy",
        text("F-14", "P-13", "2027-01-13 09:00", lesion("A", "knee", 44, 55),
             confirmed("sulfite-allergy", "stated", ""),
             who='name = "Ida Iversen"\nbirth_date = 1970-07-07\nsulfite_allergy = true\n'),
        "no-name", "2026-11-10 10:00", confirm="another limb",
    ),
    "F-15": Course(
        "its patient was erased",
        text("F-15", "P-15", "2025-06-10 09:00",
             lesion("A", "head", 16, 30, 'site_detail = "behind the ear"\n'),
             who='name = "Karl Krog"\nbirth_date = 1948-03-09\n'),
        "copenhagen", "2025-06-01 10:00",
        [papers("2025-06-01 11:00"), give("2025-06-10 12:00", 1, "--complication", "a bruise"),
         step("2025-06-20 10:00", "end", "--as", "stopped", "--on", "2025-06-20",
              *reason("his wish")),
         Step("2026-10-01 10:00", ("erase", "P-15", "--force", *reason("asked for it"), "--by",
                                   DOCTOR))],
    ),
    "F-16": Course(
        "its patient was restricted, with visits to come",
        text("F-16", "P-16", "2027-01-07 13:00", lesion("A", "knee", 61, 65),
             who='name = "Lis Lund"\n'),
        "copenhagen", "2026-11-07 10:00",
        [papers("2026-11-07 11:00"),
         Step("2026-11-12 10:00", ("restrict", "P-16", *reason("asked for it"), "--by", DOCTOR))],
    ),
    "F-17": Course(
        "doses left blank; one of them was given as the syringe showed",
        text("F-17", "P-17", "2026-11-12 09:00", lesion("A", "toe", 7, None),
             lesion("B", "finger", 8, None)),
        "no-name", "2026-11-01 10:00",
        [give("2026-11-12 12:00", 1, "--lesion", "A", "--ml", "0.15"), papers("2026-11-12 13:00")],
    ),
    "F-18": Course(
        "released before a long closure: its last injection has no day",
        text("F-18", "P-18", "2026-06-09 09:00", lesion("A", "lower-leg", 52, 70)),
        "two-rooms", "2026-06-01 10:00",
        [give("2026-06-09 12:00", 1), papers("2026-06-09 13:00"),
         step("2026-06-11 10:00", "hold", "--on", "2026-06-12", *reason("a wound")),
         step("2026-06-30 10:00", "resume", "--on", "2026-07-01", *reason("healed"))],
    ),
    "F-19": Course(
        "a clinic by its time zone alone, over a clock change; confirmed in its file: a regimen"
        " that is extrapolated, a dose that is drawn otherwise, a visit moved near another",
        text("F-19", "P-19", "2026-10-19 09:00",
             lesion("A", "fingertip", 4, 2),
             '[[move]]\nfrom = 2026-11-02\nto = "2026-10-30 14:00"\n',
             confirmed("regimen-extrapolated", "weekly", 'lesion = "A"'),
             confirmed("drawn-dose-deviates", "2 mg", 'lesion = "A"'),
             confirmed("interval-too-short", "2026-10-30 14:00", "due = 2026-11-02"),
             confirmed("move-outside-window", "2026-10-30 14:00", "due = 2026-11-02")),
        None, "2026-10-10 10:00",
        [papers("2026-10-10 11:00"), give("2026-10-19 15:00", 1)],
    ),
    "F-20": Course(
        "a patient whose id differs from that of F-01 by what nobody sees: the first edition took"
        " it for another patient",
        text("F-20", "p-01 ", "2027-01-20 09:00", lesion("A", "elbow", 20, 30)),
        "copenhagen", "2026-11-15 10:00",
    ),
    "F-21": Course(
        "a visit given a day late comes near the next one, which was moved: confirmed by an event"
        " of its own, then issued",
        text("F-21", "P-21", "2026-03-12 11:00", lesion("A", "upper-arm", 26, 50)),
        "copenhagen", "2026-03-03 10:00",
        [give("2026-03-12 12:00", 1),
         step("2026-03-13 09:00", "move", "--visit", "3", "--to", "2026-03-24 11:00",
              *reason("travels")),
         give("2026-03-20 12:00", 2, "--at", "2026-03-20 11:00"),
         step("2026-03-20 13:00", "confirm", "--finding", "interval-too-short", "--visit", "3",
              "--value", "2026-03-24 11:00", *reason("the skin is calm")),
         papers("2026-03-20 14:00")],
    ),
}  # fmt: skip


def make(folder: Path) -> None:
    """Enter the courses, in the order of the moments, and keep what is then said of them."""
    planner.cli.register.datetime = _Clock  # type: ignore[attr-defined]
    database = folder / "register.db"
    os.environ["PLANNER_DATABASE"] = str(database)
    os.environ.pop("SOURCE_DATE_EPOCH", None)
    (folder / "two-rooms.toml").write_text(TWO_ROOMS, encoding="utf-8")
    (folder / "no-name.toml").write_text(NO_NAME, encoding="utf-8")
    for one in sorted(_steps(folder), key=lambda one: one.at):
        _Clock.here = datetime.fromisoformat(f"{one.at}:00+00:00")
        called(*one.arguments)
    (HERE / "export.jsonl").write_text(called("course", "export"), encoding="utf-8")
    _keep("shows.json", {course: _shown(course) for course in COURSES})
    due = called("course", "due", "--from", SPAN[0], "--to", SPAN[1], "--json")
    _keep("due.json", json.loads(due))
    kept = HERE / "register.db"
    kept.unlink(missing_ok=True)
    called("course", "backup", str(kept))
    with contextlib.closing(sqlite3.connect(kept, isolation_level=None)) as there:
        there.execute("VACUUM")


def _steps(folder: Path) -> Iterator[Step]:
    """Each course added, and what happened to it, as whole commands."""
    clinics = {"copenhagen": BUNDLED} | {
        name: folder / f"{name}.toml" for name in ("two-rooms", "no-name")
    }
    for name, course in COURSES.items():
        path = folder / f"{name}.toml"
        path.write_text(course.text, encoding="utf-8")
        where = ("--timezone", "America/New_York")
        if course.clinic is not None:
            where = ("--clinic", str(clinics[course.clinic]))
        said = () if course.confirm is None else ("--confirm", course.confirm)
        yield Step(course.added, ("course", "add", str(path), *where, "--by", DOCTOR, *said))
        for at, (what, *rest) in course.steps:
            if what in ("erase", "restrict"):
                yield Step(at, ("patient", what, *rest))
            else:
                out = ("--out", str(folder / name)) if what == "documents" else ()
                yield Step(at, ("course", what, name, *rest, *out))


def _shown(course: str) -> Any:
    """What `course show --json` says; of a restricted patient what `patient export` does."""
    if any("restrict" in one.arguments for one in COURSES[course].steps):
        patient = json.loads(called("patient", "export", "P-16"))
        (shown,) = patient["courses"]
        return shown
    return json.loads(called("course", "show", course, "--json"))


def called(*arguments: str) -> str:
    """What a command says; it has to be done."""
    out, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        code = run(list(arguments))
    if code:
        raise SystemExit(f"{' '.join(arguments)}: {code}\n{told.getvalue()}")
    return out.getvalue()


def _keep(name: str, value: dict[str, Any]) -> None:
    """JSON with a line for each of its keys."""
    rows = (
        f"{json.dumps(key)}: {json.dumps(one, ensure_ascii=False)}" for key, one in value.items()
    )
    content = ",\n".join(rows)
    (HERE / name).write_text(f"{{\n{content}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made_in:
        make(Path(made_in))

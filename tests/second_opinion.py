"""Random courses in random clinics, planned by the planner and by the second implementation.

    python -m tests.second_opinion [COURSES [SEED]]

Prints each course on which they differ, as files to paste. Where no series of days is there the
contract leaves open which visit goes without: there both have to say so, and no more is compared.
"""

from __future__ import annotations

import random
import sys
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from planner.app.planning import NamedFile, planned, read_inputs
from planner.app.published_cases import described, differences
from planner.errors import InputError
from planner.files.bundled import protocol_path
from tests.second_implementation import outcome

DAYS = ("mon", "tue", "wed", "thu", "fri")
SITES = ("fingertip", "finger", "toe", "knee", "elbow", "lower-leg", "hand", "neck", "buttock")
SIZES = ("1", "4", "4.9", "5", "6", "40", "69.9", "70", "80", "85", "86")
DOSES = ("12.5", "14.25", "15", "20", "30", "30.5", "57.5", "62.5", "87.5", "150.75", "275", "300")
SYRINGES = (
    (("1", "0.01"), ("3", "0.1"), ("5", "0.2"), ("10", "0.5")),
    (("2", "0.1"),),
    (("1", "0.05"), ("10", "1")),
)


def random_clinic(dice: random.Random) -> str:
    """A clinic's file."""
    hours = {
        day: dice.choice(['"08:00-16:00"', '"08:00-12:00"', '["08:00-10:00", "13:00-16:00"]'])
        for day in dice.sample(DAYS, dice.randint(3, 5))
    }
    closed = ", ".join(str(_day(dice)) for _ in range(dice.randint(0, 6)))
    stock = dice.choice(["150", "150", "250", "300", "500"])
    dead = dice.choice(["0", "0.07"])
    lines = [
        'id = "random"',
        'calendar_key = "the key of random courses"',
        f'timezone = "{dice.choice(["Europe/Copenhagen", "America/New_York", "UTC"])}"',
        f"opening = {{ {', '.join(f'{day} = {span}' for day, span in hours.items())} }}",
        f"closed = [{closed}]",
        f"minutes = {{ each_further_lesion = {dice.choice([0, 10])} }}",
        f'draw_up = "{dice.choice(["each", "shared"])}"',
        f"needle_change = {dice.choice(['true', 'false'])}",
        *dice.choice([[], ['country = "DK"', "holidays = true"]]),
        *dice.choice([[], ["most_ml = { fingertip = 0.1 }"]]),
        f'[stock]\nstrength_mg_per_ml = {stock}\nsalt = "pentahydrate"\nvial_ml = 10',
    ]
    for capacity, graduation in dice.choice(SYRINGES):
        sizes = f"capacity_ml = {capacity}\ngraduation_ml = {graduation}"
        lines.append(f"[[syringe]]\n{sizes}\ndead_space_ml = {dead}")
    return "\n".join(lines) + "\n"


def _day(dice: random.Random) -> date:
    return date(2026, 9, 7) + timedelta(days=dice.randint(0, 100))


def random_course(dice: random.Random) -> str:
    """A course's file; some of its visits are moved."""
    first = date(2026, 9, 7) + timedelta(days=dice.randint(0, 25))
    hour = dice.choice(["08:00", "08:30", "09:00", "11:30", "13:00"])
    parts = [
        'id = "random"',
        f'diagnosis = "{dice.choice(["systemic sclerosis", "NSF", "morphea"])}"',
        f'first_visit = "{first} {hour}"',
        '[patient]\nid = "P-1"',
        *dice.choice([[], [], [f"birth_date = {dice.randint(1940, 2010)}-09-10"]]),
        *dice.choice([[], [], ["sulfite_allergy = true"]]),
    ]
    for name in "ABC"[: dice.randint(1, 3)]:
        parts.append(_lesion(dice, name))
    for weeks in dice.choice([[], [], [1], [2], [4], [1, 2]]):
        due = first + timedelta(weeks=weeks)
        to = due + timedelta(days=dice.randint(-3, 8))
        at = dice.choice(["09:00", hour])
        # A move onto its own time is none; the contract does not say what becomes of one.
        if (to, at) != (due, hour):
            parts.append(f'[[move]]\nfrom = {due}\nto = "{to} {at}"')
    return "\n".join(parts) + "\n"


def _lesion(dice: random.Random, name: str) -> str:
    site = dice.choice(SITES)
    side = "" if site == "neck" else f'side = "{dice.choice(["left", "right"])}"\n'
    detail = dice.choice(["", "", 'site_detail = "above"\n'])
    dose = dice.choice(["", f"dose_mg = {dice.choice(DOSES)}\n"])
    choice = dice.choice(["", "", "", 'regimen = "single"\n'])
    size, ulcerated = dice.choice(SIZES), dice.choice(["true", "false"])
    place = f'[[lesion]]\nid = "{name}"\nsite = "{site}"\n{side}{detail}'
    return f"{place}size_mm = {size}\nulcerated = {ulcerated}\n{dose}{choice}"


def by_the_planner(course: str, clinic: str) -> dict[str, Any]:
    """What the planner makes of it."""
    try:
        inputs = read_inputs(NamedFile("", course.encode()), NamedFile("", clinic.encode()))
        return described(planned(inputs))
    except InputError:
        return {"refused": []}


def apart(course: str, clinic: str) -> list[str]:
    """Where the two differ."""
    content = protocol_path("sts-150").read_text(encoding="utf-8")
    protocol = tomllib.loads(content, parse_float=Decimal)
    first = by_the_planner(course, clinic)
    second = outcome(protocol, course, clinic, [])
    if "refused" in first or "refused" in second:
        return [] if ("refused" in first) == ("refused" in second) else [f"{first} {second}"[:300]]
    first, second = map(_sorted, (first, second))
    without = [any("start" not in one for one in made["visits"]) for made in (first, second)]
    if any(without):
        return [] if all(without) else ["one of them finds no day"]
    return list(differences(first, second))


def _sorted(made: dict[str, Any]) -> dict[str, Any]:
    return {**made, "findings": sorted(made.get("findings") or [], key=str)}


def disagreements(courses: int, seed: int) -> Iterator[tuple[str, str, list[str]]]:
    """Each course and clinic on which they differ, and where."""
    dice = random.Random(seed)  # nothing secret
    for _ in range(courses):
        course, clinic = random_course(dice), random_clinic(dice)
        found = apart(course, clinic)
        if found:
            yield course, clinic, found


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    differing = 0
    for course_text, clinic_text, where in disagreements(asked, int((sys.argv[2:] or ["1"])[0])):
        differing += 1
        print(f"{course_text}--\n{clinic_text}-- {where[:4]}\n", flush=True)
    print(f"{asked} courses, {differing} disagreements")
    sys.exit(1 if differing else 0)

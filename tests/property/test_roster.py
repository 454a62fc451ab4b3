"""Many visits in one clinic at once: the best answer of all, whatever order they come in."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from itertools import pairwise, product

import pytest

from planner.core.calendar.availability import Opening, Stay
from planner.core.calendar.clinic import Clinic, Closure, OpeningHours
from planner.core.calendar.occupancy import Busy, Occupancy
from planner.core.roster import exact, highs
from planner.core.roster.by_days import laid_out_by_days
from planner.core.roster.choices import (
    Chooser,
    Cost,
    ImpossibleError,
    Model,
    NotProvenError,
    Option,
    holds,
    part_of,
    parts,
    total,
)
from planner.core.roster.laying_out import Building, Distance, Movable, laid_out
from planner.files.clinic import clinic_from

CLINICS = 500
MONDAY = date(2027, 3, 1)
DAY = timedelta(days=1)
LONG_AGO = datetime.combine(MONDAY - 9 * DAY, time())


def random_clinic(chance: random.Random) -> Clinic:
    """Few hours, so that every answer can be gone through; sometimes people beside rooms."""
    table = {
        "timezone": "Europe/Copenhagen",
        "opening": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "08:00-09:00"),
    }
    if chance.random() < 0.4:
        table["capacity"] = {"rooms": 2, "nurses": chance.choice([1, 2])}
        table["needs"] = {"injection": {"rooms": 1, "nurses": 1}, "evaluation": {"rooms": 1}}
    else:
        table["capacity"] = chance.choice([1, 2])
    clinic = clinic_from(table, range(0))
    closures = []
    if chance.random() < 0.4:
        closures.append(Closure(MONDAY + 2 * DAY, MONDAY + 2 * DAY))
    if chance.random() < 0.3:
        hours = OpeningHours(time(8), time(8, 30))
        closures.append(Closure(MONDAY, MONDAY + 4 * DAY, hours, "rooms", 1))
    return clinic._replace(closures=tuple(closures))


def random_visits(
    chance: random.Random, clinic: Clinic
) -> tuple[list[Movable], list[Distance], Opening]:
    alone = Opening(clinic, Occupancy())
    visits, distances = [], []
    for n in range(chance.randint(1, 3)):
        purpose = chance.choice(["injection", "evaluation"])
        stood = MONDAY + chance.randrange(5) * DAY
        reach = chance.choice([1, 2])
        days = tuple(stood + shift * DAY for shift in range(-reach, reach + 1))
        hour = time(8, chance.choice([0, 15, 20, 30]))
        stay = Stay(30, alone.stay([purpose]).takes)  # type: ignore[list-item]
        course = f"K-{n // 2 if chance.random() < 0.4 else n}"
        stands = datetime.combine(stood, hour)
        stays = chance.random() < 0.5
        visits.append(Movable(course, n, stay, stands, stood, days, may_stay=stays))
    for one, other in pairwise(visits):
        if one.course == other.course and one.stood.date() <= other.stood.date():
            distances.append(Distance(one.course, one.visit, other.visit, chance.choice([1, 2, 3])))
    taken = [
        Busy(*alone.placed(datetime.combine(MONDAY + n * DAY, time(8)), Stay(30, {"rooms": 1})))
        for n in range(5)
        if chance.random() < 0.3
    ]
    return visits, distances, Opening(clinic, Occupancy(taken))


def starts_of(one: Movable, opening: Opening) -> list[datetime | None]:
    """All that a visit could choose: its own hour and each quarter hour, or no day."""
    found: list[datetime | None] = [None]
    for on in one.days:
        own = datetime.combine(on, one.stood.time())
        every = {
            own,
            *(datetime.combine(on, time(8)) + n * timedelta(minutes=15) for n in range(4)),
        }
        found += [start for start in sorted(every) if opening.obstacle(start, one.stay) is None]
    return found


def fits(
    visits: list[Movable],
    starts: tuple[datetime | None, ...],
    distances: list[Distance],
    opening: Opening,
) -> bool:
    """Whether all of them have room at once, moment by moment, and keep their distances."""
    there = {one.key: start for one, start in zip(visits, starts, strict=True) if start}
    for one in distances:
        earlier, later = (there.get((one.course, n)) for n in (one.earlier, one.later))
        if earlier and later and (later.date() - earlier.date()).days < one.days:
            return False
    stays = {one.key: one.stay for one in visits}
    times = {key: opening.placed(start, stays[key]) for key, start in there.items()}
    for begin, _ in times.values():
        moment = begin + timedelta(seconds=1)
        for kind, most in opening.clinic.capacity.items():
            here = sum(
                stays[key].takes.get(kind, 0)
                for key, (start, end) in times.items()
                if start <= moment < end
            )
            if here and here + opening.taken(moment, moment + timedelta(seconds=1), kind) > most:
                return False
    return True


def weight(visits: list[Movable], starts: tuple[datetime | None, ...]) -> tuple[int, int, int]:
    """Without a day, moved, days from where they stood."""
    without = sum(start is None for start in starts)
    moved = [
        (one, start)
        for one, start in zip(visits, starts, strict=True)
        if start is not None and not (one.may_stay and start == one.stood)
    ]
    days = sum(abs((start.date() - one.stood.date()).days) for one, start in moved)
    return without, len(moved), days


def answer(
    visits: list[Movable], distances: list[Distance], opening: Opening
) -> tuple[datetime | None, ...]:
    found = laid_out(visits, distances, opening, LONG_AGO)
    return tuple(found[one.key] for one in visits)


@pytest.mark.parametrize("part", range(10))
@pytest.mark.hazard("double-booking")
def test_the_answer_is_the_best_of_all(part: int) -> None:
    for seed in range(part * CLINICS // 10, (part + 1) * CLINICS // 10):
        chance = random.Random(seed)
        visits, distances, opening = random_visits(chance, random_clinic(chance))
        found = answer(visits, distances, opening)
        assert fits(visits, found, distances, opening), seed
        every = [starts_of(one, opening) for one in visits]
        best = min(
            weight(visits, one) for one in product(*every) if fits(visits, one, distances, opening)
        )
        assert weight(visits, found) == best, seed
        shuffled = chance.sample(visits, len(visits))
        other = dict(zip((one.key for one in shuffled), answer(shuffled, distances, opening),
                         strict=True))  # fmt: skip
        assert tuple(other[one.key] for one in visits) == found, seed


def test_by_days_first_nothing_is_taken_twice() -> None:
    """What has an answer on quarter hours has one that keeps all bounds, and moves few."""
    for seed in range(CLINICS // 5):
        chance = random.Random(seed)
        visits, distances, opening = random_visits(chance, random_clinic(chance))
        # Each needs a day and a quarter hour; only one that has room where it stands may stay.
        visits = [
            one._replace(
                stood=(stood := one.stood.replace(minute=15)),
                may_stay=n == 0 and opening.obstacle(stood, one.stay) is None,
                may_be_without=False,
            )
            for n, one in enumerate(visits)
        ]
        best = laid_out(visits, distances, opening, LONG_AGO)
        found = laid_out_by_days(visits, distances, opening, LONG_AGO)
        assert bool(found) == bool(best), seed
        starts, least = (tuple(each.get(one.key) for one in visits) for each in (found, best))
        if found:
            assert fits(visits, starts, distances, opening), seed
            days, fewest = (weight(visits, each)[2] for each in (starts, least))
            assert days <= fewest + len(visits), seed


def random_model(chance: random.Random) -> Model:
    bounds = tuple(chance.choice([1, 1, 2]) for _ in range(12))
    choosers = []
    for n in range(chance.randint(1, 8)):
        options = [Option(None, (1, 0, 0, 0, chance.randrange(1000)), {})]
        for bound in range(len(bounds)):
            if chance.random() < 0.6:
                cost: Cost = (0, 1, chance.randrange(4), chance.randrange(5), chance.randrange(999))
                options.append(Option(None, cost, {bound: 1, (bound + 1) % 12: 1}))
        choosers.append(Chooser((str(n), n), tuple(options)))
    return Model(tuple(choosers), bounds)


def test_both_solvers_find_the_same_answer() -> None:
    for seed in range(60):
        model = random_model(random.Random(seed))
        one, other = exact.best_answer(model), highs.best_answer(model)
        assert holds(model, one), seed
        assert holds(model, other), seed
        assert total(model, one) == total(model, other), seed


def crossing(chance: random.Random) -> Model:
    """A few visits of a week with two hours a day: two of a course stay apart."""
    opening = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "08:00-10:00")
    table = {"timezone": "Europe/Copenhagen", "opening": opening, "capacity": 1}
    alone = Opening(clinic_from(table, range(0)), Occupancy())
    visits = []
    for n in range(chance.randint(4, 10)):
        stood, window = MONDAY + chance.randrange(5) * DAY, chance.choice([1, 2, 3, 7])
        days = tuple(stood + shift * DAY for shift in range(-window, window + 1))
        stay = Stay(chance.choice([20, 30, 40]), alone.stay(["injection"]).takes)
        at = datetime.combine(stood, time(8 + chance.randrange(2), chance.choice([0, 15, 30])))
        may_stay = chance.random() < 0.7
        visits.append(Movable(f"K-{n // 2}", n, stay, at, stood, days, may_stay=may_stay))
    apart = [
        Distance(one.course, one.visit, other.visit, chance.choice([1, 5]))
        for one, other in pairwise(visits)
        if one.course == other.course and one.stood < other.stood
    ]
    return Building(sorted(visits, key=lambda one: one.key), alone, LONG_AGO).model(apart)


# Models that HiGHS calls impossible, or leaves, where it presolves them.
@pytest.mark.parametrize("seed", [1091, 1122, 1432, 1927])
def test_a_model_that_has_an_answer_is_not_called_impossible(seed: int) -> None:
    model = crossing(random.Random(seed))
    for places in parts(model):
        part = part_of(model, places)
        one, other = exact.best_answer(part, most_steps=10**7), highs.best_answer(part)
        assert holds(part, other)
        assert total(part, one) == total(part, other)


def test_an_answer_is_counted_again() -> None:
    model = Model((Chooser(("K", 1), (Option(None, (0, 0, 0, 0, 0), {0: 2}),)),), (1,))
    assert not holds(model, [0])
    assert not holds(model, [1])
    assert not holds(model, [])
    with pytest.raises(ImpossibleError):
        exact.best_answer(model)
    with pytest.raises(ImpossibleError):
        highs.best_answer(model)


def test_what_takes_too_long_is_given_up() -> None:
    model = random_model(random.Random(3))
    with pytest.raises(NotProvenError):
        exact.best_answer(model, most_steps=3)


def test_what_shares_nothing_is_answered_apart() -> None:
    option = Option(None, (0, 0, 0, 0, 0), {0: 1}), Option(None, (0, 0, 0, 0, 0), {1: 1})
    choosers = tuple(Chooser(("K", n), (option[n % 2],)) for n in range(4))
    model = Model(choosers, (2, 2))
    assert sorted(map(sorted, parts(model))) == [[0, 2], [1, 3]]
    assert len(part_of(model, [0, 2]).choosers) == 2

"""Public holidays of a country, for the years that a plan may reach."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from planner.core.values.said import said
from planner.errors import InputError, Problem, raise_if_any
from planner.files.fields import nearest


class Holidays(NamedTuple):
    """The holidays of the years that are known; `parts` of the country have more of their own."""

    days: dict[date, str]
    years: range
    parts: tuple[str, ...] = ()


def public_holidays(country: str, subdivision: str | None, years: range) -> Holidays:
    """The holidays from the first year on, as far as they are known.

    Raises InputError for a country or part that is not known.
    """
    raise_if_any(InputError, country_problems(country))
    part = None if subdivision is None else _part(country, subdivision)
    found: dict[date, str] = {}
    last = years.start
    for year in years:
        of_year = _of_year(country, part, year)
        if of_year is None:
            break
        found |= of_year
        last = year + 1
    parts = () if part else tuple(_parts_with_more(country, range(years.start, last)[:2], found))
    return Holidays(found, range(years.start, last), parts)


def country_problems(country: str) -> Iterator[Problem]:
    """That nothing is known of a country."""
    import holidays

    if country not in holidays.list_supported_countries(include_aliases=True):
        fix = said('use the ISO code, or set "holidays = false" and list them under closed')
        problem = said("no holidays are known for {country}", country=f"{country!r}")
        yield Problem("country", problem, fix)


def _of_year(country: str, part: str | None, year: int) -> dict[date, str] | None:
    """The holidays of a year; None where the library does not know all of them."""
    import holidays

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = holidays.country_holidays(country, subdiv=part, years=year, expand=False)
    entity = type(found)
    is_reached = entity.start_year <= year <= entity.end_year
    days = {day: str(name) for day, name in found.items() if day.year == year}
    # It warns its users where those that follow the moon are known for some years alone; whatever
    # else warns meanwhile (something of the process that was not closed) says nothing of a year.
    is_whole = not any(issubclass(one.category, UserWarning) for one in warned)
    return days if days and is_reached and is_whole else None


def _part(country: str, subdivision: str) -> str:
    """A part of a country by its code or name. Raises InputError."""
    import holidays

    entity = type(holidays.country_holidays(country))
    aliases = dict(getattr(entity, "subdivisions_aliases", {}))
    names = {one.casefold(): one for one in (*entity.subdivisions, *aliases)}
    if subdivision.casefold() not in names:
        problem = said(
            "no holidays are known for {subdivision} of {country}",
            subdivision=f"{subdivision!r}",
            country=country,
        )
        fix = nearest(subdivision, [*entity.subdivisions]) if names else said("leave it out")
        raise InputError(Problem("subdivision", problem, fix))
    found: str = names[subdivision.casefold()]
    return found


def _parts_with_more(country: str, years: range, found: dict[date, str]) -> list[str]:
    """The parts of a country that have holidays of their own in some years."""
    import holidays

    entity = type(holidays.country_holidays(country))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            part
            for part in entity.subdivisions
            if any(
                day.year in years and day not in found
                for day in holidays.country_holidays(
                    country, subdiv=part, years=years, expand=False
                )
            )
        ]

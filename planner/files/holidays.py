"""Public holidays of a country, for the years that a plan may reach."""

from __future__ import annotations

from datetime import date

from planner.errors import InputError, Problem


def public_holidays(country: str, subdivision: str | None, years: range) -> dict[date, str]:
    """The holidays by day. Raises InputError for a country, part or year that is not known."""
    import holidays

    try:
        found = holidays.country_holidays(country, subdiv=subdivision, years=years, expand=False)
    except NotImplementedError as error:
        known = subdivision is None or _is_known(country)
        place = "subdivision" if subdivision is not None and known else "country"
        name = subdivision if place == "subdivision" else country
        fix = 'use the ISO code, or set "holidays = false" and list them under closed'
        raise InputError(Problem(place, f"no holidays are known for {name!r}", fix)) from error
    for year in years:
        if not any(day.year == year for day in found):
            fix = 'set "holidays = false" and list them under closed'
            raise InputError(Problem("holidays", f"none are known for {country} in {year}", fix))
    return {day: str(name) for day, name in found.items()}


def _is_known(country: str) -> bool:
    import holidays

    return country in holidays.list_supported_countries()

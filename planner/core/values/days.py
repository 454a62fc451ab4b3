"""The days that anything can be on, and how old somebody is then."""

from __future__ import annotations

from datetime import date, timedelta

# Both inclusive.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
ONE_DAY = timedelta(days=1)


def age_on(born: date, on: date) -> int:
    """Whole years; who is born on 29 February is a year older on 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))

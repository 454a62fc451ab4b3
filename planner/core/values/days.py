"""The days that anything can be on."""

from __future__ import annotations

from datetime import date, timedelta

# Both inclusive.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
ONE_DAY = timedelta(days=1)

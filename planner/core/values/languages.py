"""The languages of papers: how each writes a day and a decimal."""

from __future__ import annotations

from typing import NamedTuple


class LanguageForms(NamedTuple):
    """Days of the week and months by their names, the two forms of a day, the decimal mark."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    short: str
    long: str
    decimal_mark: str


# By the code that a clinic file has; each but English has a catalogue in planner/locale.
LANGUAGES = {
    "en": LanguageForms(
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        (
            "January", "February", "March", "April", "May", "June",
            "July", "August", "September", "October", "November", "December",
        ),
        "{weekday:.3} {day} {month:.3} {year}",
        "{weekday} {day} {month} {year}",
        ".",
    ),
    "da": LanguageForms(
        ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
        (
            "januar", "februar", "marts", "april", "maj", "juni",
            "juli", "august", "september", "oktober", "november", "december",
        ),
        "{weekday:.3} {day}. {month:.3} {year}",
        "{weekday} den {day}. {month} {year}",
        ",",
    ),
}  # fmt: skip

"""What the core says: English as it stands, and what it is made of, for any other language.

A text of ours is a `Said`: its English, with the template it came from and what stands in the
places of that. A text that is none was typed by somebody, and is never translated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

# A day without an hour and one with it are said as the core writes them; a figure is exact.
Part = str | int | Decimal | date

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_NOTHING: Mapping[str, Part] = {}


class Said(str):
    """A sentence, a word or a figure: to whoever does not ask, its English text.

    `template` is the English with {places}, or all of it; `context` says which word of several
    that are spelled alike it is: a `site`, a `regimen`.
    """

    __slots__ = ("context", "places", "template")

    template: str
    places: Mapping[str, Part]
    context: str

    def spelled(self, text: str) -> Said:
        """The same with its English spelled so, as with other spaces."""
        return _said(text, self.template, self.places, self.context)


def said(template: str, /, **places: Part) -> Said:
    """A sentence of ours by its template, with what stands in the places of it."""
    if not places:
        return _said(template, template, _NOTHING, "")
    english = {name: _moment(one) if isinstance(one, date) else one for name, one in places.items()}
    return _said(template.format(**english), template, places, "")


def figure(written: str, unit: str) -> Said:
    """A number as it is written, with its unit: made without a format, as figures are many."""
    return _said(f"{written}{unit}", f"{{value}}{unit}", {"value": Decimal(written)}, "")


def term(context: str, word: str) -> Said:
    """A word of a vocabulary: `term("site", "knee")`."""
    return _said(word, word, _NOTHING, context)


def joined(parts: Sequence[str], joint: str = ", ") -> str:
    """Several beside one another; the joint is the same in every language."""
    if len(parts) == 1:
        return parts[0]
    if not any(isinstance(one, Said) for one in parts):
        return joint.join(parts)
    template = joint.join(f"{{p{n}}}" for n in range(len(parts)))
    return said(template, **{f"p{n}": one for n, one in enumerate(parts)})


def _said(english: str, template: str, places: Mapping[str, Part], context: str) -> Said:
    new = Said(english)
    new.template, new.places, new.context = template, places, context
    return new


def _moment(at: date) -> str:
    """A day, and its hour where it has one."""
    day = f"{_WEEKDAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year}"
    return f"{day} {at:%H:%M}" if isinstance(at, datetime) else day

"""The language of the papers: words, numbers and days. Files, JSON and terminal stay English.

English is the text in the code; other languages are gettext catalogues in planner/locale. What
the core says is English too, and knows what it is made of (`Said`): its template is looked up, and
what stands in its places is put into the translation. A translation never changes a number: one
that would is not used.
"""

from __future__ import annotations

import gettext
import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Literal, SupportsFloat, cast

from planner.core.values import formatting
from planner.core.values.formatting import NBSP
from planner.core.values.languages import LANGUAGES
from planner.core.values.quantities import Number
from planner.core.values.said import Part, Said, figure, said, term

_FIGURE = re.compile(rf"(?<![\w.,])(\d+)\.(\d+)(?=[ {NBSP}](?:mg/mL|mg|mL|mm|%))")
# A blank before a unit that may be typed too.
NARROW = "\u202f"
# A figure and its unit, as a protocol's text may have them.
_PARTED = re.compile(r"(?<=\d) (?=(?:mg/mL|mg|mL|mm|%)(?!\w))")


def msgid(text: str) -> str:
    """The text itself, marked for the catalogues where it is said by another name."""
    return text


class Language:
    """One language; called with an English text it says it: `say("Visit {n}", n=2)`."""

    def __init__(self, code: str) -> None:
        """Load the catalogue of a language by its code."""
        self.code = code
        self._days = LANGUAGES[code]
        self._mark = LANGUAGES[code].decimal_mark
        self._catalogue: gettext.NullTranslations = gettext.NullTranslations()
        if code != "en":
            with (files("planner") / "locale" / code / "LC_MESSAGES" / "planner.mo").open(
                "rb"
            ) as file:
                self._catalogue = gettext.GNUTranslations(file)

    def __call__(self, text: str, **places: object) -> str:
        """The text in this language, with its places filled."""
        translated = self._catalogue.gettext(text) if text else text
        return translated.format(**places) if places else translated

    def site(self, name: str) -> str:
        """A site of the protocol's vocabulary, or its side: `lower leg`."""
        translated = self._catalogue.pgettext("site", name)
        return translated.replace("-", " ") if translated == name else translated

    def regimen(self, name: str) -> str:
        """A regimen of the protocol by its id: `weekly`."""
        return self._catalogue.pgettext("regimen", name)

    def asked(self, name: str) -> str:
        """What the protocol asks, or lets be noted, by its id: `needle`."""
        return self._catalogue.pgettext("asked", name)

    def plural(self, one: str, many: str, number: int) -> str:
        """`1 vial`, `2 vials`: the text for a count, its place filled."""
        return self._catalogue.ngettext(one, many, number).format(n=number)

    def sentence(self, text: str) -> str:
        """What the core or a protocol says, in this language; a text that nobody knows as it is."""
        told = text if self.code == "en" else self._told(text)
        # A wrong figure is worse than a foreign word.
        kept = told if _numbers(told) == _numbers(text) else str(text)
        return self._figures(_PARTED.sub(NBSP, kept))

    def number(self, value: Number) -> str:
        """`2.5`."""
        return formatting.number(value).replace(".", self._mark)

    def tenths(self, value: SupportsFloat, sign: Literal["", "+"] = "") -> str:
        """`2.0`: one decimal, as a column of figures has it, with `+` where a sign tells."""
        return f"{float(value):{sign}.1f}".replace(".", self._mark)

    def mg(self, value: Number) -> str:
        """`12.5 mg`."""
        return self._figures(formatting.mg(value))

    def ml(self, value: Number) -> str:
        """`0.08 mL`."""
        return self._figures(formatting.ml(value))

    def mg_per_ml(self, value: Number) -> str:
        """`150 mg/mL`."""
        return self._figures(formatting.mg_per_ml(value))

    def mm(self, value: Number) -> str:
        """`4.5 mm`."""
        return self._figures(formatting.mm(value))

    def percent(self, value: Number) -> str:
        """`-4 %`."""
        return self._figures(formatting.percent(value))

    def day(self, value: date) -> str:
        """`Mon 7 Sep 2026`."""
        return self._day(value, self._days.short)

    def long_day(self, value: date) -> str:
        """`Monday 7 September 2026`."""
        return self._day(value, self._days.long)

    def birth_date(self, value: date) -> str:
        """`7 Sep 2026`: a day without its weekday."""
        return self.day(value).split(" ", 1)[1]

    def moment(self, value: datetime) -> str:
        """`Mon 7 Sep 2026 09:00`."""
        return f"{self.day(value)} {value:%H:%M}"

    def typed_day(self, value: date) -> str:
        """`Mon 2026-09-07`: as it is typed, with its weekday."""
        return f"{self._days.weekdays[value.weekday()]:.3} {value:%Y-%m-%d}"

    def typed_moment(self, value: datetime) -> str:
        """`Mon 2026-09-07 09:00`."""
        return f"{self.typed_day(value)} {value:%H:%M}"

    def listing(self, items: list[str]) -> str:
        """`A, B and C`."""
        listed = formatting.listing(items)
        return self._told(listed) if isinstance(listed, Said) else listed

    def _day(self, value: date, form: str) -> str:
        weekday = self._days.weekdays[value.weekday()]
        month = self._days.months[value.month - 1]
        return form.format(weekday=weekday, day=value.day, month=month, year=value.year)

    def _figures(self, text: str) -> str:
        return text if self._mark == "." else _FIGURE.sub(rf"\g<1>{self._mark}\g<2>", text)

    def _told(self, text: str) -> str:
        if not isinstance(text, Said):
            known = self._word(text)
            return known if known != text else self._told(_taken_apart(text))
        if text.context == "typed":
            # As its field reads it, whatever the mark of the language: that is put where it finds
            # a figure before a blank of ours.
            return text.replace(" ", NARROW) if self._mark != "." else str(text)
        if text.context:
            return self._catalogue.pgettext(text.context, text.template)
        if not text.places:
            return self._word(text.template)
        places = {name: self._part(one) for name, one in text.places.items()}
        return self(text.template).format(**places)

    def _word(self, text: str) -> str:
        """A whole text that the catalogue has; an earlier version did not keep of what kind."""
        for context in ("site", "regimen"):
            if (word := self._catalogue.pgettext(context, text)) != text:
                return word
        return self(text)

    def _part(self, part: Part) -> str:
        match part:
            case Said():
                return self._told(part)
            case datetime():
                return self.moment(part)
            case date():
                return self.day(part)
            case Decimal():
                return str(part).replace(".", self._mark)
            case _:
                return str(part)


class PageLanguage(Language):
    """A language as the page says it: days as they are typed, `Mon 2026-09-07`."""

    def day(self, value: date) -> str:
        """`Mon 2026-09-07`."""
        return self.typed_day(value)

    def sentence(self, text: str) -> str:
        """As in a paper, but for the days; a text that is not made of parts stays as it is."""
        if not isinstance(text, Said):
            return language(self.code).sentence(text)
        english = page_language("en")._told(text)
        told = english if self.code == "en" else self._told(text)
        kept = told if _numbers(told) == _numbers(english) else english
        return self._figures(_PARTED.sub(NBSP, kept))


class Unspoken(Language):
    """No language yet: what is said as the core says it, for whoever shows it in one."""

    def __init__(self) -> None:
        """As English, whose words it is made of."""
        super().__init__("en")

    def __call__(self, text: str, **places: object) -> str:
        """The text with its parts."""
        return said(text, **cast("dict[str, Part]", places))

    def site(self, name: str) -> str:
        """A site or side, as a word of the vocabulary."""
        return term("site", name)

    def asked(self, name: str) -> str:
        """What the protocol asks, or lets be noted."""
        return term("asked", name)

    def sentence(self, text: str) -> str:
        """What is said already."""
        return text

    def number(self, value: Number) -> str:
        """A figure without a unit."""
        return figure(formatting.number(value), "")

    def day(self, value: date) -> str:
        """A day, written as whoever shows it writes days."""
        return said("{at}", at=value)

    def moment(self, value: datetime) -> str:
        """A day with its hour."""
        return self.day(value)

    def listing(self, items: list[str]) -> str:
        """`A, B and C`."""
        return formatting.listing(items)


def _numbers(text: str) -> list[str]:
    return sorted(re.findall(r"\d+(?:\.\d+)*", text.replace(",", ".")))


def _taken_apart(text: str) -> Said:
    # Few papers are of a course that version 0.2 planned.
    from planner.documents.earlier_texts import taken_apart

    parts = taken_apart(text)
    return parts if isinstance(parts, Said) else said(parts)


@cache
def language(code: str) -> Language:
    """A language, its catalogue read once."""
    return Language(code)


@cache
def page_language(code: str) -> PageLanguage:
    """A language of the page, its catalogue read once."""
    return PageLanguage(code)

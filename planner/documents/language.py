"""The language of the papers: words, numbers and days. Files, JSON and terminal stay English.

English is the text in the code; other languages are gettext catalogues in planner/locale. What
the core says, and plan.json keeps, is English too: a catalogue entry with {places} is a pattern
for it, and what stands in the places is put into the translation. A translation never changes a
number: one that would is not used.
"""

from __future__ import annotations

import gettext
import re
from datetime import date, datetime
from functools import cache
from importlib.resources import files

from planner.core.values import formatting
from planner.core.values.formatting import NBSP
from planner.core.values.languages import LANGUAGES
from planner.core.values.quantities import Number
from planner.documents.sentences import SENTENCES

_FIGURE = re.compile(rf"(?<![\w.,])(\d+)\.(\d+)(?=[ {NBSP}](?:mg/mL|mg|mL|mm|%))")
# A figure and its unit, as a protocol's text may have them.
_PARTED = re.compile(r"(?<=\d) (?=(?:mg/mL|mg|mL|mm|%)(?!\w))")
_PLACE = re.compile(r"\{(\w+)\}")
# A pattern of so few letters of its own is no whole sentence.
LOOSE = 8
_JOINTS = ("; ", ", ", " and ")


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
        said = self._catalogue.gettext(text) if text else text
        return said.format(**places) if places else said

    def site(self, name: str) -> str:
        """A site of the protocol's vocabulary, or its side: `lower leg`."""
        said = self._catalogue.pgettext("site", name)
        return said.replace("-", " ") if said == name else said

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
        """What the core said in English, in this language; unknown parts stay as they are."""
        said = text if self.code == "en" else self._sentence(text)
        # A wrong figure is worse than a foreign word.
        kept = said if _numbers(said) == _numbers(text) else text
        return self._figures(_PARTED.sub(NBSP, kept))

    def number(self, value: Number) -> str:
        """`2.5`."""
        return formatting.number(value).replace(".", self._mark)

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
        return formatting.listing(items, self(" and ").strip())

    def _day(self, value: date, form: str) -> str:
        weekday = self._days.weekdays[value.weekday()]
        month = self._days.months[value.month - 1]
        return form.format(weekday=weekday, day=value.day, month=month, year=value.year)

    def _figures(self, text: str) -> str:
        return text if self._mark == "." else _FIGURE.sub(rf"\g<1>{self._mark}\g<2>", text)

    def _sentence(self, text: str) -> str:
        known = self(text)
        if known != text:
            return known
        for context in ("site", "regimen"):
            if (word := self._catalogue.pgettext(context, text)) != text:
                return word
        for pattern, template in _patterns():
            if match := pattern.fullmatch(text):
                places = {
                    name: part if name.startswith("as_is") else self._sentence(part)
                    for name, part in match.groupdict().items()
                }
                return self._catalogue.gettext(template).format(**places)
        for joint in _JOINTS:
            if joint in text:
                return self(joint).join(self._sentence(part) for part in text.split(joint))
        return self._date(text)

    def _date(self, text: str) -> str:
        """A day as the core writes one, in this language; any other text as it is."""
        for form, shown in (("%a %d %b %Y", self.day), ("%a %d %b %Y %H:%M", self.moment)):
            try:
                return shown(datetime.strptime(text, form))
            except ValueError:
                continue
        return text


def _numbers(text: str) -> list[str]:
    return sorted(re.findall(r"\d+(?:\.\d+)*", text.replace(",", ".")))


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each sentence with places as a pattern, those with the most words of their own first."""
    with_places = [text for text in SENTENCES if "{" in text]
    return tuple(
        (re.compile(_pattern(text), re.DOTALL), text)
        for text in sorted(with_places, key=lambda text: -len(_PLACE.sub("", text)))
    )


def _pattern(text: str) -> str:
    parts = _PLACE.split(text)
    # One of few words would take several sentences for its own.
    words = "".join(parts[::2])
    is_loose = len(words) <= LOOSE and "(" not in words and any(map(str.isalpha, words))
    held = "[^;]+?" if is_loose else ".+?"
    return "".join(
        f"(?P<{part}>{held})" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )


@cache
def language(code: str) -> Language:
    """A language, its catalogue read once."""
    return Language(code)

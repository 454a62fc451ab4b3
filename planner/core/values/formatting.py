"""How a number is written for people: the one formatter of terminal, sheet and message.

The rules are those for printed doses (ISMP, NHS): a zero before the point, none after the last
digit, a no-break space before the unit, mg and mL only, no grouping of digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from planner.core.values.quantities import Number, is_whole
from planner.core.values.said import Said, figure, joined, said

NBSP = "\u00a0"
PLACES = 6
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def rounded(value: Number, places: int = PLACES) -> Decimal:
    """The value as a decimal: exact where it ends within the places, else rounded to them."""
    if isinstance(value, Fraction):
        return _EXACT.scaleb(
            Decimal(_nearest(value.numerator * 10**places, value.denominator)), -places
        )
    if isinstance(value, int):
        return Decimal(value)
    return _EXACT.quantize(value, Decimal(1).scaleb(-places))


def _nearest(part: int, of: int) -> int:
    """The whole number nearest to a quotient, the even one of two: in plain integers, for speed."""
    whole, rest = divmod(part, of)
    return whole + (2 * rest > of or (2 * rest == of and whole % 2 == 1))


def ends(value: Number, places: int = PLACES) -> bool:
    """Whether a number ends within the places, so that it can be written exactly."""
    return is_whole(Fraction(value), Fraction(1, 10**places))


def number(value: Number, places: int = PLACES) -> str:
    """`0.5`, `12.5`, `5`, `0.083333`: at most `places` decimals, none that says nothing."""
    if isinstance(value, Fraction):
        value = value.numerator if value.denominator == 1 else rounded(value, places)
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if len(text.partition(".")[2]) > places:
        text = f"{rounded(value, places):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def decimal(value: Number) -> Decimal:
    """A number for programs: exact where it ends within six decimals, else with all six."""
    return Decimal(number(value)) if ends(value) else rounded(value)


def amount(value: Number, unit: str, places: int = PLACES) -> Said:
    """`12.5 mg`, with a no-break space."""
    return figure(number(value, places), f"{NBSP}{unit}")


def mg(value: Number) -> Said:
    """`12.5 mg`, with a no-break space."""
    return amount(value, "mg")


def ml(value: Number) -> Said:
    """`0.08 mL`, with a no-break space."""
    return amount(value, "mL")


def mg_per_ml(value: Number) -> Said:
    """`150 mg/mL`, with a no-break space."""
    return amount(value, "mg/mL")


def mm(value: Number) -> Said:
    """`70 mm`, with a no-break space."""
    return amount(value, "mm")


def percent(value: Number) -> Said:
    """`-4 %`, to one decimal; the sign is part of the figure."""
    return amount(value, "%", 1)


def plain(text: str) -> str:
    """The text as it is typed: ordinary spaces, single ones, none at the ends."""
    typed = re.sub(r"\s+", " ", text.replace(NBSP, " ")).strip()
    return text.spelled(typed) if isinstance(text, Said) else typed


def capital(text: str) -> str:
    """The text with a capital letter at its front."""
    return text[:1].upper() + text[1:]


def is_seen(text: str) -> bool:
    """Whether a text shows anything at all: a letter, a digit or a sign that people see."""
    return any(
        unicodedata.category(one)[0] in "LNPS"
        and not unicodedata.name(one, "").endswith((" FILLER", "PATTERN BLANK"))
        for one in text
    )


def day(value: date) -> Said:
    """`Mon 7 Sep 2026`: the month as a word, so that no country reads it as another day."""
    return said("{on}", on=value.date() if isinstance(value, datetime) else value)


def moment(value: datetime) -> Said:
    """`Mon 7 Sep 2026 09:00`, the wall clock of the value."""
    return said("{at}", at=value.replace(tzinfo=None))


def typed_moment(value: datetime) -> str:
    """`2026-09-07 09:00`: the form that a course file takes."""
    return f"{value:%Y-%m-%d %H:%M}"


def shown_moment(value: datetime) -> Said:
    """`2026-09-07 09:00` to a terminal; the page shows it with its weekday."""
    return said("{at}", at=value).spelled(typed_moment(value))


def shown_day(value: date) -> Said:
    """As `shown_moment`, of a day: `2026-09-07`."""
    return said("{at}", at=value).spelled(f"{value}")


def count(amount: int, noun: str) -> Said:
    """`1 injection`, `4 injections`."""
    return said(f"{{n}} {noun}" if amount == 1 else f"{{n}} {noun}s", n=amount)


def listing(items: Sequence[str], last: str = "and") -> str:
    """`A`, `A and B`, `A, B and C`."""
    if len(items) < 2:
        return joined(items)
    return said(f"{{first}} {last} {{last}}", first=joined(items[:-1]), last=items[-1])

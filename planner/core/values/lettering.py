"""Texts as people see them: what shows nothing, and which two read the same."""

from __future__ import annotations

import re
import unicodedata

# Controls, format characters (those that turn the direction too), half pairs, separators of lines.
_CONTROLS = ("Cc", "Cf", "Cs", "Zl", "Zp")
# What Unicode calls letters, marks or symbols, and no font draws: default ignorable ones that are
# no format characters, and blanks.
_BLANK = frozenset(
    chr(point)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2065, 0x2065),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFF8),
        (0x13441, 0x13442),
        (0x16FE4, 0x16FE4),
        (0x1D159, 0x1D159),
        (0xE0000, 0xE0FFF),
    )
    for point in range(first, last + 1)
)
_MINUS = "\u2212"


def is_control(character: str) -> bool:
    """Whether a character steers how others are shown, and is none to be shown."""
    return unicodedata.category(character) in _CONTROLS


def is_unseen(character: str) -> bool:
    """Whether nobody sees a character, not even as a space between two others."""
    return is_control(character) or character in _BLANK


def shows_nothing(text: str) -> bool:
    """Whether a text is empty to whoever reads it."""
    return all(one.isspace() or is_unseen(one) for one in text)


def named(character: str) -> str:
    """`ZERO WIDTH SPACE`, and the code point of one that has no name."""
    return unicodedata.name(character, f"U+{ord(character):04X}")


def as_people_read(text: str) -> str:
    """A text as it is compared: two that look alike to a reader give the same.

    Trimmed, NFKC, case-folded, every dash and the minus as `-`, white space as one space, and
    without what nobody sees.
    """
    seen = "".join(one for one in text if one.isspace() or not is_unseen(one))
    folded = _compatible(_compatible(seen).casefold())
    dashed = "".join("-" if _is_dash(one) else one for one in folded)
    return re.sub(r"\s+", " ", dashed).strip()


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _is_dash(character: str) -> bool:
    return character == _MINUS or unicodedata.category(character) == "Pd"

"""A value that somebody typed, as a message repeats it."""

from __future__ import annotations

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shown(value: object) -> str:
    """A value as a message repeats it: short, on one line, nothing that a terminal would obey."""
    text = value if isinstance(value, str) else _plainly(value)
    text = "".join(c if c.isprintable() and c not in _BIDI else "?" for c in text)
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return f'"{text}"' if isinstance(value, str) else text


def _plainly(value: object) -> str:
    """A value as a file has it, not as Python writes it; of lists and tables only what they are."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, dict) else str(value)

"""Whether the papers' fonts have every letter of what somebody typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from planner.core.values.said import said
from planner.documents.paper import Identity, Paper, Paragraph, Section, text
from planner.documents.pdf import MissingGlyphError, paper_pdf
from planner.errors import InputError, Problem, raise_if_any

# Up to here the fonts have all letters, and nothing has to be set to find out.
_ALWAYS_THERE = "\u017f"


def check_printable(texts: Mapping[str, str | None]) -> None:
    """Refuse texts, by their places, with letters that no paper can show; InputError with each.

    What is in a course's history is printed on its papers and cannot be taken out again.
    """
    unusual = {
        place: typed
        for place, typed in texts.items()
        if typed is not None and any(letter > _ALWAYS_THERE for letter in typed)
    }
    if unusual:
        raise_if_any(InputError, _problems(unusual))


def _problems(texts: Mapping[str, str]) -> Iterator[Problem]:
    lacking = _lacking(" ".join(texts.values()))
    for place, typed in texts.items():
        held = [one for one in lacking if one in typed]
        if held:
            yield lack(place, held)


def _lacking(typed: str) -> tuple[str, ...]:
    paper = Paper(
        title="-",
        mark="",
        language="en",
        size="A4",
        identity=Identity("", "", "", "", "{n} {of}"),
        sections=(Section("-", "", (Paragraph(text(typed)),)),),
    )
    try:
        paper_pdf(paper, datetime(2000, 1, 1, tzinfo=UTC))
    except MissingGlyphError as error:
        return tuple(error.characters)
    return ()


def lack(place: str, characters: list[str]) -> Problem:
    """That the papers lack letters, and what to do."""
    names = ", ".join(_named(one) for one in characters)
    fix = said("write it in Latin, Greek or Cyrillic letters")
    return Problem(place, said("the papers have no letter for {names}", names=names), fix)


def _named(character: str) -> str:
    point = f"U+{ord(character[0]):04X}"
    return f'"{character}" ({point})' if character.isprintable() else point

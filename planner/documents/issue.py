"""The set of documents of a plan, by their names in the folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from planner.core.records import Plan
from planner.documents.calendars import calendar_files, changes_file
from planner.documents.folder import DRAFT, PLAN_NAME, SHEET_NAME
from planner.documents.html import paper_html
from planner.documents.labels import label_sheets
from planner.documents.language import language
from planner.documents.letter import appointment_letter
from planner.documents.pdf import MissingGlyphError, labels_pdf, paper_pdf
from planner.documents.sheet import treatment_sheet
from planner.documents.worksheets import worksheets
from planner.errors import InputError, Problem


def issued(
    plan: Plan,
    content: bytes,
    stamp: datetime,
    before: Plan | None = None,
    first_label: int = 1,
) -> Mapping[str, bytes]:
    """Everything that is issued with a plan; `content` is its plan.json, `stamp` the time.

    `before` is the plan that it replaces, for the file of what changed. The labels begin at
    `first_label` of their first sheet, counted from 1.
    """
    return {
        PLAN_NAME: content,
        **dict(calendar_files(plan, stamp)),
        **(changes_file(before, plan, stamp) if before is not None else {}),
        **papers(plan, content, stamp, first_label=first_label),
    }


def papers(
    plan: Plan, content: bytes, stamp: datetime, mark: str = "", first_label: int = 1
) -> Mapping[str, bytes]:
    """The papers of a plan, each page marked (DRAFT, REPRINT) where a mark is given.

    A draft has the treatment sheet and the worksheets alone. Raises InputError for a character
    that the papers' fonts lack, by its places in the plan.
    """
    digest, say = hashlib.sha256(content).hexdigest(), language(plan.clinic.language)
    sheet = treatment_sheet(plan, digest, mark, say)

    def letter() -> bytes:
        return paper_pdf(appointment_letter(plan, digest, mark, say, stamp), stamp)

    def labels() -> bytes:
        return labels_pdf(label_sheets(plan, digest, mark, say, first_label), stamp)

    makers: dict[str, Callable[[], bytes]] = {
        SHEET_NAME: lambda: paper_html(sheet),
        "treatment-sheet.pdf": lambda: paper_pdf(sheet, stamp),
        "worksheets.pdf": lambda: paper_pdf(worksheets(plan, digest, mark, say), stamp),
    }
    if mark != DRAFT:
        makers |= {"labels.pdf": labels, "appointments.pdf": letter}
    try:
        return {name: make() for name, make in makers.items()}
    except MissingGlyphError as error:
        raise InputError(*_places(plan, error.characters)) from error


def _places(plan: Plan, characters: Sequence[str]) -> Iterator[Problem]:
    """Each text of a plan that holds a character which the papers' fonts lack."""
    for place, text in _texts(plan, ""):
        held = [one for one in characters if one in text]
        if held:
            names = ", ".join(f'"{one}" (U+{ord(one[0]):04X})' for one in held)
            fix = "write it in Latin, Greek or Cyrillic letters"
            yield Problem(place, f"the papers have no letter for {names}", fix)


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        for index, one in enumerate(value):
            part = f".{names[index]}" if names else f"[{index + 1}]"
            yield from _texts(one, f"{place}{part}".lstrip("."))

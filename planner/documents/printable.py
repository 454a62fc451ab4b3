"""Whether the papers' fonts have every letter of what somebody typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from planner.core.plan.course import Course
from planner.core.plan.plan import Plan
from planner.errors import InputError, Problem, raise_if_any

# Up to here the fonts have all letters, and nothing has to be set to find out.
_ALWAYS_THERE = "\u017f"


def check_printable(texts: Iterable[tuple[str, str | None]]) -> None:
    """Refuse texts, by their places, with letters that no paper can show; InputError with each.

    What is in a course's history is printed on its papers and cannot be taken out again.
    """
    unusual = [
        (place, typed)
        for place, typed in texts
        if typed is not None and any(letter > _ALWAYS_THERE for letter in typed)
    ]
    if unusual:
        raise_if_any(InputError, _problems(unusual))


def _problems(texts: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    # Only for what is unusual: a plan is made without papers.
    from planner.documents.pdf import lack

    lacking = _lacking(" ".join(typed for _, typed in texts))
    for place, typed in texts:
        held = [one for one in lacking if one in typed]
        if held:
            yield lack(place, held)


def _lacking(typed: str) -> Sequence[str]:
    from planner.documents.paper import Identity, Paper, Paragraph, Section, text
    from planner.documents.pdf import MissingGlyphError, paper_pdf

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
        return error.characters
    return ()


def typed_texts(plan: Plan) -> Iterator[tuple[str, str]]:
    """Each text of a plan that somebody wrote, by its place."""
    written = {
        "patient": plan.patient,
        "diagnosis": plan.diagnosis,
        "prescriber": plan.prescriber,
        "lesion": plan.lesions,
        "confirm.by": tuple(one.confirmed_by for one in plan.findings),
        "confirm.reason": tuple(one.reason for one in plan.findings),
        "clinic": plan.clinic,
        "protocol": plan.protocol,
        "protocol: rule.because": tuple(one.reasons for one in plan.decisions),
    }
    for place, value in written.items():
        yield from texts_of(value, place)


def course_texts(course: Course) -> Iterator[tuple[str, str]]:
    """Each text of a course file that papers show, by its place in the file.

    But the patient's id: the register may know it by other letters, which are read alike.
    """
    written = {
        "patient": course.patient._replace(id=""),
        "diagnosis": course.diagnosis,
        "prescriber": course.prescriber,
        "lesion": course.lesions,
        "confirm": course.confirmations,
    }
    for place, value in written.items():
        yield from texts_of(value, place)


def texts_of(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Each text of a record, by its place in it."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        for index, one in enumerate(value):
            part = f".{names[index]}" if names else f"[{index + 1}]"
            yield from texts_of(one, place + part)

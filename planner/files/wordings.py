"""What sentences are made of, kept beside the records that have them in English.

A record keeps a sentence as its English text; whoever reads the record gets back what it was made
of, and can say it in any language. What does not make the text that stands there is not used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from string import Formatter
from typing import Any, TypeVar

from planner.core.plan.findings import Finding
from planner.core.plan.plan import Decision, PlannedVisit
from planner.core.values.formatting import plain
from planner.core.values.said import Part, Said, said, term

R = TypeVar("R", Finding, Decision, PlannedVisit)
Wordings = Mapping[str, Said]
# The key under which a file or an event has them.
WORDING = "wording"
# Which fields of a record have sentences of ours.
_FIELDS: dict[type, tuple[str, ...]] = {
    Finding: ("message", "value"),
    Decision: ("sources",),
    PlannedVisit: ("moved_because",),
}
# A sentence in a sentence and so on: none of ours is as deep, or as long.
_DEEPEST, _LONGEST = 20, 4000


def wordings(
    records: Iterable[Finding | Decision | PlannedVisit], texts: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """What the sentences of records, and other texts, are made of, in the order of their English.

    Each stands there once. Those that are one text, without places, are known by themselves.
    """
    every = chain(texts, chain.from_iterable(map(_texts, records)))
    found = {plain(one): one for one in every if isinstance(one, Said) and one.places}
    return [_plain(found[english]) for english in sorted(found)]


def read_wordings(kept: Any) -> Wordings:
    """Sentences by their English. Raises ValueError where they are none."""
    try:
        sentences = [_said(one, 0) for one in kept]
    except (TypeError, ValueError) as error:
        raise ValueError("it is no wording of the planner") from error
    return {plain(one): one for one in sentences}


def check_belong(
    known: Wordings, records: Iterable[Finding | Decision | PlannedVisit], texts: Iterable[str] = ()
) -> None:
    """Raise ValueError for a sentence that no record has: it would be kept where nobody looks."""
    there = {plain(one) for one in chain(texts, chain.from_iterable(map(_texts, records)))}
    if not known.keys() <= there:
        raise ValueError("it words what stands nowhere")


def worded(records: Iterable[R], known: Wordings) -> tuple[R, ...]:
    """Records that were read, their sentences with what they are made of."""
    return tuple(_record(one, known) for one in records)


def worded_text(text: str, known: Wordings) -> str:
    """A text with what it is made of, where that is known."""
    found = known.get(plain(text))
    return text if found is None else found.spelled(text)


def _record(record: R, known: Wordings) -> R:
    fields = {name: getattr(record, name) for name in _FIELDS[type(record)]}
    return record._replace(**{name: _worded(one, known) for name, one in fields.items()})


def _worded(value: Any, known: Wordings) -> Any:
    if isinstance(value, tuple):
        return tuple(_worded(one, known) for one in value)
    return None if value is None else worded_text(value, known)


def _texts(record: Finding | Decision | PlannedVisit) -> Iterator[str]:
    """The texts of a record that may be sentences of ours."""
    for name in _FIELDS[type(record)]:
        value = getattr(record, name)
        yield from filter(None, value if isinstance(value, tuple) else (value,))


def _plain(part: Part) -> Any:
    match part:
        case Said(places={**places}) if places:
            return {"say": part.template, "of": {name: _plain(one) for name, one in places.items()}}
        case Said():
            return {"say": part.template} | ({"as": part.context} if part.context else {})
        case datetime():
            return {"at": part.isoformat()}
        case date():
            return {"on": part.isoformat()}
        case _:
            return part


def _said(kept: Any, depth: int) -> Said:
    match kept:
        case {"say": str(template), "of": dict(places)} if depth < _DEEPEST:
            _check_template(template, places)
            parts = {name: _part(one, depth) for name, one in places.items()}
            if max([len(template), *(len(str(one)) for one in parts.values())]) > _LONGEST:
                raise ValueError("it is longer than any sentence")
            return said(template, **parts)
        case {"say": str(template), "as": str(context)}:
            return term(context, template)
        case {"say": str(template), **rest} if not rest:
            return said(template)
    raise ValueError("it says nothing")


def _part(kept: Any, depth: int) -> Part:
    match kept:
        case {"at": str(at)}:
            return datetime.fromisoformat(at)
        case {"on": str(on)}:
            return date.fromisoformat(on)
        case str() | Decimal():
            return kept
        case int() if not isinstance(kept, bool):
            return kept
    return _said(kept, depth + 1)


def _check_template(template: str, places: Mapping[str, Any]) -> None:
    """Raise ValueError for what is more than words and names of places."""
    for _, name, form, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or name not in places or form or conversion:
            raise ValueError("it has a place that it does not fill")

"""Records as what JSON has: the one walk behind plan.json, answers, events and papers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Fields = Callable[[Any], Iterable[tuple[str, Any]]]


def plain(value: Any, leaf: Callable[[Any], Any], fields: Fields | None = None) -> Any:
    """Tables, lists, texts and whole numbers of a value.

    `leaf` writes whatever else there is: figures, days, quantities. `fields` chooses what is
    written of a record (a named tuple); without it, every field.
    """
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        pairs = (every_field if fields is None else fields)(value)
        return {name: plain(one, leaf, fields) for name, one in pairs}
    if isinstance(value, tuple | list):
        return [plain(one, leaf, fields) for one in value]
    if isinstance(value, dict):
        return {name: plain(one, leaf, fields) for name, one in value.items()}
    return leaf(value)


def every_field(record: Any) -> Iterable[tuple[str, Any]]:
    """The fields of a record, in their order."""
    return zip(record._fields, record, strict=True)


def unusual_fields(record: Any) -> Iterable[tuple[str, Any]]:
    """The fields of a record less those that say what they say anyway."""
    usual = record._field_defaults
    return (
        (name, one) for name, one in every_field(record) if name not in usual or one != usual[name]
    )

"""A plan.json as a test wants it: of the first edition, or with something changed in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import simplejson

from planner.files.seal import SEAL, SECOND_EDITION

Change = Callable[[Any], object]


def document(content: bytes) -> Any:
    """What a plan.json holds, its numbers as they are written."""
    return json.loads(content, parse_float=Decimal)


def written(value: Any) -> bytes:
    return simplejson.dumps(value, use_decimal=True).encode()  # type: ignore[no-any-return]


def edited(content: bytes, change: Change) -> bytes:
    """The file with something changed in it, its seal left as it was."""
    value = document(content)
    change(value)
    return written(value)


def first_edition(content: bytes, change: Change = lambda _plan: None) -> bytes:
    """The same plan as the first edition wrote it: no seal, its visits numbered by their days."""
    value = document(content)
    for name in (SEAL, *SECOND_EDITION):
        value.pop(name, None)
    for number, visit in enumerate(value["visits"], start=1):
        visit["number"] = number
    change(value)
    return written(value)

"""The seal of a plan.json: a digest of all the rest of it, so that an edited one is seen.

It is taken of the content and not of the bytes: a tool that indents a plan anew or sorts its keys
breaks no seal. A number counts as it is written (12.5 is not 12.50): what is printed from it would
look another. It is no signature: it shows that a file was changed, not who made it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from planner.errors import InputError, Problem
from planner.files.wordings import WORDING

SEAL = "seal"
# What the second edition brought into plan.json; a file that has one of them was sealed once.
SECOND_EDITION = ("pages", "last_number", WORDING)
_FIX = "take the file as it was issued, or plan the course again"


class EditedPlanError(InputError):
    """A plan.json is not as the planner made it."""


def seal_of(document: Mapping[str, Any]) -> str:
    """The digest of a plan.json's content, its seal left out."""
    import simplejson

    content = {name: value for name, value in document.items() if name != SEAL}
    text = simplejson.dumps(content, use_decimal=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """The content with its seal as the last key."""
    return {**document, SEAL: seal_of(document)}


def is_sealed(document: Mapping[str, Any]) -> bool:
    """Whether a plan.json has its seal; False for one of the first edition, which had none.

    Raises EditedPlanError for a seal that is not of this content, or that was taken off.
    """
    if SEAL not in document:
        if any(name in document for name in SECOND_EDITION):
            raise EditedPlanError(Problem(SEAL, "it was taken off this plan", _FIX))
        return False
    if document[SEAL] != seal_of(document):
        raise EditedPlanError(Problem(SEAL, "this plan was changed after it was made", _FIX))
    return True


def each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises ValueError for a key that stands twice: readers differ on those."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found

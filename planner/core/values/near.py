"""What somebody may have meant by a name that is not known."""

from __future__ import annotations

from collections.abc import Sequence

from planner.core.values.said import Said, said

# Nearer than `head` is to `hand`: of what a lesion is nobody is led to guess.
CLINICAL = 0.8


def did_you_mean(name: str, names: Sequence[str], nearness: float = 0.5) -> Said | None:
    """The fix for a name that is near to a known one; None where it is near to none."""
    import difflib  # slow to load, and only for who is wrong

    close = difflib.get_close_matches(name, names, n=1, cutoff=nearness)
    return said("did you mean {near}?", near=close[0]) if close else None

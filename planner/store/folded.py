"""The states that histories leave, each event followed once in a process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import is_
from typing import NamedTuple

from planner.core.followup.course_state import State, fold, folded_on
from planner.core.followup.events import Corrected, Entry, Migrated
from planner.core.protocol.protocol import Protocol

# What tells anew what came before it.
_TOLD_ANEW = (Corrected, Migrated)


class _Folded(NamedTuple):
    """A history and the state that it leaves."""

    entries: Sequence[Entry]
    protocol: Protocol
    state: State


class _Last:
    """What was folded last of a course."""

    folded: _Folded | None = None


# So many courses are followed on; any other is folded from its first event.
@lru_cache(maxsize=256)
def _last_of(_course: str) -> _Last:
    return _Last()


def state_of(course: str, entries: Sequence[Entry], protocol: Protocol) -> State:
    """As `fold`: a history that goes on from the one that was folded last is followed from there.

    Entries are immutable, and taken for the same only where they are: what was read anew because
    its row is another is folded anew.
    """
    last = _last_of(course)
    there = last.folded
    if there is None or not _goes_on(there, entries, protocol):
        state = fold(entries, protocol)
    elif later := entries[len(there.entries) :]:
        state = folded_on(there.state, later, protocol)
    else:
        return there.state
    last.folded = _Folded(entries, protocol, state)
    return state


def _goes_on(there: _Folded, entries: Sequence[Entry], protocol: Protocol) -> bool:
    """Whether entries begin with those that are folded, and none of the others tells them anew."""
    known = len(there.entries)
    return (
        there.protocol is protocol
        and known <= len(entries)
        and all(map(is_, there.entries, entries))
        and not any(isinstance(one.event, _TOLD_ANEW) for one in entries[known:])
    )

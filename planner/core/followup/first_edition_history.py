"""How the first edition followed a course: it laid all of it out anew at each reading.

Its registers kept no times. What they showed, and what their papers say, is worked out once more
when they are migrated, as that edition did it and not by the rules of today; then it is a fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from planner.core.calendar.availability import Opening
from planner.core.followup.consequences import Consequences, visits_of, weekly_after
from planner.core.followup.course_state import State, as_corrected, noted, refused
from planner.core.followup.events import Corrected, Entry, Issued, Planned, Settled
from planner.core.followup.settling import due_slots, settle_all, with_decisions
from planner.core.plan.appointments import Named, Slot, Visit
from planner.core.plan.placement import BY_PHYSICIAN, Placed, lay_out_again
from planner.core.protocol.protocol import Protocol


def migrate(entries: Sequence[Entry], protocol: Protocol, opening: Opening) -> Settled:
    """What a history of the first edition led to, as one event.

    Its visits have the numbers that the first edition gave them: by their days.
    """
    state, placed = followed(entries, protocol, opening)
    return settle_all(state, placed, protocol, opening)


def followed(
    entries: Sequence[Entry], protocol: Protocol, opening: Opening
) -> tuple[State, tuple[Placed, ...]]:
    """The state that a history of the first edition left, and its visits with their times.

    Raises RefusedError for one that does not begin with a plan.
    """
    state: State | None = None
    placed: tuple[Placed, ...] = ()
    for entry in as_corrected(entries):
        if isinstance(entry.event, Corrected | Issued):
            continue
        said = noted(state, with_decisions(entry, protocol), (), protocol)
        if state is None:
            if not isinstance(entry.event, Planned):
                break
            said = said._replace(slots=due_slots(entry.event.course, protocol)[0])
        following = _AsThen(state or said, said, protocol, opening, _no_replay)
        if state is not None:
            following.apply(entry, ())
        placed = following.stands()
        state = said._replace(slots=following.slots)
    if state is None:
        raise refused("", "the history does not begin with a plan", "restore a backup")
    return state, placed


def _no_replay(_entries: Sequence[Entry]) -> Mapping[Named, Slot]:
    """Nothing: corrections were read before."""
    return {}


class _AsThen(Consequences):
    """What followed from an event before there was one law of a series."""

    def _fits(self, visit: Visit, start: datetime) -> bool:
        return True

    def _has_later(self, name: Named) -> bool:
        return False

    def _waits(self, name: Named, _on: date) -> bool:
        return name.purpose == "injection" and name.lesion in self.held

    def _released(self, first: Named, on: date) -> date:
        return on

    def _keep_behind(self, lesion: str) -> None:
        pass

    def _is_passed_over(self, slot: Slot) -> bool:
        return slot.state == "planned"

    def _given_before(self, lesion: str, _number: int) -> Iterable[date]:
        return [slot.day for _, slot in self._injections(lesion) if slot.state == "done"]

    def _keeps_its_day(self, name: Named, on: date) -> bool:
        return name.purpose == "injection" and any(
            slot.day >= on and slot.state != "missed"
            for other, slot in self._injections(name.lesion)
            if other.number < name.number
        )

    def _check_order(self, names: Sequence[Named]) -> None:
        """It was checked when the visit was moved."""

    def _visits(self) -> tuple[Visit, ...]:
        return visits_of(_as_they_stood(self.slots))

    def _placed(self) -> tuple[Placed, ...]:
        first = self.noted.course.first_visit
        # So the first edition said it, whoever moved it.
        return lay_out_again(
            self._visits(), self.opening, first, self.apart, None, moved=BY_PHYSICIAN
        )


def _as_they_stood(slots: Mapping[Named, Slot]) -> Mapping[Named, Slot]:
    """The slots, those apart that come after one which waits to be recorded at a late visit."""
    standing = dict(slots)
    for name, slot in slots.items():
        if slot.is_late and slot.state == "planned":
            last = slot.day
            for other, later in weekly_after(slots, name, last):
                is_kept = slots[other].moved_to is not None and slots[other].day > last
                standing[other] = slots[other] if is_kept else later
                last = standing[other].day
    return standing

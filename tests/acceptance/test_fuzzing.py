"""A short attack with mutated files of every kind; `python -m tests.fuzz` makes a long one."""

from __future__ import annotations

import random

import pytest

from tests.fuzz import READERS, attack
from tests.readers import need
from tests.second_reader import calendar, differences, ours


@pytest.mark.hazard("hostile-text")
def test_any_bytes_are_read_or_refused() -> None:
    tally = attack(1000, seed=1)
    assert not tally.crashes
    for kind in READERS:
        assert tally.read[kind] > 0
        assert tally.refused[kind] > 0


def test_a_crash_is_told_with_its_bytes() -> None:
    def fragile(content: bytes) -> None:
        content.decode("ascii")

    tally = attack(200, seed=1, readers={"course": fragile})
    assert tally.crashes
    kind, said, content = tally.crashes[0]
    assert kind == "course"
    assert said.startswith("UnicodeDecodeError")
    assert not content.isascii()


@pytest.mark.hazard("a-taken-time-seen-as-free")
def test_another_reader_sees_the_same_times_taken() -> None:
    need("ical.js")
    assert list(differences(100, seed=1)) == []
    # A series that is left out would be seen.
    texts = [calendar(random.Random(f"1 {n}")) for n in range(20)]
    assert any(ours(one) != ours(one.replace("\r\nRRULE", "\r\nX-RULE")) for one in texts)

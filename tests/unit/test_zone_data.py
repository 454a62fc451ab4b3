"""Which zone data is used: the newer of the system's and of the planner's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from planner.files.zone_data import release_of
from tests.zones import NEW, OLD, package, system

PROBE = """
from planner.files.zone_data import prefer_newer_zones
prefer_newer_zones()
from datetime import datetime
from zoneinfo import ZoneInfo
print(datetime(2026, 12, 1, 9, tzinfo=ZoneInfo("America/Edmonton")).strftime("%z"))
"""
OFFSETS = {OLD: "-0700", NEW: "-0600"}


def offset(own: str, systems: str) -> str:
    """Edmonton's offset in December 2026, with this package and these folders of the system."""
    environment = {**os.environ, "PYTHONPATH": own, "PYTHONTZPATH": systems}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("own", "systems", "used"),
    [
        (NEW, [OLD], NEW),
        (OLD, [NEW], NEW),
        (NEW, [NEW], NEW),
        (OLD, [OLD], OLD),
        (OLD, [], OLD),
        (OLD, [OLD, NEW], OLD),
        (NEW, [OLD, NEW], NEW),
    ],
)
@pytest.mark.hazard("clock-change")
def test_the_newer_zone_data_is_used(own: str, systems: list[str], used: str) -> None:
    folders = os.pathsep.join(system(one) for one in systems)
    assert offset(package(own), folders) == OFFSETS[used]


@pytest.mark.hazard("clock-change")
def test_a_folder_that_does_not_say_its_release_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "America").mkdir()
    old = Path(system(OLD), "America/Edmonton").read_bytes()
    (tmp_path / "America/Edmonton").write_bytes(old)
    assert offset(package(NEW), str(tmp_path)) == OFFSETS[NEW]
    (tmp_path / "+VERSION").write_text("2099a\n")
    assert offset(package(NEW), str(tmp_path)) == OFFSETS[OLD]


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("tzdata.zi", "# version 2025b\n# This is zic input\n", (2025, "b")),
        ("tzdata.zi", "# version 2025b-dirty", (2025, "b")),
        ("+VERSION", "2026f\n", (2026, "f")),
        ("+VERSION", "unknown\n", None),
        ("tzdata.zi", "# redo posix_only\n", None),
        ("tzdata.zi", "x" * 10_000_000, None),
        ("other", "2026f", None),
    ],
)  # fmt: skip
def test_a_release_is_read_from_one_line(
    tmp_path: Path, name: str, line: str, said: tuple[int, str] | None
) -> None:
    (tmp_path / name).write_text(line)
    assert release_of(str(tmp_path)) == said


def test_both_releases_of_the_tests_say_what_they_are() -> None:
    assert [release_of(system(one)) for one in (OLD, NEW)] == [(2025, "b"), (2026, "f")]

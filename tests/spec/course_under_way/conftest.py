"""The course of every chapter."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.store.database import Database
from tests.registers import Followed, follow


@pytest.fixture
def course(register: Database, tmp_path: Path) -> Followed:
    return follow(register, tmp_path)

"""The documents of two courses, to the byte; `tests.golden.update` writes them anew."""

from __future__ import annotations

import pytest

from tests.golden.scenarios import SCENARIOS, written
from tests.golden.update import CASES, HERE, documents


@pytest.mark.parametrize("name", CASES)
def test_documents_are_as_they_were_approved(name: str) -> None:
    made = documents(CASES[name])
    approved = {path.name: path.read_bytes() for path in (HERE / name).iterdir()}
    assert approved.keys() == {file for file in made if not file.startswith("visits/")}
    for file, content in approved.items():
        assert made[file].decode() == content.decode(), f"{name}/{file}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_core_says_what_was_approved(name: str) -> None:
    assert written(name).splitlines() == (HERE / name).read_text(encoding="utf-8").splitlines()

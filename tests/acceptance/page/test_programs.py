"""What programs read, held against its description."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from planner.app.accounts import make_token
from planner.store.database import open_database
from planner.web.application import FOR_PROGRAMS
from tests.conftest import ROOT
from tests.pages import ADMIN, Served, soon

DESCRIBED: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text())
VALUES = {"date": soon()[:10], "course": "K-1"}


def described() -> dict[str, str]:
    return {one["get"]["operationId"]: path for path, one in DESCRIBED["paths"].items()}


def test_the_description_is_one_and_has_every_address() -> None:
    validate(DESCRIBED)
    assert {*described(), "home"} == {*FOR_PROGRAMS}


@pytest.mark.parametrize("name", described())
def test_an_answer_is_as_it_is_described(page: Served, name: str) -> None:
    token = make_token(open_database(page.url), ADMIN, "statistics")
    said = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    path = described()[name].format(**VALUES)
    answer = httpx.get(page.base + path, headers=said)
    assert answer.status_code == 200
    of = DESCRIBED["paths"][described()[name]]["get"]["responses"]["200"]
    schema = of["content"]["application/json"]["schema"] | {"components": DESCRIBED["components"]}
    Draft202012Validator(schema).validate(answer.json())
    refused = httpx.get(page.base + path, headers={"Accept": "application/json"})
    assert refused.status_code == 401
    problems = DESCRIBED["components"]["schemas"]["Problems"]
    Draft202012Validator(problems).validate(refused.json())


def test_a_figure_is_written_exactly(page: Served) -> None:
    found = page.signed_in("physician").open("/courses/K-1", Accept="application/json")
    assert '"dose_mg": 12.5' in found.text

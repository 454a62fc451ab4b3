"""The published cases: what goes in, what has to come out, and on what ground."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from planner.files.bundled import own_file
from planner.files.reading import Table, parse_toml

Topic = Literal[
    "regimen", "draw-up", "dilution", "days", "holidays", "moves", "holds", "findings", "letter"
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HappenedTable(_Strict):
    """What happens to the course once it is planned, in the order of the list."""

    kind: Literal["give", "miss", "move", "hold", "resume"]
    visit: int = Field(0, description="give, miss, move: the visit's number")
    lesion: str | None = Field(None, description="hold, resume: one lesion, all where left out")
    at: str = Field("", description="all but miss: the clinic's wall clock, or a day")


class DecisionTable(_Strict):
    """The regimen of a lesion, and the rule and evidence that it rests on."""

    lesion: str
    regimen: str
    rule: str
    evidence: Literal["stated", "inferred", "extrapolated"]


class InjectionTable(_Strict):
    """An injection; what does not follow because a dose was left open is left out."""

    lesion: str
    injection: int
    dose_mg: Decimal | None = None
    volume_ml: Decimal | None = Field(None, description="exact, or six decimals")
    drawn_ml: Decimal | None = Field(None, description="what the syringes can show")
    drawn_mg: Decimal | None = None
    deviation_percent: Decimal | None = None


class FilledTable(_Strict):
    """A syringe as it is drawn up, and for which lesions."""

    capacity_ml: Decimal
    drawn_ml: Decimal
    lesions: list[str]


class PreparationTable(_Strict):
    """What is taken from the stock, dead space included."""

    stock_ml: Decimal
    diluent_ml: Decimal
    batch_ml: Decimal
    vials: int | None = None
    wasted_ml: Decimal | None = None


class VisitTable(_Strict):
    """A visit, in the order of days; without `start` no day was found for it."""

    number: int
    due: str
    start: str | None = Field(None, description="ISO 8601 with offset")
    end: str | None = None
    purposes: list[Literal["evaluation", "injection"]]
    state: Literal["planned", "done", "missed", "cancelled"] = "planned"
    injections: list[InjectionTable] = []
    syringes: list[FilledTable] = []
    preparation: PreparationTable | None = None


class FindingTable(_Strict):
    """A finding; a day that it is of is the day when its visit is due."""

    code: str
    severity: Literal["error", "confirm", "caution", "note"]
    value: str
    lesion: str | None = None
    due: str | None = None
    confirmed: bool = False


class ExpectedTable(_Strict):
    """What has to come out: a plan, or the places of the input that are refused."""

    refused: list[str] = []
    lesions: list[DecisionTable] = []
    visits: list[VisitTable] = []
    findings: list[FindingTable] = []


class CaseTable(_Strict):
    """One case: a course file's text, the name of one of the clinics, what happens, what is due."""

    id: str
    reason: str
    source: str
    author: str
    date: date
    course: str
    clinic: str
    event: list[HappenedTable] = []
    expected: ExpectedTable


class CaseFile(_Strict):
    """The cases of a topic, for one version of a protocol, and the clinic files that they name."""

    topic: Topic
    protocol: str
    protocol_version: str
    version: str
    clinic: dict[str, str]
    case: list[CaseTable]


@cache
def case_files() -> tuple[CaseFile, ...]:
    """The published cases, by their topics in the order of the files' names; read once."""
    folder = (files("planner") / "cases").iterdir()
    there = sorted((one for one in folder if one.name.endswith(".toml")), key=lambda one: one.name)
    return tuple(map(_read_own, there))


def _read_own(file: Traversable) -> CaseFile:
    with own_file(f"cases/{file.name}"):
        return read_cases(file.read_bytes())


def read_cases(content: bytes) -> CaseFile:
    """The cases of a file. Raises pydantic.ValidationError for what is none."""
    table: Table = parse_toml(content)
    return CaseFile.model_validate(table)

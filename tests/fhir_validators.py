"""`python -m tests.fhir_validators` writes into docs/exchange.md who sees which spoilt bundle."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from planner.documents.fhir_read_back import differences
from planner.store.database import open_database
from tests.conftest import ROOT
from tests.fhir_bundles import MUTATIONS, rich_bundle, spoilt

PAGE = ROOT / "docs" / "exchange.md"
HEAD = "| what is done to it | fhir.resources | fhirkit | Medplum | fhir (npm) | read back |"
FIRST, LAST = "<!-- validators -->\n", "<!-- end of validators -->\n"


def by_fhir_resources(bundle: bytes) -> bool:
    from fhir.resources.R4B.bundle import Bundle

    try:
        Bundle.model_validate_json(bundle)
    except (ValueError, KeyError):
        return True
    return False


def by_fhirkit(bundle: bytes) -> bool:
    import fhirkit

    try:
        return bool(fhirkit.validate(bundle.decode()))
    except fhirkit.ParseError:
        return True


def by_npm(bundles: list[bytes]) -> list[tuple[bool, bool]]:
    done = subprocess.run(
        ["node", str(ROOT / "tests/foreign/fhir.mjs")],
        input=json.dumps([json.loads(one) for one in bundles]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [(bool(one["medplum"]), bool(one["fhir"])) for one in json.loads(done.stdout)]


def table() -> str:
    """Each mutation with who saw it, and how many each of them did."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle, plan = rich_bundle(open_database(str(folder / "register.db")), folder)
    spoiled = [spoilt(bundle, name) for name in MUTATIONS]
    readers: tuple[Callable[[bytes], bool], ...] = (by_fhir_resources, by_fhirkit)
    rows = [
        (*(reader(one) for reader in readers), *npm, bool(differences(one, plan)))
        for one, npm in zip(spoiled, by_npm(spoiled), strict=True)
    ]
    counts = [sum(row[n] for row in rows) for n in range(5)]
    lines = [HEAD, "|---|---|---|---|---|---|"]
    lines += [
        f"| {name} | {' | '.join('seen' if one else '' for one in row)} |"
        for name, row in zip(MUTATIONS, rows, strict=True)
    ]
    lines.append(f"| **of {len(rows)}** | {' | '.join(map(str, counts))} |")
    return "\n".join(lines) + "\n"


def written(page: str, made: str) -> str:
    """The page with the table in its place."""
    before, rest = page.split(FIRST, 1)
    _, after = rest.split(LAST, 1)
    return f"{before}{FIRST}\n{made}\n{LAST}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), table()), encoding="utf-8")
    sys.exit(0)

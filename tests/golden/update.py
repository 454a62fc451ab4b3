"""Writes the golden documents anew: python -m tests.golden.update. Read the diff before you commit.

The cases are chosen so that every part of the sheet is seen: a plain one, and one with blanks,
a confirmation, a moved visit and two lesions.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from planner.app.planning import NamedFile, read_inputs
from planner.core.plan.planning import plan_course
from planner.documents.document_set import issued
from planner.files.plan import plan_bytes
from tests.conftest import CLINIC, EXAMPLES
from tests.golden.scenarios import SCENARIOS, written
from tests.papers import pages

HERE = Path(__file__).parent
CASES = {
    "case-2-knee": EXAMPLES / "case-2-knee.toml",
    "two-lesions": HERE / "two-lesions.toml",
}
STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)


def documents(course: Path) -> Mapping[str, bytes]:
    """The documents of a golden course; of a PDF its text, page by page."""
    inputs = read_inputs(NamedFile.of_file(course), NamedFile.of_file(CLINIC))
    plan = plan_course(inputs.course, inputs.protocol, inputs.clinic)
    made = issued(plan, plan_bytes(plan), STAMP)
    return {
        f"{name}.txt" if name.endswith(".pdf") else name: (
            "\f\n".join(pages(content)).encode() if name.endswith(".pdf") else content
        )
        for name, content in made.items()
    }


def main() -> None:
    """Write every golden document."""
    for name, course in CASES.items():
        shutil.rmtree(HERE / name, ignore_errors=True)
        for file, content in documents(course).items():
            if not file.startswith("visits/"):
                (HERE / name).mkdir(exist_ok=True)
                (HERE / name / file).write_bytes(content)
    for file in SCENARIOS:
        (HERE / file).write_text(written(file), encoding="utf-8")


if __name__ == "__main__":
    main()

"""`python -m tests.hazard_run RUN.xml ...` keeps what runs said of the hazards' tests.

Each is what `pytest --junitxml=RUN.xml` wrote. The safety case prints what is kept.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import planner
from planner.files.hazards import hazards
from planner.protocols import RUN
from tests.conftest import ROOT

STORED = ROOT / "planner" / "protocols" / RUN


def kept(*reports: Path) -> dict[str, object]:
    """Each test of a hazard with what became of it in the last report that has it."""
    results: dict[str, str] = {}
    days = []
    for report in reports:
        suite = next(ET.parse(report).iter("testsuite"))  # a file of our own
        days.append((suite.get("timestamp") or "")[:10])
        results |= _results(suite)
    return {
        "at": max(days),
        "version": planner.__version__,
        "results": dict(sorted(results.items())),
    }


def _results(suite: ET.Element) -> dict[str, str]:
    """The worst that became of each in one report: a test may run many times."""
    wanted = {test for one in hazards() for test in one.tests}
    results: dict[str, str] = {}
    for case in suite.iter("testcase"):
        path = case.get("classname", "").replace(".", "/")
        name = f"{path}.py::{case.get('name')}".split("[")[0]
        if name in wanted and results.get(name) != "failed":
            bad = any(case.find(kind) is not None for kind in ("failure", "error"))
            results[name] = "failed" if bad else "passed"
    return results


if __name__ == "__main__":
    run = kept(*map(Path, sys.argv[1:]))
    STORED.write_text(f"{json.dumps(run, indent=1)}\n", encoding="utf-8")

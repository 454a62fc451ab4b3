"""The clinical safety case: gathered from the hazard log, the documentation and the last run.

Nothing is written here that stands elsewhere; the order is that in which a clinical safety officer
asks (DCB0129 and DCB0160, with the headings of ISO 14971).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import NamedTuple

import planner
from planner.documents.paper import (
    Block,
    Bullets,
    Facts,
    Heading,
    Paragraph,
    Row,
    Signatures,
    Table,
    cell,
    text,
)
from planner.documents.pdf import report_pdf
from planner.files.bundled import own_file
from planner.files.hazards import Hazard, hazards
from planner.protocols import RUN

CASE, LOG, TRACES, DEPLOYMENT = (
    "safety-case.pdf", "hazard-log.csv", "traceability.csv", "local-deployment.pdf",
)  # fmt: skip
# What of docs/safety.md goes into which paper, in its order.
_SYSTEM = ("Intended use", "Users", "Patients", "Setting", "Exclusions")
_LOCAL = (
    "Roles of a local deployment", "Before it is used", "Training", "Downtime", "Changes",
)  # fmt: skip
_LEVELS = ("high", "moderate", "low")


class Run(NamedTuple):
    """The last run of the hazards' tests: when, of which version, and what became of each."""

    at: str
    version: str
    results: Mapping[str, str]


def last_run() -> Run:
    """What the release keeps of its last run. Raises RefusedError where that is spoilt."""
    with own_file(f"protocols/{RUN}"):
        table = json.loads((files("planner") / "protocols" / RUN).read_text(encoding="utf-8"))
        return Run(table["at"], table["version"], dict(table["results"]))


def safety_files(stamp: datetime) -> dict[str, bytes]:
    """The files of the safety case by their names."""
    log, run = hazards(), last_run()
    page = _page("safety.md")
    return {
        CASE: _pdf("Clinical safety case", _case(log, run, page), stamp),
        LOG: _csv(_LOG_HEAD, _log_rows(log)),
        TRACES: _csv(_TRACE_HEAD, _traces(log, run)),
        DEPLOYMENT: _pdf("Local deployment", _deployment(page), stamp),
    }


def _pdf(title: str, blocks: Iterator[Block], stamp: datetime) -> bytes:
    whole = f"{title}, planner {planner.__version__}"
    made = f"made {stamp:%Y-%m-%d}"
    return report_pdf(whole, title, made, (Heading(whole, 1), *blocks), stamp)


def _case(log: Sequence[Hazard], run: Run, page: Mapping[str, str]) -> Iterator[Block]:
    yield Heading("1 Summary")
    yield Paragraph(text(_summary(log, run)))
    yield Heading("2 System and intended use")
    yield from _sections(page, _SYSTEM)
    yield Heading("3 Risk management")
    yield Paragraph(text(_scale()))
    yield Heading("4 Hazards and initial risk")
    yield _hazard_table(log)
    yield Heading("5 Controls and residual risk")
    yield from _controls(log)
    yield Heading("6 Verification: tests with the last run")
    yield Paragraph(text(_run_words(log, run)))
    yield _test_table(log, run)
    yield Heading("7 Known limits")
    yield from _markdown(page["Known limits"])
    yield from _left(log)
    yield Heading("8 Changes since the last version")
    yield from _markdown(_changes())
    yield Heading("9 Approval")
    yield Signatures(("Clinical safety officer, date", "Physician in charge, date"))


def _summary(log: Sequence[Hazard], run: Run) -> str:
    left = [one.level(one.risk.with_controls) for one in log]
    counts = ", ".join(f"{left.count(level)} {level}" for level in _LEVELS)
    controls = sum(len(one.controls) for one in log)
    failed = sum(result != "passed" for result in run.results.values())
    tested = f"{len(run.results)} tests of them ran, {failed} failed"
    return (
        f"{len(log)} hazards are known, with {controls} controls. With these the risk that remains"
        f" is {counts}. {tested}. What no control reaches is said with each hazard."
    )


def _scale() -> str:
    """How a risk is rated: as the head of the hazard log says it."""
    whole = (files("planner") / "hazards.toml").read_text(encoding="utf-8")
    head = whole.partition("# ---")[0].replace("#", " ")
    return _joined(head[head.index("severe:") :]).replace("`", "")


def _hazard_table(log: Sequence[Hazard]) -> Table:
    rows = tuple(
        Row(
            (
                cell(one.id, bold=True),
                cell(one.hazard),
                cell(one.how),
                cell(one.harm),
                cell(f"{one.level(one.risk.before)} ({one.risk.before})"),
            )
        )
        for one in log
    )
    return Table(("Id", "Hazard", "How", "Harm", "Initial risk"), (28, 0, 0, 34, 22), rows)


def _controls(log: Sequence[Hazard]) -> Iterator[Block]:
    rows = tuple(
        Row(
            (
                cell(one.id, bold=True),
                cell(*(f"{each.what} ({each.where})" for each in one.controls)),
                cell(f"{one.level(one.risk.with_controls)} ({one.risk.with_controls})"),
                cell(f"{one.risk.owner}, {one.risk.status}"),
            )
        )
        for one in log
    )
    yield Table(("Id", "Controls, and where they are", "Left", "Owner"), (28, 0, 24, 26), rows)


def _run_words(log: Sequence[Hazard], run: Run) -> str:
    if not run.results:
        return "No run is kept with this release: run the tests, and keep what they say."
    other = "" if run.version == planner.__version__ else f" That was version {run.version}."
    missing = {test for one in log for test in one.tests} - set(run.results)
    unrun = f" {len(missing)} tests did not run." if missing else ""
    return f"The last run was on {run.at}.{other}{unrun}"


def _test_table(log: Sequence[Hazard], run: Run) -> Table:
    rows = tuple(
        Row(
            (
                cell(one.id, bold=True),
                cell(
                    *(
                        f"{_test_name(test)}: {run.results.get(test, 'not run')}"
                        for test in one.tests
                    )
                ),
            )
        )
        for one in log
    )
    return Table(("Hazard", "Tests"), (40, 0), rows)


def _test_name(test: str) -> str:
    return test.partition("::")[2].removeprefix("test_").replace("_", " ")


def _left(log: Sequence[Hazard]) -> Iterator[Block]:
    yield Bullets(tuple(f"{one.id}: {one.left}" for one in log if one.left))


def _changes() -> str:
    """What the changelog says of this version."""
    page = (files("planner.docs") / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(
        rf"^## \[{re.escape(planner.__version__)}\].*?$(.*?)(?=^## |\Z)", page, re.M | re.S
    )
    return found[1] if found else ""


def _deployment(page: Mapping[str, str]) -> Iterator[Block]:
    yield Facts((("Clinic", ""), ("Date", ""), ("Version of the planner", planner.__version__)))
    yield from _sections(page, _LOCAL)
    yield Heading("Hazards of this deployment")
    row = Row((cell(),) * 4, 14)
    yield Table(("Hazard", "Controls here", "Risk left", "Owner"), (0, 0, 26, 30), (row,) * 6)
    yield Signatures(("Clinical safety officer, date", "Physician in charge, date"))


def _sections(page: Mapping[str, str], titles: Sequence[str]) -> Iterator[Block]:
    for title in titles:
        yield Heading(title)
        yield from _markdown(page[title])


def _page(name: str) -> dict[str, str]:
    """The sections of a page of the documentation by their titles."""
    whole = (files("planner.docs") / name).read_text(encoding="utf-8")
    _, *sections = re.split(r"^## ", whole, flags=re.M)
    return {title.strip(): body for title, _, body in (one.partition("\n") for one in sections)}


def _markdown(body: str) -> Iterator[Block]:
    """Paragraphs, points and tables, as our pages have them; links are their words."""
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", body).replace("`", "")
    for part in re.split(r"\n\s*\n", plain.strip()):
        lines = part.splitlines()
        if part.startswith("### "):
            yield Heading(lines[0].removeprefix("### "))
        elif part.startswith("- "):
            yield Bullets(tuple(_joined(one) for one in re.split(r"^- ", part, flags=re.M)[1:]))
        elif part.startswith("|"):
            head, _, *rows = ([each.strip() for each in one.strip("|").split("|")] for one in lines)
            cells = tuple(Row(tuple(cell(each) for each in row), 12) for row in rows)
            yield Table(tuple(head), (0,) * len(head), cells)
        elif part:
            yield Paragraph(text(_joined(part)))


def _joined(words: str) -> str:
    return " ".join(words.split())


_LOG_HEAD = (
    "id", "hazard", "how", "harm", "before", "initial risk", "controls", "with controls",
    "residual risk", "left", "owner", "status",
)  # fmt: skip


def _log_rows(log: Sequence[Hazard]) -> Iterator[Sequence[str]]:
    for one in log:
        before, after = one.risk.before, one.risk.with_controls
        controls = "; ".join(f"{each.what} ({each.where})" for each in one.controls)
        yield (
            one.id, one.hazard, one.how, one.harm, before, one.level(before), controls, after,
            one.level(after), one.left, one.risk.owner, one.risk.status,
        )  # fmt: skip


_TRACE_HEAD = ("hazard", "control", "where", "test", "last run", "on")


def _traces(log: Sequence[Hazard], run: Run) -> Iterator[Sequence[str]]:
    """Each control and each test of a hazard."""
    for one in log:
        for control in one.controls:
            yield one.id, control.what, control.where, "", "", ""
        for test in one.tests:
            yield one.id, "", "", test, run.results.get(test, "not run"), run.at


def _csv(head: Sequence[str], rows: Iterator[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue().encode()

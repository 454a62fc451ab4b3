"""The folder of a series: report, figures, tables; whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from planner.core.series.cohort import Cohort
from planner.core.series.description import described
from planner.documents.folder import names_to_replace, not_ours, write_folder
from planner.documents.series.figures import figures
from planner.documents.series.report import report_pdf, table_1_csv, table_1_html
from planner.documents.series.tables import redcap, tables

# The same series gives the same bytes, whenever it is described.
_STAMP = datetime(2000, 1, 1, tzinfo=UTC)
REPORT, TABLE_1 = "report.pdf", "table-1.csv"
_OURS = re.compile(
    r"report\.pdf|table-1\.(csv|html)|(flow|waterfall|spider|swimmer(-\d+)?|remission|pain)\.svg"
    r"|(patients|courses|lesions|injections|evaluations|events)\.csv|datapackage\.json"
    r"|redcap(-dictionary)?\.csv"
)


def write_series(
    out: Path, cohorts: Mapping[str, Cohort], slips: Sequence[str] = (), *, is_public: bool = False
) -> None:
    """Write what is shown of the first series, with the others beside it.

    `slips` tells where the source differs from itself. A public one has no tables of single
    patients. Raises RefusedError for a folder that holds something else.
    """
    write_folder(out, series_files(cohorts, slips, is_public=is_public), check=_check_series)


def _check_series(folder: Path) -> None:
    """Refuse to replace what is no folder of a series."""
    names = names_to_replace(folder)
    foreign = {name for name in names if not _OURS.fullmatch(name)}
    if foreign or (names and TABLE_1 not in names):
        raise not_ours(folder, foreign or names)


def series_files(
    cohorts: Mapping[str, Cohort], slips: Sequence[str] = (), *, is_public: bool = False
) -> dict[str, bytes]:
    """The files of a folder by their names."""
    first, *_ = cohorts.values()
    found = [described(one, is_public=is_public) for one in cohorts.values()]
    drawings = figures(first, found)
    shown = [one for one in drawings if not is_public or one.name in ("flow", "remission")]
    files = {
        TABLE_1: table_1_csv(found),
        "table-1.html": table_1_html(found),
        **{f"{one.name}.svg": one.svg.encode() for one in shown},
        REPORT: report_pdf(found, shown, slips, _STAMP),
    }
    return files if is_public else {**files, **tables(first), **redcap(first)}

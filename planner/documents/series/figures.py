"""All figures of a series, in the order of a report."""

from __future__ import annotations

from collections.abc import Sequence

from planner.core.series.cohort import Cohort
from planner.core.series.description import Description
from planner.documents.language import Language
from planner.documents.series.flow import flow
from planner.documents.series.frame import Drawn
from planner.documents.series.pain import pain
from planner.documents.series.remission import remission
from planner.documents.series.spider import spider
from planner.documents.series.swimmer import swimmers
from planner.documents.series.waterfall import waterfall
from planner.documents.wording import ENGLISH


def figures(cohort: Cohort, found: Sequence[Description], say: Language = ENGLISH) -> list[Drawn]:
    """Each figure once, the swimmer on as many pages as it takes.

    The first description is the cohort's; remission has the others beside it.
    """
    return [
        flow(found[0], say),
        waterfall(cohort, say),
        spider(cohort, say),
        *swimmers(cohort, say),
        remission(found, say),
        pain(cohort, say),
    ]

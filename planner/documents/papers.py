"""The papers that are made of a plan alone, by the names of their files."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planner.core.plan.plan import Plan
    from planner.documents.page_head import Issue
    from planner.documents.paper import Paper

# Each with the module beside this one and its function, loaded when the paper is made.
PAPERS: Mapping[str, tuple[str, str]] = {
    "treatment-sheet.pdf": ("treatment_sheet", "treatment_sheet"),
    "worksheets.pdf": ("worksheets", "worksheets"),
    "appointments.pdf": ("letter", "appointment_letter"),
}


def build_paper(name: str, plan: Plan, issue: Issue) -> Paper:
    """The paper of a file's name, as blocks."""
    module, function = PAPERS[name]
    paper: Paper = getattr(import_module(f"planner.documents.{module}"), function)(plan, issue)
    return paper

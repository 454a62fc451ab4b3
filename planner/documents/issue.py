"""The set of documents of a plan, by their names in the folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from planner.core.records import Plan
from planner.documents.calendars import calendar_files, changes_file
from planner.documents.folder import PLAN_NAME, SHEET_NAME
from planner.documents.html import sheet_html
from planner.documents.view import sheet

DRAFT = "DRAFT"


def issued(
    plan: Plan, content: bytes, stamp: datetime, before: Plan | None = None
) -> Mapping[str, bytes]:
    """Everything that is issued with a plan; `content` is its plan.json, `stamp` the time.

    `before` is the plan that it replaces, for the file of what changed.
    """
    return {
        PLAN_NAME: content,
        **dict(calendar_files(plan, stamp)),
        **(changes_file(before, plan, stamp) if before is not None else {}),
        **papers(plan, content),
    }


def papers(plan: Plan, content: bytes, mark: str = "") -> Mapping[str, bytes]:
    """The papers of a plan, each page marked (`DRAFT`, `reprint`) where a mark is given."""
    digest = hashlib.sha256(content).hexdigest()
    return {SHEET_NAME: sheet_html(sheet(plan, digest, mark))}

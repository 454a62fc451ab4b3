"""A process that has run commands already: what is made once for all is made, as models are.

Imported by the server that commands are forked from. It compiles no paper: who compiles has
threads, and they do not come through a fork.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from planner.app.course_json import course_json
from planner.documents.calendars import calendar_files
from planner.documents.html import paper_html
from planner.documents.language import language
from planner.documents.page_head import Issue
from planner.documents.treatment_sheet import treatment_sheet
from planner.files.plan import plan_bytes, plan_from
from planner.store.database import open_database
from tests.registers import NOW, follow

with tempfile.TemporaryDirectory() as _folder:
    _course = follow(open_database(f"{_folder}/register.db"), Path(_folder))
    _course.give(1, "2026-09-07 09:00", confirm="recorded late")
    course_json(_course.now)
    _plan = plan_from(plan_bytes(_course.now.plan))
    list(calendar_files(_plan, NOW))
    paper_html(treatment_sheet(_plan, Issue(language("en"), {}, "", NOW)))

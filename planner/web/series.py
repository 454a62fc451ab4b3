"""The clinic's own series beside the source's: its figures, each as a table too."""

from __future__ import annotations

import re
from html import escape, unescape

from flask import request, url_for
from werkzeug import Response

from planner.app.auditing import note_seen
from planner.app.roles import may
from planner.app.series import (
    Chosen,
    check_not_to_come,
    described_series,
    description_json,
    register_cohort,
)
from planner.core.series.cohort import letters_cohort
from planner.documents.language import msgid
from planner.documents.series.checklist import checklist
from planner.documents.series.figures import figures
from planner.documents.series.report import methods, table_1
from planner.files.bundled import DEFAULT_PROTOCOL
from planner.files.protocol import load_protocol
from planner.web.fields import Fields, by_place
from planner.web.routes import Pages
from planner.web.show import drawing, say, show, show_json
from planner.web.visitor import author, database, place, places, role, wall, wants_json

pages = Pages()


@pages.page("/series", may="series", of_clinic=True)
def series() -> Response:
    """The series of the register beside the source's cases."""
    fields = Fields(request.args, has_commas=False)
    first, last = fields.days("from", "to")
    there, on = place() if fields.said("clinic") else None, fields.day("on")
    today = wall().date()
    with fields.noting("on"):
        check_not_to_come(on, today, "on")
    if wants_json():
        fields.check()
    if fields.problems:
        return _shown(fields, status=422)
    chosen = Chosen(clinic=there.id if there else None, first=first, last=last, on=on)
    cohort = register_cohort(database(), role(), chosen, today)
    letter = letters_cohort(load_protocol(DEFAULT_PROTOCOL))
    found = described_series({"register": cohort, "letter": letter})
    note_seen(database(), author(), "read series")
    if wants_json():
        return show_json({name: description_json(one) for name, one in found.items()})
    drawings = figures(cohort, [*found.values()], say())
    return _shown(
        fields,
        table=table_1([*found.values()], say()),
        figures=[(one, drawing(_leading(one.svg))) for one in drawings],
        methods=methods(found["register"], say()),
        checklist=checklist(found["register"], say()),
        courses=[one.id for one in cohort.courses],
    )


_LABELS = {
    "from": msgid("Begun from"), "to": msgid("Begun until"), "on": msgid("As it was on"),
}  # fmt: skip


def _shown(fields: Fields, status: int = 200, **found: object) -> Response:
    """The page; without what was found where nobody knows what is asked for."""
    return show(
        "series.html.j2",
        status,
        asked=request.args,
        place=place() if request.args.get("clinic") else None,
        places=places(),
        labels={name: say()(label) for name, label in _LABELS.items()},
        problems=fields.problems,
        wrong=by_place(fields.problems),
        **found,
    )


def _leading(svg: str) -> str:
    """The same drawing, where what belongs to a course leads there, for those who may read it."""

    def link(found: re.Match[str]) -> str:
        course = unescape(found[1])
        return f'<a href="{escape(url_for("course_page", course=course))}">{found[2]}</a>'

    leads = link if may(role(), "read") else r"\2"
    return re.sub(r'<g data-course="([^"]*)">(.*?)</g>', leads, svg)

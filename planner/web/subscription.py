"""The patient's calendar, for a phone that knows its address."""

from __future__ import annotations

from flask import request
from werkzeug import Response

from planner.app.subscription import calendar_at
from planner.errors import NotAllowedError, NotFoundError
from planner.web.routes import Pages
from planner.web.visitor import database, now

pages = Pages()
_LONGEST_TOKEN = 100


@pages.open("/calendar/<token>.ics")
def subscription(token: str) -> Response:
    """The neutral calendar of a course."""
    try:
        found = calendar_at(database(), token[:_LONGEST_TOKEN], now())
    except (NotFoundError, NotAllowedError):
        return Response("There is no such calendar.\n", 404, mimetype="text/plain")
    answer = Response(found.content, mimetype="text/calendar")
    answer.headers["Content-Disposition"] = 'inline; filename="appointments.ics"'
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.last_modified = found.changed
    answer.add_etag()
    return answer.make_conditional(request)

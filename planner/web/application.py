"""The page as a WSGI application: its addresses, what stands before them, and what goes wrong."""

from __future__ import annotations

import logging
import secrets
import sys
import traceback
from decimal import Decimal
from typing import Any

from flask import Flask, current_app, g, request
from jinja2 import BaseLoader, PackageLoader, StrictUndefined
from werkzeug import Response
from werkzeug.exceptions import HTTPException

from planner.app.auditing import note_seen
from planner.app.roles import check_may
from planner.core.values.said import said
from planner.errors import (
    InputError,
    NotAllowedError,
    NotConfirmedError,
    NotFoundError,
    PlannerError,
    Problem,
    ProtocolError,
    RefusedError,
    ServiceError,
    UsageError,
)
from planner.web import (
    changes,
    clinic,
    courses,
    days,
    entrance,
    papers,
    people,
    planning,
    recording,
    series,
    subscription,
)
from planner.web.guard import MOST_BYTES, SAFE, BehindProxy, check_request, with_headers
from planner.web.register import Register
from planner.web.routes import Route
from planner.web.settings import Settings
from planner.web.show import HELPERS, problems_json, show
from planner.web.visitor import (
    COOKIE,
    author,
    database,
    form_owner,
    program,
    register,
    session,
    wants_json,
)

MODULES = (
    entrance, days, courses, planning, changes, recording, papers, clinic, series, people,
    subscription,
)  # fmt: skip
# What our errors answer, the first that fits.
STATUS: tuple[tuple[type[PlannerError], int], ...] = (
    (NotAllowedError, 403),
    (NotFoundError, 404),
    (RefusedError, 409),
    (NotConfirmedError, 409),
    (InputError, 422),
    (ProtocolError, 422),
    (UsageError, 422),
    (ServiceError, 503),
)
LOG = logging.getLogger("planner.web")


class Page(Flask):
    """The page; every template is HTML."""

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        """Every text that stands in a page is a text and nothing else."""
        return True

    def create_global_jinja_loader(self) -> Any:
        """Where the templates are."""
        loader: BaseLoader = PackageLoader("planner.templates", "web")
        return loader


def create_app(served: Settings | None = None) -> Flask:
    """The page of a register; the environment says which where nothing is said."""
    served = served or Settings.of_environment()
    page = Page("planner.web", static_folder=None, template_folder=None)
    page.config |= {
        "PLANNER": served,
        "REGISTER": Register(served.database),
        "MAX_CONTENT_LENGTH": MOST_BYTES,
        "MAX_FORM_MEMORY_SIZE": MOST_BYTES,
        "MAX_FORM_PARTS": 4000,
    }
    page.jinja_env.undefined = StrictUndefined
    page.jinja_env.trim_blocks = page.jinja_env.lstrip_blocks = True
    page.jinja_env.filters["decimal"] = Decimal
    page.jinja_env.globals |= {one.__name__: one for one in HELPERS}
    for module in MODULES:
        for route in module.pages.routes:
            _add(page, route)
    page.before_request(_before)
    page.after_request(_after)
    page.register_error_handler(PlannerError, _told)
    page.register_error_handler(HTTPException, _not_served)
    page.register_error_handler(Exception, _bug)
    page.url_defaults(_with_clinic)
    page.wsgi_app = BehindProxy(page.wsgi_app, served.proxy)  # type: ignore[assignment,method-assign]
    return page


def _add(page: Flask, route: Route) -> None:
    view = route.view
    page.add_url_rule(route.rule, route.name, view, methods=[*route.methods])
    page.config.setdefault("ROUTES", {})[route.name] = route


def _with_clinic(endpoint: str, values: dict[str, Any]) -> None:
    """Links stay with the clinic that is looked at, or that of the course."""
    wanted = g.get("clinic_wanted") or request.args.get("clinic")
    route: Route | None = current_app.config["ROUTES"].get(endpoint)
    if wanted and route is not None and route.of_clinic:
        values.setdefault("clinic", wanted)


def _route() -> Route | None:
    found: Route | None = current_app.config["ROUTES"].get(request.endpoint)
    return found


def _before() -> Any:
    """Who may come in, and who has to sign in first."""
    check_request()
    route = _route()
    if route is None or route.is_open:
        return None
    if wants_json() and program() is not None:
        return _checked_for_programs(route)
    there = session()
    if there is None:
        if request.headers.get("Authorization"):
            note_seen(database(), author(), "refused: a token that is none")
        return entrance.sign_in_first()
    if there.is_locked and route.name not in entrance.OF_LOCKED:
        return entrance.unlock_first()
    if (form_owner() or there.account.name) != there.account.name:
        problem = said("this page was filled in by somebody else")
        raise RefusedError(Problem("", problem, said("open it again")))
    return _checked(route)


# What a program may read with a token.
FOR_PROGRAMS = ("home", "day", "week", "tasks", "course_list", "course_page", "series")


def _checked_for_programs(route: Route) -> None:
    if route.name not in FOR_PROGRAMS or request.method not in SAFE:
        raise NotAllowedError(
            Problem("", said("a program may not do that"), said("see its description"))
        )


def _checked(route: Route) -> None:
    if route.may is not None:
        check_may(author().role, route.may)


def _after(answer: Response) -> Response:
    if cookie := g.get("new_cookie"):
        entrance.set_cookie(answer, COOKIE, cookie)
    return with_headers(answer)


def _told(error: PlannerError) -> Response:
    """One of our errors: what is wrong and what to do, without a word of anybody else."""
    status = next((code for kind, code in STATUS if isinstance(error, kind)), 500)
    if status == 503:
        return _service(error)
    if status == 403:
        _note_refused()
    problems = error.problems
    if status == 404:
        # What is near by name may be another patient's.
        problems = tuple(Problem("", one.problem) for one in problems)
    if wants_json():
        return problems_json(problems, status)
    return show("problem.html.j2", status, problems=problems)


def _note_refused() -> None:
    route = _route()
    # An address that needs no sign-in has a secret in it.
    where = request.path[:100] if route is not None and not route.is_open else ""
    course = (request.view_args or {}).get("course", "")
    what = f"refused: {request.method} {where}".rstrip()
    note_seen(database(), author(), what, str(course)[:40])


def _service(error: PlannerError) -> Response:
    """The register went away: what was sent is handed back, to be sent again."""
    register().give_up()
    g.may_ask_register = False
    g.session = None
    if wants_json():
        return problems_json(error.problems, 503)
    sent = [] if request.method in SAFE else list(request.form.items(multi=True))
    answer = show(
        "unreachable.html.j2", 503, problems=error.problems, sent=sent, address=request.full_path
    )
    answer.headers["Retry-After"] = "5"
    return answer


def _not_served(error: HTTPException) -> Any:
    """What no page of ours is: an unknown address, a form that is too large."""
    if error.response is not None:
        return error
    status = error.code or 500
    if status == 403:
        _note_refused()
    words = {404: said("There is no such page."), 405: said("This page cannot be used like that.")}
    problem = Problem("", words.get(status, error.description or ""))
    if wants_json():
        return problems_json([problem], status)
    if status in (400, 413):
        return Response(f"{status}: {problem.problem}\n", status, mimetype="text/plain")
    if not _is_known():
        return Response(f"{status}: {problem.problem}\n", status, mimetype="text/plain")
    return show("problem.html.j2", status, problems=[problem])


def _is_known() -> bool:
    there = session()
    return there is not None and not there.is_locked


def _bug(error: Exception) -> Response:
    """A bug of ours: a number for who sees it, and where it was for who looks for it."""
    number = secrets.token_hex(4)
    where = "; ".join(
        f"{frame.filename.rpartition('packages/')[2].rpartition('planner/')[2]}:{frame.lineno}"
        for frame in traceback.extract_tb(sys.exc_info()[2])[-6:]
    )
    # What an error says may hold what somebody typed.
    LOG.error("error %s: %s at %s", number, type(error).__name__, where)
    words = said(
        "A bug of ours, number {number}. Nothing was written; tell the administrator.",
        number=number,
    )
    if wants_json():
        return problems_json([Problem("", words)], 500)
    g.may_ask_register = False
    g.session = None
    g.say = None
    return Response(f"{words}\n", 500, mimetype="text/plain")

"""Pages as a browser gets them, in the language of who reads; and the same for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import g, render_template, request
from markupsafe import Markup
from werkzeug import Response

from planner.app.roles import may
from planner.app.signing_in import IDLE
from planner.core.protocol.protocol import Protocol
from planner.core.values.languages import LANGUAGES
from planner.core.values.said import Said, said
from planner.documents.language import Language, msgid, page_language
from planner.documents.wording import page_words
from planner.errors import Problem
from planner.files.records import json_bytes
from planner.store.clinics import Place
from planner.store.summary import Summary
from planner.web.deeds import deed_words
from planner.web.guard import SAFE
from planner.web.visitor import (
    author,
    form_token,
    is_trusted,
    place_shown,
    session,
    wall,
)

NAVIGATION = (
    # endpoint, words, use case
    ("day", msgid("Day"), "read"),
    ("week", msgid("Week"), "read"),
    ("tasks", msgid("Tasks"), "read"),
    ("course_list", msgid("Courses"), "read"),
    ("clinic", msgid("Clinic"), "clinic-read"),
    ("series", msgid("Series"), "series"),
    ("account_list", msgid("Accounts"), "accounts"),
    ("audit", msgid("Audit"), "audit"),
)


def say() -> Language:
    """The language of who reads: the account's, before the sign-in the browser's."""
    if "say" not in g:
        there = session() if g.get("may_ask_register", True) else None
        asked = request.accept_languages.best_match([*LANGUAGES]) or "en"
        g.say = page_language(there.account.language if there else asked)
    found: Language = g.say
    return found


def show(template: str, status: int = 200, **context: Any) -> Response:
    """A page of who is signed in."""
    words, there = say(), session()
    who = author() if there and not there.is_locked else None
    role = who.role if who else None
    context = {
        "say": words,
        "account": there.account if there else None,
        "navigation": [
            (endpoint, title) for endpoint, title, what in NAVIGATION if role and may(role, what)
        ],
        "may": lambda what: role is not None and may(role, what),
        "here": place_shown() if role else None,
        "today": wall().date() if role else None,
        "form_token": form_token,
        "idle_seconds": int(IDLE.total_seconds()),
        "is_trusted": is_trusted(),
        "is_sent": request.method not in SAFE,
        "problems": [],
        "wrong": {},
        "labels": {},
        **context,
    }
    return Response(render_template(template, **context), status, mimetype="text/html")


def show_json(value: object) -> Response:
    """What a program asked for; figures are exact."""
    return Response(json_bytes(value), mimetype="application/json")


def problems_json(problems: Iterable[Problem], status: int) -> Response:
    """What is wrong, for a program."""
    told = [{"place": one.place, "problem": one.problem, "fix": one.fix} for one in problems]
    return Response(json.dumps({"problems": told}), status, mimetype="application/json")


def file(content: bytes, kind: str, name: str, *, inline: bool = True) -> Response:
    """A file by a neutral name."""
    how = "inline" if inline else "attachment"
    answer = Response(content, 200, mimetype=kind)
    answer.headers["Content-Disposition"] = f'{how}; filename="{name}"'
    return answer


def translated(choices: Sequence[tuple[str, str]], words: Language) -> list[tuple[str, str]]:
    """The choices of a field: their values, and words of ours in a language; others as they are."""
    return [
        (value, words.sentence(one) if isinstance(one, Said) else one) for value, one in choices
    ]


def sites(protocol: Protocol, words: Language) -> list[tuple[str, str]]:
    """The sites of a protocol's vocabulary, none chosen beforehand."""
    return [("", ""), *((one, words.site(one)) for one in protocol.table.domains.sites)]


def regimens(protocol: Protocol, words: Language) -> list[tuple[str, str]]:
    """The regimens of a protocol; left alone the rule chooses."""
    by_rule = ("", words("as the rule says"))
    return [by_rule, *((one, words.regimen(one)) for one in protocol.regimens)]


def kinds(there: Place, words: Language) -> list[tuple[str, str]]:
    """What a clinic counts of its own."""
    return [(one, words(one)) for one in there.clinic.capacity]


def weekday(number: int, words: Language) -> str:
    """A day of the week by its number, Monday first."""
    return LANGUAGES[words.code].weekdays[number]


def days(choices: Sequence[datetime], chosen: str | None, words: Language) -> list[tuple[str, str]]:
    """The free times that a visit could have, with the one that was chosen."""
    times = [f"{one:%Y-%m-%d %H:%M}" for one in choices]
    if chosen and chosen not in times:
        times.append(chosen)
    return [("", ""), *((one, words.typed_moment(datetime.fromisoformat(one))) for one in times)]


def as_typed(text: str, words: Language) -> str:
    """A day, or a day and hour, as programs have it, with its weekday: `Mon 2026-09-07 09:00`."""
    at = datetime.fromisoformat(text)
    return words.typed_day(at) if len(text) == len("2026-09-07") else words.typed_moment(at)


def volumes(summary: Summary, words: Language) -> str:
    """`A 0.08 mL, B 0.5 mL`: what each lesion of a visit gets; its id alone where that is open."""
    known = {lesion: Decimal(ml) for lesion, ml in summary.volumes if ml is not None}
    return ", ".join(
        f"{one} {words.ml(known[one])}" if one in known else one for one in summary.injections
    )


# What fields are called that problems name, where their form does not say so.
_PLACES = {
    "at": said("Time"), "by_date": said("By date"), "clinic": said("Clinic"),
    "confirm_reason": said("Why it is so all the same"), "course": said("Course"),
    "course_file": said("Course file"), "event": said("What was entered"), "expiry": said("Expiry"),
    "finding": said("Finding"), "value": said("Value"),
    "from": said("From"), "hours": said("Hours"), "kind": said("Only less of"),
    "first_visit": said("First visit"), "lesion": said("Lesion"), "less": said("How many less"),
    "lot": said("Lot"), "may_move": said("Visits that may be moved"),
    "not_before": said("Not before"), "program": said("Program"),
    "strength": said("Strength on the vial, mg/mL"),
    "mg": said("Dose, mg"), "ml": said("Given, mL"), "name": said("Name"),
    "password": said("Password"), "reason": said("Reason"), "role": said("Role"),
    "size_mm": said("Size, mm"), "to": said("To"), "visit": said("Visit"),
}  # fmt: skip


def place_words(place: str, words: Language) -> str:
    """What a field is called; another place as a file or a program has it."""
    return words.sentence(_PLACES[place]) if place in _PLACES else place


def page_names(pages: Sequence[Mapping[str, str]], words: Language) -> str:
    """Which pages of a course's papers some are."""
    return ", ".join(page_words(one["page"], words) for one in pages)


def pairs(values: Sequence[str]) -> list[tuple[str, str]]:
    """Choices that are their own words."""
    return [(one, one) for one in values]


# What templates ask.
HELPERS: tuple[Callable[..., Any], ...] = (
    translated, sites, regimens, kinds, weekday, page_names, pairs,
    place_words, days, volumes, as_typed, deed_words,
)  # fmt: skip


def drawing(svg: str) -> Markup:
    """A drawing of ours as it stands in a page."""
    return Markup(svg)

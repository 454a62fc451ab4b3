"""What a change asks before it is written, as boxes to tick, and what was said to it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from flask import request
from werkzeug.datastructures import MultiDict

from planner.app.asked import Asked
from planner.app.auditing import was_done
from planner.app.courses import check_revision
from planner.app.roles import Answer, Author
from planner.core.plan.findings import CODES
from planner.core.values.said import said
from planner.documents.language import Language
from planner.errors import Problem
from planner.store.standing import Standing
from planner.web.entrance import kept_fields
from planner.web.guard import SAFE
from planner.web.visitor import FORM_FIELD, author, database, register

# What a form says beside its own fields.
_BESIDE = ("act", "seen", "confirm", "confirm_reason", "strength", FORM_FIELD, "if_revision")
Form = MultiDict[str, str]
_LONGEST_TICK = 6_000


class ShownQuestion(NamedTuple):
    """A box to tick: what is asked, the value that a tick holds for, and whether it is ticked."""

    words: str
    value: str
    is_ticked: bool
    is_for_physician: bool


def sent_form() -> Form | None:
    """The form that was sent, or was kept until somebody signed in again; None for neither."""
    if request.method not in SAFE:
        return MultiDict(request.form)
    kept = kept_fields()
    if kept is None:
        return None
    # To come back to a form writes nothing.
    return MultiDict((name, value) for name, value in kept if name not in ("act", "seen"))


def is_done() -> bool:
    """Whether the form that was sent was written before."""
    return was_done(database(), author())


def ticked(form: Form) -> frozenset[Answer]:
    """What somebody says yes to: each for one value alone."""
    found = set()
    for text in form.getlist("confirm"):
        try:
            code, value, target = json.loads(text[:_LONGEST_TICK])
        except (ValueError, TypeError, RecursionError):
            continue
        found.add(Answer(str(code), str(value), str(target)))
    return frozenset(found)


def answering(form: Form, reason: str | None = None) -> Author:
    """Who makes a change, with what was said to its questions; without a why to none of them."""
    why = form.get("confirm_reason", "").strip()
    return author()._replace(reason=reason, confirm=why or None, answers=ticked(form))


def unsaid_why(form: Form) -> list[Problem]:
    """What is wrong where something is ticked, and nobody says why."""
    if not ticked(form) or form.get("confirm_reason", "").strip():
        return []
    return [
        Problem("confirm_reason", said("nothing is said"), said("say why it is so all the same"))
    ]


def questions(asked: Iterable[Asked], form: Form, words: Language) -> list[ShownQuestion]:
    """What is asked, as boxes to tick; one that was ticked stays so."""
    answers = ticked(form)
    return [
        ShownQuestion(
            _words(one, words), _value(one.answer), one.answer in answers, not one.is_fact
        )
        for one in dict.fromkeys(asked)
    ]


def _words(one: Asked, words: Language) -> str:
    text = words.sentence(one.message)
    if one.is_fact or one.code not in CODES:
        return text
    meaning = words(CODES[one.code])
    return text if meaning in text else f"{meaning}: {text}"


def _value(answer: Answer) -> str:
    return json.dumps([*answer], ensure_ascii=False)


def seen_of(form: Mapping[str, str], *led_to: object) -> str:
    """What stands for all that was filled in and what it leads to, as we showed it to somebody.

    Nothing is written that was not shown before: nobody but the page can make it.
    """
    filled = ((name, value.strip()) for name, value in form.items() if name not in _BESIDE)
    own = sorted(one for one in filled if one[1])
    told = json.dumps([author().name, own, *map(str, led_to)]).encode()
    return hmac.new(register().key, told, hashlib.sha256).hexdigest()[:32]


def if_revision(form: Form, standing: Standing) -> int:
    """The revision that somebody looked at. Raises MovedOnError where the course moved on."""
    now = standing.state.revision
    wanted = _revision(form, now)
    check_revision(standing, wanted)
    return wanted


def _revision(form: Form, now: int) -> int:
    typed = form.get("if_revision", "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 9 else now

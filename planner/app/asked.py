"""What a change asks before it is written, and who answered it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from planner.app.roles import Answer, Author
from planner.core.followup.unlikely_records import Question
from planner.core.plan.course import Confirmation
from planner.core.plan.findings import Finding
from planner.core.values.said import said
from planner.errors import NotAllowedError, NotConfirmedError, Problem


class Asked(NamedTuple):
    """A question of fact, or a finding that a physician confirms; `value` names its figures.

    A finding has a `lesion`, or a `visit`, or neither; a question the `field` that it is about.
    """

    code: str
    value: str
    message: str
    is_fact: bool
    field: str = ""
    fix: str = ""
    lesion: str | None = None
    visit: int | None = None

    @classmethod
    def of_question(cls, one: Question) -> Asked:
        """A question: its message has its figures."""
        return cls.of_fact(one.code, one.field, one.message, one.fix)

    @classmethod
    def of_fact(cls, code: str, field: str, message: str, fix: str) -> Asked:
        """A question of fact that the app asks."""
        return cls(code, message, message, True, field, fix)

    @classmethod
    def of_finding(cls, one: Finding) -> Asked:
        """A finding that waits."""
        return cls(one.code, one.value, one.alone, False, "", "", one.lesion, one.visit)

    @property
    def answer(self) -> Answer:
        """What confirms it."""
        of_visit = "" if self.visit is None else str(self.visit)
        return Answer(self.code, self.value, self.lesion or of_visit)

    @property
    def problem(self) -> Problem:
        """It as a message: a finding is named by its code."""
        return Problem(self.field if self.is_fact else self.code, self.message, self.fix)


class AskedError(NotConfirmedError):
    """A change that asks for what nobody confirmed; nothing of it was written."""

    def __init__(self, *asked: Asked) -> None:
        super().__init__(*(one.problem for one in asked))
        self.asked = asked


def is_answered(one: Asked, author: Author) -> bool:
    """Whether an author says yes to what is asked; only a physician does to a finding."""
    if author.confirm is None or not (one.is_fact or author.role == "physician"):
        return False
    return author.answers is None or one.answer in author.answers


def check_answered(asked: Iterable[Asked], author: Author) -> None:
    """Raise AskedError with what nobody confirmed.

    Raises NotAllowedError where it waits for a physician, and the author is none.
    """
    left = [one for one in asked if not is_answered(one, author)]
    check_may_answer(left, author)
    if left:
        raise AskedError(*left)


def check_may_answer(asked: Iterable[Asked], author: Author) -> None:
    """Raise NotAllowedError where something waits for a physician, and the author is none."""
    theirs = [one for one in asked if not one.is_fact]
    if theirs and author.role != "physician":
        fix = said("a {role} cannot confirm it: ask a physician", role=said(author.role))
        raise NotAllowedError(*(replace(one.problem, fix=fix) for one in theirs))


def confirmation(finding: Finding, author: Author) -> Confirmation:
    """The author's word for a finding, as the history keeps it."""
    return Confirmation(
        finding=finding.code,
        value=finding.value,
        by=author.name,
        reason=author.confirm or "",
        lesions=(finding.lesion,) if finding.lesion else (),
        due=(finding.due,) if finding.due and not finding.lesion else (),
    )


def answered(asked: Sequence[Asked], author: Author) -> tuple[str, ...]:
    """The questions of fact that an author said yes to, as they were put."""
    return tuple(one.message for one in asked if one.is_fact and is_answered(one, author))

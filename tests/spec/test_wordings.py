"""What sentences are made of: kept beside their English, read again, never in its stead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.plan.findings import Finding, lines
from planner.core.plan.plan import Plan
from planner.core.protocol.protocol import Protocol
from planner.core.values.formatting import count, day, listing, mg, moment, plain
from planner.core.values.said import Said, joined, said, term
from planner.documents import language as languages
from planner.documents.language import language
from planner.errors import InputError
from planner.files.plan import plan_bytes, plan_from
from planner.files.seal import SEAL, sealed
from planner.files.wordings import read_wordings, worded, wordings
from tests.unit.test_languages import courses

DANISH = language("da")
SENTENCE = said(
    "{visit}: {near}; the shortest interval is {least}",
    visit=said("visit {n}, due {due}, on {start}", n=2, due=date(2026, 9, 14),
               start=datetime(2026, 9, 17, 9)),
    near=said("{lesions} {days} from the injection on {on}", lesions="A, no", days=count(4, "day"),
              on=date(2026, 9, 21)),
    least=count(5, "day"),
)  # fmt: skip


def finding(message: str, value: str = "x") -> Finding:
    return Finding("interval-too-short", "confirm", message, value)


@pytest.mark.parametrize(("text", "english", "danish"), [
    (said("no dose is given"), "no dose is given", "ingen dosis angivet"),
    (term("site", "knee"), "knee", "knæ"),
    (mg(Decimal("12.50")), "12.5\u00a0mg", "12,5\u00a0mg"),
    (count(1, "day"), "1 day", "1 dag"),
    (day(date(2026, 9, 14)), "Mon 14 Sep 2026", "man 14. sep 2026"),
    (moment(datetime(2026, 9, 14, 9)), "Mon 14 Sep 2026 09:00", "man 14. sep 2026 09:00"),
    (joined([mg(Decimal("0.8")), "no"]), "0.8\u00a0mg, no", "0,8\u00a0mg, no"),
    (listing(["A", mg(Decimal(2)), "B"]), "A, 2\u00a0mg and B", "A, 2\u00a0mg og B"),
    (said("{question}: yes", question=term("asked", "pregnant")), "pregnant: yes", "gravid: ja"),
    (SENTENCE,
     "visit 2, due Mon 14 Sep 2026, on Thu 17 Sep 2026 09:00: A, no 4 days from the injection on"
     " Mon 21 Sep 2026; the shortest interval is 5 days",
     "besøg 2, planlagt man 14. sep 2026, den tor 17. sep 2026 09:00: A, no 4 dage fra injektionen"
     " man 21. sep 2026; det korteste interval er 5 dage"),
])  # fmt: skip
def test_a_sentence_is_its_english_and_can_be_said(text: str, english: str, danish: str) -> None:
    assert text == english
    assert DANISH.sentence(text) == danish


def test_what_was_typed_is_never_translated() -> None:
    """`no` and `visit 2` are names of lesions here, and `{n}` is what somebody wrote."""
    for typed in ("no", "visit 2", "{n}", "12.5 mg to 30 mg"):
        told = DANISH.sentence(said("course {course}", course=typed))
        assert typed.replace(" mg", "\u00a0mg") in told.replace(",", ".")


def test_one_that_is_kept_is_read_as_it_was() -> None:
    kept = json.loads(json.dumps(wordings([finding(SENTENCE, plain(mg(Decimal("12.5"))))]),
                                 default=float), parse_float=Decimal)  # fmt: skip
    (read,) = worded([finding(str(SENTENCE), "12.5 mg")], read_wordings(kept))
    assert read == finding(SENTENCE, "12.5 mg")
    assert DANISH.sentence(read.message) == DANISH.sentence(SENTENCE)
    assert DANISH.sentence(read.value) == "12,5\u00a0mg"


def test_a_wording_never_changes_what_is_kept() -> None:
    """One that makes another text is another's, and no text takes it."""
    known = read_wordings(wordings([finding(mg(Decimal(15)))]))
    (read,) = worded([finding("12.5\u00a0mg")], known)
    assert read.message == "12.5\u00a0mg"
    assert not isinstance(read.message, Said)


def nested(depth: int, template: str = "{a}") -> Any:
    part: Any = "x"
    for _ in range(depth):
        part = {"say": template, "of": {"a": part}}
    return part


@pytest.mark.parametrize("kept", [
    None,
    {"say": "x"},
    ["a"],
    [None],
    [{"of": {}}],
    [{"say": 1}],
    [{"say": "x", "and": "y"}],
    [{"say": "{a}", "of": []}],
    [{"say": "{a}", "of": {}}],
    [{"say": "{a", "of": {"a": "x"}}],
    [{"say": "{}", "of": {"a": "x"}}],
    [{"say": "{a.real}", "of": {"a": 1}}],
    [{"say": "{a[0]}", "of": {"a": "x"}}],
    [{"say": "{a!r}", "of": {"a": "x"}}],
    [{"say": "{a:>999999999}", "of": {"a": "x"}}],
    [{"say": "{a:{b}}", "of": {"a": 1, "b": 2}}],
    [{"say": "{a}", "of": {"a": None}}],
    [{"say": "{a}", "of": {"a": True}}],
    [{"say": "{a}", "of": {"a": {"on": "2026-02-30"}}}],
    [{"say": "{a}", "of": {"a": {"at": "soon"}}}],
    [{"say": "x", "as": 1}],
    [{"say": "{0}", "of": {"0": "x"}}],
    [{"say": "{}", "of": {"": "x"}}],
    [{"say": "{a.b}", "of": {"a.b": "x", "a": "x"}}],
    [{"say": "{a[0]}", "of": {"a[0]": "x"}}],
    [{"say": "x" * 5000, "of": {"a": "x"}}],
    [nested(25)],
    [nested(5000)],
    [nested(15, "{a}{a}{a}{a}{a}{a}{a}{a}")],
])  # fmt: skip
def test_what_is_no_wording_is_refused(kept: object) -> None:
    with pytest.raises(ValueError, match="it is no wording of the planner"):
        read_wordings(kept)


@pytest.fixture(scope="module")
def plans(sts_150: Protocol, clinic: Clinic) -> list[Plan]:
    return list(courses(sts_150, clinic))


def test_a_plan_that_is_read_says_what_the_plan_says(plans: list[Plan]) -> None:
    for plan in plans:
        content = plan_bytes(plan)
        read = plan_from(content)
        assert plan_bytes(read) == content
        for one, other in zip(plan.findings, read.findings, strict=False):
            assert DANISH.sentence(other.message) == DANISH.sentence(one.message)
            assert DANISH.sentence(other.value) == DANISH.sentence(one.value)
        for say in (DANISH, languages.page_language("da")):
            told = [
                [say.sentence(line.message) for line in lines(each.findings, each.lesion_ids)]
                for each in (plan, read)
            ]
            assert told[0] == told[1]


def test_no_sentence_of_today_is_taken_apart(
    plans: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patterns are for what an earlier version kept."""
    apart: list[str] = []
    monkeypatch.setattr(languages, "_taken_apart", lambda text: apart.append(text) or said(text))
    for text in _told(plans):
        DANISH.sentence(text)
    assert not apart


def _told(plans: list[Plan]) -> Iterator[str]:
    for plan in plans:
        for one in plan.findings:
            # An id or a version that somebody wrote is no sentence.
            if isinstance(one.message, Said):
                yield one.message
        yield from (one for decision in plan.decisions for one in decision.sources)
        yield from (one.moved_because for one in plan.visits if one.moved_because)
        assert all(isinstance(one.message, Said) for one in plan.findings)


@pytest.mark.parametrize(
    ("said_of", "problem"),
    [
        ({"say": "{a:>99}", "of": {"a": "x"}}, "it is no wording of the planner"),
        # It would lie in a file, and outlive an erasure, where nobody looks.
        ({"say": "Secret: Anna Jensen"}, "it words what stands nowhere"),
    ],
)
def test_a_plan_with_a_spoilt_wording_is_refused(
    plans: list[Plan], said_of: dict[str, object], problem: str
) -> None:
    document = json.loads(plan_bytes(plans[0]), parse_float=Decimal)
    del document[SEAL]
    document["wording"].append(said_of)
    import simplejson

    spoilt = simplejson.dumps(sealed(document), use_decimal=True).encode()
    with pytest.raises(InputError, match=f"wording: {problem}"):
        plan_from(spoilt)

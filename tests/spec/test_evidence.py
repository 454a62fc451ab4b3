"""The letter against itself: printed and recomputed figures side by side, nothing corrected."""

from __future__ import annotations

import json

import pytest

from planner.core.protocol.evidence import compare, recompute, replay, with_one_more
from planner.core.protocol.protocol import Protocol
from tests.conftest import Run

CLAIMS = [
    # the letter says, its own Table 1 gives, agrees
    ("8 lesions", "7 lesions", False),
    ("21 injections", "17 treatment visits; 20 injections", False),
    ("ages 49 to 71", "49 to 74", False),
    ("mean age 63", "62.8 over the 6 patients", True),
    ("extremities", "case 6: buttock", False),
    ("67 % in week 4", "62.7 % over the 7 printed lesions", False),
    ("90 % in week 12", "88 % over the 5 printed lesions, 89.4 % recomputed", False),
    ("complete remission in 50 %", "2 of 5", False),
    ("80 % reduction in the others", "80 % over 3 lesions", True),
    ("transient pain", "3 of 6", False),
    ("lost to follow-up", "died shortly after the third treatment", False),
    ("4-week intervals", "every week for 4 weeks", False),
]


@pytest.mark.parametrize(("says", "table", "agrees"), CLAIMS)
def test_the_text_beside_the_table(sts_150: Protocol, says: str, table: str, agrees: bool) -> None:
    (claim,) = [one for one in compare(sts_150) if says in one.says]
    assert table in claim.table.replace("\u00a0", " ")
    assert claim.agrees is agrees


HALVES = [
    # measure, week, a figure half a per cent away: rounding, no more
    ("mean-reduction", 12, "88.5", True),
    ("mean-reduction", 12, "87.49", False),
    ("complete-remission", 12, "39.5", True),
    ("complete-remission", 12, "40.51", False),
    ("mean-reduction-of-others", 12, "80.5", True),
    ("mean-reduction-of-others", 12, "79.49", False),
    ("injections", 0, "20", True),
    ("injections", 0, "17", False),
    ("lesions-elsewhere", 0, "", True),
]


@pytest.mark.parametrize(("measure", "week", "figure", "agrees"), HALVES)
def test_a_figure_agrees_that_is_rounded(
    sts_150: Protocol, measure: str, week: int, figure: str, agrees: bool
) -> None:
    sites = sts_150.table.domains.sites
    (found,) = [
        claim._replace(figure=figure, week=week, sites=sites)
        for claim in sts_150.claims
        if claim.measure == measure and claim.week in (0, week)
    ]
    (said,) = compare(sts_150._replace(claims=(found,)))
    assert said.agrees is agrees
    if measure == "lesions-elsewhere":
        assert said.table == "none elsewhere"


def test_only_one_printed_reduction_is_not_what_its_sizes_give(sts_150: Protocol) -> None:
    wrong = [one for one in recompute(sts_150) if not one.agrees]
    assert [(one.case, one.week, one.printed_percent, one.recomputed_percent) for one in wrong] == [
        ("4-lower-leg", 12, 80, 87.5)
    ]


def test_cases_flip_only_where_ulceration_is_not_reported(sts_150: Protocol) -> None:
    flips = [one for one in replay(sts_150) if not one.agrees]
    assert [(one.case, one.ulcerated, one.reported) for one in flips] == [
        ("1-fingertip", True, False),
        ("5-elbow", True, False),
    ]


def test_one_unlisted_lesion_would_settle_most_and_is_labelled(sts_150: Protocol) -> None:
    inference = with_one_more(sts_150)
    assert inference is not None
    assert inference.label.startswith("An inference, not in the source")
    assert [line.replace("\u00a0", " ") for line in inference.lines] == [
        "8 lesions, 21 injections",
        "mean reduction in week 4: 67.4 %",
        "mean reduction in week 12: 90 %",
        "gone by week 12: 3 of 6 lesions",
        "mean reduction of the others: 80 %",
    ]


def test_the_command_prints_all_of_it(planner: Run) -> None:
    said = planner("evidence").stdout.replace("\u00a0", " ")
    for _, table, _ in CLAIMS:
        assert table in said
    assert "printed 80 %, recomputed 87.5 %: DIFFERS" in said
    answer = json.loads(planner("evidence", "--json").stdout)
    assert len(answer["claims"]) == len(CLAIMS)
    assert len(answer["cases"]) == 11

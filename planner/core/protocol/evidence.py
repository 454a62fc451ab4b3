"""The source's own cases replayed: through the rules, through the arithmetic, against its text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from planner.core.protocol.protocol import Case, Claim, Protocol
from planner.core.protocol.rules import Evidence
from planner.core.values.formatting import NBSP, listing, mm, number, rounded

HALF_A_PERCENT = Fraction(1, 2)


class Replayed(NamedTuple):
    """A case sent through the rules with one ulceration; `reported` says whether it is known."""

    case: str
    place: str
    size: str
    ulcerated: bool
    reported: bool
    given: str
    regimen: str
    evidence: Evidence
    rule: str

    @property
    def agrees(self) -> bool:
        """Whether the rules give what the case was given."""
        return self.given == self.regimen


class Recomputed(NamedTuple):
    """A printed reduction beside the one that the printed sizes give, in per cent."""

    case: str
    place: str
    week: int
    from_mm: str
    to_mm: str
    printed_percent: Fraction
    recomputed_percent: Fraction

    @property
    def agrees(self) -> bool:
        """Whether the printed figure is the recomputed one, rounded to whole per cents."""
        return abs(self.printed_percent - self.recomputed_percent) <= HALF_A_PERCENT


class CheckedClaim(NamedTuple):
    """A figure of the text beside what the table gives."""

    says: str
    place: str
    figure: str
    table: str
    agrees: bool


class Inference(NamedTuple):
    """What one further lesion, treated once and gone at the first look, would make of the text."""

    label: str
    lines: tuple[str, ...]


def replay(protocol: Protocol) -> Iterator[Replayed]:
    """Every case through the rules; with both ulcerations where the source does not report it."""
    for case in protocol.cases:
        known = case.ulcerated is not None
        for ulcerated in (case.ulcerated,) if case.ulcerated is not None else (False, True):
            rule = protocol.table.decide(case.size_mm, ulcerated, case.site).rule
            yield Replayed(
                case.id,
                case.place,
                mm(case.size_mm),
                ulcerated,
                known,
                case.regimen,
                rule.regimen,
                rule.evidence,
                rule.id,
            )


def recompute(protocol: Protocol) -> Iterator[Recomputed]:
    """Every printed reduction, from the printed sizes."""
    for case in protocol.cases:
        for look in case.follow_up:
            yield Recomputed(
                case.id,
                case.place,
                look.week,
                mm(case.size_mm),
                mm(look.size_mm),
                Fraction(look.reduction_percent),
                _reduction(case, look.week),
            )


def compare(protocol: Protocol) -> Iterator[CheckedClaim]:
    """Every figure of the text that the table can be counted for."""
    for claim in protocol.claims:
        table, agrees = MEASURES[claim.measure](protocol.cases, claim)
        yield CheckedClaim(claim.says, claim.place, claim.figure, table, agrees)


def slips(protocol: Protocol) -> list[str]:
    """Where the source's printed figures are not those of its own table, a sentence each."""
    printed = [
        f"{one.case}, week {one.week}: printed {_percent(one.printed_percent)}, its sizes give"
        f" {_percent(one.recomputed_percent)}"
        for one in recompute(protocol)
        if not one.agrees
    ]
    said = [
        f"{one.says} ({one.place}); its table gives: {one.table}"
        for one in compare(protocol)
        if not one.agrees
    ]
    return [*printed, *said]


def with_one_more(protocol: Protocol) -> Inference | None:
    """The text's totals with one unlisted lesion, treated once and gone by the first look."""
    cases = protocol.cases
    if not cases or not protocol.claims:
        return None
    weeks = sorted({look.week for case in cases for look in case.follow_up})
    injections = sum(case.injections for case in cases) + 1
    lines = [f"{len(cases) + 1} lesions, {injections} injections"]
    for week in weeks:
        printed = _printed(cases, week)
        mean = _mean([*printed, Fraction(100)])
        lines.append(f"mean reduction in week {week}: {_percent(mean)}")
    last = _printed(cases, weeks[-1])
    gone, others = sum(one == 100 for one in last) + 1, [one for one in last if one != 100]
    lines.append(f"gone by week {weeks[-1]}: {gone} of {len(last) + 1} lesions")
    if others:
        mean = _mean(others)
        lines.append(f"mean reduction of the others: {_percent(mean)}")
    return Inference(
        "An inference, not in the source: one further lesion, treated once and gone by the first"
        " look, would settle most counts and means. It counts lesions where the text says"
        " patients.",
        tuple(lines),
    )


def _reduction(case: Case, week: int) -> Fraction:
    size = next(look.size_mm for look in case.follow_up if look.week == week)
    return (1 - Fraction(size) / Fraction(case.size_mm)) * 100


def _printed(cases: Sequence[Case], week: int) -> list[Fraction]:
    looks = [look for case in cases for look in case.follow_up if look.week == week]
    return [Fraction(look.reduction_percent) for look in looks]


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def _percent(value: Fraction) -> str:
    return f"{number(value, 1)}{NBSP}%"


def _lesions(cases: Sequence[Case], claim: Claim) -> tuple[str, bool]:
    return f"{len(cases)} lesions", str(len(cases)) == claim.figure


def _injections(cases: Sequence[Case], claim: Claim) -> tuple[str, bool]:
    total = sum(case.injections for case in cases)
    # The lesions of one patient were injected at the same visits.
    visits = sum(
        max(case.injections for case in cases if case.patient == patient)
        for patient in {case.patient for case in cases}
    )
    text = f"{visits} treatment visits; {total} injections when each lesion of a visit counts"
    return text, str(total) == claim.figure


def _ages(cases: Sequence[Case], claim: Claim) -> tuple[str, bool]:
    ages = [case.age for case in cases if case.age is not None]
    text = f"{min(ages)} to {max(ages)}"
    return text, text == claim.figure


def _mean_age(cases: Sequence[Case], claim: Claim) -> tuple[str, bool]:
    ages = {case.patient: Fraction(case.age) for case in cases if case.age is not None}
    mean = _mean([*ages.values()])
    text = f"{number(rounded(mean, 1))} over the {len(ages)} patients"
    return text, abs(mean - Fraction(claim.figure)) <= Fraction(1, 2)


def _elsewhere(cases: Sequence[Case], claim: Claim) -> tuple[str, bool]:
    found = [case for case in cases if case.site not in claim.sites]
    named = listing(list(dict.fromkeys(f"case {case.patient}: {case.site}" for case in found)))
    return named or "none elsewhere", not found


def _mean_reduction(cases: Sequence[Case], claim: Claim) -> tuple[str, bool]:
    printed = _printed(cases, claim.week)
    looked_at = [case for case in cases if any(one.week == claim.week for one in case.follow_up)]
    again = [_reduction(case, claim.week) for case in looked_at]
    mean, recomputed = _mean(printed), _mean(again)
    text = (
        f"{_percent(mean)} over the {len(printed)} printed lesions,"
        f" {_percent(recomputed)} recomputed from their sizes"
    )
    return text, abs(mean - Fraction(claim.figure)) <= HALF_A_PERCENT


def _complete(cases: Sequence[Case], claim: Claim) -> tuple[str, bool]:
    printed = _printed(cases, claim.week)
    gone = sum(one == 100 for one in printed)
    share = Fraction(100 * gone, len(printed))
    text = f"{gone} of {len(printed)} evaluated lesions ({_percent(share)})"
    return text, abs(share - Fraction(claim.figure)) <= HALF_A_PERCENT


def _others(cases: Sequence[Case], claim: Claim) -> tuple[str, bool]:
    others = [one for one in _printed(cases, claim.week) if one != 100]
    if not others:
        return "no other lesion", False
    mean = _mean(others)
    text = f"{_percent(mean)} over {len(others)} lesions"
    return text, abs(mean - Fraction(claim.figure)) <= HALF_A_PERCENT


def _patients_with(cases: Sequence[Case], claim: Claim) -> tuple[str, bool]:
    patients = {case.patient for case in cases}
    having = {case.patient for case in cases if claim.complication in case.complications}
    return f"{len(having)} of {len(patients)}", 2 * len(having) > len(patients)


def _text(_cases: Sequence[Case], claim: Claim) -> tuple[str, bool]:
    return claim.table, False


# How the table can be counted for a claim: what it gives, and whether the claim agrees.
MEASURES: dict[str, Callable[[Sequence[Case], Claim], tuple[str, bool]]] = {
    "lesions": _lesions,
    "injections": _injections,
    "ages": _ages,
    "mean-age": _mean_age,
    "lesions-elsewhere": _elsewhere,
    "mean-reduction": _mean_reduction,
    "complete-remission": _complete,
    "mean-reduction-of-others": _others,
    "patients-with": _patients_with,
    "text": _text,
}
# Those that count the looks of one week, and whose figure is a whole per cent.
WEEKLY_MEASURES = {"mean-reduction", "complete-remission", "mean-reduction-of-others"}

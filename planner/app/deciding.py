"""Which regimen one lesion gets, and on what grounds, without a course."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from planner.core.plan.checks import lesion_findings
from planner.core.plan.course import Lesion
from planner.core.plan.findings import Finding, in_order
from planner.core.plan.planning import decide
from planner.core.plan.recording import nearest_cases
from planner.core.protocol.protocol import Case, Protocol, Regimen
from planner.core.protocol.rules import Evidence
from planner.errors import InputError, raise_if_any


class Grounds(NamedTuple):
    """A regimen with the rule that chose it; `cases` are the nearest of that regimen, a reference.

    `caveat` says how much the source can bear.
    """

    regimen: Regimen
    rule: str
    evidence: Evidence
    reasons: tuple[str, ...]
    source: str
    caveat: str
    findings: tuple[Finding, ...]
    cases: tuple[Case, ...]


def grounds_of(size_mm: Decimal, site: str, ulcerated: bool, protocol: Protocol) -> Grounds:
    """The regimen of a lesion. Raises InputError where the protocol has no such lesion."""
    raise_if_any(InputError, protocol.table.input_problems(size_mm, ulcerated, site))
    decided = decide(Lesion("lesion", site, size_mm, ulcerated), protocol)
    rule = decided.hit.rule
    findings = (one._replace(lesion=None) for one in lesion_findings(decided, protocol))
    cases = {case.id: case for case in protocol.cases}
    return Grounds(
        protocol.regimens[decided.regimen],
        rule.id,
        rule.evidence,
        tuple(decided.hit.reasons),
        protocol.cited(rule.source, rule.place),
        protocol.sources[rule.source].caveat,
        in_order(findings, []),
        tuple(cases[case] for case in nearest_cases(decided, protocol)),
    )

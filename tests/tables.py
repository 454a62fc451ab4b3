"""Second opinions on a decision table: a hand-written reference, brute force, and zen-engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import zen

from planner.core.protocol.rules import Domains, Rule
from planner.core.values.intervals import Interval

Point = tuple[Decimal, bool, str]
UNIT = Decimal("0.000001")


def reference(size_mm: Decimal, ulcerated: bool, site: str) -> str:
    """The table of sts-150 as clinic.md words it, by hand."""
    if size_mm < 5 and not ulcerated:
        return "small-fingertip" if site == "fingertip" else "small-elsewhere"
    if size_mm < 5:
        return "small-ulcerated"
    if not ulcerated:
        return "large-intact"
    return "large-ulcerated" if size_mm >= 70 else "large-ulcerated-under-70"


def boundary_grid(rules: Sequence[Rule], domains: Domains) -> Iterator[Point]:
    """Each threshold, its neighbours by one unit of the last place, and those that round to it."""
    bounds = {bound for rule in rules if rule.size_mm for bound in rule.size_mm.bounds}
    bounds |= set(domains.size_mm.bounds)
    near = [Decimal(0), UNIT, -UNIT, *map(Decimal, ("0.001", "-0.001", "0.04", "-0.04", "1", "-1"))]
    sizes = {bound + step for bound in bounds for step in near}
    for size in sorted(size for size in sizes if size in domains.size_mm):
        for ulcerated in (False, True):
            for site in domains.sites:
                yield size, ulcerated, site


def hits(rules: Sequence[Rule], point: Point) -> list[Rule]:
    """Every rule that holds at a point, one by one."""
    size, ulcerated, site = point
    return [
        rule
        for rule in rules
        if (rule.size_mm is None or size in rule.size_mm)
        and rule.ulcerated in (None, ulcerated)
        and (rule.sites is None or site in rule.sites)
    ]


def zen_policy(rules: Sequence[Rule]) -> Callable[[Point], str]:
    """The same table as a policy document of zen-engine; sizes go in as exact JSON numbers."""
    inputs = [("i1", "size_mm", "number"), ("i2", "ulcerated", "boolean"), ("i3", "site", "string")]
    fields = [{"id": key, "name": name, "field": name} for key, name, _ in inputs]
    rows = [
        {
            "_id": rule.id,
            "i1": _zen_interval(rule.size_mm),
            "i2": "" if rule.ulcerated is None else str(rule.ulcerated).lower(),
            "i3": "" if rule.sites is None else ", ".join(json.dumps(site) for site in rule.sites),
            "o1": json.dumps(rule.id),
        }
        for rule in rules
    ]
    output = {"id": "o1", "name": "rule", "field": "rule"}
    table = {"hitPolicy": "first", "inputs": fields, "outputs": [output], "rules": rows}
    properties = [
        {"id": key, "name": name, "type": kind, "array": False, "optional": False}
        for key, name, kind in inputs
    ]
    model = {"scope": "global", "name": "", "properties": properties}
    policy: Any = {
        "blocks": [
            {"id": "model", "type": "dataModel", "props": {"data": model}},
            {"id": "table", "type": "decisionTable", "props": {"data": table}},
        ]
    }
    engine = zen.ZenEngine({"loader": {"type": "static", "content": {"table": policy}}})

    def decide(point: Point) -> str:
        size, ulcerated, site = point
        words = f'"ulcerated": {json.dumps(ulcerated)}, "site": {json.dumps(site)}'
        answer: Any = engine.evaluate("table", f'{{"size_mm": {size:f}, {words}}}')
        return str(answer["result"]["rule"])

    return decide


def _zen_interval(interval: Interval | None) -> str:
    if interval is None:
        return ""
    is_point = interval.low is not None and interval.low == interval.high
    return f"== {interval.low}" if is_point else str(interval)

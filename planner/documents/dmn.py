"""The rules of a protocol for rule engines: DMN 1.3, and the JSON of zen-engine.

Both have the table as it is proven: one rule for each lesion. Reason and source stand in each
rule's description; a cell beside it would stop engines that know no such column.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from planner.core.protocol.protocol import Protocol
from planner.core.protocol.rules import Rule
from planner.core.values.formatting import number
from planner.core.values.intervals import Interval

DMN_1_3 = "https://www.omg.org/spec/DMN/20191111/MODEL/"
INPUTS = (("size_mm", "number"), ("ulcerated", "boolean"), ("site", "string"))
OUTPUTS = ("regimen", "evidence", "rule")


def dmn_bytes(protocol: Protocol) -> bytes:
    """The table as DMN 1.3: hit policy UNIQUE, what each input may be as an item definition."""
    name = f"regimen by {protocol.id} {protocol.version}"
    root = Element(
        "definitions",
        {
            "xmlns": DMN_1_3,
            "id": f"protocol-{protocol.id}",
            "name": name,
            "namespace": f"urn:uuid:{uuid5(NAMESPACE_URL, protocol.sha256)}",
        },
    )
    described = f"{protocol.title}. Version {protocol.version}, sha256 {protocol.sha256}."
    SubElement(root, "description").text = _told(described)
    for (item, kind), allowed in zip(INPUTS, _domains(protocol), strict=True):
        definition = SubElement(root, "itemDefinition", id=f"type-{item}", name=f"t_{item}")
        SubElement(definition, "typeRef").text = kind
        if allowed:
            values = SubElement(definition, "allowedValues", id=f"allowed-{item}")
            SubElement(values, "text").text = allowed
    for item, _ in INPUTS:
        data = SubElement(root, "inputData", id=f"input-{item}", name=item)
        SubElement(data, "variable", id=f"variable-{item}", name=item, typeRef=f"t_{item}")
    _decision(root, protocol)
    indent(root, "  ")
    text: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return text + b"\n"


def _domains(protocol: Protocol) -> tuple[str, str, str]:
    domains = protocol.table.domains
    return _test(domains.size_mm), "", ", ".join(map(_quoted, domains.sites))


def _decision(root: Element, protocol: Protocol) -> None:
    decision = SubElement(root, "decision", id="regimen", name="regimen")
    SubElement(decision, "variable", id="variable-regimen", name="regimen")
    for item, _ in INPUTS:
        required = SubElement(decision, "informationRequirement", id=f"requires-{item}")
        SubElement(required, "requiredInput", href=f"#input-{item}")
    table = SubElement(
        decision, "decisionTable", id="table", hitPolicy="UNIQUE", outputLabel="regimen"
    )
    for item, kind in INPUTS:
        column = SubElement(table, "input", id=f"column-{item}", label=item)
        expression = SubElement(column, "inputExpression", id=f"expression-{item}", typeRef=kind)
        SubElement(expression, "text").text = item
    for output in OUTPUTS:
        SubElement(table, "output", id=f"output-{output}", name=output, typeRef="string")
    for place, rule in enumerate(protocol.table.rules, start=1):
        _rule(table, place, rule, protocol)


def _rule(table: Element, place: int, rule: Rule, protocol: Protocol) -> None:
    # Numbered: two rules' ids with a column's name behind them may be one.
    row = SubElement(table, "rule", id=f"rule-{place}", label=rule.id)
    source = protocol.cited(rule.source, rule.place)
    SubElement(row, "description").text = _told(f"{rule.because} {source}")
    for (item, _), test in zip(INPUTS, _tests(rule), strict=True):
        entry = SubElement(row, "inputEntry", id=f"rule-{place}-{item}")
        SubElement(entry, "text").text = test or "-"
    for output, value in zip(OUTPUTS, (rule.regimen, rule.evidence, rule.id), strict=True):
        entry = SubElement(row, "outputEntry", id=f"rule-{place}-{output}")
        SubElement(entry, "text").text = _quoted(value)


def _told(text: str) -> str:
    """A text without the two characters that no XML may hold."""
    return re.sub("[\ufffe\uffff]", "\ufffd", text)


def _tests(rule: Rule) -> Iterator[str]:
    """What a rule asks of each input as a unary test of FEEL; empty where it asks nothing."""
    yield "" if rule.size_mm is None else _test(rule.size_mm)
    yield "" if rule.ulcerated is None else str(rule.ulcerated).lower()
    yield "" if rule.sites is None else ", ".join(map(_quoted, rule.sites))


def _test(interval: Interval) -> str:
    """As the protocol has it, but a single number stands alone: `= 3` stops some engines."""
    if interval.low is not None and interval.low == interval.high:
        return number(interval.low)
    return str(interval)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def jdm_bytes(protocol: Protocol) -> bytes:
    """The table as a decision model of zen-engine."""
    columns = ("in", [name for name, _ in INPUTS]), ("out", OUTPUTS)
    names = {name: f"{side}-{name}" for side, there in columns for name in there}
    table = {
        # UNIQUE in DMN's words: the proof has shown that no second one is there to be found.
        "hitPolicy": "first",
        "inputs": [{"id": names[one], "name": one, "field": one} for one, _ in INPUTS],
        "outputs": [{"id": names[one], "name": one, "field": one} for one in OUTPUTS],
        "rules": [_jdm_rule(rule, names, protocol) for rule in protocol.table.rules],
    }
    nodes = [
        {"id": "request", "type": "inputNode", "name": "request"},
        {"id": "regimen", "type": "decisionTableNode", "name": "regimen", "content": table},
        {"id": "response", "type": "outputNode", "name": "response"},
    ]
    edges = [
        {"id": f"{one}-{other}", "sourceId": one, "targetId": other, "type": "edge"}
        for one, other in (("request", "regimen"), ("regimen", "response"))
    ]
    model = {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}
    return f"{json.dumps(model, indent=2, ensure_ascii=False)}\n".encode()


def _closed_tests(rule: Rule, protocol: Protocol) -> Iterator[str]:
    """What a rule asks of each input; the table knows no domains, so each rule keeps to them."""
    domains = protocol.table.domains
    sizes = domains.size_mm if rule.size_mm is None else rule.size_mm.within(domains.size_mm)
    _, ulcerated, sites = _tests(rule._replace(sites=rule.sites or domains.sites))
    yield _test(sizes)
    yield ulcerated or "true, false"
    yield sites


def _jdm_rule(rule: Rule, names: dict[str, str], protocol: Protocol) -> dict[str, Any]:
    tests = dict(zip((names[one] for one, _ in INPUTS), _closed_tests(rule, protocol), strict=True))
    values = (rule.regimen, rule.evidence, rule.id)
    outputs = dict(zip((names[one] for one in OUTPUTS), map(_quoted, values), strict=True))
    because = f"{rule.because} {protocol.cited(rule.source, rule.place)}"
    return {"_id": rule.id, "_description": because, **tests, **outputs}

"""A table is proven whole before a patient meets it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.protocol.decisions import DecisionTable
from planner.core.protocol.protocol import Protocol
from planner.core.protocol.rules import Domains, Rule, size_faults
from planner.core.values.formatting import plain
from planner.core.values.intervals import Interval
from planner.errors import Problem, ProtocolError
from planner.files.protocol import load_protocol, protocol_from
from planner.files.reading import parse_toml
from tests.conftest import ROOT, Run
from tests.spec.test_regimen import RULES
from tests.tables import boundary_grid, hits, reference, zen_policy

BUNDLED = (ROOT / "planner/protocols/sts-150.toml").read_text(encoding="utf-8")

FAULTS = {
    # what is wrong: (in place of, what, the messages)
    "a gap": ('"[5..70)", ulcerated = true', '"(5..70)", ulcerated = true',
              ["size 5 mm, ulcerated: no rule"]),
    "an overlap": (
        '"< 5", ulcerated = true',
        '"<= 5", ulcerated = true',
        ["rules large-ulcerated-under-70 and small-ulcerated: they overlap: size 5 mm, ulcerated"],
    ),
    "a dead rule": (
        'when = { size_mm = "< 5", ulcerated = true }',
        'when = { size_mm = "> 500", ulcerated = true }',
        ["rule small-ulcerated: it never holds", "size 1 mm, ulcerated: no rule"],
    ),
    "an unknown site": ('site = ["fingertip"] }', 'site = ["fingertips"] }',
                        ["rule[1].when.site: unknown site 'fingertips'; did you mean fingertip?"]),
    "a bound outside": ('">= 70", ulcerated = true', '"[70..501)", ulcerated = true',
                        ["rule large-ulcerated: its bound 501 mm is outside"]),
    "a site without a rule": ('"foot", "toe",\n]', '"foot", "toe", "nose",\n]',
                              ["size 1 mm, not ulcerated, nose: no rule"]),
    "a binary float": ('">= 70", ulcerated = true', '">= 69.99999999999999911", ulcerated = true',
                       ["rule[3].when.size_mm", "is not a bound"]),
    "a number for a text": (
        'size_mm = ">= 70", ulcerated = true', "size_mm = 70.0, ulcerated = true",
        ["rule[3].when.size_mm: 70.0 is not a bound; write it as text"],
    ),
    "an expression": ('">= 70", ulcerated = true', '"size > 2 * 2", ulcerated = true',
                      ["is not a bound"]),
    "an empty range": ('">= 70", ulcerated = true', '"[70..70)", ulcerated = true',
                       ["holds no number"]),
    "another unit": ('unit = "mm"', 'unit = "cm"', ['input.size_mm.unit: "cm" is not known']),
    "an unknown evidence": ('evidence = "inferred"', 'evidence = "proven"',
                            ['rule[2].evidence: "proven" is not known']),
    "no source": ('source = "letter"\nplace = "Methods, paragraph 1; Table 1, row 1"',
                  'source = "paper"\nplace = "Methods, paragraph 1; Table 1, row 1"',
                  ["rule[1].source: no source 'paper'"]),
    "an interval of zero": ("interval_days = 7", "interval_days = 0",
                            ["regimen.weekly.interval_days: 0 is not from 1 to 366"]),
    "an interval of a century": ("interval_days = 7", "interval_days = 36525", ["is not from"]),
    "an interval under the shortest": ("interval_days = 7", "interval_days = 4",
                                       ["4 is under the shortest interval, 5 days"]),
    "no interval": ("interval_days = 7\n", "", ["several injections have no interval"]),
    "an unknown regimen": ('regimen = "single"\nevidence = "stated"',
                           'regimen = "once"\nevidence = "stated"',
                           ["rule[1].regimen: no regimen"]),
    "an endless domain": ('"(0..500]"', '"> 0"', ["is no range of sizes"]),
    "two rules of one id": ('id = "small-elsewhere"', 'id = "small-fingertip"', ["stands twice"]),
    "an unknown key of a regimen": (
        "injections = 4", "injektions = 4", ["regimen.weekly.injektions: unknown key",
                                             "did you mean injections?"]),
    "an unknown key": ('version = "1.1"', 'verzion = "1.1"', ["did you mean version?"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.hazard("protocol-with-a-hole")
def test_a_faulty_protocol_is_refused_with_a_witness(
    planner: Run, tmp_path: Path, name: str
) -> None:
    old, new, messages = FAULTS[name]
    assert old in BUNDLED
    (tmp_path / "own.toml").write_text(BUNDLED.replace(old, new, 1), encoding="utf-8")
    done = planner("protocol", "check", "own.toml")
    assert done.returncode == 11
    said = done.stderr.replace("\u00a0", " ")
    for message in messages:
        assert message in said, said
    assert all(line.startswith("error: own.toml: ") for line in said.splitlines())


def test_a_value_that_is_wrong_in_itself_hides_nothing(planner: Run, tmp_path: Path) -> None:
    """Each by itself, and beside faults of the rest."""
    wrong = [
        ("strength_mg_per_ml = 150", "strength_mg_per_ml = 0", "strength_mg_per_ml: "),
        ('dose_mg = "[12.5..30]"', 'dose_mg = "12.5 to 30"', "regimen.single.dose_mg: "),
        ('age = "[49..74]"', 'age = "49 to 74"', "observed.age: "),
    ]
    beside = [
        ('unpaired = ["head"', 'unpaired = ["trnk", "head"', "input.site.unpaired: unknown"),
        ("interval_days = 7\n", "", "regimen.weekly.interval_days: "),
        ('toe = "fingertip"', 'toe = "finger"', "local.like.toe: "),
    ]
    for some in [*([one] for one in wrong), wrong]:
        made = BUNDLED
        for old, new, _ in (*some, *beside):
            assert old in made, old
            made = made.replace(old, new, 1)
        (tmp_path / "p.toml").write_text(made)
        done = planner("protocol", "check", "p.toml")
        assert done.returncode == 11
        assert len(done.stderr.splitlines()) == len(some) + len(beside), done.stderr
        for _, _, place in (*some, *beside):
            assert f"error: p.toml: {place}" in done.stderr


def test_all_problems_of_a_protocol_come_at_once(planner: Run, tmp_path: Path) -> None:
    text = BUNDLED
    for name in ("an unknown evidence", "another unit", "an interval of zero"):
        text = text.replace(FAULTS[name][0], FAULTS[name][1], 1)
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    assert len(planner("protocol", "check", "own.toml").stderr.splitlines()) == 3
    text = BUNDLED.replace('evidence = "inferred"', 'evidence = "x"', 1)
    text = text.replace('regimen = "single"', 'regimen = "onse"', 1)
    text = text.replace(*FAULTS["a gap"][:2])
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    said = planner("protocol", "check", "own.toml").stderr
    assert "rule[2].evidence" in said
    assert "rule[1].regimen: no regimen 'onse'" in said
    assert "no rule" in said


@pytest.mark.parametrize(
    "content", [b'{"id": "x"}', b"id: x\n", b"PK\x03\x04", b"", b"[rule]\n", b"\xff\xfe\x00"]
)
def test_a_file_of_another_format_is_refused(planner: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.toml").write_bytes(content)
    done = planner("protocol", "check", "own.toml")
    assert done.returncode == 11
    assert "own.toml" in done.stderr


def test_a_protocol_without_rules_is_refused(planner: Run, tmp_path: Path) -> None:
    text = BUNDLED.replace("[[rule]]", "[[case]]")
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    done = planner("protocol", "check", "own.toml")
    assert done.returncode == 11
    assert "own.toml: rule: it is missing" in done.stderr


def unlike_sites(number: int) -> tuple[str, ...]:
    return tuple(f"s{n}" for n in range(number))


def told_apart(rules: int, sites: Sequence[str]) -> list[Rule]:
    """Rules of which each takes half of the sites, so that no two sites are alike."""
    halves = [
        tuple(site for n, site in enumerate(sites) if n >> bit & 1)
        for bit in range(len(sites).bit_length())
    ]
    return [_rule(f"r{n}", None, None, *halves[n % len(halves)]) for n in range(rules)]


SIZES = [
    # rules, sites that they tell apart (of five stretches of sizes, twice); whether it is proven
    (1_000, 3, True),
    (1_001, 3, False),
    (1_000, 5_000, True),
    (1_000, 5_001, False),
]


@pytest.mark.slow
@pytest.mark.parametrize(("rules", "sites", "is_proven"), SIZES)
@pytest.mark.hazard("protocol-with-a-hole")
def test_a_table_is_proven_up_to_a_second_of_work(rules: int, sites: int, is_proven: bool) -> None:
    names = unlike_sites(sites)
    found = list(size_faults(told_apart(rules, names), _domains("(0..500]", *names)))
    text = f"{rules} rules are too many to be proven in time, so that none is used"
    refused = Problem("rule", text, "merge rules and sites, or split the protocol")
    assert found == ([] if is_proven else [refused])


@pytest.mark.hazard("protocol-with-a-hole")
def test_ten_thousand_rules_are_refused_never_passed_unproven() -> None:
    rules = [_rule(f"r{n}", f"[{n}..{n + 1})") for n in range(10_000)]
    with pytest.raises(ProtocolError, match="10000 rules are too many to be proven"):
        DecisionTable(rules, _domains("[0..10000)"))


@pytest.mark.hazard("protocol-with-a-hole")
def test_no_table_runs_unproven() -> None:
    with pytest.raises(ProtocolError) as raised:
        DecisionTable([], _domains("(0..500]"))
    text, fix = "there is no rule", "write at least one [[rule]]"
    assert raised.value.problems == (Problem("rule", text, fix),)


def _rule(name: str, size: str | None, ulcerated: bool | None = None, *sites: str) -> Rule:
    interval = None if size is None else Interval.parse(size)
    return Rule(name, name, "stated", "s", "p", "b", interval, ulcerated, sites or None)


def _domains(size: str, *sites: str) -> Domains:
    return Domains(Interval.parse(size), Decimal(1), sites or ("a", "b", "c"))


GAPS = [
    # two rules of sizes from 0 to 20 mm, measured to 1 mm; the size that has none
    ("<= 5", ">= 7", "6 mm"),
    ("<= 5", ">= 6", "5.5 mm"),
    ("<= 5", ">= 5.5", "5.25 mm"),
    ("< 5", ">= 6", "5 mm"),
    ("<= 5", "(5..20)", "20 mm"),
    ("(0..5]", "> 5", "0 mm"),
    ("[0..5]", "(5..20]", None),
]


@pytest.mark.parametrize(("lower", "upper", "size"), GAPS)
@pytest.mark.hazard("protocol-with-a-hole")
def test_a_gap_is_named_by_a_size_in_it(lower: str, upper: str, size: str | None) -> None:
    rules = [_rule("lower", lower, None), _rule("upper", upper, None)]
    if size is None:
        assert DecisionTable(rules, _domains("[0..20]")).rules == tuple(rules)
        return
    with pytest.raises(ProtocolError) as raised:
        DecisionTable(rules, _domains("[0..20]"))
    said = [plain(one.problem) for one in raised.value.problems]
    assert said == [f"size {size}, {state}: no rule" for state in ("not ulcerated", "ulcerated")]


def test_the_bundled_table_agrees_with_two_second_opinions(sts_150: Protocol) -> None:
    table = sts_150.table
    by_zen = zen_policy(table.rules)
    points = list(boundary_grid(table.rules, table.domains))
    assert len(points) > 400
    for point in points:
        rule = table.decide(*point).rule.id
        assert rule == reference(*point)
        assert rule == by_zen(point), point


bounds = st.integers(0, 20).map(str)
intervals = st.one_of(
    st.none(),
    st.builds("{} {}".format, st.sampled_from(["<", "<=", ">", ">=", "="]), bounds),
    st.builds(
        lambda left, low, high, right: f"{left}{low}..{high}{right}",
        st.sampled_from("[("), bounds, bounds, st.sampled_from("])"),
    ),
)  # fmt: skip
conditions = st.tuples(
    intervals,
    st.sampled_from([None, True, False]),
    st.lists(st.sampled_from("abc"), max_size=2, unique=True),
)


@settings(max_examples=400)
@given(st.lists(conditions, min_size=1, max_size=40))
def test_the_proof_agrees_with_brute_force(
    wanted: list[tuple[str | None, bool | None, list[str]]],
) -> None:
    rules = [_rule(f"r{n}", size, state, *sites) for n, (size, state, sites) in enumerate(wanted)]
    domains = _domains("[0..20]")
    halves = [Decimal(n) / 2 for n in range(41)]
    points = [(size, state, site) for size in halves for state in (True, False) for site in "abc"]
    found = [hits(rules, point) for point in points]
    is_whole = all(len(one) == 1 for one in found)
    is_alive = all(any(rule in one for one in found) for rule in rules)
    if is_whole and is_alive:
        table = DecisionTable(rules, domains)
        assert all(table.decide(*p).rule == one[0] for p, one in zip(points, found, strict=True))
    else:
        with pytest.raises(ProtocolError) as raised:
            DecisionTable(rules, domains)
        said = str(raised.value)
        assert ("no rule" in said) == any(not one for one in found)
        assert ("overlap" in said) == any(len(one) > 1 for one in found)
        assert ("never holds" in said) == (not is_alive)


@settings(max_examples=100)
@given(cuts=st.lists(st.integers(1, 39), unique=True, max_size=12), closed=st.booleans())
def test_sound_tables_are_passed(cuts: list[int], closed: bool) -> None:
    """Tables that are whole by construction: consecutive stretches of sizes."""
    edges = [0, *sorted(cuts), 40]
    rules = []
    for n, (low, high) in enumerate(pairwise(edges)):
        left, right = ("[", ")") if closed else ("(", "]")
        rules.append(_rule(f"r{n}", f"{left}{low}..{high}{right}"))
    table = DecisionTable(rules, _domains("[0..40)" if closed else "(0..40]"))
    by_zen = zen_policy(rules)
    for point in boundary_grid(rules, table.domains):
        assert [table.decide(*point).rule] == hits(rules, point)
        assert table.decide(*point).rule.id == by_zen(point)


def bounds_changed(row: str) -> dict[str, str]:
    """A row with each of its bounds moved, opened or closed, and a comparison turned round."""
    alone = re.search(r'size_mm = "([<>]=?) (\d+)"', row)
    if alone is None:
        return {
            f"[5..70) to {other}": row.replace("[5..70)", other)
            for other in ("[6..70)", "[4..70)", "(5..70)", "[5.000001..70)", "[5..70]", "[5..71)",
                          "[5..69)", "[5..69.999999)")
        }  # fmt: skip
    sign, bound = alone.groups()
    here = f"{sign} {bound}"
    other = f"{sign[0]}{'' if len(sign) > 1 else '='} {bound}"
    return {
        "bound up": row.replace(here, f"{sign} {int(bound) + 1}"),
        "bound down": row.replace(here, f"{sign} {int(bound) - 1}"),
        "bound by a hair": row.replace(here, f"{sign} {bound}.000001"),
        "opened or closed": row.replace(here, other),
        "turned": row.replace(sign, {"<": ">=", ">=": "<"}[sign]),
    }


def mutants() -> list[tuple[str, str]]:
    """Every bound of the table moved, opened or closed; every row dropped, doubled or flipped."""
    rows = re.findall(r"\[\[rule\]\]\n.*?(?=\n\[)", BUNDLED, re.DOTALL)
    assert len(rows) == 6
    found = []
    for row in rows:
        name = re.search(r'id = "(.*?)"', row)[1]  # type: ignore[index]
        changes = {
            **bounds_changed(row),
            "ulceration flipped": re.sub(
                r"ulcerated = (true|false)",
                lambda m: f"ulcerated = {'false' if m[1] == 'true' else 'true'}",
                row,
            ),
            "ulceration dropped": re.sub(r", ulcerated = (true|false)", "", row),
            "regimen flipped": re.sub(
                r'regimen = "(\w+)"',
                lambda m: f'regimen = "{"weekly" if m[1] == "single" else "single"}"',
                row,
            ),
            "evidence raised": re.sub(r'evidence = "\w+"', 'evidence = "stated"', row),
            "evidence lowered": re.sub(r'evidence = "\w+"', 'evidence = "extrapolated"', row),
            "sites dropped": re.sub(r", site = \[.*?\]", "", row, flags=re.DOTALL),
            "a site dropped": row.replace('"elbow", ', ""),
            "row dropped": "",
            "row doubled": f"{row}\n\n{row.replace(name, name + '-2')}",
        }
        found += [
            (f"{name}: {change}", BUNDLED.replace(row, mutant))
            for change, mutant in changes.items()
            if mutant != row
        ]
    wider = BUNDLED.replace('domain = "(0..500]"', 'domain = "[0..500]"')
    found += [
        ("domain closed at 0", wider),
        ("domain shorter", BUNDLED.replace("(0..500]", "(0..400]")),
        ("domain longer", BUNDLED.replace("(0..500]", "(0..501]")),
    ]
    return found


def survives(text: str) -> bool:
    """Whether a changed table passes the proof and every row of the spec."""
    try:
        table = protocol_from(parse_toml(text.encode()), text.encode()).table
    except ProtocolError:
        return False
    for size, ulcerated, site, regimen, evidence in [
        *RULES,
        ("500", True, "toe", "weekly", "stated"),
    ]:
        problems = list(table.input_problems(Decimal(size), ulcerated, site))
        if problems:
            return False
        rule = table.decide(Decimal(size), ulcerated, site).rule
        if (rule.regimen, rule.evidence) != (regimen, evidence):
            return False
    refused = [Decimal(0), Decimal("500.000001")]
    return all(any(table.input_problems(size, True, "knee")) for size in refused)


@pytest.mark.hazard("protocol-with-a-hole")
def test_every_mutant_of_the_table_is_caught() -> None:
    assert survives(BUNDLED)
    found = mutants()
    assert len(found) >= 60
    assert [name for name, text in found if survives(text)] == []


OTHERS = {
    # protocol: (size, ulcerated, site) -> injections, interval
    "monthly-250": {("3", False, "hand"): (3, 28), ("80", True, "trunk"): (3, 28)},
    "three-sizes": {
        ("4.99", True, "hand"): (1, 0), ("5", False, "hand"): (2, 14),
        ("19.999999", True, "knee"): (2, 14), ("20", False, "knee"): (6, 7),
    },
    "two-sites": {
        ("3", True, "fingertip"): (1, 0), ("3", True, "trunk"): (4, 7),
        ("3", False, "trunk"): (1, 0), ("3", False, "elbow"): (4, 7),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_series_need_no_code(name: str) -> None:
    protocol = load_protocol(str(ROOT / f"tests/protocols/{name}.toml"))
    for (size, ulcerated, site), expected in OTHERS[name].items():
        regimen = protocol.regimens[
            protocol.table.decide(Decimal(size), ulcerated, site).rule.regimen
        ]
        assert (regimen.injections, regimen.interval_days) == expected


def test_a_course_is_planned_by_a_clinics_own_protocol(planner: Run, tmp_path: Path) -> None:
    own = ROOT / "tests/protocols/monthly-250.toml"
    (tmp_path / "own.toml").write_bytes(own.read_bytes())
    (tmp_path / "course.toml").write_text(
        'id = "M-1"\nprotocol = "own.toml"\ndiagnosis = "x"\nfirst_visit = "2026-09-07 09:00"\n'
        '[patient]\nid = "P"\n[[lesion]]\nid = "A"\nsite = "hand"\nside = "left"\nsize_mm = 9\n'
        "ulcerated = false\ndose_mg = 25\n",
        encoding="utf-8",
    )
    done = planner("plan", "course.toml", "--timezone", "UTC")
    assert done.returncode == 0, done.stderr
    assert "draw 0.1\u00a0mL (25\u00a0mg)" in done.stdout
    assert "Mon 5 Oct 2026" in done.stdout
    assert "Mon 2 Nov 2026" in done.stdout


def test_a_starting_file_is_proven(planner: Run) -> None:
    assert planner("protocol", "new", "own.toml").returncode == 0
    done = planner("protocol", "check", "own.toml")
    assert done.returncode == 0
    assert "our-protocol 0.1 is proven" in done.stdout


APPROVALS = [
    # version, reviewed by, severity
    ("1.1", "2026-12-31", None),
    ("1.1", "2026-09-07", None),
    ("1.1", "2026-09-06", "caution"),
    ("1.0", "2026-12-31", "caution"),
    (None, "", "note"),
]


@pytest.mark.parametrize(("version", "review_by", "severity"), APPROVALS)
@pytest.mark.hazard("unapproved-protocol")
def test_a_clinic_approves_a_version_until_its_review(
    planner: Run, tmp_path: Path, version: str | None, review_by: str, severity: str | None
) -> None:
    import json

    from tests.courses import SOUND, write

    approval = (
        f'[[approval]]\nprotocol = "sts-150"\nversion = "{version}"\nby = "Dr"\n'
        f"on = 2026-01-01\nreview_by = {review_by}\n"
    )
    write(tmp_path, f'timezone = "UTC"\n{approval if version else ""}', "clinic.toml")
    done = planner("plan", write(tmp_path, SOUND), "--clinic", "clinic.toml", "--json")
    found = json.loads(done.stdout)["findings"]
    severities = [one["severity"] for one in found if one["code"] == "protocol-not-approved"]
    assert severities == ([severity] if severity else [])

"""Protocol files: rules, regimens, limits and sources, proven before they are used."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema

from planner.core.protocol.decisions import DecisionTable
from planner.core.protocol.evidence import MEASURES, WEEKLY_MEASURES
from planner.core.protocol.protocol import (
    SULFITE_ALLERGY,
    Case,
    Claim,
    Evaluation,
    FollowUp,
    Observation,
    Policy,
    Protocol,
    Regimen,
    Screen,
    Source,
    TreatedRange,
)
from planner.core.protocol.rules import Domains, Rule
from planner.core.values.lettering import as_people_read
from planner.core.values.quantities import MOST_MG, MOST_MM, Strength
from planner.errors import Problem, ProtocolError, located, raise_if_any
from planner.files.bundled import protocol_path
from planner.files.fields import (
    Bound,
    FieldError,
    FileModel,
    Id,
    LanguageCode,
    MgPerMl,
    OneOf,
    Text,
    exact_number,
    nearest,
    problems,
    shown,
    whole_number,
)
from planner.files.reading import Table, parse_toml, read_bytes

MOST_INJECTIONS = 100


def _precision(value: object) -> Decimal:
    """How finely a size is measured, in text so that it is exact."""
    is_plain = isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", value)
    precision = Decimal(value) if is_plain and isinstance(value, str) else Decimal(0)
    if not 0 < precision <= 100:
        raise FieldError(f"{shown(value)} is not a precision", 'write it as text: "1" or "0.1"')
    return precision


Precision = Annotated[Decimal, BeforeValidator(_precision), WithJsonSchema({"type": "string"})]
Injections = Annotated[int, *whole_number(1, MOST_INJECTIONS)]
DaysBetween = Annotated[int, *whole_number(1, 366)]
DayOfCourse = Annotated[int, *whole_number(0, 1000)]
DaysAfter = Annotated[int, *whole_number(1, 1000)]
WindowDays = Annotated[int, *whole_number(0, 60)]
InjectionWindowDays = Annotated[int, *whole_number(0, 14)]
Week = Annotated[int, *whole_number(1, 1000)]
Age = Annotated[int, *whole_number(0, 130)]
CaseInjections = Annotated[int, *whole_number(1, 100)]
CaseSizeMm = Annotated[Decimal, *exact_number(least="0", most=str(MOST_MM))]
MeanDoseMg = Annotated[Decimal, *exact_number(above="0", most=str(MOST_MG))]
Percent = Annotated[Decimal, *exact_number(least="-1000", most="100")]
Measure = Annotated[str, OneOf(MEASURES)]


class SourceTable(FileModel):
    citation: Text
    caveat: Text = ""


class SizeTable(FileModel):
    type: Literal["quantity"]
    unit: Literal["mm"]
    domain: Bound
    precision: Precision


class UlceratedTable(FileModel):
    type: Literal["boolean"]


class SiteTable(FileModel):
    type: Literal["choice"]
    values: list[Id] = Field(min_length=1, max_length=200)
    unpaired: list[Id] = []


class InputTable(FileModel):
    size_mm: SizeTable
    ulcerated: UlceratedTable
    site: SiteTable


class WhenTable(FileModel):
    size_mm: Bound | None = None
    ulcerated: bool | None = None
    site: list[Id] | None = Field(default=None, min_length=1)


class RuleTable(FileModel):
    id: Id
    when: WhenTable | None = None
    regimen: Id
    evidence: Literal["stated", "inferred", "extrapolated"]
    source: Id
    place: Text
    because: Text


class RegimenTable(FileModel):
    title: Text
    injections: Injections | None = None
    interval_days: DaysBetween | None = None
    days: list[DayOfCourse] | None = None
    dose_mg: Bound | None = None
    source: Id | None = None
    place: Text | None = None


class EvaluationTable(FileModel):
    after_days: DaysAfter
    window_days: WindowDays


class PolicyTable(FileModel):
    injection_window_days: InjectionWindowDays
    shortest_interval_days: DaysBetween


class ObservedTable(FileModel):
    size_mm: Bound | None = None
    visit_dose_mg: Bound | None = None
    age: Bound | None = None
    sites: list[Id] | None = None
    diagnoses: list[Text] | None = None
    source: Id | None = None
    place: Text | None = None


class ScreenTable(FileModel):
    id: Id
    question: Text
    stop_if: bool
    sites: list[Id] | None = Field(default=None, min_length=1)
    because: Text
    source: Id | None = None
    place: Text | None = None
    policy: bool | None = None


class ObserveTable(FileModel):
    id: Id
    label: Text
    when: Literal["before", "after"]
    type: Literal["yes-no", "quantity", "text", "choice"]
    unit: Text | None = None
    values: list[Text] | None = Field(default=None, min_length=2, max_length=50)
    sites: list[Id] | None = Field(default=None, min_length=1)


class LocalTable(FileModel):
    like: dict[Id, Id] = {}


class FollowUpTable(FileModel):
    week: Week
    size_mm: CaseSizeMm
    reduction_percent: Percent


class CaseTable(FileModel):
    id: Id
    patient: Text
    diagnosis: Text
    age: Age | None = None
    site: Id
    size_mm: CaseSizeMm
    ulcerated: bool | None = None
    regimen: Id
    injections: CaseInjections
    mean_dose_mg: MeanDoseMg
    dose_range_mg: Bound
    complications: Text
    follow_up: list[FollowUpTable] = []
    source: Id
    place: Text
    caveat: Text = ""


class ClaimTable(FileModel):
    says: Text
    place: Text
    measure: Measure
    figure: Text
    week: Week | None = None
    sites: list[Id] = []
    complication: Text = ""
    table: Text = ""


class ProtocolFile(FileModel):
    """A treatment as data: each figure beside its source."""

    id: Id
    version: Text
    title: Text
    drug: Text
    strength_mg_per_ml: MgPerMl
    route: Text
    technique: Text
    use: Text
    not_for: list[Text] = []
    population: Text = ""
    source: dict[str, SourceTable] = Field(min_length=1)
    input: InputTable
    rule: list[RuleTable] = Field(min_length=1)
    regimen: dict[str, RegimenTable] = Field(min_length=1)
    evaluation: list[EvaluationTable] = []
    policy: PolicyTable
    observed: ObservedTable | None = None
    screen: list[ScreenTable] = Field(default=[], max_length=100)
    observe: list[ObserveTable] = Field(default=[], max_length=100)
    local: LocalTable | None = None
    drug_names: dict[LanguageCode, Text] = {}
    case: list[CaseTable] = []
    claim: list[ClaimTable] = []


def load_protocol(name: str) -> Protocol:
    """A bundled protocol by its name, or a file's by its path.

    Raises ProtocolError with every problem of the file, each by its place.
    """
    return read_protocol(name)[0]


def read_protocol(name: str, beside: Path | None = None) -> tuple[Protocol, bytes]:
    """As `load_protocol`, a path relative to the folder `beside`, with the bytes of the file."""
    path = protocol_path(name, beside)
    with located(path.name or name or "protocol"):
        content = read_bytes(path, ProtocolError)
        return protocol_from(parse_toml(content, ProtocolError), content), content


def protocol_from(table: Table, content: bytes) -> Protocol:
    """The protocol of a file's table. Raises ProtocolError with every problem, by its place."""
    try:
        file = ProtocolFile.model_validate(table)
    except ValidationError as error:
        found = [*problems(error, ProtocolFile), *_problems_apart(table, error)]
        raise ProtocolError(*found) from error
    found = list(_problems(file))
    domains = Domains(
        file.input.size_mm.domain, file.input.size_mm.precision, tuple(file.input.site.values)
    )
    table_of_rules = None
    if not any(problem.place.startswith("input") for problem in found):
        try:
            table_of_rules = DecisionTable([_rule(rule) for rule in file.rule], domains)
        except ProtocolError as error:
            found += error.problems
    raise_if_any(ProtocolError, found)
    if table_of_rules is None:
        raise AssertionError("a table without problems was made")
    return _protocol(file, table_of_rules, hashlib.sha256(content).hexdigest())


# What stands in for a value that is wrong in itself, so that the rest can be looked at.
_PLACEHOLDERS: dict[str, object] = {
    "evidence": "stated", "unit": "mm", "interval_days": 366, "injections": 1, "after_days": 1,
    "window_days": 1, "injection_window_days": 1, "shortest_interval_days": 1,
    "strength_mg_per_ml": 1, "days": [0],
    **dict.fromkeys(
        ("version", "title", "drug", "route", "technique", "use", "place", "because", "citation"),
        "?",
    ),
}  # fmt: skip
# Parts in which a value may be left out, and the rest says no more and no less than it did.
_MAY_LACK = ("regimen", "observed", "screen", "observe", "local", "drug_names")


def _problems_apart(table: Table, error: ValidationError) -> list[Problem]:
    """What else is wrong with a file in which some values are wrong in themselves."""
    mended = deepcopy(table)
    for detail in error.errors(include_url=False):
        *parents, last = detail["loc"]
        current: Any = mended
        try:
            for part in parents:
                current = current[part]
            is_needless = str(last) not in _PLACEHOLDERS and detail["loc"][0] in _MAY_LACK
            if detail["type"] == "extra_forbidden" or is_needless:
                del current[last]
            else:
                current[last] = _PLACEHOLDERS[str(last)]
        except (KeyError, IndexError, TypeError):
            return list(_proof_apart(table))
    try:
        file = ProtocolFile.model_validate(mended)
    except ValidationError:
        return list(_proof_apart(table))
    return [*_problems(file), *_proof_apart(mended)]


def _proof_apart(table: Table) -> Iterator[Problem]:
    """What the proof finds where the conditions can be read though the file has other faults."""
    try:
        inputs = InputTable.model_validate(table.get("input"))
        written = table.get("rule", [])
        whens = [WhenTable.model_validate(rule.get("when", {})) for rule in written]
    except (ValidationError, AttributeError, TypeError):
        return
    if any(_domain_problems(inputs)):
        return
    names = [str(rule.get("id", index)) for index, rule in enumerate(written, start=1)]
    rules = [
        Rule(name, "", "stated", "", "", "", when.size_mm, when.ulcerated, _sites(when))
        for name, when in zip(names, whens, strict=True)
    ]
    domains = Domains(inputs.size_mm.domain, inputs.size_mm.precision, tuple(inputs.site.values))
    try:
        DecisionTable(rules, domains)
    except ProtocolError as error:
        yield from error.problems


def _sites(when: WhenTable | None) -> tuple[str, ...] | None:
    return None if when is None or when.site is None else tuple(when.site)


def _problems(file: ProtocolFile) -> Iterator[Problem]:
    """What the tables of a file say against one another."""
    yield from _domain_problems(file.input)
    yield from _rule_problems(file)
    yield from _regimen_problems(file)
    days = [one.after_days for one in file.evaluation]
    if days != sorted(set(days)):
        yield Problem("evaluation", "the days do not ascend", "put them in order, each day once")
    if file.observed is not None:
        yield from _citation("observed", file.observed.source, file)
        yield from _site_problems("observed.sites", file.observed.sites or [], file.input.site)
    yield from _local_problems(file)
    for index, case in enumerate(file.case, start=1):
        yield from _citation(f"case[{index}]", case.source, file)
        yield from _site_problems(f"case[{index}].site", [case.site], file.input.site)
        if case.regimen not in file.regimen:
            fix = nearest(case.regimen, list(file.regimen))
            yield Problem(f"case[{index}].regimen", f"no regimen {case.regimen!r}", fix)
        if case.size_mm not in file.input.size_mm.domain:
            fix = "mend it, or the domain"
            yield Problem(f"case[{index}].size_mm", f"{case.size_mm} is outside the domain", fix)
    yield from _claim_problems(file)


def _claim_problems(file: ProtocolFile) -> Iterator[Problem]:
    """Claims that the cases cannot be counted for."""
    weeks = {look.week for case in file.case for look in case.follow_up}
    for index, claim in enumerate(file.claim, start=1):
        place = f"claim[{index}]"
        if not file.case:
            yield Problem(place, "there is no case to count", "add the source's cases")
        if claim.measure in WEEKLY_MEASURES and claim.week not in weeks:
            fix = f"name one of the weeks {', '.join(map(str, sorted(weeks)))}"
            yield Problem(f"{place}.week", "no case was looked at then", fix)
        if claim.measure in WEEKLY_MEASURES and not claim.figure.isdecimal():
            yield Problem(f"{place}.figure", "it is not a whole per cent", "write it as 67")
        if claim.measure == "ages" and not any(case.age is not None for case in file.case):
            yield Problem(place, "no case has an age", "add them, or leave the claim out")


def _domain_problems(inputs: InputTable) -> Iterator[Problem]:
    domain = inputs.size_mm.domain
    if len(domain.bounds) != 2 or domain.bounds[0] < 0:
        fix = 'give both ends, from 0 up: "(0..500]"'
        yield Problem("input.size_mm.domain", f"{domain} is no range of sizes", fix)
    values = inputs.site.values
    if len(set(values)) != len(values):
        yield Problem("input.site.values", "a site stands twice", "keep each once")
    yield from _site_problems("input.site.unpaired", inputs.site.unpaired, inputs.site)


def _site_problems(place: str, sites: list[str], known: SiteTable) -> Iterator[Problem]:
    for site in sites:
        if site not in known.values:
            yield Problem(place, f"unknown site {site!r}", nearest(site, known.values))


def _citation(place: str, source: str | None, file: ProtocolFile) -> Iterator[Problem]:
    if source is not None and source not in file.source:
        yield Problem(
            f"{place}.source", f"no source {source!r}", nearest(source, list(file.source))
        )


def _rule_problems(file: ProtocolFile) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, rule in enumerate(file.rule, start=1):
        place = f"rule[{index}]"
        if rule.id in seen:
            yield Problem(f"{place}.id", f"{rule.id} stands twice", "rename one")
        seen.add(rule.id)
        if rule.regimen not in file.regimen:
            fix = nearest(rule.regimen, list(file.regimen))
            yield Problem(f"{place}.regimen", f"no regimen {rule.regimen!r}", fix)
        yield from _citation(place, rule.source, file)
        yield from _site_problems(
            f"{place}.when.site", list(_sites(rule.when) or ()), file.input.site
        )


def _regimen_problems(file: ProtocolFile) -> Iterator[Problem]:
    shortest = file.policy.shortest_interval_days
    for name, regimen in file.regimen.items():
        place = f"regimen.{name}"
        yield from _citation(place, regimen.source, file)
        if regimen.dose_mg is not None and any(bound < 0 for bound in regimen.dose_mg.bounds):
            yield Problem(f"{place}.dose_mg", "a dose is not below 0 mg", "mend its bounds")
        if regimen.days is not None:
            yield from _days_problems(place, regimen, regimen.days, shortest)
            continue
        if regimen.injections is None:
            yield Problem(f"{place}.injections", "it is missing", "add it, or their days")
            continue
        if regimen.injections > 1 and regimen.interval_days is None:
            problem = "several injections have no interval"
            yield Problem(f"{place}.interval_days", problem, "add the days from one to the next")
        if regimen.injections > 1 and (regimen.interval_days or shortest) < shortest:
            problem = f"{regimen.interval_days} is under the shortest interval, {shortest} days"
            yield Problem(f"{place}.interval_days", problem, "mend it or the policy")


def _days_problems(
    place: str, regimen: RegimenTable, days: Sequence[int], shortest: int
) -> Iterator[Problem]:
    """What is wrong with the days of a regimen's injections."""
    both = [name for name in ("injections", "interval_days") if getattr(regimen, name) is not None]
    if both:
        yield Problem(f"{place}.{both[0]}", "days were given too", "keep one of the two")
    if not days or days[0] != 0:
        yield Problem(f"{place}.days", "the first injection is not on day 0", "begin with 0")
    if len(days) > MOST_INJECTIONS:
        problem = f"{len(days)} injections are over {MOST_INJECTIONS}"
        yield Problem(f"{place}.days", problem, "is it the right list?")
    for before, after in pairwise(days):
        if after <= before:
            yield Problem(f"{place}.days", f"{after} does not follow {before}", "let them ascend")
        elif after - before < shortest:
            problem = f"{before} to {after} is under the shortest interval, {shortest} days"
            yield Problem(f"{place}.days", problem, "mend it or the policy")


def _local_problems(file: ProtocolFile) -> Iterator[Problem]:
    """What is wrong with what is asked, noted and compared beside the rules."""
    site = file.input.site
    kinds: dict[str, Sequence[ScreenTable | ObserveTable]]
    kinds = {"screen": file.screen, "observe": file.observe}
    for kind, tables in kinds.items():
        ids = [one.id.casefold() for one in tables]
        for index, one in enumerate(tables, start=1):
            place = f"{kind}[{index}]"
            yield from _site_problems(f"{place}.sites", one.sites or [], site)
            if one.id.casefold() in (*ids[: index - 1], SULFITE_ALLERGY.id):
                yield Problem(f"{place}.id", f"{one.id} is there already", "choose another id")
    yield from _asked_problems(file)
    like = file.local.like if file.local else {}
    for name, other in like.items():
        yield from _site_problems(f"local.like.{name}", [name, other], site)
        if other in like:
            problem = f"{other} is compared with another site itself"
            yield Problem(f"local.like.{name}", problem, f"write {like[other]}")


def _asked_problems(file: ProtocolFile) -> Iterator[Problem]:
    """What is wrong with a question, or with something to note."""
    for index, screen in enumerate(file.screen, start=1):
        place = f"screen[{index}]"
        if (screen.source is None) != bool(screen.policy):
            fix = "give either source, or policy = true"
            yield Problem(place, "is it the source's, or a policy?", fix)
        elif screen.source is not None:
            yield from _citation(place, screen.source, file)
    for index, look in enumerate(file.observe, start=1):
        place = f"observe[{index}]"
        if (look.type == "choice") != (look.values is not None):
            problem, fix = "a choice has values, nothing else has", "give values, or mend the type"
            yield Problem(f"{place}.values", problem, fix)
        alike = [as_people_read(one) for one in look.values or ()]
        if len({*alike}) != len(alike):
            yield Problem(f"{place}.values", "two of them read alike", "keep one of them")
        if look.unit is not None and look.type != "quantity":
            yield Problem(f"{place}.unit", "only a quantity has a unit", "leave it out")


def _rule(table: RuleTable) -> Rule:
    return Rule(
        id=table.id,
        regimen=table.regimen,
        evidence=table.evidence,
        source=table.source,
        place=table.place,
        because=table.because,
        size_mm=table.when.size_mm if table.when else None,
        ulcerated=table.when.ulcerated if table.when else None,
        sites=_sites(table.when),
    )


def _protocol(file: ProtocolFile, table: DecisionTable, sha256: str) -> Protocol:
    observed = file.observed
    return Protocol(
        id=file.id,
        version=file.version,
        title=file.title,
        drug=file.drug,
        strength=Strength(Fraction(file.strength_mg_per_ml)),
        route=file.route,
        technique=file.technique,
        use=file.use,
        not_for=tuple(file.not_for),
        sources={name: Source(name, one.citation, one.caveat) for name, one in file.source.items()},
        table=table,
        unpaired=frozenset(file.input.site.unpaired),
        regimens={name: _regimen(name, one) for name, one in file.regimen.items()},
        evaluations=tuple(Evaluation(one.after_days, one.window_days) for one in file.evaluation),
        policy=Policy(file.policy.injection_window_days, file.policy.shortest_interval_days),
        observed=None
        if observed is None
        else TreatedRange(
            observed.place or "place not given",
            observed.size_mm,
            observed.visit_dose_mg,
            None if observed.sites is None else tuple(observed.sites),
            None if observed.diagnoses is None else tuple(observed.diagnoses),
            observed.age,
        ),
        cases=tuple(_case(one) for one in file.case),
        claims=tuple(_claim(one) for one in file.claim),
        sha256=sha256,
        screens=tuple(_screen(one) for one in file.screen),
        observations=tuple(_observation(one) for one in file.observe),
        like=file.local.like if file.local else {},
        drug_names=file.drug_names,
        population=file.population,
    )


def _regimen(name: str, table: RegimenTable) -> Regimen:
    return Regimen(
        name,
        table.title,
        table.injections or len(table.days or ()),
        table.interval_days or 0,
        table.dose_mg,
        table.place or "place not given",
        None if table.days is None else tuple(table.days),
    )


def _screen(table: ScreenTable) -> Screen:
    return Screen(
        table.id,
        table.question,
        table.stop_if,
        None if table.sites is None else tuple(table.sites),
        table.because,
        table.place or "",
        is_policy=table.source is None,
    )


def _observation(table: ObserveTable) -> Observation:
    return Observation(
        table.id,
        table.label,
        table.when,
        table.type,
        table.unit or "",
        tuple(table.values or ()),
        None if table.sites is None else tuple(table.sites),
    )


def _case(table: CaseTable) -> Case:
    values = table.model_dump(exclude={"follow_up", "source"})
    values["dose_range_mg"] = table.dose_range_mg
    follow_up = tuple(
        FollowUp(one.week, one.size_mm, one.reduction_percent) for one in table.follow_up
    )
    return Case(**values, follow_up=follow_up)


def _claim(table: ClaimTable) -> Claim:
    values = table.model_dump(exclude={"week", "sites"})
    return Claim(**values, week=table.week or 0, sites=tuple(table.sites))

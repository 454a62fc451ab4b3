"""`planner protocol`: the rules that plans are made by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from planner.cli.lazy import FieldGroup
from planner.cli.paths import PATH
from planner.core.protocol.protocol import Protocol
from planner.core.protocol.rules import Rule
from planner.core.values.formatting import count, mg_per_ml, mm


@click.group(cls=FieldGroup)
def protocol() -> None:
    """List, show, prove and start protocols.

    Example: planner protocol show sts-150
    """


@protocol.command("list")
def list_() -> None:
    """Name the bundled protocols.

    Example: planner protocol list
    """
    from planner.files.bundled import bundled_protocols
    from planner.files.protocol import load_protocol

    for name in bundled_protocols():
        one = load_protocol(name)
        click.echo(f"{one.id}  {one.version}  {one.title}")


@protocol.command()
@click.argument("name")
@click.option("--toml", "as_toml", is_flag=True, help="The file itself.")
def show(name: str, as_toml: bool) -> None:
    """Show a protocol: rules, regimens, limits, windows, sources, what it is not for.

    Example: planner protocol show sts-150
    """
    from planner.files.bundled import protocol_path
    from planner.files.protocol import load_protocol

    one = load_protocol(name)
    if as_toml:
        click.echo(protocol_path(name).read_text(encoding="utf-8").rstrip("\n"))
    else:
        click.echo("\n".join(described(one)))


@protocol.command()
@click.argument("file", type=PATH)
def check(file: Path) -> None:
    """Prove a protocol file, or tell all that is wrong with it; print its table.

    Example: planner protocol check our-protocol.toml
    """
    from planner.files.protocol import load_protocol

    one = load_protocol(str(file.absolute()))
    sites = len(one.table.domains.sites)
    click.echo(f"{one.id} {one.version} is proven: exactly one of {len(one.table.rules)} rules")
    click.echo(f"for each size {one.table.domains.size_mm} mm, ulceration and {sites} sites\n")
    click.echo("\n".join(rule_lines(one)))


@protocol.command()
@click.argument("name")
@click.option("--jdm", is_flag=True, help="The JSON of zen-engine, not DMN.")
def dmn(name: str, jdm: bool) -> None:
    """Print the rules of a protocol, bundled or in a file, as DMN 1.3 for rule engines.

    Example: planner protocol dmn sts-150 > sts-150.dmn
    """
    from planner.documents.dmn import dmn_bytes, jdm_bytes
    from planner.files.protocol import load_protocol

    one = load_protocol(name)
    click.echo(jdm_bytes(one) if jdm else dmn_bytes(one), nl=False)


@protocol.command("new")
@click.argument("file", type=PATH)
def new_(file: Path) -> None:
    """Write a commented protocol file to start from.

    Example: planner protocol new our-protocol.toml
    """
    from planner.cli.output import say
    from planner.documents.folder import write_file
    from planner.files.bundled import starting_protocol

    write_file(file, starting_protocol().encode("utf-8"))
    say(f"Written: {file}\nNext: planner protocol check {file}\n", is_done=True)


def described(one: Protocol) -> Iterator[str]:
    """A protocol as its reviewer reads it."""
    yield click.style(f"{one.id} {one.version}: {one.title}", bold=True)
    yield f"{one.drug} {mg_per_ml(one.strength.mg_per_ml)}, {one.route}, {one.technique}"
    yield f"sha256 {one.sha256}"
    yield f"Use: {one.use}"
    for text in one.not_for:
        yield f"Not for: {text}"
    yield click.style("\nRules (exactly one holds for each lesion: proven)", bold=True)
    yield from rule_lines(one)
    yield click.style("\nRegimens", bold=True)
    for regimen in one.regimens.values():
        given = f"; cases were given {regimen.dose_mg.words('mg')}" if regimen.dose_mg else ""
        yield f"  {regimen.id}: {regimen.title}{given} ({regimen.place})"
    yield from _limits(one)
    yield click.style("\nWindows (the clinic's policy, not the source's)", bold=True)
    policy = one.policy
    window = count(policy.injection_window_days, "day")
    apart = count(policy.shortest_interval_days, "day")
    yield f"  injections: {window} either way, at least {apart} apart"
    for evaluation in one.evaluations:
        window = count(evaluation.window_days, "day")
        yield f"  evaluation {evaluation.after_days} days after the first injection: {window}"
    yield click.style("\nSources", bold=True)
    for source in one.sources.values():
        yield f"  {source.id}: {source.citation}{f' ({source.caveat})' if source.caveat else ''}"


def rule_lines(one: Protocol) -> Iterator[str]:
    """The table as the reader of a paper would draw it, a row a rule."""
    rows = [["size", "ulceration", "site", "regimen", "evidence", "rule"]]
    for rule in one.table.rules:
        size, state, _ = (word or "any" for word in rule.words)
        rows.append([size, state, _sites(rule, one), rule.regimen, rule.evidence, rule.id])
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {text.rstrip()}"
    for rule in one.table.rules:
        yield f"  {rule.id}: {rule.because} ({rule.place})"


def _sites(rule: Rule, one: Protocol) -> str:
    """The sites of a rule; a list of most of them as what it leaves out."""
    if rule.sites is None:
        return "any"
    out = [site for site in one.table.domains.sites if site not in rule.sites]
    return f"all but {', '.join(out)}" if len(out) < len(rule.sites) else ", ".join(rule.sites)


def _limits(one: Protocol) -> Iterator[str]:
    observed = one.observed
    if observed is None:
        return
    yield click.style(f"\nTreated by the source ({observed.place})", bold=True)
    if observed.size_mm is not None:
        yield f"  sizes: {observed.size_mm.words('mm')}, measured to {_precision(one)}"
    if observed.visit_dose_mg is not None:
        yield f"  doses at one treatment: {observed.visit_dose_mg.words('mg')}"
    if observed.sites is not None:
        yield f"  sites: {', '.join(observed.sites)}"
    if observed.diagnoses is not None:
        yield f"  diagnoses: {', '.join(observed.diagnoses)}"


def _precision(one: Protocol) -> str:
    return mm(one.table.domains.precision_mm)

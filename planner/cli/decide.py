"""`planner decide`: the regimen of one lesion, and its grounds."""

from __future__ import annotations

import click

from planner.cli.ulceration import ulceration_option
from planner.core.values.formatting import count, mg, mm


@click.command()
@click.option("--size-mm", required=True, metavar="N", help="Largest diameter.")
@click.option("--site", required=True, help="A site of the protocol, such as fingertip.")
@ulceration_option(must=True)
@click.option("--protocol", "name", default="sts-150", help="A bundled name, or a file.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def decide(size_mm: str, site: str, ulcerated: bool, name: str, as_json: bool) -> None:
    """Say which regimen a lesion gets, by which rule, and on what evidence.

    Example: planner decide --size-mm 4 --site elbow --not-ulcerated
    """
    from planner.cli.output import emit_json, finding_lines
    from planner.cli.typed import check_decimals, typed_number
    from planner.core.plan.checks import lesion_findings
    from planner.core.plan.course import Lesion
    from planner.core.plan.findings import in_order
    from planner.core.plan.planning import decide as decide_lesion
    from planner.core.plan.recording import nearest_cases
    from planner.errors import InputError, raise_if_any
    from planner.files.protocol import load_protocol

    protocol = load_protocol(name)
    size = typed_number(size_mm, "mm", "--size-mm")
    check_decimals(size, "--size-mm")
    raise_if_any(InputError, protocol.table.input_problems(size, ulcerated, site))
    decided = decide_lesion(Lesion("lesion", site, size, ulcerated), protocol)
    rule, reasons = decided.hit.rule, decided.hit.reasons
    findings = in_order(
        (one._replace(lesion=None) for one in lesion_findings(decided, protocol)), []
    )
    source = protocol.cited(rule.source, rule.place)
    if as_json:
        emit_json(
            {
                "regimen": decided.regimen,
                "rule": rule.id,
                "evidence": rule.evidence,
                "reasons": reasons,
                "sources": [source],
                "findings": findings,
            }
        )
        return
    regimen = protocol.regimens[decided.regimen]
    caveat = protocol.sources[rule.source].caveat
    click.echo(click.style(f"{decided.regimen}: {regimen.title}", bold=True))
    click.echo(f"Evidence: {rule.evidence}{f' ({caveat})' if caveat else ''}; {source}")
    for reason in reasons:
        click.echo(f"  {reason}")
    cases = {case.id: case for case in protocol.cases}
    near = [cases[case] for case in nearest_cases(decided, protocol)]
    if near:
        click.echo("Nearest cases of this regimen, for reference, not a proposal:")
    for case in near:
        given = case.dose_range_mg.words("mg")
        doses = f"{given}, mean {mg(case.mean_dose_mg)}" if case.injections > 1 else given
        times = count(case.injections, "injection")
        click.echo(f"  {case.site}, {mm(case.size_mm)}: {times} of {doses} ({case.place})")
    for line in finding_lines(findings, []):
        click.echo(line)

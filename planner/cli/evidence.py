"""`planner evidence`: what the letter says, beside what its own figures give."""

from __future__ import annotations

from collections.abc import Iterator

import click

from planner.core.protocol.protocol import Protocol
from planner.core.values.formatting import percent


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def evidence(as_json: bool) -> None:
    """Replay the letter's cases through the rules and recompute its figures.

    Nothing is corrected: printed and recomputed figures stand side by side.

    Example: planner evidence
    """
    from planner.files.bundled import DEFAULT_PROTOCOL
    from planner.files.protocol import load_protocol

    protocol = load_protocol(DEFAULT_PROTOCOL)
    if as_json:
        from planner.cli.output import emit_json

        emit_json(_as_json(protocol))
    else:
        click.echo("\n".join(_lines(protocol)))


def _as_json(protocol: Protocol) -> dict[str, object]:
    from planner.core.protocol import evidence as found

    return {
        "protocol": protocol.id,
        "version": protocol.version,
        "cases": [{**one._asdict(), "agrees": one.agrees} for one in found.replay(protocol)],
        "reductions": [
            {**one._asdict(), "agrees": one.agrees} for one in found.recompute(protocol)
        ],
        "claims": list(found.compare(protocol)),
        "inference": found.with_one_more(protocol),
    }


def _lines(protocol: Protocol) -> Iterator[str]:
    from planner.core.protocol import evidence as found

    for source in protocol.sources.values():
        yield f"{source.id}: {source.citation} ({source.caveat})"
    yield click.style("\nCases through the rules", bold=True)
    for one in found.replay(protocol):
        state = "ulcerated" if one.ulcerated else "not ulcerated"
        known = "reported" if one.reported else "not reported, assumed here"
        verdict = "same" if one.agrees else "FLIPS"
        yield (
            f"  {one.case:12} {one.size:>6}, {state} ({known}): given {one.given},"
            f" rule {one.rule} gives {one.regimen} ({one.evidence}): {verdict}"
        )
    yield click.style("\nReductions, printed and recomputed from the printed sizes", bold=True)
    for look in found.recompute(protocol):
        printed, again = percent(look.printed_percent), percent(look.recomputed_percent)
        verdict = "same when rounded" if look.agrees else "DIFFERS"
        yield (
            f"  {look.case:12} week {look.week:2}: {look.from_mm} to {look.to_mm},"
            f" printed {printed}, recomputed {again}: {verdict}"
        )
    yield click.style("\nThe text beside Table 1", bold=True)
    for claim in found.compare(protocol):
        verdict = "agrees" if claim.agrees else "DIFFERS"
        yield f"  {claim.says} ({claim.place})\n    the table gives: {claim.table}: {verdict}"
    inference = found.with_one_more(protocol)
    if inference is not None:
        yield click.style("\nInference", bold=True)
        yield f"  {inference.label}"
        yield from (f"  {line}" for line in inference.lines)

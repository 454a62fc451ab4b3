"""A series on paper: Table 1, the figures, how each figure was made and what is missing."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from html import escape

from planner.core.series.description import AtLook, Description, Few, Spread
from planner.core.series.proportions import ConfidenceInterval
from planner.documents import pdf
from planner.documents.paper import (
    Block,
    Bullets,
    Cell,
    Figure,
    Heading,
    Paragraph,
    Row,
    Table,
    cell,
    text,
)
from planner.documents.series.checklist import checklist
from planner.documents.series.frame import Drawn, when

Line = tuple[str, ...]
SLIPS = "Where the letter's figures are not those of its own table"


def table_1(found: Sequence[Description]) -> tuple[Line, list[Line]]:
    """Each series a column: its head, and its rows with a name each."""
    head = ("figure", *(one.name for one in found))
    looks = sorted({look.after_days for one in found for look in one.looks})
    rows = [
        ("patients", *(f"{one.people(one.patients)}" for one in found)),
        ("courses", *(f"{one.people(one.courses)}" for one in found)),
        ("lesions, treated", *(f"{one.lesions}, {one.treated_lesions}" for one in found)),
        ("injections", *(f"{one.injections}" for one in found)),
        ("injections not given", *(f"{one.missed_injections}" for one in found)),
        ("age, years: mean (range)", *(_spread(one.age) for one in found)),
        ("sex", *(_sexes(one) for one in found)),
        ("disease, years: mean (range)", *(_spread(one.disease_years) for one in found)),
    ]
    for days in looks:
        rows += [(f"{when(days)}: {name}", *values) for name, values in _at(found, days)]
    rows += [
        ("change of pain: patients, median (range)", *(_pain(one) for one in found)),
        ("injections with a complication", *(_ill(one) for one in found)),
        ("endings", *(_endings(one) for one in found)),
    ]
    return head, rows


def _sexes(one: Description) -> str:
    known = {name.replace("_", " "): number for name, number in one.sexes.items() if number}
    return ", ".join(f"{name} {one.people(number)}" for name, number in known.items())


def _at(found: Sequence[Description], days: int) -> Iterator[tuple[str, list[str]]]:
    """The rows of a look; a series without it has empty cells."""
    there = [next((x for x in one.looks if x.after_days == days), None) for one in found]
    rows: dict[str, Callable[[Description, AtLook], str]] = {
        "lesions evaluated, of treated": _lesions_seen,
        "patients evaluated, of treated": _patients_seen,
        "lesions not yet due": lambda _, x: f"{x.not_yet_due}",
        "reduction by lesion, %: mean (range)": lambda _, x: _spread(x.by_lesion),
        "reduction by patient, %: mean (range)": lambda _, x: _spread(x.by_patient),
        "lesions gone, smaller, unchanged, larger": _remissions,
        "lesions gone, of evaluated (95 %)": _gone,
        "patients with all lesions gone, of treated (95 %)": _all_gone,
    }
    for name, shown in rows.items():
        pairs = zip(found, there, strict=True)
        yield name, ["" if x is None else shown(one, x) for one, x in pairs]


def _lesions_seen(_: Description, look: AtLook) -> str:
    return f"{look.evaluated_lesions} of {look.treated_lesions}"


def _patients_seen(one: Description, look: AtLook) -> str:
    return f"{one.people(look.evaluated_patients)} of {one.people(look.treated_patients)}"


def _remissions(_: Description, look: AtLook) -> str:
    return ", ".join(f"{number}" for number in look.remissions.values())


def _gone(_: Description, look: AtLook) -> str:
    gone = look.remissions["complete"]
    return f"{gone} of {look.evaluated_lesions}{_bounds(look.complete_interval_95)}"


def _all_gone(one: Description, look: AtLook) -> str:
    gone = look.all_gone
    return f"{one.people(gone.n)} of {one.people(gone.of_treated)}{_bounds(gone.interval_95)}"


def _spread(found: Spread | Few | None) -> str:
    if found is None:
        return "not known"
    if isinstance(found, Few):
        return f"{found}"
    low, high = (f"{float(one):.1f}" for one in (found.min, found.max))
    return f"{float(found.mean):.1f} ({low} to {high})"


def _bounds(found: ConfidenceInterval | None) -> str:
    return " (no interval)" if found is None else f" ({found.low:.0f} to {found.high:.0f} %)"


def _pain(one: Description) -> str:
    pain = one.pain
    if pain.median is None or pain.min is None or pain.max is None:
        return f"{Few.FEW}" if pain.patients else "not known"
    low, high = (f"{float(value):+.1f}" for value in (pain.min, pain.max))
    return f"{one.people(pain.patients)}, {float(pain.median):+.1f} ({low} to {high})"


def _ill(one: Description) -> str:
    found = one.complications
    where = f"{found.lesions} lesions of {one.people(found.patients)} patients"
    if found.injections is None:
        return f"in {where}; after which injection is not said"
    return f"{found.injections} of {found.of_injections}, in {where}"


def _endings(one: Description) -> str:
    return ", ".join(f"{name} {one.people(n)}" for name, n in one.endings.items() if n)


def table_1_csv(found: Sequence[Description]) -> bytes:
    """Table 1 for a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head, rows = table_1(found)
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue().encode()


def table_1_html(found: Sequence[Description]) -> bytes:
    """Table 1 for a manuscript."""
    head, rows = table_1(found)
    heads = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{escape(one)}</td>" for one in values)
        + "</tr>"
        for name, *values in rows
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Table 1</title>'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></html>\n"
    ).encode()


def methods(found: Description) -> list[str]:
    """How each figure was made, and what was missing."""
    looks = [
        f"At {when(one.after_days)}, {one.evaluated_lesions} of {one.treated_lesions} treated"
        f" lesions were measured ({one.not_yet_due} were not yet due), of"
        f" {found.people(one.evaluated_patients)} of {found.people(one.treated_patients)} treated"
        " patients."
        for one in found.looks
    ]
    return [
        "Treated is a lesion that got at least one injection, a patient with at least one such"
        " lesion. A lesion is gone at 0 mm, smaller or larger where it changed by more than the"
        " protocol's stated precision.",
        "Reductions are means over lesions, and means over patients of their lesions' means; ranges"
        " stand beside them.",
        "Lesions of one patient are not independent: the interval of a share of lesions is that of"
        " Korn and Graubard (1998), Clopper and Pearson's with the number of independent lesions"
        " that they are worth; where all lesions are alike a patient counts once. The interval of a"
        " share of patients is that of Clopper and Pearson (1934). With fewer than two patients"
        " none is given.",
        "A patient's lesions are all gone where every treated one was measured and is gone; nobody"
        " who was not measured is counted as gone.",
        *looks,
        f"{found.missed_injections} injections were not given; {found.held_lesions} lesions were"
        " held at some time. No hypothesis was tested.",
    ]


def report_pdf(
    found: Sequence[Description],
    drawings: Sequence[Drawn],
    slips: Sequence[str],
    stamp: datetime,
) -> bytes:
    """The report of the first series, with the others in Table 1."""
    own = found[0]
    title = f"Series: {own.name}, {own.people(own.patients)} patients, {own.lesions} lesions"
    blocks = _blocks(found, drawings, slips)
    return pdf.report_pdf(title, "A series, described", "", blocks, stamp)


def _blocks(
    found: Sequence[Description], drawings: Sequence[Drawn], slips: Sequence[str]
) -> Iterator[Block]:
    yield Heading("A series, described", 1)
    head, rows = table_1(found)
    shown = tuple(
        Row((cell(name, bold=True), *(Cell((text(one),)) for one in values)))
        for name, *values in rows
    )
    yield Table(head, (78, *(0 for _ in head[1:])), shown)
    yield Heading("How it was made")
    yield Bullets(tuple(methods(found[0])))
    if slips:
        yield Heading(SLIPS)
        yield Bullets(tuple(slips))
    yield Heading("What lists for reporting ask for (CARE, PROCESS)")
    asked = tuple(
        Row((cell(one.asked), cell(one.lists), cell(one.answer, bold=not one.is_known)))
        for one in checklist(found[0])
    )
    yield Table(("asked for", "by", "what is known"), (58, 32, 0), asked)
    for one in drawings:
        yield Figure(one.svg, f"{one.title}: {_told(one)}", 180)
    yield Paragraph(text("It suggests no dose."), small=True)


def _told(one: Drawn) -> str:
    rows = "; ".join(", ".join(row) for row in one.rows[:60])
    return f"{', '.join(one.head)}: {rows}"

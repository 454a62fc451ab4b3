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
from planner.documents.language import Language
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
from planner.documents.series.frame import Drawn, read_out
from planner.documents.series.words import endings_told, few, series_words, sexes_told
from planner.documents.wording import ENGLISH, after

Line = tuple[str, ...]
SLIPS = "Where the letter's figures are not those of its own table"


def table_1(found: Sequence[Description], say: Language = ENGLISH) -> tuple[Line, list[Line]]:
    """Each series a column: its head, and its rows with a name each."""
    head = (say("figure"), *(series_words(one.name, say) for one in found))
    looks = sorted({look.after_days for one in found for look in one.looks})
    rows = _counts(found, say)
    for days in looks:
        when = after(days, say)
        rows += [(f"{when}: {name}", *values) for name, values in _at(found, days, say)]
    pain = say("change of pain: patients, median (range)")
    rows += [
        (pain, *(_pain(one, say) for one in found)),
        (say("injections with a complication"), *(_ill(one, say) for one in found)),
        (say("endings"), *(endings_told(one, say) for one in found)),
    ]
    return head, rows


def _counts(found: Sequence[Description], say: Language) -> list[Line]:
    """The rows before those of the looks: who they are and what they got."""
    years = say("disease, years: mean (range)")
    return [
        (say("patients"), *(f"{one.people(one.patients)}" for one in found)),
        (say("courses"), *(f"{one.people(one.courses)}" for one in found)),
        (say("lesions, treated"), *(f"{one.lesions}, {one.treated_lesions}" for one in found)),
        (say("injections"), *(f"{one.injections}" for one in found)),
        (say("injections not given"), *(f"{one.missed_injections}" for one in found)),
        (say("age, years: mean (range)"), *(_spread(one.age, say) for one in found)),
        (say("sex"), *(sexes_told(one, say) for one in found)),
        (years, *(_spread(one.disease_years, say) for one in found)),
    ]


def _at(found: Sequence[Description], days: int, say: Language) -> Iterator[tuple[str, list[str]]]:
    """The rows of a look; a series without it has empty cells."""
    there = [next((x for x in one.looks if x.after_days == days), None) for one in found]
    rows: dict[str, Callable[[Description, AtLook], str]] = {
        say("lesions evaluated, of treated"): lambda _, x: say(
            "{n} of {of}", n=x.evaluated_lesions, of=x.treated_lesions
        ),
        say("patients evaluated, of treated"): lambda one, x: say(
            "{n} of {of}", n=one.people(x.evaluated_patients), of=one.people(x.treated_patients)
        ),
        say("lesions not yet due"): lambda _, x: f"{x.not_yet_due}",
        say("reduction by lesion, %: mean (range)"): lambda _, x: _spread(x.by_lesion, say),
        say("reduction by patient, %: mean (range)"): lambda _, x: _spread(x.by_patient, say),
        say("lesions gone, smaller, unchanged, larger"): lambda _, x: _remissions(x, say),
        say("lesions gone, of evaluated (95 %)"): lambda _, x: _gone(x, say),
        say("patients with all lesions gone, of treated (95 %)"): lambda one, x: _all_gone(
            one, x, say
        ),
    }
    for name, shown in rows.items():
        pairs = zip(found, there, strict=True)
        yield name, ["" if x is None else shown(one, x) for one, x in pairs]


def _remissions(look: AtLook, say: Language) -> str:
    if isinstance(look.remissions, Few):
        return few(look.remissions, say)
    return ", ".join(f"{number}" for number in look.remissions.values())


def _gone(look: AtLook, say: Language) -> str:
    if isinstance(look.remissions, Few):
        return few(look.remissions, say)
    told = say("{n} of {of}", n=look.remissions["complete"], of=look.evaluated_lesions)
    return f"{told} ({_bounds(look.complete_interval_95, say)})"


def _all_gone(one: Description, look: AtLook, say: Language) -> str:
    gone = look.all_gone
    told = say("{n} of {of}", n=one.people(gone.n), of=one.people(gone.of_treated))
    return f"{told} ({_bounds(gone.interval_95, say)})"


def _spread(found: Spread | Few | None, say: Language) -> str:
    if found is None:
        return say("not known")
    if isinstance(found, Few):
        return few(found, say)
    low, high = say.tenths(found.min), say.tenths(found.max)
    return say("{mean} ({low} to {high})", mean=say.tenths(found.mean), low=low, high=high)


def _bounds(found: ConfidenceInterval | None, say: Language) -> str:
    if found is None:
        return say("no interval")
    return say("{low} to {high} %", low=f"{found.low:.0f}", high=f"{found.high:.0f}")


def _pain(one: Description, say: Language) -> str:
    pain = one.pain
    if pain.median is None or pain.min is None or pain.max is None:
        return few(Few.FEW, say) if pain.patients else say("not known")
    low, high = say.tenths(pain.min, "+"), say.tenths(pain.max, "+")
    middle = say.tenths(pain.median, "+")
    told = say("{mean} ({low} to {high})", mean=middle, low=low, high=high)
    return f"{one.people(pain.patients)}, {told}"


def _ill(one: Description, say: Language) -> str:
    found = one.complications
    where = say(
        "in {lesions} lesions of {patients} patients",
        lesions=found.lesions,
        patients=one.people(found.patients),
    )
    if found.injections is None:
        return f"{where}; {say('after which injection is not said')}"
    return f"{say('{n} of {of}', n=found.injections, of=found.of_injections)}, {where}"


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


def methods(found: Description, say: Language = ENGLISH) -> list[str]:
    """How each figure was made, and what was missing."""
    return [
        say(
            "Treated is a lesion that got at least one injection, a patient with at least one such"
            " lesion. A lesion is gone at 0 mm, smaller or larger where it changed by more than the"
            " protocol's stated precision."
        ),
        say(
            "Reductions are means over lesions, and means over patients of their lesions' means;"
            " ranges stand beside them."
        ),
        say(
            "Lesions of one patient are not independent: the interval of a share of lesions is that"
            " of Korn and Graubard (1998), Clopper and Pearson's with the number of independent"
            " lesions that they are worth; where all lesions are alike a patient counts once. The"
            " interval of a share of patients is that of Clopper and Pearson (1934). With fewer"
            " than two patients none is given."
        ),
        say(
            "A patient's lesions are all gone where every treated one was measured and is gone;"
            " nobody who was not measured is counted as gone."
        ),
        *(_measured(found, one, say) for one in found.looks),
        say(
            "{missed} injections were not given; {held} lesions were held at some time. No"
            " hypothesis was tested.",
            missed=found.missed_injections,
            held=found.held_lesions,
        ),
    ]


def _measured(found: Description, one: AtLook, say: Language) -> str:
    """How many of the treated were measured at a look."""
    return say(
        "At {when}, {lesions} of {treated} treated lesions were measured ({due} were not yet due),"
        " of {people} of {patients} treated patients.",
        when=after(one.after_days, say),
        lesions=one.evaluated_lesions,
        treated=one.treated_lesions,
        due=one.not_yet_due,
        people=found.people(one.evaluated_patients),
        patients=found.people(one.treated_patients),
    )


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
    return read_out(one.head, one.rows[:60])

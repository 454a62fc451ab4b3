"""The treatment sheet: the course on one or two pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.core.plan.findings import Finding, FindingLine, lines
from planner.core.plan.pages import SHEET_PAGE
from planner.core.plan.plan import Plan, PlannedInjection, PlannedVisit
from planner.core.values.formatting import capital
from planner.documents.bodymap import body_map, map_names, missing_from_map
from planner.documents.chart import WIDTH_MM as CHART_MM
from planner.documents.chart import size_chart
from planner.documents.language import Language, msgid
from planner.documents.page_head import Issue, issue_line, paper_of
from planner.documents.paper import (
    ROW_TO_WRITE_MM,
    SIGNATURE_MM,
    Block,
    Bullets,
    Cell,
    Columns,
    Facts,
    Heading,
    Paper,
    Paragraph,
    Row,
    Section,
    Signatures,
    Span,
    Table,
    Tick,
    Ticks,
    Together,
    blank,
    cell,
    text,
)
from planner.documents.wording import (
    Index,
    after,
    conversion,
    draw_up,
    drug,
    ending_lines,
    given_line,
    grounds,
    index,
    is_diluted,
    lesions_without_dose,
    looked_at,
    moved_line,
    outcome_line,
    preparation_lines,
    remission_line,
    remission_ticks,
    state_words,
    strength,
    total_line,
    vial_check,
    visit_state,
    visit_title,
    where,
)

_INDICATIONS = {
    "severe": msgid("severe lesion"),
    "ulcerated": msgid("ulcerated lesion"),
    "before-surgery": msgid("before surgery or a planned amputation"),
}
_DOSE_WIDTHS_MM = (22, 0, 28, 24, 30, 36)
_DOSE_COLUMNS = len(_DOSE_WIDTHS_MM)
# Of one visit that a page holds whatever its texts are.
MOST_ROWS = 24
_PAIRS = 10
# So many evaluations fit beside one another.
_EVALUATIONS = 3


def treatment_sheet(plan: Plan, issue: Issue) -> Paper:
    """The treatment sheet of a plan."""
    say = issue.say
    ending = ending_lines(plan, say, to_patient=issue.to_patient)
    blocks = (
        Heading(say("Treatment sheet"), 1),
        *_population(plan, say),
        *(Paragraph(text(one, bold=True)) for one in ending),
        *_patient(plan, say),
        _strength(plan, say),
        *_lesions(plan, say),
        *_visits(plan, say),
        *_findings(plan, say),
        *_conversion(plan, say),
        *_evaluations(plan, say),
        Together((Columns(tuple(_limits(plan, say)), tuple(_chart(plan, say)), CHART_MM),)),
        Signatures(
            (
                say("Prescribed by (physician), date"),
                say("Consent taken by, date"),
                say("Planned by, date"),
                say("Checked by, date"),
            )
        ),
    )
    return paper_of(
        plan,
        issue,
        say("Treatment sheet, course {course}", course=plan.course),
        (Section(say("Treatment sheet"), issue_line(plan, issue, SHEET_PAGE), blocks),),
    )


def _population(plan: Plan, say: Language) -> Iterator[Block]:
    """Whom the protocol is for, and who may use it."""
    if plan.protocol.population:
        yield Paragraph(text(say(plan.protocol.population)), small=True)


def _patient(plan: Plan, say: Language) -> Iterator[Block]:
    clinic = plan.clinic
    known = [one for one in (clinic.name, clinic.address, clinic.phone) if one]
    if known:
        yield Paragraph(text(" \u00b7 ".join(known)), small=True)
    patient, stated = plan.patient, plan.patient.sulfite_allergy
    born = "" if patient.birth_date is None else say.birth_date(patient.birth_date)
    facts = Facts(
        (
            (say("Patient"), patient.name or ""),
            (say("Born"), born),
            (say("Patient id"), patient.id),
            (say("Diagnosis"), plan.diagnosis),
            (say("Prescriber"), plan.prescriber or ""),
        )
    )
    indications = tuple(
        Tick(say(words), plan.indication == name) for name, words in _INDICATIONS.items()
    )
    allergy = (
        Tick(say("no"), stated is False),
        Tick(say("yes"), stated is True),
        Tick(say("asked today (not the same as sulfonamide allergy)")),
    )
    consent = Tick(say("told that this use is off label, and agreed"))
    ticks = (
        Ticks(say("Indication:"), indications),
        Ticks(say("Sulfite allergy:"), allergy),
        Ticks(say("Patient:"), (consent,)),
        *_screening(plan, say),
    )
    yield Columns((facts,), ticks, 105)


def _screening(plan: Plan, say: Language) -> Iterator[Ticks]:
    """The questions of the protocol: ticked where they were answered."""
    answers = dict(plan.screening)
    sites = {one.site for one in plan.lesions}
    for screen in plan.protocol.screens:
        if screen.concerns(sites):
            answer = answers.get(screen.id)
            ticks = (Tick(say("no"), answer is False), Tick(say("yes"), answer is True))
            yield Ticks(f"{say(screen.question)}:", ticks)


def _strength(plan: Plan, say: Language) -> Block:
    protocol = plan.protocol
    treatment = f", {say(protocol.route)}, {say(protocol.technique)}."
    what = (Span(f"{drug(plan, say)} {strength(plan, say)}", bold=True), Span(treatment))
    volumes = say("All volumes are of {strength}, the drug alone.", strength=strength(plan, say))
    return vial_check(plan, say, what, text(volumes))


def _lesions(plan: Plan, say: Language) -> Iterator[Block]:
    yield Heading(say("Lesions and regimens"))
    figure = body_map(plan, say)
    if figure is not None:
        yield figure
    caption = say("A mark shows site and side only: draw each lesion where it is.")
    absent = missing_from_map(plan)
    if absent:
        caption += " " + say("Not on the map: {lesions}.", lesions=", ".join(absent))
    yield Paragraph(text(caption), small=True)
    yield _lesion_table(plan, say)
    for row in grounds(plan, lesions_without_dose(plan), say):
        yield Paragraph(
            (
                Span(f"{row.lesions}: {row.regimen}. ", bold=True),
                Span(say("Rule {rule}: {because}", rule=row.rule, because=row.because) + " "),
                Span(say("Evidence: {evidence}.", evidence=row.evidence) + " ", bold=True),
                Span(row.source),
            ),
            small=True,
        )
        if row.cases:
            lead = say("For reference, not a proposal, the nearest cases were given:")
            yield Paragraph(text(f"{lead} {'; '.join(row.cases)}"), small=True)


def _lesion_table(plan: Plan, say: Language) -> Block:
    names, decisions = map_names(plan), {one.lesion: one for one in plan.decisions}
    rows = []
    for lesion in plan.lesions:
        number = names[lesion.id]
        name = lesion.id if number == lesion.id else f"{number}: {lesion.id}"
        state = say("ulcerated") if lesion.ulcerated else say("not ulcerated")
        held = lesion.held_since
        waits = "" if held is None else say("held since {day}", day=say.day(held))
        decision = decisions[lesion.id]
        cells = (
            cell(name, waits, bold=True),
            cell(where(lesion, say)),
            cell(f"{say.mm(lesion.size_mm)}, {state}"),
            cell(lesion.measured_by or ""),
            cell(say.regimen(decision.regimen), bold=True),
            cell(decision.rule),
        )
        rows.append(Row(cells))
    head = (
        say("Lesion"), say("Site"), say("Size"), say("Measured by"), say("Regimen"), say("Rule"),
    )  # fmt: skip
    return Table(head, (22, 0, 42, 28, 22, 32), tuple(rows))


def _visits(plan: Plan, say: Language) -> Iterator[Block]:
    yield Heading(say("Visits and doses"))
    yield Paragraph(text(draw_up(plan, say)), small=True)
    known = index(plan)
    for visit in plan.visits:
        table = _visit(plan, visit, known, say)
        # A page holds so many rows; a longer visit has to go over it.
        yield Together((table,)) if len(table.rows) <= MOST_ROWS else table
    if plan.supplies.vials is not None and plan.supplies.wasted_ml is not None:
        vials = say.plural("{n} vial", "{n} vials", plan.supplies.vials)
        rest = say.ml(plan.supplies.wasted_ml)
        course = say("For the whole course: {vials}, {rest} are discarded.", vials=vials, rest=rest)
        yield Paragraph(text(course), small=True)


def _visit(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Table:
    rows = tuple(_visit_rows(plan, visit, known, say))
    if not visit.injections:
        return Table((), (0,) * _DOSE_COLUMNS, rows)
    head = (
        say("Lesion"),
        say("Site"),
        say("Injection"),
        say("Dose"),
        say("Draw, {strength}", strength=strength(plan, say)),
        say("Drawn dose"),
    )
    return Table(head, _DOSE_WIDTHS_MM, rows)


def _visit_rows(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Iterator[Row]:
    purposes = say.listing([say(one) for one in visit.purposes])
    title = " \u00b7 ".join(
        part for part in (visit_title(visit, say), purposes, visit_state(visit, say)) if part
    )
    moved = [text(one) for one in moved_line(visit, say)]
    yield Row((Cell((text(title, bold=True), *moved), columns=_DOSE_COLUMNS),), band=True)
    if visit.state == "planned" and visit.start is None:
        yield _whole(say("This visit has no day yet. Nothing is done until it has one."))
    if visit.evaluations:
        looks = "; ".join(looked_at(visit, say))
        first = f" {say('Measure before injecting.')}" if visit.injections else ""
        yield _whole(say("Measure {lesions}.", lesions=looks) + first)
    if is_diluted(plan) and (recipe := [*preparation_lines(plan, visit, say)]):
        yield _whole(*recipe)
    for one in visit.injections:
        yield _injection_row(one, visit, known, say)
        yield from (_whole(line) for line in given_line(one, say))
    if len(visit.injections) > 1 and (total := [*total_line(plan, visit, say)]):
        yield _whole(*total)


def _whole(*lines_of: str) -> Row:
    return Row((cell(*lines_of, columns=_DOSE_COLUMNS),))


def _injection_row(one: PlannedInjection, visit: PlannedVisit, known: Index, say: Language) -> Row:
    place = where(known.lesions[one.lesion], say)
    count = known.number(one, say)
    if one.state not in (visit.state, "planned"):
        count = f"{count}, {state_words(one.state, say)}"
    first = (cell(one.lesion, bold=True), cell(place), cell(count))
    if one.dose_mg is None:
        blanks = (blank("mg"), blank("mL"), blank("mg"))
        return Row((*first, *blanks), height_mm=ROW_TO_WRITE_MM)
    drawn_dose = ""
    if one.drawn_mg is not None and one.deviation_percent is not None:
        drawn_dose = say.mg(one.drawn_mg)
        if one.deviation_percent:
            drawn_dose += f" ({say.percent(one.deviation_percent)})"
    figures = (
        cell(say.mg(one.dose_mg), bold=True),
        cell("" if one.drawn_ml is None else say.ml(one.drawn_ml), bold=True),
        cell(drawn_dose),
    )
    return Row((*first, *figures))


def _findings(plan: Plan, say: Language) -> Iterator[Block]:
    if not plan.findings:
        return
    yield Heading(say("To see and to confirm"))
    rows = tuple(_finding_row(line, say) for line in lines(plan.findings, plan.lesion_ids))
    head = (say("Severity"), say("Finding"), say("Signature of the physician, date"))
    yield Table(head, (22, 0, 56), rows)


def _finding_row(line: FindingLine, say: Language) -> Row:
    members = line.findings
    place = f", {say.sentence(line.where)}" if line.where else ""
    shown = [text(f"{capital(say.sentence(line.meaning))}{place}: {say.sentence(line.told)}")]
    shown += (text(one, bold=True) for one in _confirmed(members, say))
    is_open = any(one.is_open for one in members)
    if is_open:
        shown.append(text(say("not confirmed"), bold=True))
    to_sign = is_open or any(one.confirmed_by for one in members)
    signature = cell() if to_sign else cell("\u2013")
    cells = (cell(say(line.severity), bold=True), Cell(tuple(shown)), signature)
    return Row(cells, SIGNATURE_MM if to_sign else 0)


def _confirmed(members: Sequence[Finding], say: Language) -> Iterator[str]:
    """Who confirmed what and why, those alike together."""
    confirmed: dict[str, list[str]] = {}
    for one in members:
        if one.confirmed_by is not None and not one.is_open:
            said = say(
                "entered as confirmed by {by}: {reason} (value: {value})",
                by=one.confirmed_by,
                reason=one.reason,
                value=say.sentence(one.value),
            )
            visit = "" if one.visit is None else say("visit {n}", n=one.visit)
            confirmed.setdefault(said, []).append(one.lesion or visit)
    for said, targets in confirmed.items():
        yield f"{say.listing([one for one in targets if one])} {said}".strip()


def _evaluations(plan: Plan, say: Language) -> Iterator[Block]:
    days = plan.protocol.evaluation_days
    if not days:
        return
    yield Heading(say("Evaluation"))
    yield Paragraph(text(remission_line(plan, say)), small=True)
    for start in range(0, len(days), _EVALUATIONS):
        yield _evaluation_table(plan, days[start : start + _EVALUATIONS], say)


def _evaluation_table(plan: Plan, days: Sequence[int], say: Language) -> Block:
    head = (say("Lesion"), say("Site"), say("At the start"), *(after(one, say) for one in days))
    answers = Cell((text("_______ mm"),), tuple(remission_ticks(say)))
    seen = {
        (one.lesion, one.after_days): cell(outcome_line(one.result, say))
        for visit in plan.visits
        for one in visit.evaluations
        if one.result is not None
    }
    rows = tuple(
        Row(
            (
                cell(lesion.id, bold=True),
                cell(where(lesion, say)),
                cell(say.mm(lesion.size_mm)),
                *(seen.get((lesion.id, after_days), answers) for after_days in days),
            ),
            height_mm=ROW_TO_WRITE_MM,
        )
        for lesion in plan.lesions
    )
    return Table(head, (22, 0, 22, *(112 // max(2, len(days)) for _ in days)), rows)


def _chart(plan: Plan, say: Language) -> Iterator[Block]:
    caption = say("Size in per cent of the size at the start: plot each lesion.")
    yield Paragraph(text(caption), small=True)
    yield size_chart(plan, say)


def _conversion(plan: Plan, say: Language) -> Iterator[Block]:
    if not lesions_without_dose(plan):
        return
    yield Heading(say("Conversion at {strength}", strength=strength(plan, say)))
    says = say(
        "Each dose, what to draw of it, and the dose that is. It converts; it proposes none."
    )
    yield Paragraph(text(says), small=True)
    pairs = list(conversion(plan, say))
    rows = []
    for start in range(0, len(pairs), _PAIRS):
        chunk = pairs[start : start + _PAIRS]
        cells = [
            Cell((text(dose, bold=True), text(volume), *([text(f"({drawn})")] if drawn else [])))
            for dose, volume, drawn in chunk
        ]
        rows.append(Row((*cells, *(cell() for _ in range(_PAIRS - len(chunk))))))
    yield Table((), (0,) * _PAIRS, tuple(rows))


def _limits(plan: Plan, say: Language) -> Iterator[Block]:
    """What to check the sheet against, and what the source and the planner cannot bear."""
    protocol = plan.protocol
    yield Heading(say("Check this sheet against:"))
    yield Bullets(
        (
            say("the patient: two identifiers, and the lesion, its site and its side"),
            say(
                "the vial: {drug}, {strength}, the salt, the expiry",
                drug=drug(plan, say),
                strength=say.mg_per_ml((plan.clinic.stock or protocol).strength_mg_per_ml),
            ),
            say("the chart: allergies, the prescription of each dose, what changed since"),
        )
    )
    sources = "; ".join(
        f"{one.id}: {one.citation}" + (f" ({say(one.caveat)})" if one.caveat else "")
        for one in protocol.sources
    )
    use = say("Use: {use}.", use=say(protocol.use))
    not_for = say("Not for: {uses}.", uses="; ".join(say(one) for one in protocol.not_for))
    yield Paragraph(text(_policy(plan, say)), small=True)
    yield Paragraph(text(f"{say('Source: {source}.', source=sources)} {use} {not_for}"), small=True)
    aid = say(
        "A planning aid for physicians who know the procedure. Not a certified device; it decides"
        " nothing."
    )
    yield Paragraph(text(aid), small=True)


def _policy(plan: Plan, say: Language) -> str:
    protocol = plan.protocol
    looks = zip(protocol.evaluation_days, protocol.evaluation_window_days, strict=True)
    evaluations = say.listing(
        [say("{days} days \u00b1{window}", days=days, window=window) for days, window in looks]
    )
    window = protocol.injection_window_days
    said = say("The clinic's policy, not the source's: injections \u00b1{n} days.", n=window)
    if not evaluations:
        return said
    return f"{said} " + say(
        "Evaluations at {evaluations} after a lesion's first injection.", evaluations=evaluations
    )

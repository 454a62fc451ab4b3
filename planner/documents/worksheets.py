"""The worksheets: each visit's evaluation and injections, to be written on at the chair."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from planner.core.dosing.draw_up import Aliquot
from planner.core.plan.pages import visit_page, with_pages
from planner.core.plan.plan import (
    Plan,
    PlannedInjection,
    PlannedLesion,
    PlannedVisit,
)
from planner.core.protocol.protocol import SULFITE_ALLERGY, Observation
from planner.core.values.formatting import NBSP, ends
from planner.documents.bodymap import body_map, is_below, missing_from_map
from planner.documents.language import Language
from planner.documents.page_head import Issue, identity, issue_line, paper_of
from planner.documents.paper import (
    ROW_TO_WRITE_MM,
    Blanks,
    Block,
    Bullets,
    Cell,
    Columns,
    Heading,
    Line,
    Paper,
    Paragraph,
    Row,
    Section,
    Signatures,
    Span,
    Strip,
    Table,
    Tick,
    Ticks,
    Together,
    blank,
    cell,
    mixed,
    text,
)
from planner.documents.wording import (
    Index,
    after,
    drug,
    held_line,
    index,
    is_diluted,
    moved_line,
    plunger_stops,
    preparation_lines,
    remission_line,
    remission_ticks,
    stops_ml,
    strength,
    total_line,
    unanswered,
    vial_check,
    visit_title,
    warned_of,
    where,
)

SHORT_ID = 12
HALF_MM = 92
LEAST_MAP_MM = 40


def worksheets(plan: Plan, issue: Issue) -> Paper:
    """The worksheets of all visits: an evaluation's own form first, then the injections."""
    known, say = index(plan), issue.say
    return paper_of(
        plan,
        issue,
        say("Worksheets, course {course}", course=plan.course),
        tuple(
            section
            for visit in with_pages(plan)
            for section in _sections(plan, visit, known, issue)
        ),
    )


def worksheet_of(plan: Plan, number: int, issue: Issue) -> tuple[Section, ...]:
    """The worksheet of a visit alone, for a pack that has those of several patients."""
    known, who = index(plan), identity(plan, issue)
    return tuple(
        section._replace(identity=who, group=f"{plan.course} {section.group}")
        for visit in with_pages(plan)
        if visit.number == number
        for section in _sections(plan, visit, known, issue)
    )


def _sections(plan: Plan, visit: PlannedVisit, known: Index, issue: Issue) -> Iterator[Section]:
    say = issue.say
    running = visit_title(visit, say)
    group = visit_page(visit.number)
    which = issue_line(plan, issue, group)
    if visit.evaluations:
        yield Section(running, which, tuple(_evaluation(plan, visit, known, say)), group)
    if visit.injections:
        yield Section(running, which, tuple(_injections(plan, visit, known, say)), group)


def _evaluation(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Iterator[Block]:
    yield Heading(say("Evaluation form"), 1)
    yield from (Paragraph(text(one)) for one in moved_line(visit, say))
    rule = say("The same person measures the largest diameter, by the same method as at the start.")
    first = (text(say("Measure before injecting."), bold=True),) if visit.injections else ()
    yield Strip((*first, text(rule)))
    answers = (Tick(say("yes")), Tick(say("no")))
    rows = tuple(
        Row(
            (
                cell(one.lesion, bold=True),
                cell(where(lesion, say), after(one.after_days, say)),
                cell(say.mm(lesion.size_mm), lesion.measured_by or ""),
                blank("mm"),
                cell(ticks=answers),
                blank("/10"),
                cell(ticks=remission_ticks(say)),
            ),
            height_mm=ROW_TO_WRITE_MM,
        )
        for one in visit.evaluations
        for lesion in (known.lesions[one.lesion],)
    )
    head = (
        say("Lesion"),
        say("Site, evaluation"),
        say("At the start"),
        say("Size today"),
        say("Ulcerated"),
        say("VAS, pain"),
        say("Compared with the start"),
    )
    yield Table(head, (18, 0, 28, 22, 18, 20, 50), rows)
    yield Paragraph(text(remission_line(plan, say)), small=True)
    yield Blanks((say("Measured at the start by"), say("Method of measuring")))
    yield Blanks((say("Complications since the last visit"),))
    yield Signatures((say("Measured by, date"), say("Physician, date")))


def _injections(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Iterator[Block]:
    yield Heading(say("Injection worksheet"), 1)
    yield from (Paragraph(text(one)) for one in moved_line(visit, say))
    if warnings := tuple(text(one, bold=True) for one in warned_of(plan, say)):
        yield Strip(warnings)
    yield Blanks((say("Identity checked (two identifiers) by"), say("Day and hour")))
    yield vial_check(plan, say, *_drug(plan, say))
    yield from _asked(plan, visit, known, say)
    yield from _preparation(plan, visit, say)
    yield Heading(say("Lesion by lesion"))
    yield from (Paragraph(text(one, bold=True)) for one in held_line(plan, visit, say))
    yield from _rules_and_map(plan, visit, say)
    yield from _observations(plan, visit, known, say)
    table = _lesion_table(plan, visit, known, say)
    yield table._replace(signatures=tuple(_signatures(plan, say)))


def _drug(plan: Plan, say: Language) -> Iterator[Line]:
    """What is in the syringe; and first that it is diluted, where the vial holds more."""
    name = say("{drug}, {strength} in the syringe", drug=drug(plan, say),
               strength=strength(plan, say))  # fmt: skip
    yield text(name, bold=True)
    stock = plan.clinic.stock
    if is_diluted(plan) and stock is not None:
        first = say(
            "DILUTE FIRST: {stock} in the vial, {wanted} to inject. Never from the vial into a"
            " syringe to inject.",
            stock=say.mg_per_ml(stock.strength_mg_per_ml),
            wanted=strength(plan, say),
        )
        yield text(first, bold=True)


def _rules_and_map(plan: Plan, visit: PlannedVisit, say: Language) -> Iterator[Block]:
    """How to inject and where, side by side as long as the map is a small one."""
    rules, (blocks, width) = Bullets(tuple(_rules(plan, visit, say))), _map(plan, visit, say)
    if width <= HALF_MM:
        yield Columns((rules,), blocks, width)
        return
    yield rules
    yield from blocks


def _map(plan: Plan, visit: PlannedVisit, say: Language) -> tuple[tuple[Block, ...], int]:
    """Where this visit's lesions are, and how wide that is drawn."""
    lesions = [one.lesion for one in visit.injections]
    figure = body_map(plan, say, lesions)
    absent = missing_from_map(plan, lesions)
    missing = say("Not on the map: {lesions}.", lesions=", ".join(absent)) if absent else ""
    if any(is_below(one) for one in plan.lesions if one.id in lesions):
        missing = f"{missing} {say('An open ring: on the sole.')}".strip()
    drawn = (figure,) if figure is not None else ()
    told = (Paragraph(text(missing), small=True),) if missing else ()
    return (*drawn, *told), figure.width_mm if figure is not None else LEAST_MAP_MM


def _rules(plan: Plan, visit: PlannedVisit, say: Language) -> Iterator[str]:
    injected = say("Inject {technique}.", technique=say(plan.protocol.technique))
    pain = say("The pain is asked on a visual analogue scale (VAS), 0 to 10.")
    yield f"{injected} {pain}"
    yield say(
        "No local anaesthetic goes into these syringes: it is given apart, from a syringe of its"
        " own."
    )
    is_shared = any(len(one.aliquots) > 1 for one in visit.syringes)
    if is_shared:
        yield say(
            "A lesion that is held is passed over: the next one gets its own volume, and what is"
            " left is discarded. The stops then no longer hold."
        )
    else:
        yield say("A lesion that is held: its syringe is discarded, never given to another one.")
    if is_shared and plan.clinic.needle_change:
        yield say("A new needle for each lesion.")
        yield from _held_by_needles(plan, visit, say)


def _held_by_needles(plan: Plan, visit: PlannedVisit, say: Language) -> Iterator[str]:
    """What each new needle takes before anything comes out of it; the stops do not count it."""
    shared = {one.capacity_ml for one in visit.syringes if len(one.aliquots) > 1}
    held = [one for one in plan.clinic.syringes if one.capacity_ml in shared and one.dead_space_ml]
    if held:
        yield say(
            "Each new needle is filled before its lesion, with {volume} more than is to be drawn"
            " here: the stops do not count it.",
            volume=" / ".join(say.ml(one.dead_space_ml) for one in held),
        )


def _asked(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Iterator[Block]:
    """What is asked before anything is drawn up, where nobody has answered it yet."""
    sites = {known.lesions[one.lesion].site for one in visit.injections}
    # The allergy is asked each time, answered or not.
    left = [one for one in unanswered(plan, sites) if one != SULFITE_ALLERGY]
    stop_at_yes = [say(one.question) for one in (SULFITE_ALLERGY, *left) if one.stops]
    stop_at_no = [say(one.question) for one in left if not one.stops]
    for lead, asked in (
        (say("Asked today; at a yes stop, ask the physician:"), stop_at_yes),
        (say("Asked today; at a no stop, ask the physician:"), stop_at_no),
    ):
        if asked:
            answers = (Tick(say("no")), Tick(say("yes")))
            questions = [Ticks(f"{one}:", answers) for one in asked]
            yield Paragraph(text(lead, bold=True))
            half = (len(questions) + 1) // 2
            yield Columns(tuple(questions[:half]), tuple(questions[half:]), HALF_MM)


def _observations(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Iterator[Block]:
    """What may be noted, as far as it concerns this visit's lesions."""
    sites = {known.lesions[one.lesion].site for one in visit.injections}
    there = [one for one in plan.protocol.observations if one.is_of(sites)]
    if not there:
        return
    parts = []
    for when, lead in (
        ("before", say("May be noted before")),
        ("after", say("May be noted after")),
    ):
        noted = [_to_note(one, say) for one in there if one.when == when]
        if noted:
            words = (Span(f"{lead}: ", bold=True), Span("   ".join(noted)))
            parts.append(Paragraph(words, small=True))
    yield Together(tuple(parts))


def _to_note(one: Observation, say: Language) -> str:
    """`needle ________`, on one line with its unit."""
    label = say(one.label).replace(" ", NBSP)
    if one.type == "yes-no":
        return f"{label}:{NBSP}{say('yes')}{NBSP}/{NBSP}{say('no')}"
    line = "_" * (16 if one.type == "text" else 6)
    return f"{label}{NBSP}{line}{NBSP}{one.unit}".rstrip(NBSP)


def _preparation(plan: Plan, visit: PlannedVisit, say: Language) -> Iterator[Block]:
    yield Heading(say("Preparation"))
    handling = (
        say("Never an insulin syringe: its lines are units, not mL."),
        say("Label each syringe when it is filled, before the next one is."),
    )
    taken = " ".join(preparation_lines(plan, visit, say))
    yield Bullets((*filter(None, (taken,)), *total_line(plan, visit, say), *handling))
    if visit.syringes:
        yield _syringe_table(plan, visit, say)
    if any(one.dose_mg is None for one in visit.injections):
        open_dose = say(
            "Doses are open: the physician writes them below; the treatment sheet converts."
        )
        yield Paragraph(text(open_dose, bold=True))
    yield Blanks((say("Drug: lot"), say("expiry")))
    if is_diluted(plan):
        yield Blanks((say("Diluent: lot"), say("expiry")))
        yield Signatures((say("Diluent and recipe: pharmacy, date"),))


def _syringe_table(plan: Plan, visit: PlannedVisit, say: Language) -> Block:
    done = (Tick(say("filled")), Tick(say("labelled")))
    rows = []
    for one in visit.syringes:
        parts = [", ".join(_part(part, say) for part in one.aliquots)]
        if len(one.aliquots) > 1:
            parts.append(say("plunger: {stops}", stops=plunger_stops(one, say)))
        line = say.ml(one.graduation_ml)
        size = say("{size}, lines of {line}", size=say.ml(one.capacity_ml), line=line)
        # ISMP: a volume that needs more than one decimal is said to.
        fine = () if ends(one.drawn_ml, 1) else (text(say("two decimals")),)
        drawn = Cell((text(say.ml(one.drawn_ml), bold=True), *fine))
        cells = (
            cell(str(one.number), bold=True),
            cell(size),
            drawn,
            cell(*parts),
            cell(ticks=done),
        )
        rows.append(Row(cells))
    head = (
        say("Syringe"),
        say("Size"),
        say("Draw, {strength}", strength=strength(plan, say)),
        say("For lesions"),
        say("Done"),
    )
    return Table(head, (18, 46, 26, 0, 40), tuple(rows))


def _part(part: Aliquot, say: Language) -> str:
    """`A: 0.08 mL`, on one line unless the id is a long one; an id may be a number."""
    return f"{part.lesion}:{NBSP if len(part.lesion) <= SHORT_ID else ' '}{say.ml(part.ml)}"


def _lesion_table(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Table:
    syringes: dict[str, list[int]] = {}
    for syringe in visit.syringes:
        for part in syringe.aliquots:
            syringes.setdefault(part.lesion, []).append(syringe.number)
    # Whoever injects goes down the table as the plunger goes down.
    order = {lesion: n for n, lesion in enumerate(syringes)}
    stops = _stops(visit, say)
    found = (Tick(say("still there")), Tick(say("ulcer changed")), Tick(say("infected")))
    decision = (Tick(say("go on")), Tick(say("hold")))
    rows = tuple(
        Row(
            (
                Cell(
                    (
                        text(one.lesion, bold=True),
                        text(_place(known.lesions[one.lesion], say)),
                        text(say("injection {count}", count=known.number(one, say))),
                        *(text(line) for line in _last_time(plan, one, say)),
                    )
                ),
                cell(ticks=found),
                cell(ticks=decision),
                _dose(one, syringes.get(one.lesion, []), stops.get(one.lesion), say),
                blank("mL")._replace(ticks=(Tick(say("given")),)),
                blank("/10"),
                blank("/10"),
                cell(),
            ),
            height_mm=ROW_TO_WRITE_MM,
        )
        for one in sorted(visit.injections, key=lambda one: order.get(one.lesion, len(order)))
    )
    head = (
        say("Lesion"),
        say("Found"),
        say("Decision"),
        say("Dose, {strength}", strength=strength(plan, say)),
        say("Given"),
        say("VAS before"),
        say("VAS after"),
        say("Complications"),
    )
    return Table(head, (30, 30, 20, 32, 17, 14, 14, 0), rows)


def _stops(visit: PlannedVisit, say: Language) -> dict[str, str]:
    """Of each lesion that shares a syringe, where the plunger stands before and after it."""
    shared = (one for one in visit.syringes if len(one.aliquots) > 1)
    return {
        part.lesion: f"{say.number(begin)}{NBSP}\u2192{NBSP}{say.number(end)}"
        for one in shared
        for part, (begin, end) in zip(one.aliquots, pairwise(stops_ml(one)), strict=True)
    }


def _place(lesion: PlannedLesion, say: Language) -> str:
    """Where a lesion is and what it looked like: two at one place are told apart by it."""
    state = say("ulcerated") if lesion.ulcerated else say("not ulcerated")
    return f"{where(lesion, say)}, {say.mm(lesion.size_mm)}, {state}"


def _dose(one: PlannedInjection, syringes: list[int], stop: str | None, say: Language) -> Cell:
    """The dose and the volume of it; lines to write on where it was left open."""
    if one.dose_mg is None or one.drawn_ml is None or one.drawn_mg is None:
        return Cell((text("________ mg"), text("________ mL")), to_write=True)
    numbers = ", ".join(str(number) for number in syringes)
    return Cell(
        (
            text(say.mg(one.dose_mg), bold=True),
            *_changed(one, say),
            mixed("{volume} ({dose})", volume=say.ml(one.drawn_ml), dose=say.mg(one.drawn_mg)),
            text(say("from syringe {numbers}", numbers=numbers) + (f", {stop}" if stop else "")),
        )
    )


def _changed(one: PlannedInjection, say: Language) -> Iterator[Line]:
    """That another dose was planned before."""
    if one.changed_from_mg is not None:
        yield text(say("changed from {dose}", dose=say.mg(one.changed_from_mg)), bold=True)


def _last_time(plan: Plan, one: PlannedInjection, say: Language) -> Iterator[str]:
    """What the lesion was given last, what it felt like and what went wrong."""
    earlier = [
        given.given
        for visit in plan.visits
        for given in visit.injections
        if given.lesion == one.lesion and given.injection < one.injection
        if given.given is not None
    ]
    last = max(earlier, key=lambda given: given.at, default=None)
    if last is None:
        return
    yield say("last: {dose}, {day}", dose=say.mg(last.dose_mg), day=say.day(last.at))
    pains = [
        "?" if pain is None else say.number(pain) for pain in (last.pain_before, last.pain_after)
    ]
    if pains != ["?", "?"]:
        yield say("pain {before} to {after}", before=pains[0], after=pains[1])
    if last.complication:
        yield last.complication


def _signatures(plan: Plan, say: Language) -> Iterator[str]:
    yield say("Prepared by, time")
    if plan.clinic.second_check:
        yield say("Second check by, time")
    yield say("Injected by (a physician trained in it), time")

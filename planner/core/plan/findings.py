"""What the physician must see, grouped by how hard it stops, and what confirms it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal, NamedTuple

from planner.core.plan.course import Confirmation
from planner.core.values.formatting import count, day, is_seen, plain
from planner.core.values.said import Said, joined, said

Severity = Literal["error", "confirm", "caution", "note"]
# From the hardest to the softest; findings are shown in this order.
SEVERITIES: tuple[Severity, ...] = ("error", "confirm", "caution", "note")

# Each code with what it means, in the order in which findings of one severity are shown.
CODES = {
    "regimen-inferred": "the regimen rests on a case that leaves something open",
    "regimen-extrapolated": "the source does not cover this lesion, or its sentences conflict",
    "regimen-overridden": "the physician chose another regimen than the rule",
    "sulfite-allergy": "the patient is stated to be allergic to sulfite",
    "screening-positive": "an answer that is a reason to stop and think",
    "age-outside-observed": "an age that the source did not treat",
    "dose-implausible": "over ten times what the source's cases were given at the site or size",
    "dose-not-drawable": "too little for the smallest graduation",
    "dose-above-observed": "above what the source's cases were given",
    "dose-above-cases": "above what the source's cases at the site or of the size were given",
    "site-total-above-cases": "lesions of one place get more together than the source's cases did",
    "volume-above-limit": "more than the clinic's own limit for an injection at the site",
    "dose-jump": "five times the lesion's dose before it, or a fifth, or beyond",
    "drawn-dose-deviates": "what the syringe shows differs from the dose",
    "drawn-volume-small": "under ten lines of its syringe, and so hard to read",
    "visit-total-above-observed": "a visit's total above what the source gave at one",
    "intact-and-ulcerated-share": "one syringe serves intact and ulcerated lesions by one needle",
    "dose-below-observed": "below what the source's cases were given",
    "dose-missing": "no dose is given: the sheet has blanks and a conversion table",
    "stock-too-weak": "the stock is weaker than the protocol's strength",
    "dilution-not-measurable": "no batch can be measured that has the protocol's strength",
    "salt-differs": "the stock is the anhydrous salt; the source does not name its salt",
    "stock-diluted": "the stock is stronger than the protocol's strength and is diluted",
    "stock-not-stated": "no stock is stated: the strength is to be read on the vial",
    "salt-not-stated": "the salt of the stock is not stated",
    "no-open-day": "no day of the window will do",
    "move-outside-window": "moved further than the window reaches",
    "interval-too-short": "injections of a lesion closer than the shortest interval",
    "zone-rules-changed": (
        "the zone's rules differ from those of the issued plan: the wall clock stands"
    ),
    "visit-moved": "not on the day and hour when it was due",
    "size-outside-observed": "a size that the source did not treat",
    "site-outside-observed": "a site that the source did not treat",
    "diagnosis-outside-observed": "a diagnosis that the source did not treat",
    "near-threshold": "one measuring step more or less would change the regimen",
    "protocol-not-approved": "the clinic has not approved this protocol as it is",
    "regional-holidays": "the country's parts have holidays of their own, and none is stated",
    "clinic-assumed": "not stated by a clinic file, so assumed",
}
_ORDER = {code: index for index, code in enumerate(CODES)}


class Finding(NamedTuple):
    """One thing to see. `value` is the text that a confirmation has to repeat.

    It has a `lesion`, or a `visit` with its `due` day, or neither.
    """

    code: str
    severity: Severity
    message: str
    value: str
    lesion: str | None = None
    visit: int | None = None
    due: date | None = None
    confirmed_by: str | None = None
    reason: str | None = None

    @property
    def stops(self) -> bool:
        """Whether nothing is printed while it stands."""
        return self.severity == "error" or self.is_open

    @property
    def is_open(self) -> bool:
        """Whether it waits for a physician."""
        return self.severity == "confirm" and not is_seen(self.confirmed_by or "")

    @property
    def alone(self) -> str:
        """Its message where it stands by itself: with the lesion or visit that it is of."""
        if self.lesion is not None:
            target = said("lesion {lesion}", lesion=self.lesion)
        elif self.visit is not None:
            target = said("visit {n}", n=self.visit)
        else:
            return self.message
        return self.message if target in self.message else _of(target, self.message)


class FindingLine(NamedTuple):
    """All findings of one code and severity, as they are shown: one line.

    `told` is the one message of all, or where they are not alike the value of each.
    """

    code: str
    severity: Severity
    where: str
    told: str
    is_alike: bool
    findings: tuple[Finding, ...]

    @property
    def meaning(self) -> str:
        """What its code means, for people; the code itself where only a later version knows it."""
        return said(CODES[self.code]) if self.code in CODES else self.code

    @property
    def message(self) -> str:
        """The line where its meaning does not stand beside it."""
        if self.is_alike:
            return self.told
        return said("{meaning} ({values})", meaning=self.meaning, values=self.told)


def in_order(findings: Iterable[Finding], lesions: Sequence[str]) -> tuple[Finding, ...]:
    """The hardest first, then by code, then as the lesions stand; visits keep their order."""
    rank = {lesion: index for index, lesion in enumerate(lesions)}
    return tuple(
        sorted(
            findings,
            key=lambda one: (
                SEVERITIES.index(one.severity),
                # A plan that was read may have codes and lesions that this version does not know.
                _ORDER.get(one.code, len(_ORDER)),
                rank.get(one.lesion, -1) if one.lesion else -1,
            ),
        )
    )


def hindering(findings: Sequence[Finding]) -> list[Finding]:
    """What papers wait for: all that stops, but a visit without a day, whose page waits alone."""
    return [one for one in findings if one.stops and one.code != "no-open-day"]


# What speaks against treating the patient at all: it stands large on each worksheet.
AGAINST_TREATMENT = ("sulfite-allergy", "screening-positive")


def lines(findings: Sequence[Finding], lesions: Sequence[str]) -> Iterator[FindingLine]:
    """One line a code and severity: `12 lesions: A-L`, with the one message or the values."""
    groups: dict[tuple[str, Severity], list[Finding]] = {}
    for one in findings:
        groups.setdefault((one.code, one.severity), []).append(one)
    for (code, severity), group in groups.items():
        is_alike = len({one.message for one in group}) == 1
        told = group[0].message
        if not is_alike:
            told = joined([_of(_short(one), _as_ours(one.value)) for one in group], "; ")
        yield FindingLine(code, severity, _where(group, lesions), told, is_alike, tuple(group))


def _where(group: Sequence[Finding], lesions: Sequence[str]) -> str:
    here = [one.lesion for one in group if one.lesion]
    visits = [str(one.visit) for one in group if one.visit]
    parts = []
    if here:
        names = ranges(here, lesions)
        parts.append(_of(count(len(here), "lesion"), names))
    if visits:
        names = ", ".join(visits)
        parts.append(_of(count(len(visits), "visit"), names))
    return joined(parts, "; ")


def _short(one: Finding) -> str:
    return one.lesion or said("visit {n}", n=one.visit or 0)


def _as_ours(value: str) -> Said:
    """A value that was read, as the word of ours that it is: what somebody typed stands alone."""
    return value if isinstance(value, Said) else said(value)


def _of(target: str, what: str) -> Said:
    return said("{target}: {value}", target=target, value=what)


def ranges(here: Sequence[str], lesions: Sequence[str]) -> str:
    """`A-L`, `A, C`: three or more that count up as a range, in the order of the course."""
    wanted = set(here)
    runs: list[list[str]] = []
    for lesion in lesions:
        if lesion in wanted:
            if runs and _follows(runs[-1][-1], lesion):
                runs[-1].append(lesion)
            else:
                runs.append([lesion])
    shown = (f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)
    return ", ".join(shown)


def _follows(before: str, after: str) -> bool:
    """Whether an id is the next one: B after A, L10 after L9."""
    if len(before) == len(after) == 1 and before.isalpha() and after.isalpha():
        return ord(after) == ord(before) + 1
    one, other = (re.fullmatch(r"(.*?)(0|[1-9][0-9]{0,8})", name) for name in (before, after))
    if one is None or other is None or one[1] != other[1]:
        return False
    return int(other[2]) == int(one[2]) + 1


def confirm(
    findings: Sequence[Finding], confirmations: Iterable[Confirmation]
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings with the confirmations that hold, and a remark for each that does not."""
    current = list(findings)
    remarks: list[str] = []
    for confirmation in confirmations:
        targets = confirmation.lesions or confirmation.due or (None,)
        for target in targets:
            remark = _confirm_one(current, confirmation, target)
            if remark:
                remarks.append(remark)
    return tuple(current), tuple(remarks)


def _confirm_one(
    current: list[Finding], confirmation: Confirmation, target: str | date | None
) -> str | None:
    """Confirm the finding that is meant, in place; else say why nothing was confirmed."""
    code = confirmation.finding
    open_ones = [one for one in current if one.code == code and one.severity == "confirm"]
    name = f"The confirmation of {code}"
    if target is not None:
        name += f" for {f'lesion {target}' if isinstance(target, str) else day(target)}"
    if not open_ones:
        return f"{name} is not needed and was ignored."
    meant = [one for one in open_ones if target == (one.lesion or one.due)]
    if not meant:
        if target is None:
            kind = "lesion" if open_ones[0].lesion else "due day"
            return f"{name} names no {kind}, so that it confirms nothing; name it."
        if any(one.lesion is None and one.due is None for one in open_ones):
            return f"{name} confirms nothing: the finding has no lesion or day; leave that out."
        return f"{name} is not needed and was ignored."
    # Two visits may be due on one day, where one of them was moved away.
    agreeing = [one for one in meant if plain(one.value) == plain(confirmation.value)]
    finding = agreeing[0] if agreeing else meant[0]
    if not agreeing:
        return (
            f"{name} is for {confirmation.value!r}; the plan now says {finding.value!r}:"
            " confirm it anew."
        )
    confirmed = finding._replace(confirmed_by=confirmation.by, reason=confirmation.reason)
    current[current.index(finding)] = confirmed
    return None


def confirm_blocks(findings: Iterable[Finding]) -> str:
    """The `[[confirm]]` blocks to paste into the course file, those alike in one block."""
    # A block names lesions or days, never both.
    groups: dict[tuple[str, str, bool], list[Finding]] = {}
    for one in findings:
        if one.is_open:
            groups.setdefault((one.code, one.value, one.lesion is None), []).append(one)
    return "\n".join(_block(code, value, group) for (code, value, _), group in groups.items())


def _block(code: str, value: str, group: Sequence[Finding]) -> str:
    rows = ["[[confirm]]", f"finding = {_quoted(code)}"]
    lesions = [_quoted(one.lesion) for one in group if one.lesion]
    days = [str(one.due) for one in group if one.due]
    for key, names in (("lesion", lesions), ("due", days)):
        if names:
            rows.append(f"{key} = {_one_or_list(names)}")
    rows += [f"value = {_quoted(value)}", 'by = ""', 'reason = ""', ""]
    return "\n".join(rows)


def _quoted(text: str) -> str:
    """A TOML basic string, which is written as JSON writes one."""
    return json.dumps(text, ensure_ascii=False)


def _one_or_list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"

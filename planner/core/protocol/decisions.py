"""The decision table: which regimen a lesion gets, by which rule, and on what grounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from planner.core.protocol.rules import Domains, ProofGrid, Rule, faults, size_faults, ulceration
from planner.core.values.formatting import mm
from planner.core.values.near import CLINICAL, did_you_mean
from planner.core.values.said import Said, joined, said, term
from planner.errors import InputError, Problem, ProtocolError, raise_if_any


class Flip(NamedTuple):
    """The nearest size at which the regimen would be another, all else the same.

    `distance_mm` is signed, above zero for a larger lesion; `reached` says whether the regimen
    changes at that very size, or only beyond it.
    """

    distance_mm: Decimal
    reached: bool
    regimen: str

    def is_within(self, precision_mm: Decimal) -> bool:
        """Whether one stated precision more or less would change the regimen."""
        distance = abs(self.distance_mm)
        return distance <= precision_mm if self.reached else distance < precision_mm

    @property
    def words(self) -> Said:
        """How much more or less, and to what: as a sentence has it."""
        to = term("regimen", self.regimen)
        if self.distance_mm == 0:
            return said(
                "By however little another size would change the regimen to {regimen}.", regimen=to
            )
        way = "more" if self.distance_mm > 0 else "less"
        amount = "{amount}" if self.reached else "Over {amount}"
        return said(
            f"{amount} {way} would change the regimen to {{regimen}}.",
            amount=mm(abs(self.distance_mm)),
            regimen=to,
        )


class Hit(NamedTuple):
    """The one rule that holds for a lesion, why it does, and why the others do not."""

    rule: Rule
    reasons: tuple[str, ...]
    flip: Flip | None


class _Grounds(NamedTuple):
    """What holds for all lesions between two cuts that are alike in ulceration and site.

    `changes` has the nearest cut on each side at which the regimen is another, whether it changes
    at that very size, and the other regimen.
    """

    rule: Rule
    reasons: tuple[str, ...]
    changes: tuple[tuple[Decimal, bool, str], ...]


class DecisionTable:
    """A table proven whole when it is made: no gap, no overlap, no dead rule, no bound outside.

    Raises ProtocolError with every fault, each with a witness.
    """

    def __init__(self, rules: Sequence[Rule], domains: Domains) -> None:
        raise_if_any(ProtocolError, size_faults(rules, domains))
        self.rules = tuple(rules)
        self.domains = domains
        self._grid = ProofGrid(self.rules, domains)
        raise_if_any(ProtocolError, faults(self._grid))
        self._grounds: dict[tuple[int, bool, str], _Grounds] = {}

    def decide(self, size_mm: Decimal, ulcerated: bool, site: str) -> Hit:
        """The one rule for these inputs, with reasons.

        Raises InputError for a size outside the domain, an unknown site, or an ulceration that
        is not said as yes or no.
        """
        if not self._is_sound(size_mm, ulcerated, site):
            raise InputError(*self.input_problems(size_mm, ulcerated, site))
        where = (self._grid.atom(size_mm), ulcerated, site)
        # Worked out at the first lesion there: the sizes between two cuts share them.
        grounds = self._grounds.get(where) or self._grounds.setdefault(where, self._there(*where))
        reasons = (
            f"Understood: {mm(size_mm)}, {ulceration(ulcerated)}, {site}.",
            *grounds.reasons,
        )
        flips = [Flip(cut - size_mm, reached, to) for cut, reached, to in grounds.changes]
        if not flips:
            return Hit(grounds.rule, reasons, None)
        flip = min(flips, key=lambda one: abs(one.distance_mm))
        return Hit(grounds.rule, (*reasons, flip.words), flip)

    def _there(self, atom: int, ulcerated: bool, site: str) -> _Grounds:
        """The one rule that holds, why it does, why each other one does not."""
        grid = self._grid
        takes = (grid.by_size[atom], grid.by_ulceration[ulcerated], grid.by_site[site])
        index = (takes[0] & takes[1] & takes[2]).bit_length() - 1
        rule = self.rules[index]
        reasons = [f"Rule {rule.id} holds: {rule.condition}.", rule.because]
        for bit, other in enumerate(self.rules):
            if bit != index:
                asks = (
                    word for of, word in zip(takes, other.words, strict=True) if not of >> bit & 1
                )
                reasons.append(f"Not rule {other.id}: it asks for {', '.join(asks)}.")
        changes = tuple(self._changes(atom, takes[1] & takes[2], rule.regimen))
        return _Grounds(rule, tuple(reasons), changes)

    def _is_sound(self, size_mm: object, ulcerated: object, site: object) -> bool:
        """Whether there is nothing to say of the inputs; the short way for those that are right."""
        return (
            isinstance(size_mm, Decimal)
            and size_mm.is_finite()
            and self._grid.by_size[self._grid.atom(size_mm)] != 0
            and isinstance(ulcerated, bool)
            and site in self._grid.by_site
        )

    def input_problems(self, size_mm: object, ulcerated: object, site: object) -> Iterator[Problem]:
        """What is wrong with inputs, a problem each; the places are the inputs' names."""
        yield from self._size_problems(size_mm)
        if not isinstance(ulcerated, bool):
            problem = said("{text} does not say it", text=f"{ulcerated!r}")
            yield Problem("ulcerated", problem, said("say true or false"))
        yield from self.site_problems(site)

    def _size_problems(self, size_mm: object) -> Iterator[Problem]:
        domain = self.domains.size_mm
        if not isinstance(size_mm, Decimal) or not size_mm.is_finite():
            problem = said("{value} is not a size", value=f"{size_mm}")
            yield Problem("size_mm", problem, said("give millimetres, such as 4.5"))
        elif size_mm not in domain:
            problem = said(
                "{size} is outside the sizes of the protocol, {domain}",
                size=mm(size_mm),
                domain=domain.words("mm"),
            )
            fix = said("measure the largest diameter in mm, or leave the lesion out")
            yield Problem("size_mm", problem, fix)

    def site_problems(self, site: object) -> Iterator[Problem]:
        """What is wrong with a site, whatever the other inputs are."""
        if site not in self._grid.by_site:
            problem = said("{value} is not a site of the protocol", value=f"{site!r}")
            sites = joined([term("site", one) for one in self.domains.sites])
            near = did_you_mean(f"{site}".casefold(), self.domains.sites, CLINICAL)
            yield Problem("site", problem, near or said("use one of {sites}", sites=sites))

    def _changes(self, atom: int, others: int, regimen: str) -> Iterator[tuple[Decimal, bool, str]]:
        """The nearest change of regimen at smaller sizes, and at larger ones."""
        grid = self._grid
        for step in (-1, 1):
            at = atom + step
            # Outside the domain no rule holds: the walk ends there.
            while 0 <= at < len(grid.by_size) and (mask := grid.by_size[at] & others):
                other = self.rules[mask.bit_length() - 1].regimen
                if other != regimen:
                    nearest = at // 2 if at % 2 or step < 0 else at // 2 - 1
                    yield grid.cuts[nearest], bool(at % 2), other
                    break
                at += step

"""The rules of a table, and the proof that exactly one holds for each lesion.

A table has three inputs: the size in mm (a range with open or closed ends), ulceration (yes or
no) and the site (a vocabulary). The bounds of the rules cut the sizes into points and open
stretches; on each of these a rule holds everywhere or nowhere, so that a finite number of cells
proves the whole table.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from planner.core.values.formatting import listing, mm
from planner.core.values.intervals import Interval
from planner.errors import Problem

Evidence = Literal["stated", "inferred", "extrapolated"]

# Cells times rules. About a second of proof: a larger table is refused, never passed unproven.
MOST_WORK = 50_000_000
MOST_RULES = 1_000


class Domains(NamedTuple):
    """What the three inputs may be; `precision_mm` is how finely a size is measured."""

    size_mm: Interval
    precision_mm: Decimal
    sites: tuple[str, ...]


class Rule(NamedTuple):
    """One row of a table; a condition left out (None) holds for every value."""

    id: str
    regimen: str
    evidence: Evidence
    source: str
    place: str
    because: str
    size_mm: Interval | None = None
    ulcerated: bool | None = None
    sites: tuple[str, ...] | None = None

    @property
    def words(self) -> tuple[str, str, str]:
        """What it asks of size, ulceration and site; empty where it asks for nothing."""
        return (
            "" if self.size_mm is None else self.size_mm.words("mm"),
            "" if self.ulcerated is None else ulceration(self.ulcerated),
            "" if self.sites is None else listing(self.sites, last="or"),
        )

    @property
    def condition(self) -> str:
        """All that it asks for, in one line."""
        return ", ".join(filter(None, self.words)) or "every lesion"


def ulceration(ulcerated: bool) -> str:
    """The input as it is read back to the physician."""
    return "ulcerated" if ulcerated else "not ulcerated"


class ProofGrid:
    """Which rules hold where: a bit mask of rules for each size, ulceration and site.

    Atom 2k+1 is the k-th cut itself, atom 2k the open stretch below it.
    """

    def __init__(self, rules: Sequence[Rule], domains: Domains) -> None:
        self.rules = rules
        self.domains = domains
        self.cuts = _cuts(rules, domains)
        self.sizes = tuple(self._witness_size(atom) for atom in range(2 * len(self.cuts) + 1))
        self.by_size = tuple(
            sum(1 << n for n, rule in enumerate(rules) if _takes(rule.size_mm, size))
            if size in domains.size_mm
            else 0
            for size in self.sizes
        )
        self.by_ulceration = {
            value: sum(1 << n for n, rule in enumerate(rules) if rule.ulcerated in (None, value))
            for value in (False, True)
        }
        self.by_site = {
            site: sum(1 << n for n, rule in enumerate(rules) if _takes(rule.sites, site))
            for site in domains.sites
        }

    def atom(self, size_mm: Decimal) -> int:
        """The number of the cut or stretch in which a size lies."""
        cut = bisect_left(self.cuts, size_mm)
        return 2 * cut + (cut < len(self.cuts) and self.cuts[cut] == size_mm)

    def _witness_size(self, atom: int) -> Decimal:
        """A size inside an atom: the cut itself, or a plain number of the open stretch."""
        if atom % 2:
            return self.cuts[atom // 2]
        if atom == 0:
            return self.cuts[0] - 1
        before = self.cuts[atom // 2 - 1]
        if atom == 2 * len(self.cuts):
            return before + 1
        after, step = self.cuts[atom // 2], self.domains.precision_mm
        return before + step if before + step < after else (before + after) / 2


def _takes(condition: Container[object] | None, value: object) -> bool:
    return condition is None or value in condition


class _Cell(NamedTuple):
    """One piece of the proof: an atom of sizes, a yes or no, sites that no rule tells apart."""

    atom: int
    ulcerated: bool
    sites: tuple[str, ...]
    mask: int


def size_faults(rules: Sequence[Rule], domains: Domains) -> Iterator[Problem]:
    """Why a table cannot be proven in time, if it cannot."""
    sizes = 2 * len(_cuts(rules, domains)) + 1
    held = [frozenset(rule.sites) for rule in rules if rule.sites is not None]
    unlike = {tuple(site in sites for sites in held) for site in domains.sites}
    work = sizes * 2 * len(unlike) * len(rules)
    if not rules:
        yield Problem("rule", "there is no rule", "write at least one [[rule]]")
    elif len(rules) > MOST_RULES or work > MOST_WORK:
        yield Problem(
            "rule",
            f"{len(rules)} rules are too many to be proven in time, so that none is used",
            "merge rules and sites, or split the protocol",
        )


def faults(grid: ProofGrid) -> Iterator[Problem]:
    """Every gap, overlap, dead rule and bound outside its domain, each with a witness."""
    yield from _outside(grid)
    reached = 0
    gaps: list[_Cell] = []
    overlaps: dict[int, _Cell] = {}
    for cell in _cells(grid):
        reached |= cell.mask
        if not cell.mask:
            gaps.append(cell)
        elif cell.mask & (cell.mask - 1):
            overlaps.setdefault(cell.mask, cell)
    yield from _gaps(grid, gaps)
    for cell in overlaps.values():
        names = [rule.id for n, rule in enumerate(grid.rules) if cell.mask >> n & 1]
        point = _witness(grid, cell.atom, cell.ulcerated, cell.sites[0])
        yield Problem(
            f"rules {listing(names)}", f"they overlap: {point}", "let one rule hold there"
        )
    for index, rule in enumerate(grid.rules):
        if not reached >> index & 1:
            yield Problem(
                f"rule {rule.id}", f"it never holds: {rule.condition}", "mend or remove it"
            )


def _cuts(rules: Iterable[Rule], domains: Domains) -> tuple[Decimal, ...]:
    """The sizes at which something may change, ascending."""
    cuts = set(domains.size_mm.bounds)
    for rule in rules:
        if rule.size_mm is not None:
            cuts.update(rule.size_mm.bounds)
    return tuple(sorted(cuts))


def _outside(grid: ProofGrid) -> Iterator[Problem]:
    lowest, highest = grid.domains.size_mm.bounds
    for rule in grid.rules:
        for bound in rule.size_mm.bounds if rule.size_mm is not None else ():
            if not lowest <= bound <= highest:
                yield Problem(
                    f"rule {rule.id}",
                    f"its bound {mm(bound)} is outside the sizes {grid.domains.size_mm}",
                    "keep bounds inside [input.size_mm] domain",
                )


def _cells(grid: ProofGrid) -> Iterator[_Cell]:
    alike: dict[int, list[str]] = {}
    for site, mask in grid.by_site.items():
        alike.setdefault(mask, []).append(site)
    inside = [n for n, size in enumerate(grid.sizes) if size in grid.domains.size_mm]
    for by_site, sites in alike.items():
        for ulcerated, by_ulceration in grid.by_ulceration.items():
            others = by_site & by_ulceration
            for atom in inside:
                yield _Cell(atom, ulcerated, tuple(sites), grid.by_size[atom] & others)


def _gaps(grid: ProofGrid, gaps: Iterable[_Cell]) -> Iterator[Problem]:
    """A problem for each run of sizes without a rule; sites are named where they matter."""
    runs: dict[tuple[int, bool], set[str]] = {}
    last: _Cell | None = None
    start = 0
    for cell in gaps:
        if last is None or (last.sites, last.ulcerated, last.atom + 1) != (
            cell.sites,
            cell.ulcerated,
            cell.atom,
        ):
            start = cell.atom
        runs.setdefault((start, cell.ulcerated), set()).update(cell.sites)
        last = cell
    for (atom, ulcerated), sites in runs.items():
        everywhere = sites == set(grid.domains.sites)
        site = "" if everywhere else next(s for s in grid.domains.sites if s in sites)
        yield Problem(
            "rules", f"{_witness(grid, atom, ulcerated, site)}: no rule", "add a rule for it"
        )


def _witness(grid: ProofGrid, atom: int, ulcerated: bool, site: str) -> str:
    point = f"size {mm(grid.sizes[atom])}, {ulceration(ulcerated)}"
    return f"{point}, {site}" if site else point

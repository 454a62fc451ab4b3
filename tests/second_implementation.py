"""A second, independent implementation of the planner's rules and arithmetic (contract.md)."""

import tomllib
from collections import namedtuple
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from types import SimpleNamespace as Visit  # appts, due, start, free, window, state, shots, minutes
from zoneinfo import ZoneInfo

import holidays

from tests.second_findings import FULL, confirm, ends, inside, number, text
from tests.second_findings import judge_course, judge_lesion, judge_visit

Appt = namedtuple("Appt", "lesion kind n")  # the lesion by its place in the course file
Draw = namedtuple("Draw", "dose size parts drawn mg figures")  # parts: a volume a syringe
FIGURES = ("dose_mg", "volume_ml", "drawn_ml", "drawn_mg", "deviation_percent")
DAY = timedelta(1)


class Planner:
    """A course as it stands: what is due, moved, done, missed or held, and what is found."""

    def __init__(self, protocol: dict, course: dict, clinic: dict) -> None:
        self.protocol, self.course, self.clinic = protocol, course, clinic
        self.policy, self.seen = protocol["policy"], protocol.get("observed", {})
        self.lesions, self.stock = course["lesion"], clinic.get("stock", {})
        self.full = Fraction(protocol["strength_mg_per_ml"])
        self.strength = Fraction(self.stock.get("strength_mg_per_ml", 0))
        self.closed = [str(entry).split("/") for entry in clinic.get("closed", [])]
        country, part = clinic.get("country"), clinic.get("subdivision")
        public = clinic.get("holidays", False)
        self.holidays = holidays.country_holidays(country, subdiv=part) if public else {}
        keys = ("capacity_ml", "graduation_ml", "dead_space_ml")
        self.syringes = sorted([Fraction(s.get(k, 0)) for k in keys] for s in clinic["syringe"])
        self.offsets, self.due, self.pinned, self.state, self.owner = {}, {}, {}, {}, {}
        self.held, self.outside, self.codes, self.findings = set(), set(), set(), []
        if wrong := [place for i, x in enumerate(self.lesions) for place in self.wrong(i, x)]:
            raise ValueError(*wrong)
        self.first = datetime.fromisoformat(str(course["first_visit"]))
        self.restart(dict.fromkeys(range(len(self.lesions)), 1), self.first.date())
        appts = [a for a, day in self.due.items() if day == self.first.date()]
        self.pinned = dict.fromkeys(appts, self.first)
        if self.start(self.first.date(), self.first, self.minutes(appts)) != self.first:
            raise ValueError("first_visit")

    def wrong(self, i: int, x: dict) -> list[str]:
        """What is wrong with a lesion; else it gets its rule, offsets, draws and comparisons."""
        size, site, inputs = x["size_mm"], x["site"], self.protocol["input"]
        paired = site not in inputs["site"].get("unpaired", [])
        tests = {"size_mm": inside(inputs["size_mm"]["domain"], size)}
        tests["ulcerated"] = isinstance(x.get("ulcerated"), bool)
        tests["side"] = x.get("side") in (("left", "right") if paired else (None, "midline"))
        tests["site"] = site in inputs["site"]["values"]
        if all(tests.values()):
            x["rule"], doses = self.rule(x, size), x.get("dose_mg")
            regimen = self.protocol["regimen"][x.setdefault("regimen", x["rule"]["regimen"])]
            step, count = regimen.get("interval_days", 0), regimen.get("injections", 1)
            days = regimen.get("days", [n * step for n in range(count)])
            spans = {"injection": [(day, self.policy["injection_window_days"]) for day in days]}
            after = self.protocol.get("evaluation", [])
            spans["evaluation"] = [(e["after_days"], e["window_days"]) for e in after]
            for kind, rows in spans.items():
                self.offsets |= {Appt(i, kind, n): row for n, row in enumerate(rows, 1)}
            doses = doses if isinstance(doses, list) else [doses] * len(days)
            tests["dose_mg"] = len(doses) == len(days) and all(d is None or d > 0 for d in doses)
            if not tests["dose_mg"]:
                return [f"course: lesion[{i + 1}].dose_mg"]
            x["draws"] = [None if dose is None else self.draw(Fraction(dose)) for dose in doses]
            x["range"] = ends(regimen.get("dose_mg", FULL))
            like = self.protocol.get("local", {}).get("like", {})
            rows = self.protocol.get("case", [])
            top = [(c["size_mm"], c["site"], ends(c["dose_range_mg"])[1]) for c in rows]
            near = {max((s for s, _, _ in top if s <= size), default=None)}
            near.add(min((s for s, _, _ in top if s >= size), default=None))
            x["here"] = [d for _, s, d in top if like.get(s, s) == like.get(site, site)]
            tops = [max(t) for t in (x["here"], [d for s, _, d in top if s in near]) if t]
            x["top"] = min(tops, default=x["range"][1])
        return [f"course: lesion[{i + 1}].{name}" for name, fine in tests.items() if not fine]

    def rule(self, x: dict, size: Fraction) -> dict:
        """The rule that the lesion would hit at this size."""
        own = {"size_mm": "> 0", "ulcerated": x["ulcerated"], "site": [x["site"]]}
        for rule, when in ((rule, own | rule["when"]) for rule in self.protocol["rule"]):
            same = when["ulcerated"] == x["ulcerated"] and x["site"] in when["site"]
            if same and inside(when["size_mm"], size):
                return rule
        return {}

    def start(self, day: date, hour: datetime, minutes: int) -> datetime | None:
        """The hour itself, or the nearest open start on a quarter hour, a tie to the later."""
        shut = day in self.holidays or any(s[0] <= str(day) <= s[-1] for s in self.closed)
        spans = [] if shut else self.clinic["opening"].get(f"{day:%a}".lower(), [])
        fits, wanted = set(), hour.hour * 60 + hour.minute
        for span in [spans] if isinstance(spans, str) else spans:
            opens, closes = (int(t[:2]) * 60 + int(t[3:]) for t in span.split("-"))
            fits |= {m for m in range(opens, closes - minutes + 1) if m % 15 == 0 or m == wanted}
        best = min(fits, key=lambda m: (abs(m - wanted), -m), default=None)
        return None if best is None else datetime.combine(day, time(best // 60, best % 60))

    def size(self, volume: Fraction) -> list[Fraction]:
        """The smallest syringe that holds it, else the largest: capacity, line, dead space."""
        return next((s for s in self.syringes if s[0] >= volume), self.syringes[-1])

    def draw(self, dose: Fraction) -> Draw:
        """The nearest line, halves down; shared among as few syringes as hold it."""
        volume, size = dose / self.full, self.size(dose / self.full)
        lines = ceil(volume / size[1] - Fraction(1, 2))
        count = ceil(Fraction(lines, int(size[0] / size[1])))
        parts = [size[1] * (lines // count + (k < lines % count)) for k in range(count)]
        ml, mg, names = sum(parts), sum(parts) * self.full, FIGURES if parts else FIGURES[:2]
        figures = map(number, (dose, volume, ml, mg, (mg - dose) / dose * 100))
        return Draw(dose, size, parts, ml, mg, dict(zip(names, figures, strict=False)))

    def fills(self, draws: dict[int, Draw]) -> list[list]:
        """A visit's syringes [size, volume, lesions, whole]: one a lesion, or shared, next-fit."""
        shared, found = self.clinic.get("draw_up") == "shared", []
        for i in sorted(draws, key=lambda i: (shared and self.lesions[i]["ulcerated"], i)):
            size, parts = draws[i].size, draws[i].parts
            last = next((f for f in found[::-1] if f[0] == size and f[3]), [size, size[0], []])
            if shared and len(parts) == 1 and last[1] + parts[0] <= size[0]:
                last[1:3] = [last[1] + parts[0], last[2] + [i]]
            else:
                found += [[size, part, [i], len(parts) == 1] for part in parts]
        return found

    def preparation(self, need: Fraction) -> dict[str, Decimal]:
        """The stock as it is, or the smallest batch that can be measured; nothing if none can."""
        ratio, vial = self.strength / self.full, Fraction(self.stock.get("vial_ml", 0))
        lines = {k * s[1] for s in self.syringes for k in range(1, int(s[0] / s[1]) + 1)}
        for stock in [need] if ratio == 1 else sorted(lines) if ratio > 1 else []:
            batch, fine = stock * ratio, need <= stock * ratio <= max(10, need * 2)
            for part in (stock, batch - stock):
                capacity, line, dead = self.size(part)
                fine &= part <= capacity and part % line == 0 and part >= max(10 * line, 20 * dead)
            if fine or ratio == 1:
                made = {"stock_ml": stock, "diluent_ml": batch - stock, "batch_ml": batch}
                if vial:
                    made["vials"] = ceil(stock / vial)
                    made["wasted_ml"] = made["vials"] * vial - stock + batch - need
                return {key: number(value) for key, value in made.items()}
        return {}

    def minutes(self, appts: list[Appt]) -> int:
        """How long a visit takes."""
        each = {"injection": 30, "evaluation": 20, "each_further_lesion": 0}
        each, kinds = each | self.clinic.get("minutes", {}), {a.kind for a in appts}
        return sum(each[k] for k in kinds) + (len(appts) - len(kinds)) * each["each_further_lesion"]

    def restart(self, shots: dict[int, int], day: date) -> set[Appt]:
        """These lesions' open appointments, from these injections on, are counted from this day."""
        later = {a for a in self.offsets if a.n >= shots.get(a.lesion, 99) and a.kind[0] == "i"}
        later |= {a for a in self.offsets if shots.get(a.lesion) == 1}
        for a in later - self.state.keys() - self.pinned.keys():
            base = self.offsets[Appt(a.lesion, "injection", shots[a.lesion])][0]
            self.due[a] = day + DAY * (self.offsets[a][0] - base)
        return later - self.state.keys() - self.pinned.keys()

    def visits(self, numbered: bool = True) -> list[Visit]:
        """The visits as they are laid out; a number goes with a visit's first appointment."""
        groups, found = {}, []
        for a in sorted(self.due):
            begun = a.kind == "evaluation" and Appt(a.lesion, "injection", 1) in self.state
            if a in self.state or begun or a.lesion not in self.held:
                day = self.pinned[a].date() if a in self.pinned else self.due[a]
                groups.setdefault((day, self.state.get(a)), []).append(a)
        for (_, state), appts in groups.items():
            v = Visit(appts=appts, due=min(self.due[a] for a in appts), state=state, number=0)
            v.start = next((self.pinned[a] for a in appts if a in self.pinned), None)
            v.shots = {a.lesion: a.n for a in appts if a.kind == "injection"}
            v.window, v.free = min(self.offsets[a][1] for a in appts), v.start is None
            v.minutes = self.minutes(appts)
            found.append(v)
        free = sorted((v for v in found if v.free), key=lambda v: v.due)
        starts = self.lay_out(free, [v for v in found if not v.free])[2]
        for v, start in zip(free, starts, strict=True):
            v.start = start
        found.sort(key=lambda v: v.start.date() if v.start else v.due)
        for v in found if numbered else []:
            new = max(self.owner.values(), default=0) + 1
            v.number = min((self.owner[a] for a in v.appts if a in self.owner), default=new)
            self.owner |= {v.appts[0]: new} if v.number == new else {}
        return found

    def near(self, v: Visit, day: date, o: Visit) -> tuple[bool, list[int]]:
        """Whether two visits may lie so, and the too few days between injections of a lesion."""
        apart, order = (day - o.start.date()).days, (v.due - o.due).days
        gaps = [apart if n > o.shots[i] else -apart for i, n in v.shots.items() if i in o.shots]
        missed, away = "missed" in (v.state, o.state), not o.free and o.start.date() != o.due
        few = [g for g in gaps if g < self.policy["shortest_interval_days"] and not missed]
        fine = min(few) > 0 if few and away else not few and (away or apart * order > 0)
        return fine and apart != 0, few

    def lay_out(self, free: list[Visit], placed: list[Visit]) -> tuple[list, list, list]:
        """Costs (without a day, too near, shift, moved), later days first, and the starts."""
        found = []
        for shift in sorted(range(-free[0].window, free[0].window + 1), key=abs) if free else []:
            if found and min(found)[0] < [0, 0, abs(shift), 0]:
                break  # whatever follows shifts more
            v = Visit(**vars(free[0]))
            v.start = self.start(v.due + DAY * shift, self.first, v.minutes)
            near = [self.near(v, v.start.date(), o) for o in placed] if v.start else []
            if v.start and all(fine for fine, _ in near):
                (none, close, days, moved), rank, starts = self.lay_out(free[1:], [*placed, v])
                moved += v.start != datetime.combine(v.due, self.first.time())
                cost = [none, close + sum(len(few) for _, few in near), days + abs(shift), moved]
                found.append((cost, [-v.start.toordinal(), *rank], [v.start, *starts]))
        if free and not found:
            cost, rank, starts = self.lay_out(free[1:], placed)
            found = [([cost[0] + 1, *cost[1:]], [0, *rank], [None, *starts])]
        return min(found, default=([0, 0, 0, 0], [], []))

    def happen(self, event: dict, place: str = "event") -> None:
        """A move of the course file, or an event of the register."""
        visits, kind = self.visits("from" not in event), event["kind"]
        named = [v for v in visits if event.get("from", v.number) in (v.due, event.get("visit"))]
        at = datetime.fromisoformat(str(event["at"])) if "at" in event else None
        for i, x in enumerate(self.lesions if kind in ("hold", "resume") else []):
            shots = [a for a in sorted(self.offsets) if a.lesion == i and a.kind == "injection"]
            rest = [a for a in shots if a not in self.state]
            if rest and event.get("lesion", x["id"]) == x["id"]:
                self.pinned = {a: s for a, s in self.pinned.items() if a not in rest}
                self.held = self.held | {i} if kind == "hold" else self.held - {i}
                done = [self.pinned[a].date() for a in shots if self.state.get(a) == "done"]
                wait = DAY * self.policy["shortest_interval_days"]
                day = max([at.date(), *(d + wait for d in done)])
                while kind == "resume" and not self.start(day, self.first, self.minutes(rest[:1])):
                    day += DAY
                self.restart({i: rest[0].n} if kind == "resume" else {}, day)
        if kind in ("hold", "resume"):
            return
        if not named or (kind == "move" and named[0] is visits[0]):
            raise ValueError(f"{place}.from")
        v, at = named[0], at or named[0].start
        self.pinned |= dict.fromkeys(v.appts, at)
        away = kind != "miss" and abs((at.date() - v.due).days) > v.window
        changed = self.restart(v.shots, at.date()) if away else set()
        if kind != "move":
            self.state |= dict.fromkeys(v.appts, "done" if kind == "give" else "missed")
            return
        self.outside |= set(v.appts) if away else set()
        hosts = [o for o in visits if o is not v and o.start and o.start.date() == at.date()]
        joined = [a for o in hosts for a in o.appts if a not in changed]
        shots = [a.lesion for a in v.appts + joined if a.kind == "injection"]
        start = self.start(at.date(), at, self.minutes(v.appts + joined))
        if start != at or at.date() <= self.first.date() or len(set(shots)) < len(shots):
            raise ValueError(f"{place}.to")
        self.pinned |= dict.fromkeys(joined, at)
        self.due |= dict.fromkeys(v.appts, min([self.due[a] for a in joined] or [v.due]))

    def show(self, v: Visit, visits: list[Visit]) -> dict:
        """A visit as the cases have it; what is said of it is added to the findings."""
        ids, zone = [x["id"] for x in self.lesions], ZoneInfo(self.clinic["timezone"])
        draws = {i: self.lesions[i]["draws"][n - 1] for i, n in v.shots.items()}
        fills = self.fills({i: d for i, d in draws.items() if d})
        change = self.clinic.get("needle_change", False)
        need = sum(f[1] + f[0][2] * (len(f[2]) if change else 1) for f in fills)
        sure = bool(draws) and all(d and d.parts for d in draws.values())
        shown = {"number": v.number, "due": str(v.due), "state": v.state}
        times = {"start": v.start, "end": v.start + v.minutes * DAY / 1440} if v.start else {}
        for key, value in times.items():
            shown[key] = value.replace(tzinfo=zone).isoformat(timespec="minutes")
        shown["purposes"] = sorted({a.kind for a in v.appts})
        rows = [{"lesion": ids[i], "injection": n} for i, n in v.shots.items()]
        figures = [d.figures if d else {} for d in draws.values()]
        shown["injections"] = [row | more for row, more in zip(rows, figures, strict=True)]
        rows = [(number(f[0][0]), number(f[1]), [ids[i] for i in f[2]]) for f in fills]
        keys = ("capacity_ml", "drawn_ml", "lesions")
        shown["syringes"] = [dict(zip(keys, row, strict=True)) for row in rows]
        shown["preparation"] = self.preparation(need) if sure else {}
        unread = sure and self.strength > self.full and not shown["preparation"]
        before = [o for o in visits if o.start and v.start and o.start < v.start]
        judge_visit(self, v, before, fills, [text(need, "mL")] * unread)
        return {key: value for key, value in shown.items() if value not in (None, [], {})}


def outcome(protocol: dict, course: str, clinic: str, events: list[dict]) -> dict:
    """What the planner makes of a case, in the shape of the case's `expected`."""
    try:
        texts = [tomllib.loads(source, parse_float=Decimal) for source in (course, clinic)]
        plan = Planner(protocol, *texts)
        for k, move in enumerate(texts[0].get("move", []), 1):
            plan.happen({"kind": "move", "from": move["from"], "at": move["to"]}, f"move[{k}]")
        plan.visits()
        for event in events:
            plan.happen(event)
        visits = plan.visits()
        for x in plan.lesions:
            judge_lesion(plan, x)
        judge_course(plan, visits)
        shown = [plan.show(v, visits) for v in visits]
        confirm(plan, texts[0].get("confirm", []))
    except ValueError as error:
        return {"refused": list(error.args)}
    said = [(x["id"], x["regimen"], x["rule"]["id"], x["rule"]["evidence"]) for x in plan.lesions]
    keys = ("lesion", "regimen", "rule", "evidence")
    lesions = [dict(zip(keys, row, strict=True)) for row in said]
    return {"lesions": lesions, "visits": shown, "findings": plan.findings}

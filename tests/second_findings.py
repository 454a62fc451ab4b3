"""The figures' texts and the findings of second_implementation.py."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace as Visit
from typing import Any

FULL = "[0..1000000000]"


def number(value: Fraction) -> Decimal:
    """Exact where it ends within six decimals, else rounded to six."""
    return Decimal(int(round(Fraction(value), 6) * 10**6)).scaleb(-6).normalize()


def text(value: Fraction, unit: str = "mg") -> str:
    return f"{number(value):f} {unit}"


def ends(test: str) -> tuple[Fraction, Fraction]:
    """The two ends of an interval; of a comparison its bound, twice."""
    low, _, high = (end.strip("[]()<>= ") for end in test.partition(".."))
    return Fraction(low), Fraction(high or low)


def inside(test: str, value: Fraction) -> bool:
    """A unary test as DMN writes it."""
    low, high = ends(test)
    if value in (low, high):
        return "=" in test or ("[" if value == low else "]") in test
    return low < value < high or ("<" in test and value < low) or (">" in test and value > high)


def over(draws: list, limit: Fraction, total: bool = True) -> list[str]:
    """The doses over a limit, as prescribed or else as drawn; of several draws their total."""
    pairs = [(d.dose, d.mg) for d in draws]
    pairs = [(sum(a for a, _ in pairs), sum(b for _, b in pairs))] if total else pairs
    high = [(a, b) for a, b in pairs if max(a, b) > limit]
    return [text(a) if a > limit else f"{text(a)} drawn as {text(b)}" for a, b in high]


def say(plan: Any, said: dict[str, list[str]], **where: str) -> None:
    """Findings of what has values; the codes asked about are those that can be confirmed."""
    for (severity, code), values in ((key.split(), values) for key, values in said.items()):
        plan.codes.add(code)
        row = {"code": code, "severity": severity, "value": ", ".join(dict.fromkeys(values))}
        plan.findings += [row | where] if values else []


def judge_lesion(plan: Any, x: dict) -> None:
    """What is said of a lesion."""
    rule, chosen, (low, high), top = x["rule"], x["regimen"], x["range"], x["top"]
    own, site, size = chosen != rule["regimen"], x["site"], Fraction(x["size_mm"])
    step, mm = Fraction(plan.protocol["input"]["size_mm"]["precision"]), [text(size, "mm")]
    flips = {plan.rule(x, size + s).get("regimen", rule["regimen"]) for s in (-step, step)}
    most, given = plan.clinic.get("most_ml", {}).get(site), [d for d in x["draws"] if d]
    drawn = [(d, text(d.drawn, "mL")) for d in given if d.parts]
    off = [(abs(d.mg / d.dose - 1), f"{text(d.dose)} drawn as {text(d.mg)}") for d, _ in drawn]
    grade = "confirm" if any(share > Fraction(1, 10) for share, _ in off) else "caution"
    pairs = [(a.dose, b.dose) for a, b in pairwise(given)]
    rated = "" if own else rule["evidence"]
    jumps = [f"{text(a)} to {text(b)}" for a, b in pairs if b >= 5 * a or a >= 5 * b]
    # Above the range, also as drawn, that finding stands alone.
    allowed = [d for d in given if not over([d], high, False)]
    said = {
        "confirm regimen-overridden": [chosen] * own,
        "caution regimen-inferred": [chosen] * (rated == "inferred"),
        "confirm regimen-extrapolated": [chosen] * (rated == "extrapolated"),
        "caution size-outside-observed": mm * (not inside(plan.seen.get("size_mm", FULL), size)),
        "caution site-outside-observed": [site] * (site not in plan.seen.get("sites", [site])),
        "note near-threshold": mm * (flips != {rule["regimen"]}),
        "note dose-missing": ["not given"] * (None in x["draws"]),
        "caution dose-below-observed": [text(d.dose) for d in given if d.dose < low],
        "confirm dose-above-observed": over(given, high, False),
        "confirm dose-above-cases": [text(d.dose) for d in allowed if d.dose > top],
        "error dose-implausible": [text(d.dose) for d in given if d.dose > 10 * top],
        "confirm dose-jump": jumps,
        "error dose-not-drawable": [text(d.dose) for d in given if not d.parts],
        f"{grade} drawn-dose-deviates": [words for share, words in off if share * 20 > 1],
        "caution drawn-volume-small": [ml for d, ml in drawn if d.drawn < 10 * d.size[1]],
        "confirm volume-above-limit": [ml for d, ml in drawn if most and d.drawn > most],
    }
    say(plan, said, lesion=x["id"])


def judge_course(plan: Any, visits: list[Visit]) -> None:
    """What is said of the patient, the stock and the clinic."""
    patient, diagnosis = plan.course["patient"], plan.course["diagnosis"]
    day = plan.first.date()
    born, known = patient.get("birth_date"), plan.seen.get("diagnoses", [diagnosis])
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day)) if born else 18
    odd = born and not inside(plan.seen.get("age", FULL), Fraction(age))
    years, new = [f"{age} years"] * bool(odd), diagnosis.casefold() not in map(str.casefold, known)
    sites, said = {x["site"] for x in plan.lesions}, plan.course.get("screening", {})
    asked = [q for q in plan.protocol.get("screen", []) if sites & set(q.get("sites", sites))]
    asked = [q for q in asked if said.get(q["id"]) == q["stop_if"]]
    stops = [f"{q['id']}: {'yes' if q['stop_if'] else 'no'}" for q in asked]
    value, salt = [text(plan.strength, "mg/mL")], plan.stock.get("salt", "not stated")
    grade = "confirm" if any(None in x["draws"] for x in plan.lesions) else "caution"
    name, version = plan.protocol["id"], plan.protocol["version"]
    parts = getattr(plan.holidays, "subdivisions", ()) and "subdivision" not in plan.clinic
    own = [a for a in plan.clinic.get("approval", []) if a["protocol"] == name]
    valid = any(a["version"] == version and a["review_by"] >= day for a in own)
    totals, top = [], ends(plan.seen.get("visit_dose_mg", FULL))[1]
    for v in visits:
        draws = [plan.lesions[i]["draws"][n - 1] for i, n in v.shots.items()]
        totals += [f"visit {v.number}: {words}" for words in over(filter(None, draws), top)]
    said = {
        "confirm sulfite-allergy": ["stated"] * patient.get("sulfite_allergy", False),
        "caution diagnosis-outside-observed": [diagnosis] * new,
        f"{'confirm' if age < 18 else 'caution'} age-outside-observed": years,
        "confirm screening-positive": stops,
        "caution visit-total-above-observed": totals,
        "caution stock-not-stated": ["not stated"] * (not plan.strength),
        "error stock-too-weak": value * (0 < plan.strength < plan.full),
        f"{grade} stock-diluted": value * (plan.strength > plan.full),
        "note salt-not-stated": [salt] * (plan.strength > 0 and salt == "not stated"),
        "confirm salt-differs": [salt] * (salt == "anhydrous"),
        "note regional-holidays": ["not stated"] * bool(parts),
        f"{'caution' if own else 'note'} protocol-not-approved": [f"{name} {version}"]
        * (not valid),
    }
    say(plan, said)


def judge_visit(plan: Any, v: Visit, before: list[Visit], fills: list[list], unread: list) -> None:
    """What is said of a visit; `unread`: the draw for which no batch can be measured."""
    x, known = plan.lesions, [i for i, n in v.shots.items() if plan.lesions[i]["draws"][n - 1]]
    groups, sums, shares = {}, [], []
    for i in known:
        place = (x[i]["site"], x[i].get("side"), x[i].get("site_detail"))
        groups.setdefault(place, []).append(i)
    for group in (g for g in groups.values() if len(g) > 1 and x[g[0]]["here"]):
        words = over([x[i]["draws"][v.shots[i] - 1] for i in group], max(x[group[0]]["here"]))
        sums += [f"{', '.join(x[i]['id'] for i in group)} together {word}" for word in words]
    for _, _, members, _ in fills if not plan.clinic.get("needle_change") else []:
        if len({x[i]["ulcerated"] for i in members}) > 1:
            shares.append(", ".join(x[i]["id"] for i in members))
    to_come, stamp = v.start and not v.state, [f"{v.start:%Y-%m-%d %H:%M}"] if v.start else []
    gaps = [abs(g) for o in before if to_come for g in plan.near(v, v.start.date(), o)[1]]
    moved = to_come and v.start != datetime.combine(v.due, plan.first.time())
    said = {
        "error dilution-not-measurable": unread,
        "caution intact-and-ulcerated-share": shares,
        "confirm site-total-above-cases": sums,
        "error no-open-day": ["none"] * (not v.start),
        "note visit-moved": stamp * bool(moved),
        "confirm move-outside-window": stamp * bool(to_come and plan.outside & set(v.appts)),
        "confirm interval-too-short": [f"{g} days, {stamp[0]}" for g in gaps],
    }
    say(plan, said, due=str(v.due))


def confirm(plan: Any, entries: list[dict]) -> None:
    """What was confirmed by its code, its lesion or day, and its value."""
    for k, entry in enumerate(entries, 1):
        if entry["finding"] not in plan.codes:
            raise ValueError(f"course: confirm[{k}].finding")
        where = entry.get("lesion", entry.get("due"))
        named = [str(name) for name in (where if isinstance(where, list) else [where])]
        for f in (f for f in plan.findings if f["severity"] == "confirm"):
            same = (f["code"], f["value"]) == (entry["finding"], entry["value"])
            if same and str(f.get("lesion", f.get("due"))) in named:
                f["confirmed"] = True

"""What a series and its classes are called on paper: in files they are ids."""

from __future__ import annotations

from planner.core.plan.response import Remission
from planner.core.series.cohort import LETTER, Fate
from planner.core.series.description import Description, Few
from planner.documents.language import Language


def series_words(name: str, say: Language) -> str:
    """What a series is called: the register's, or the source's own cases."""
    return {"register": say("register"), LETTER: say("letter")}.get(name, name)


def fate_words(fate: Fate, say: Language) -> str:
    """How a course ended, in a word."""
    return {
        "completed": say("completed"),
        "stopped": say("stopped"),
        "died": say("died"),
        "lost": say("lost"),
        "running": say("running"),
        "not-reported": say("not-reported"),
    }[fate]


def remission_words(found: Remission, say: Language) -> str:
    """What became of a lesion, in the word of its class."""
    return {
        "complete": say("complete"),
        "partial": say("partial"),
        "unchanged": say("unchanged"),
        "larger": say("larger"),
    }[found]


def sex_words(name: str, say: Language) -> str:
    """A sex that may be noted; `not known` where none was."""
    return {
        "female": say("female"),
        "male": say("male"),
        "other": say("other"),
        "not_known": say("not known"),
    }[name]


def sexes_told(found: Description, say: Language) -> str:
    """How many there are of each sex: `female 4, male 2`."""
    counts = found.parts(found.sexes)
    return ", ".join(f"{sex_words(name, say)} {n}" for name, n in counts.items() if n)


def endings_told(found: Description, say: Language) -> str:
    """How many courses ended how: `completed 5, died 1`."""
    counts = found.parts(found.endings)
    return ", ".join(f"{fate_words(name, say)} {n}" for name, n in counts.items() if n)


def few(found: Few, say: Language) -> str:
    """`fewer than 5`."""
    return say("fewer than {n}", n=found.value)

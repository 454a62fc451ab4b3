"""What the audit keeps that people did, in words."""

from __future__ import annotations

from planner.documents.language import Language, msgid

# What is kept begins with one of these; what was done to what follows it.
_AS_KEPT = (
    msgid("read"),
    msgid("read audit"),
    msgid("read day"),
    msgid("read history"),
    msgid("read list of courses"),
    msgid("read series"),
    msgid("read tasks"),
    msgid("read waiting list"),
    msgid("read waiting list, and what moves"),
    msgid("read week"),
    msgid("paper"),
    msgid("refused:"),
    msgid("refused: a token that is none"),
    msgid("refused: too many wrong passwords"),
    msgid("signed in"),
    msgid("account added:"),
    msgid("account disabled:"),
    msgid("role given:"),
    msgid("password given:"),
    msgid("token made:"),
    msgid("token withdrawn:"),
    msgid("put on the waiting list"),
    msgid("taken off the waiting list"),
)
_OTHERWISE = {
    "clinic put:": msgid("file of the clinic put:"),
    "clinic closed:": msgid("days of the clinic closed:"),
    "clinic opened:": msgid("days of the clinic opened:"),
    "planned": msgid("course added"),
    "given": msgid("visit recorded"),
    "missed": msgid("visit missed"),
    "evaluated": msgid("size recorded"),
    "corrected": msgid("record corrected"),
    "answered": msgid("question answered"),
    "confirmed": msgid("findings confirmed"),
    "moved": msgid("visit moved"),
    "rearranged": msgid("visits laid out anew"),
    "held": msgid("lesions held"),
    "resumed": msgid("lesions released"),
    "dose-changed": msgid("dose changed"),
    "lesion-added": msgid("lesion added"),
    "ended": msgid("course ended"),
    "identified": msgid("patient identified anew"),
    "issued": msgid("papers made"),
    "told": msgid("patient told"),
    "subscribed": msgid("address of the calendar changed"),
    "migrated": msgid("brought to today's rules"),
}
_DEEDS = {one: one for one in _AS_KEPT} | _OTHERWISE


def deed_words(kept: str, say: Language) -> str:
    """What somebody did; what an earlier version kept in other words stays as it is."""
    begins = [one for one in _DEEDS if kept == one or kept.startswith(f"{one} ")]
    if not begins:
        return kept
    deed = max(begins, key=len)
    return say(_DEEDS[deed]) + kept.removeprefix(deed)

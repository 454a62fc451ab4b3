"""What the audit keeps that people did, in words."""

from __future__ import annotations

from planner.documents.language import Language, msgid

# What is kept begins with one of these; what was done to what follows it.
_DEEDS = {
    "read": msgid("read"),
    "read audit": msgid("read audit"),
    "read day": msgid("read day"),
    "read history": msgid("read history"),
    "read list of courses": msgid("read list of courses"),
    "read series": msgid("read series"),
    "read tasks": msgid("read tasks"),
    "read waiting list": msgid("read waiting list"),
    "read waiting list, and what moves": msgid("read waiting list, and what moves"),
    "read week": msgid("read week"),
    "paper": msgid("paper"),
    "refused:": msgid("refused:"),
    "refused: a token that is none": msgid("refused: a token that is none"),
    "refused: too many wrong passwords": msgid("refused: too many wrong passwords"),
    "signed in": msgid("signed in"),
    "account added:": msgid("account added:"),
    "account disabled:": msgid("account disabled:"),
    "role given:": msgid("role given:"),
    "password given:": msgid("password given:"),
    "token made:": msgid("token made:"),
    "token withdrawn:": msgid("token withdrawn:"),
    "clinic put:": msgid("file of the clinic put:"),
    "clinic closed:": msgid("days of the clinic closed:"),
    "clinic opened:": msgid("days of the clinic opened:"),
    "put on the waiting list": msgid("put on the waiting list"),
    "taken off the waiting list": msgid("taken off the waiting list"),
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


def deed_words(kept: str, say: Language) -> str:
    """What somebody did; what an earlier version kept in other words stays as it is."""
    begins = [one for one in _DEEDS if kept == one or kept.startswith(f"{one} ")]
    if not begins:
        return kept
    deed = max(begins, key=len)
    return say(_DEEDS[deed]) + kept.removeprefix(deed)

"""What calendars know a visit by: an id that tells nothing, and that nobody can test a guess on.

It is made of the visit's first appointment under a key that is in no document: random for a course
of the register, else made of the clinic's own secret, else of the ids of course and patient by a
function that is slow to guess with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import lru_cache
from uuid import UUID, uuid5

from planner.core.plan.appointments import Named

# What tells of a published event whose it is.
COURSE_MARK, PATIENT_MARK = "X-PLANNER-COURSE", "X-PLANNER-PATIENT"
KEY_BYTES = 32
_SALT = b"planner calendar ids 2"
# A guess costs 16 MB and some hundredths of a second. Another cost would make other ids.
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}
_FIRST_EDITION = UUID("6c1f9a52-3d0e-4c57-9b1e-7a4f0d2b8e63")


def uid_of(key: bytes, first: Named) -> str:
    """The id of the visit of an appointment."""
    told = _joined(first.lesion, first.purpose, str(first.number))
    return str(UUID(bytes=hmac.digest(key, told, hashlib.sha256)[:16], version=4))


@lru_cache(maxsize=1024)
def subscription_token(key: bytes, number: int) -> str:
    """The secret part of the address of a patient's calendar: 160 bits that nobody can guess."""
    token = hmac.digest(key, _joined("subscription", str(number)), hashlib.sha256)[:20]
    return base64.b32encode(token).decode().lower()


def subscription_digest(token: str) -> str:
    """What an address is looked up by: it is not kept itself."""
    return hashlib.sha256(token.encode()).hexdigest()


@lru_cache(maxsize=256)
def key_of_files(course: str, patient: str, secret: str | None) -> bytes:
    """The key of a course that is in no register; `secret` is its clinic's, if it states one."""
    who = _joined(course, patient)
    if secret is not None:
        return hmac.digest(secret.encode(), who, hashlib.sha256)
    return hashlib.scrypt(who, salt=_SALT, dklen=KEY_BYTES, **_SCRYPT)


def is_patients(mark: str, course: str, patient: str) -> bool:
    """Whether the mark of a published event is that of a course's patient.

    Events of before there was one have none: nobody can tell.
    """
    return not mark or mark == patient_mark(course, patient)


@lru_cache(maxsize=256)
def patient_mark(course: str, patient: str) -> str:
    """What tells a course from another patient's of the same id, where both are published."""
    key = key_of_files(course, patient, None)
    return hmac.digest(key, _joined("published"), hashlib.sha256)[:8].hex()


def first_edition_uid(course: str, first: Named) -> str:
    """What the first edition called a visit: those that were issued stay."""
    return str(uuid5(_FIRST_EDITION, f"{course}/{first.lesion}/{first.purpose}/{first.number}"))


def _joined(*texts: str) -> bytes:
    """Texts as one, so that no two lists of them give the same."""
    return b"".join(len(one.encode()).to_bytes(4) + one.encode() for one in texts)

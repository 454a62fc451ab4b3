"""Passwords, kept by a salted digest that costs a guess 32 MB and a tenth of a second."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cache

from planner.core.values.said import said
from planner.errors import InputError, Problem

SHORTEST, LONGEST = 8, 500
_COST = {"n": 2**15, "r": 8, "p": 1}
_MOST_BYTES = 64 * 1024 * 1024


def check_password(password: str) -> None:
    """Refuse a password that is soon guessed. Raises InputError."""
    if not SHORTEST <= len(password) <= LONGEST:
        problem = said(
            "a password has {shortest} to {longest} characters", shortest=SHORTEST, longest=LONGEST
        )
        raise InputError(Problem("password", problem, said("choose another one")))


def hashed(password: str) -> str:
    """What is kept of a password."""
    salt = secrets.token_hex(16)
    return f"scrypt:{salt}:{_digest(password, salt)}"


def is_right(password: str, kept: str | None) -> bool:
    """Whether a password is the one that is kept; without one it takes the same time to say no."""
    _, salt, digest = (kept or _nobodys()).split(":")
    is_same = hmac.compare_digest(_digest(password[:LONGEST], salt), digest)
    return is_same and kept is not None


@cache
def _nobodys() -> str:
    return hashed(secrets.token_hex(16))


def _digest(password: str, salt: str) -> str:
    made = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), maxmem=_MOST_BYTES, **_COST)
    return made.hex()

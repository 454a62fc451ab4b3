"""Signed files of lines: a key that two machines share shows who made one."""

from __future__ import annotations

import hashlib
import hmac
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from planner.errors import InputError, Problem, RefusedError, located
from planner.files.reading import read_bytes

LEAST_KEY_BYTES, LARGEST_KEY_BYTES = 32, 4096
# A line may hold a clinic's or a protocol's whole file.
LONGEST_LINE, LARGEST_BYTES = 20_000_000, 4_000_000_000
_KEPT_IN_MEMORY = 50_000_000
METHOD = "hmac-sha256"


class Lines:
    """The lines of a file that was read once, as often as they are wanted."""

    def __init__(self, spool: IO[bytes]) -> None:
        self._spool = spool

    def __iter__(self) -> Iterator[str]:
        """The lines as text, the signature left out. Raises InputError."""
        for number, line in enumerate(self.raw(), start=1):
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                place = f"line {number}"
                raise InputError(Problem(place, "this is no export", "which file?")) from error
            if _signature(line) is None:
                yield text

    def raw(self) -> Iterator[bytes]:
        """The lines as they are."""
        self._spool.seek(0)
        yield from self._spool


@contextmanager
def spooled(stream: BinaryIO) -> Iterator[Lines]:
    """A file or pipe read whole, within bounds, before anything is done with it."""
    with tempfile.SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY) as spool:
        number = size = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number, size = number + 1, size + len(line)
            if len(line) > LONGEST_LINE:
                problem = f"it has over {LONGEST_LINE} bytes"
                raise InputError(Problem(f"line {number}", problem, "is it the right file?"))
            if size > LARGEST_BYTES:
                problem = f"the file is over {LARGEST_BYTES} bytes"
                raise InputError(Problem("", problem, "export course by course"))
            spool.write(line)
        yield Lines(spool)


def key_of(path: Path) -> bytes:
    """The key of a file. Raises InputError for one that is short, or readable by others."""
    with located(str(path)):
        key = read_bytes(path, largest=LARGEST_KEY_BYTES).strip()
        if len(key) < LEAST_KEY_BYTES:
            fix = f"use at least {LEAST_KEY_BYTES} random bytes"
            raise InputError(Problem("", "the key is too short", fix))
        if path.stat().st_mode & 0o077:
            raise InputError(Problem("", "others can read the key", "chmod 600"))
    return key


def signed(lines: Iterable[str], key: bytes) -> Iterator[str]:
    """Lines, and after them a line that signs them all."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for line in lines:
        mac.update(f"{line}\n".encode())
        yield line
    yield json.dumps({"signature": {"method": METHOD, "value": mac.hexdigest()}})


def check_signature(lines: Lines, key: bytes) -> None:
    """Refuse lines that this key did not sign: changed, cut short, or longer than they were."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    value: str | None = None
    for line in lines.raw():
        if value is not None:
            raise _unsigned("something stands after its signature")
        value = _signature(line)
        if value is None:
            mac.update(line)
    if value is None:
        raise _unsigned("it is not signed")
    if not hmac.compare_digest(value.encode(), mac.hexdigest().encode()):
        raise _unsigned("it was changed, or signed with another key")


def _unsigned(problem: str) -> RefusedError:
    return RefusedError(Problem("the export", problem, "nothing was brought in"))


def _signature(line: bytes) -> str | None:
    """What a line signs with; None for any other line."""
    if not line.startswith(b'{"signature"'):
        return None
    try:
        value = json.loads(line)["signature"]["value"]
    except (ValueError, LookupError, TypeError):
        return ""
    return value if isinstance(value, str) else ""

"""Which zone data is used: the system's, unless the planner's own is newer.

Python takes the system's first, and those of a machine that nobody updates are years old: a visit
would be an hour off where a parliament has changed the rules since. Each release says what it is,
so that the newer one can be taken.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# Where a folder of zone files says its release: "# version 2025b", and "2025b" alone.
_SAYING = ("tzdata.zi", "+VERSION")
_LONGEST_LINE = 80
_RELEASE = re.compile(rb"(?:# version )?(\d{4})([a-z]{1,3})\b")

Release = tuple[int, str]


@cache
def prefer_newer_zones() -> None:
    """Leave those folders on the search path that are no older than the `tzdata` package.

    Where none is left, zones are the package's. To be called before a zone is looked up.
    """
    import zoneinfo

    import tzdata

    own = _release(tzdata.IANA_VERSION.encode())
    if own is None:
        return
    kept = [folder for folder in zoneinfo.TZPATH if (release_of(folder) or (0, "")) >= own]
    if len(kept) < len(zoneinfo.TZPATH):
        zoneinfo.reset_tzpath(kept)


def release_of(folder: str) -> Release | None:
    """The release of a folder of zone files; None where it says none."""
    for name in _SAYING:
        try:
            with Path(folder, name).open("rb") as file:
                found = _release(file.readline(_LONGEST_LINE))
        except OSError:
            continue
        if found is not None:
            return found
    return None


def _release(line: bytes) -> Release | None:
    found = _RELEASE.match(line)
    return None if found is None else (int(found[1]), found[2].decode())

"""What is installed: versions, files, zone data, languages, room for the register."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import Requirement

import planner
from planner.app.validation.protocol import ValidationProtocol
from planner.documents.language import Language
from planner.errors import PlannerError
from planner.store.address import address_of
from planner.store.database import check_openable

OURS = "sts-course-planner"
RUNNING = Path(planner.__file__).parent.parent
# What tells no result: made anew where it is missing.
_CACHES = (".pyc", ".pyo")


@cache
def packages() -> dict[str, metadata.Distribution | None]:
    """Each package that the planner asks for, directly or through another; None where missing."""
    found: dict[str, metadata.Distribution | None] = {}
    waiting = [OURS]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            found[name] = None
            continue
        waiting += [one.name.lower() for one in _requirements(found[name])]
    return dict(sorted(found.items()))


def _requirements(package: metadata.Distribution | None) -> Iterator[Requirement]:
    """What a package asks for without extras, on this machine."""
    for line in (package and package.requires) or ():
        one = Requirement(line)
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            yield one


def version_faults() -> Iterator[str]:
    """Packages that are missing, or of a version that nobody asks for."""
    there = packages()
    for package in there.values():
        for wanted in _requirements(package):
            found = there.get(wanted.name.lower())
            if found is None:
                yield f"{wanted.name} is not installed"
            elif not wanted.specifier.contains(found.version, prereleases=True):
                yield f"{wanted.name} {found.version} is not {wanted.specifier}"


def file_faults() -> Iterator[str]:
    """Files that are missing or differ from what was recorded of them."""
    for package in packages().values():
        if package is not None:
            yield from _recorded_faults(package)
    yield from _release_faults()


def _recorded_faults(package: metadata.Distribution) -> Iterator[str]:
    for file in package.files or ():
        if file.hash is None or file.name.endswith(_CACHES):
            continue
        # Of ours those that run: another copy may go before the one that was installed.
        is_ours = file.parts[0] == "planner"
        path = RUNNING / file if is_ours else Path(str(package.locate_file(file)))
        try:
            digest = hashlib.new(file.hash.mode, path.read_bytes()).digest()
        except OSError:
            yield f"{file}: it is missing"
            continue
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != file.hash.value:
            yield f"{file}: it is not as it was installed"


# What the release's list has: what decides, prints or says, and is no code.
_LISTED = {
    "protocols": (".toml", ".txt"),
    "cases": (".toml", ".json", ".csv"),
    "examples": (".toml",),
    "fonts": (".ttf",),
    "templates": (".typ", ".j2"),
    "locale": (".mo",),
}
LIST = "digests.txt"


def listed_files() -> Iterator[tuple[str, bytes]]:
    """The files that the release's list has, by their names there."""
    for folder, endings in _LISTED.items():
        root = files("planner.templates") if folder == "templates" else files("planner") / folder
        yield from sorted(_below(root, folder, endings))


def _below(folder: Traversable, name: str, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for one in folder.iterdir():
        if one.is_dir():
            yield from _below(one, f"{name}/{one.name}", endings)
        elif one.name.endswith(endings):
            yield f"{name}/{one.name}", one.read_bytes()


def digest_list() -> str:
    """The release's list, as `sha256sum` writes it."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in listed_files())
    return "\n".join(lines) + "\n"


def _release_faults() -> Iterator[str]:
    listed = (files("planner") / LIST).read_text(encoding="utf-8").splitlines()
    known = {name: digest for digest, name in (line.split("  ", 1) for line in listed)}
    found = {name: hashlib.sha256(one).hexdigest() for name, one in listed_files()}
    for name in sorted(known | found):
        if name not in found:
            yield f"{name}: it is missing"
        elif name not in known:
            yield f"{name}: the release has no such file"
        elif known[name] != found[name]:
            yield f"{name}: it is not the release's"


def zone_faults(protocol: ValidationProtocol) -> Iterator[str]:
    """Offsets that differ from what was in force."""
    for zone in protocol.zones:
        for moment, offset in zone["offsets"].items():
            utc = datetime.fromisoformat(moment).replace(tzinfo=UTC)
            try:
                found = utc.astimezone(ZoneInfo(zone["name"])).isoformat()[-6:]
            except ZoneInfoNotFoundError:
                yield f"{zone['name']}: there is no such zone"
                break
            if found != offset:
                yield f"{zone['name']} at {moment} UTC: {found} instead of {offset}"


def language_faults(protocol: ValidationProtocol) -> Iterator[str]:
    """Words that are not translated, and figures that are written otherwise."""
    for words in protocol.words:
        try:
            say = Language(words["language"])
        except (OSError, ValueError, SyntaxError, UnicodeError, LookupError) as error:
            yield f"{words['language']}: it cannot be read ({type(error).__name__})"
            continue
        said = {text: say(text) for text in words["texts"]}
        said |= {site: say.site(site) for site in words["sites"]}
        for text, wanted in {**words["texts"], **words["sites"]}.items():
            if said[text] != wanted:
                yield f"{words['language']}: {said[text]!r} instead of {wanted!r}"
    if f"{1234.5:.1f}" != "1234.5":
        yield "a figure is written by the machine's own language"


def room_faults() -> Iterator[str]:
    """Why the register cannot be opened, or nothing can be written where it is."""
    where = address_of(os.environ.get("PLANNER_DATABASE"))
    if where.file is None or where.file.exists():
        try:
            check_openable(where)
        except PlannerError as error:
            yield str(error)
    if where.file is not None:
        yield from _file_faults(where.file)


def _file_faults(register: Path) -> Iterator[str]:
    if register.exists() and not os.access(register, os.W_OK):
        yield f"{register}: it is read-only"
    folder = register.parent
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        yield f"{folder}: {error.strerror}"

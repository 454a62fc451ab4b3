"""A folder of documents that appears whole or not at all.

The set is written beside the target and renamed. A folder is replaced only where the planner
wrote it: one that holds plan.json, or a draft, and nothing that a planner does not write.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from planner.core.plan.plan import PLAN_NAME
from planner.documents.papers import PAPERS
from planner.documents.uninterrupted import uninterrupted
from planner.errors import Problem, RefusedError, ServiceError

SHEET_NAME, SHEET_PDF = "treatment-sheet.html", "treatment-sheet.pdf"
DRAFT, REPRINT = "DRAFT", "reprint"
WORKSHEETS_NAME = "worksheets.pdf"
DRAFT_PAPERS = (SHEET_NAME, SHEET_PDF, WORKSHEETS_NAME)
# Linux's renameat2: relative to the current folder; exchange the two.
_AT_CWD, _EXCHANGE = -100, 2
LABELS_NAME = "labels.pdf"
LETTER_NAME = "appointments.pdf"
ISSUED_PAPERS = {SHEET_NAME, LABELS_NAME, *PAPERS}
SLIP_NAME = "change-slip.pdf"
# How a marked set is known again, whatever its language.
_MARKS = tuple(f'data-mark="{mark}"'.encode() for mark in (DRAFT, REPRINT))
# What a file manager leaves in a folder that somebody looked into.
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}
_CALENDARS = re.compile(r"(patient|clinic|changes)\.ics|visits(/visit-\d+\.ics)?")
_DOCUMENTS = {PLAN_NAME, SLIP_NAME, *ISSUED_PAPERS}


def is_document(name: str) -> bool:
    """Whether the planner writes a file of this name into a folder of documents."""
    return name in _DOCUMENTS or bool(_CALENDARS.fullmatch(name))


def _written_names(folder: Path) -> set[str]:
    """The names of everything in a folder, relative to it; what desktops strew about apart."""
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    return {name for name in names if name.rpartition("/")[2] not in _LITTER}


def check_ours(folder: Path) -> None:
    """Refuse a target that is no folder, or holds what the planner did not write.

    Ours is a folder with a plan.json of the planner and nothing foreign beside it, a draft, a
    reprint, or an empty one.
    """
    names = names_to_replace(folder)
    foreign = {name for name in names if not is_document(name)}
    if foreign or (names and not (PLAN_NAME in names or _is_marked(folder, names))):
        raise not_ours(folder, foreign or names)


def names_to_replace(folder: Path) -> set[str]:
    """The names of all that a folder holds. Raises RefusedError where it cannot be replaced."""
    here = Path.cwd()
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise RefusedError(Problem(str(folder), "it is not a folder", "choose another folder"))
    if folder.resolve() == here:
        problem = "the current folder cannot be replaced"
        raise RefusedError(Problem(str(folder), problem, "name a new one"))
    if folder.is_mount():
        fix = "name a folder inside it"
        raise RefusedError(Problem(str(folder), "a mount point cannot be replaced as one", fix))
    if folder.resolve() in here.parents:
        raise RefusedError(Problem(str(folder), "you are in this folder", "choose another folder"))
    return _written_names(folder) if folder.exists() else set()


def not_ours(folder: Path, names: Collection[str]) -> RefusedError:
    """That a folder holds something of somebody else."""
    problem = f"it holds what the planner did not write: {min(names)}"
    return RefusedError(Problem(str(folder), problem, "choose another folder"))


def check_holds_only(folder: Path, ours: Collection[str]) -> None:
    """Refuse to replace a folder that holds anything but files of these names."""
    foreign = names_to_replace(folder) - set(ours)
    if foreign:
        raise not_ours(folder, foreign)


def check_empty(folder: Path) -> None:
    """Refuse a folder that holds anything: what is kept there is not replaced."""
    if names_to_replace(folder):
        fix = "choose another folder"
        raise RefusedError(Problem(str(folder), "it is not empty, and what is kept stays", fix))


def _is_marked(folder: Path, names: set[str]) -> bool:
    """Whether these are papers alone, marked as a draft or a reprint."""
    if not (SHEET_NAME in names and names <= ISSUED_PAPERS):
        return False
    page = (folder / SHEET_NAME).read_bytes()
    return any(mark in page for mark in _MARKS)


@contextmanager
def parents_of(target: Path, mode: int = 0o777) -> Iterator[None]:
    """Make the folders above a target; those that were made go again where the rest fails."""
    above = next(folder for folder in target.absolute().parents if folder.exists())
    if not above.is_dir():
        raise RefusedError(Problem(str(above), "it is not a folder", "choose another name"))
    missing = [folder for folder in target.parents if not folder.exists()]
    try:
        target.parent.mkdir(mode=mode, parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


def write_folder(
    folder: Path,
    files: Mapping[str, bytes],
    ready: Callable[[], object] | None = None,
    check: Callable[[Path], object] = check_ours,
) -> None:
    """Put the files there as one set. Raises ServiceError where the disk will not have them.

    `check` refuses a folder that is not to be replaced. `ready` is called when all are written and
    before they appear, while no other planner puts a set there: it looks once more at what is
    there. What it raises undoes the set.
    """
    check(folder)
    with _disk_errors(folder), parents_of(folder):
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for name, content in files.items():
                _write(made / name, content)
            with uninterrupted(), _alone_in(folder.parent):
                check(folder)
                if ready is not None:
                    ready()
                _swap(made, folder)
        finally:
            with uninterrupted():
                _clear(made)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let no other planner put a set into a folder meanwhile, where a system has such locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_file(path: Path, content: bytes, ready: Callable[[], object] | None = None) -> None:
    """Put one file there whole, or not at all; never over another file.

    `ready` is called when it is written and before it appears; what it raises undoes the file.
    """
    with _disk_errors(path), parents_of(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        made = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            if path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
            if ready is not None:
                ready()
            os.link(made, path)
        finally:
            made.unlink(missing_ok=True)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, over one that is there; for its owner alone."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    # Patients' data: readable by their owner alone.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _swap(made: Path, folder: Path) -> None:
    """Put the new folder in the place of the old one, which is cleared away."""
    if not folder.exists():
        made.rename(folder)
    elif not _exchanged(made, folder):
        _replace(made, folder)


def _exchanged(made: Path, folder: Path) -> bool:
    """Let two folders swap their names in one step; False where the system has no such step."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    paths = (os.fsencode(made.absolute()), os.fsencode(folder.absolute()))
    failed: int = rename(_AT_CWD, paths[0], _AT_CWD, paths[1], _EXCHANGE)
    return not failed


def _replace(made: Path, folder: Path) -> None:
    """As `_exchanged`, in two steps; the old folder comes back if the second one fails."""
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        folder.rename(old)
        try:
            made.rename(folder)
        except BaseException:
            old.rename(folder)
            raise
    finally:
        _clear(old)


def _clear(folder: Path) -> None:
    """Remove a folder of ours, also one that was made read-only meanwhile."""
    with suppress(OSError):
        folder.chmod(0o700)
        for inside in folder.iterdir():
            if inside.is_dir() and not inside.is_symlink():
                inside.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise RefusedError(
            Problem(str(target), "it exists already", "choose another name")
        ) from error
    except OSError as error:
        problem = f"it cannot be written: {error.strerror or error}"
        raise ServiceError(Problem(str(target), problem, "check rights and room")) from error

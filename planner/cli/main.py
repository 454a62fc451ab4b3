"""The `planner` command: finds its subcommands, and turns every error into a message and a code."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
import warnings
from contextlib import suppress
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn

import click

from planner.cli.lazy import LazyGroup
from planner.cli.output import tame
from planner.errors import InputError, PlannerError, Problem, ServiceError
from planner.files.zone_data import prefer_newer_zones

BUG = 1
WRONG_USAGE = 2
INTERRUPTED = 130
# A process that a signal ended has 128 and the signal's number, as shells have it.
SIGNALLED = 128
# After so many seconds a signal that was sent again has not been heard.
UNHEARD = 1
# The signals that came, in their order.
_heard: list[int] = []

# Each command with the module that has it, so that a command loads no other's parts.
COMMANDS = {
    "plan": "planner.cli.plan",
    "print": "planner.cli.print",
    "decide": "planner.cli.decide",
    "dose": "planner.cli.dose",
    "new": "planner.cli.new",
    "example": "planner.cli.example",
    "schema": "planner.cli.schema",
    "protocol": "planner.cli.protocol",
    "evidence": "planner.cli.evidence",
    "hazards": "planner.cli.hazards",
    "agenda": "planner.cli.agenda",
    "publish": "planner.cli.publish",
    "fhir": "planner.cli.fhir",
    "clinic": "planner.cli.clinic",
    "course": "planner.cli.course",
    "patient": "planner.cli.patient",
    "series": "planner.cli.series",
    "validate": "planner.cli.validate",
    "safety-case": "planner.cli.safety_case",
    "blank": "planner.cli.blank",
    "serve": "planner.cli.serve",
    "user": "planner.cli.user",
}

# What a message tells to do, as a command.
AS_COMMANDS = {
    "see the course": "planner course show",
    "see the list of courses": "planner course list",
    "see its history": "planner course history",
    "look its code up": "planner course current",
    "begin one by adding a course": "planner course add",
    "lift the restriction first": "planner patient restrict --lift",
    "end this course too, as died": "planner course end --as died",
    "end the other courses too, as died": "planner course end --as died",
    "wait, or force it and say why": "--force --reason",
    "confirm them, or change what is wrong": "planner course confirm, move, dose",
    "use pg_dump, or export all courses": "planner course export",
    "name a clinic's file, or a zone: Europe/Copenhagen": "--clinic or --timezone",
    "choose another folder": "--out",
    "put its file first": "planner clinic put",
    "name it by its id, or change it for all its courses": "--clinic ID; planner clinic put",
    "see its closures": "planner clinic show",
    "print its papers anew": "planner clinic papers",
    "record it first": "planner clinic record",
    "say what holds instead, or that it never was": "--dose, --at, --size-mm ... or --withdraw",
}

# Commands that look no zone up, and are asked in the middle of work.
QUICK = (["dose"], ["decide"])


@click.group(cls=LazyGroup, modules=COMMANDS)
@click.version_option(package_name="sts-course-planner", prog_name="planner")
def cli() -> None:
    """Plan courses of intralesional sodium thiosulphate injections.

    A planning aid for physicians who know the procedure; it decides nothing.

    Example: planner plan course.toml --clinic clinic.toml
    """


def main() -> None:
    """Run the command and leave with its exit code."""
    # A command is short: looking for garbage costs a tenth of it and frees nothing.
    gc.disable()
    # We have no plugins for pydantic; to look for them it reads every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What libraries warn of is none of the user's business; it would name our files.
    warnings.simplefilter("ignore")
    sys.unraisablehook = _send_again
    signal.signal(signal.SIGTERM, _stop)
    # A closed terminal; nohup has it ignored.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _stop)
    _set_up_streams()
    signal.signal(signal.SIGINT, _stop)
    code = run(sys.argv[1:])
    # What was to be written is written: from here on a signal changes nothing but the exit code.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # As it ends Python looks for garbage even so, but not at what is frozen. Commands have closed
    # what they opened; a page that was served leaves that to it.
    if not gc.isenabled():
        gc.freeze()
    sys.exit(code)


def _set_up_streams() -> None:
    """Let files and pipes get UTF-8 whatever the locale, and questions meet an end of input."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            if stream.isatty():
                # A console that cannot show a letter of a name stops nothing that was done.
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8", errors=stream.errors)


def run(arguments: list[str]) -> int:
    """The exit code of a call; its messages go to standard error."""
    try:
        if arguments[:1] not in QUICK:
            prefer_newer_zones()
        return _call(arguments)
    except PlannerError as error:
        for problem in error.problems:
            said = tame(_as_told(problem)).replace("\x1b", "?")
            _tell(f"{click.style('error:', fg='red')} {said}")
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _tell("stopped; what was done before that stands")
        return INTERRUPTED
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return WRONG_USAGE
    except UnicodeError:
        _tell("error: a name or text is not UTF-8; write it as UTF-8")
        return InputError.exit_code
    except BrokenPipeError:
        # The reader of our output has seen enough; there is nobody to tell.
        sys.stderr.close()
        return 0
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _tell(f"error: {place}{error.strerror or error}; check names, rights and room")
        return ServiceError.exit_code
    except Exception as error:  # the one place where a bug of ours becomes a message
        _tell(f"error: a bug of ours: {type(error).__name__}; please report it")
        return BUG


def _as_told(problem: Problem) -> str:
    command = AS_COMMANDS.get(problem.fix)
    return f"{problem} ({command})" if command else str(problem)


def _call(arguments: list[str]) -> int:
    try:
        code = cli.main(arguments, prog_name="planner", standalone_mode=False)
    except SystemExit as left:
        # click leaves so where the reader of our output has seen enough.
        if left.code == 1:
            return 0
        raise
    if sys.stdout is not None:
        sys.stdout.flush()
    return code if isinstance(code, int) else 0


def _tell(message: str) -> None:
    """A message on standard error, if that can still be written to: the exit code says it too."""
    with suppress(OSError):
        click.echo(message, err=True)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave by an exception, so that what was half written is cleared away."""
    _heard.append(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(SIGNALLED + number)


def _send_again(lost: sys.UnraisableHookArgs) -> None:
    """A signal that came while Python cleared an object away is lost: it comes once more.

    Nothing can be raised from there, so the command would go on as if nobody had stopped it.
    """
    match lost.exc_value:
        case KeyboardInterrupt():
            number = signal.SIGINT
        case SystemExit(code=int(code)) if code > SIGNALLED:
            number = signal.Signals(code - SIGNALLED)
        case _:
            sys.__unraisablehook__(lost)
            return
    threading.Thread(target=_send, args=(number,), daemon=True).start()


def _is_telling(frame: FrameType | None) -> bool:
    """Whether a thread is still about to hear of what was lost."""
    while frame is not None:
        if frame.f_code is _send_again.__code__:
            return True
        frame = frame.f_back
    return False


def _send(number: int) -> None:
    """Send a signal to the thread that works: one that waits for a server is not woken else.

    While that tells of the lost one it would lose this one too, unheard. One that comes in the
    instant before a wait begins does not end that wait: it is sent until it is heard.
    """
    main_thread = threading.main_thread().ident
    heard = len(_heard)
    while _is_telling(sys._current_frames().get(main_thread or 0)):
        time.sleep(0.01)
    while len(_heard) == heard:
        if sys.platform == "win32" or main_thread is None:
            signal.raise_signal(number)
        else:
            signal.pthread_kill(main_thread, number)
        time.sleep(UNHEARD)
        if signal.getsignal(number) is not _stop:
            return

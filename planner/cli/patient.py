"""`planner patient`: what the register knows of a person, restricted or erased."""

from __future__ import annotations

import click

from planner.cli.lazy import FieldGroup
from planner.cli.register import (
    author,
    by_option,
    database_option,
    json_option,
    open_register,
    reason_option,
    role,
)
from planner.errors import Problem, UsageError

# What an erasure does not reach.
STILL_HELD_BY = (
    "backups",
    "exports",
    "folders of documents",
    "paper",
    "published calendars",
    "on PostgreSQL dead rows until VACUUM FULL",
)


@click.group(cls=FieldGroup)
def patient() -> None:
    """Export, restrict or erase the data of a patient.

    Example: planner patient export P-17
    """


@patient.command()
@click.argument("patient", metavar="ID")
@database_option
def export(patient: str, database: str | None) -> None:
    """Print all that the register holds of a patient, as JSON.

    Example: planner patient export P-17
    """
    from planner.app.patients import held_of
    from planner.cli.output import emit_json

    emit_json(held_of(open_register(database), role(), patient))


@patient.command()
@click.argument("patient", metavar="ID")
@click.option("--lift", is_flag=True, help="Work with the data again.")
@reason_option
@by_option
@database_option
@json_option
def restrict(
    patient: str, lift: bool, reason: str, by: str | None, database: str | None, as_json: bool
) -> None:
    """Keep a patient's data and work with it no more: no lists, papers or changes.

    Example: planner patient restrict P-17 --reason "asked for it" --by "Dr A. Holm"
    """
    from planner.app.patients import restrict as restrict_patient
    from planner.cli.output import emit_json, say

    who = author(by, reason)
    restrict_patient(open_register(database), patient, who, lift=lift)
    if as_json:
        emit_json({"patient": patient, "restricted": not lift}, is_done=True)
    elif lift:
        say("lifted\n", is_done=True)
    else:
        text = "restricted: the data is kept, and shown by patient export alone\n"
        say(text, is_done=True)


@patient.command()
@click.argument("patient", metavar="ID")
@click.option("--force", is_flag=True, help="Inside the retention period too; needs --reason.")
@click.option("--authors", is_flag=True, help="The names of who entered and confirmed too.")
@click.option("--reason", metavar="TEXT", help="Why; it is kept, so name nobody in it.")
@by_option
@database_option
@json_option
def erase(
    patient: str,
    force: bool,
    authors: bool,
    reason: str | None,
    by: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Blank a patient's identity and all free text; doses and dates stay.

    Refused inside the retention period that the clinic file sets (retention_years).

    Example: planner patient erase P-17 --by "Dr A. Holm"
    """
    from planner.app.patients import erase as erase_patient
    from planner.cli.output import emit_json, say
    from planner.core.values.formatting import count

    if force and reason is None:
        raise UsageError(Problem("--reason", "a forced erasure needs one", "say why"))
    who = author(by, reason)
    done = erase_patient(open_register(database), patient, who, force=force, with_authors=authors)
    held_by: tuple[str, ...] = STILL_HELD_BY
    if not done.is_log_empty:
        held_by = ("the log beside the file, until the programs that have it open end", *held_by)
    if as_json:
        said = {
            "erased": True,
            "courses": done.courses,
            "remains": done.remains,
            "still_held_by": held_by,
        }
        emit_json(said, is_done=True)
        return
    say(
        f"erased: identity and free text of {count(done.courses, 'course')};"
        " doses and dates stay\n"
        f"What remains: {'; '.join(done.remains) or 'nothing'}.\n"
        f"Still holding them: {', '.join(held_by)}. Remove them by hand.\n",
        is_done=True,
    )

"""`planner course export`, `import`, `backup`, `check`: keeping the register."""

from __future__ import annotations

from pathlib import Path

import click

from planner.cli.paths import PATH
from planner.cli.register import (
    author,
    begun_register,
    by_option,
    database_option,
    json_option,
    open_register,
    role,
)
from planner.errors import InputError, Problem, RefusedError, UsageError, raise_if_any

MANY = 1000


@click.command()
@click.argument("course", metavar="[ID]", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="For statistics: a row a lesion, an injection.")
@click.option(
    "--excel", is_flag=True, help="With --csv: as a spreadsheet of the clinic's language opens it."
)
@click.option(
    "--out", type=PATH, metavar="DIR", help="With --csv: a file a kind, and what is in it."
)
@click.option("--sign", type=PATH, metavar="KEYFILE", help="Sign it with a key, for --verify.")
@database_option
def export(
    course: str | None,
    as_csv: bool,
    excel: bool,
    out: Path | None,
    sign: Path | None,
    database: str | None,
) -> None:
    """Print all events as JSON Lines, or rows for a statistician; patients' data, keep it safe.

    Example: planner course export > register.jsonl
    """
    if not as_csv and (excel or out is not None):
        raise UsageError(Problem("", "--excel and --out go with --csv", "add --csv"))
    if as_csv and sign is not None:
        text = "rows for statistics are not signed: they cannot be imported"
        raise UsageError(Problem("--sign", text, "leave --csv out"))
    from planner.app.upkeep import export_lines, export_table, export_tables
    from planner.cli.output import say
    from planner.documents.folder import check_empty, write_folder
    from planner.files.signing import key_of, signed

    register, who = open_register(database), role()
    if out is not None:
        files = export_tables(register, who, course, for_spreadsheet=excel)
        write_folder(out, files, check=check_empty)
        say(f"Files in {out}/\n", is_done=True)
    elif as_csv:
        say(export_table(register, who, course, for_spreadsheet=excel))
    else:
        with export_lines(register, who, course) as lines:
            for line in lines if sign is None else signed(lines, key_of(sign)):
                say(f"{line}\n")


@click.command("import")
@click.argument("file", metavar="FILE", type=PATH)
@click.option("--verify", type=PATH, metavar="KEYFILE", help="Refuse what this key did not sign.")
@by_option
@database_option
@json_option
def import_(
    file: Path, verify: Path | None, by: str | None, database: str | None, as_json: bool
) -> None:
    """Bring the courses of an export in: all of them, or none.

    An allergy that one states becomes known in its patient's running courses. A digest shows what
    was changed by accident; only --verify shows who made the file.

    Example: planner course import register.jsonl --database copy.db
    """
    from planner.app.upkeep import import_lines
    from planner.cli.output import emit_json, remark, say
    from planner.core.values.formatting import count
    from planner.files.signing import check_signature, key_of, spooled

    try:
        with file.open("rb") as stream, spooled(stream) as lines:
            if verify is not None:
                check_signature(lines, key_of(verify))
            else:
                remark("not verified: names, birth dates and restrictions are as the file says")
            with begun_register(database) as register:
                found = import_lines(register, author(by or "not stated"), lines)
    except OSError as error:
        fix = "check the name and the rights"
        raise InputError(Problem(str(file), f"it cannot be read: {error.strerror}", fix)) from error
    if as_json:
        emit_json({"imported": found}, is_done=True)
    else:
        say(f"{count(len(found), 'course')} imported\n", is_done=True)


@click.command()
@click.argument("file", metavar="FILE", type=PATH)
@database_option
@json_option
def backup(file: Path, database: str | None, as_json: bool) -> None:
    """Copy the register's SQLite file while it is in use; readable by you alone.

    Example: planner course backup register-2026-09-07.db
    """
    from planner.app.upkeep import back_up_into
    from planner.cli.output import emit_json, say

    back_up_into(open_register(database), role(), file)
    if as_json:
        emit_json({"file": str(file)}, is_done=True)
    else:
        say(f"Written: {file}\n", is_done=True)


@click.command()
@database_option
@json_option
def check(database: str | None, as_json: bool) -> None:
    """Read every course anew and compare with what is stored; exit code 13 where anything differs.

    What holds and is worth a look is named too: more visits at a time than a clinic has room for,
    and what today's rules, holidays or zones would choose otherwise. It changes nothing.

    Example: planner course check
    """
    from planner.app.upkeep import check_all
    from planner.cli.output import emit_json, say

    def report(index: int, of: int) -> None:
        if index and index % MANY == 0:
            click.echo(f"{index} of {of} courses ...", err=True)

    found, told = check_all(open_register(database), role(), report)
    if as_json:
        emit_json({"ok": not found, "problems": [str(one) for one in found], "notes": told})
    else:
        say("".join(f"note: {one}\n" for one in told))
    raise_if_any(RefusedError, found)
    if not as_json:
        say("all courses hold\n")

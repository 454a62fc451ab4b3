"""Names of files and folders on a command line."""

from __future__ import annotations

from pathlib import Path

import click

# What is wrong with a file is said when it is read: place, problem, fix, and the exit code 10.
PATH = click.Path(path_type=Path, readable=False)

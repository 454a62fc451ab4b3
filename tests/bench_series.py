"""A series' speed as ratios in one run: python -m tests.bench_series [COPIES]. Never in the tests.

The letter's six courses, entered so many times over with all that became of them.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from pathlib import Path

from planner.app.series import Chosen, register_cohort
from planner.core.series.description import described
from planner.documents.series.figures import figures
from planner.files.protocol import load_protocol
from planner.store.database import Database, open_database
from planner.store.histories import read_course
from tests.bench_clinic import seconds
from tests.letters_courses import enter_the_letter

COPIES, ROUNDS = 100, 3


def read_all(register: Database, names: list[str]) -> None:
    """What nothing can do without: each history read and followed once."""
    with register.reading() as connection:
        for name in names:
            assert read_course(connection, name).state


def main(copies: int) -> None:
    """Print each ratio beside its bound: the best of three, in turn."""
    protocol = load_protocol("sts-150")
    with tempfile.TemporaryDirectory() as name:
        register = open_database(str(Path(name) / "register.db"))
        for copy in range(1, copies + 1):
            enter_the_letter(register, protocol, copy)
            if copy % 10 == 0:
                print(f"{copy * 6} courses entered", file=sys.stderr, flush=True)
        today = date(2027, 6, 1)
        cohort = register_cohort(register, "physician", Chosen(), today)
        found = described(cohort)
        names = [one.id for one in cohort.courses]
        reading, describing, drawing = [], [], []
        for _ in range(ROUNDS):
            reading.append(seconds(lambda: read_all(register, names)))
            describing.append(
                seconds(lambda: described(register_cohort(register, "physician", Chosen(), today)))
            )
            drawing.append(seconds(lambda: figures(cohort, [found])))
    ratio, share = min(describing) / min(reading), min(drawing) / min(reading)
    print(f"{len(names)} courses described / their histories read (at most 3):", round(ratio, 2))
    print("figures drawn / histories read (at most 0.05):", round(share, 3))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COPIES)

"""A course from its file to its papers by the use cases alone, as another front end would."""

from datetime import UTC, datetime
from decimal import Decimal
from tempfile import TemporaryDirectory

from planner.app.administration import NOTHING_FELT, Amount, Circumstances, given, moved
from planner.app.asked import AskedError
from planner.app.courses import add_course, change, preview
from planner.app.documents import course_documents
from planner.app.planning import NamedFile, planned, read_inputs
from planner.app.registers import begun_register
from planner.app.roles import Author

COURSE = b"""
id = "K-0042"
diagnosis = "systemic sclerosis"
first_visit = "2026-09-07 09:00"
patient = { id = "P-17" }
lesion = [{ id = "A", site = "trunk", size_mm = 70, ulcerated = true, dose_mg = 57.5 }]
"""
CLINIC = b"""
timezone = "Europe/Copenhagen"
opening = { mon = "08:00-15:30", tue = "08:00-15:30" }
[stock]
strength_mg_per_ml = 150"""


def main() -> None:
    """Plan, add, record with a question, look ahead, move, issue."""
    inputs = read_inputs(NamedFile("the course", COURSE), NamedFile("the clinic", CLINIC))
    plan = planned(inputs)
    print(f"{plan.decisions[0].regimen}: {len(plan.visits)} visits")
    author = Author("Dr A. Holm", datetime(2026, 9, 8, 12, tzinfo=UTC), "as it was")
    with TemporaryDirectory() as folder, begun_register(f"{folder}/register.db") as register:
        add_course(register, inputs, author)
        amounts = [("A", Amount(mg=Decimal(90)), NOTHING_FELT)]
        record = [lambda now: given(now, 1, amounts, Circumstances())]
        try:
            change(register, "K-0042", record, author)
        except AskedError as error:
            asked = error.asked[0]
            print(f"asked: {asked.code}: {asked.message}")
            yes = author._replace(confirm="read twice", answers=frozenset({asked.answer}))
            change(register, "K-0042", record, yes)
        move = [lambda now: moved(now, 2, datetime(2026, 9, 15, 11))]
        ahead = preview(register, "K-0042", move, author).after.plan.visits[1]
        print(f"visit 2 would be on {ahead.start:%Y-%m-%d %H:%M}")
        change(register, "K-0042", move, author)
        made = course_documents(register, "K-0042", author)
        pages = ", ".join(one.page for one in made.plan.pages)
        print(f"revision {made.plan.revision}: {pages}")


if __name__ == "__main__":
    main()

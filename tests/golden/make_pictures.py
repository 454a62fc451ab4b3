"""Makes the README's pictures of the papers: python -m tests.golden.make_pictures."""

from __future__ import annotations

from datetime import date

from planner.documents.document_set import papers
from tests.clinics import case_plan
from tests.golden.update import HERE, STAMP
from tests.papers import pictures, png

DPI = 80
BORN = date(1965, 3, 9)
PAPERS = ("treatment-sheet.pdf", "worksheets.pdf", "labels.pdf", "appointments.pdf")


def main() -> None:
    """Print the letter's case of two lesions, named, and take a picture of each paper."""
    plan = case_plan("case-6-buttocks", "each")
    plan = plan._replace(patient=plan.patient._replace(name="Made Up", birth_date=BORN))
    made = papers(plan, STAMP)
    for name in PAPERS:
        first = pictures(made[name], DPI)[0]
        (HERE / name).with_suffix(".png").write_bytes(png(first))


if __name__ == "__main__":
    main()

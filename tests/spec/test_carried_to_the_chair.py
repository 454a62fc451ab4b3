"""A nurse carries the worksheet and the labels, nothing else: they have what is needed."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pypdfium2
import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.plan.pages import visit_page
from planner.core.plan.plan import Plan, PlannedLesion
from planner.core.protocol.protocol import Protocol, Screen
from planner.core.values.formatting import number
from planner.documents.bodymap import anchor, missing_from_map
from planner.documents.document_set import papers
from planner.documents.folder import REPRINT
from planner.documents.language import language
from planner.documents.wording import conversion, plunger_stops
from planner.store.database import Database
from tests.clinics import clinic_of, many_lesions, on, text_plan
from tests.courses import SOUND, confirmation, course_text, lesion
from tests.papers import html_text, pages
from tests.registers import follow

STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)


def detailed(name: str, site: str, detail: str, **more: object) -> str:
    table = lesion(name, site=site, **more)  # type: ignore[arg-type]
    return table.replace("size_mm", f'site_detail = "{detail}"\nsize_mm')


FINGERS = (
    detailed("A", "fingertip", "index palmar", size_mm=6, dose_mg=25),
    detailed("B", "finger", "middle palmar", size_mm=6, ulcerated=False, dose_mg=45),
)


def texts(plan: Plan, name: str) -> list[str]:
    return [" ".join(page.split()) for page in pages(papers(plan, STAMP, only=name)[name])]


def first_pages(plan: Plan) -> list[str]:
    """The first page of each visit's worksheet."""
    found = texts(plan, "worksheets.pdf")
    return [text for text in found if re.search(r"(?:Page|Side) 1 (?:of|af)", text)]


@pytest.mark.parametrize(("paper", "said"), [("A4", "en"), ("A4", "da"), ("Letter", "en")])
def test_two_lesions_are_on_one_page_that_is_counted_within_its_visit(
    sts_150: Protocol, clinic: Clinic, paper: str, said: str
) -> None:
    plan = on(text_plan(course_text(*FINGERS), sts_150, clinic_of("shared", clinic)), paper, said)
    found = texts(plan, "worksheets.pdf")
    assert len(found) == len(plan.visits)
    page = {"en": "Page 1 of 1", "da": "Side 1 af 1"}[said]
    assert all(page in text for text in found)
    # Of a visit that takes more, each page says so.
    many = on(text_plan(many_lesions(22), sts_150, clinic_of("each", clinic)), paper, said)
    counted = [re.findall(r"(?:Page|Side) (\d+) (?:of|af) (\d+)", text) for text in
               texts(many, "worksheets.pdf")]  # fmt: skip
    first = [one for one in counted if one[0][0] == "1"]
    assert len(first) == len(many.visits)
    assert max(int(one[0][1]) for one in counted) < len(counted)


@pytest.mark.hazard("cross-contamination", "wrong-figure-on-paper")
def test_a_shared_syringe_has_the_stops_of_its_plunger(sts_150: Protocol, clinic: Clinic) -> None:
    plan = text_plan(course_text(*FINGERS), sts_150, clinic_of("shared", clinic))
    (syringe,) = plan.visits[0].syringes
    assert plunger_stops(syringe, language("en")) == "0.47 \u2192 0.17 \u2192 0\u00a0mL"
    assert plunger_stops(syringe, language("da")) == "0,47 \u2192 0,17 \u2192 0\u00a0mL"
    assert (
        "B: 0.3 mL, A: 0.17 mL plunger: 0.47 \u2192 0.17 \u2192 0 mL"
        in texts(plan, "worksheets.pdf")[0]
    )


@pytest.mark.hazard("unsuitable-patient", "allergy")
def test_what_speaks_against_it_stands_large_with_who_decided(
    sts_150: Protocol, clinic: Clinic
) -> None:
    head = "sulfite_allergy = true\n[screening]\nanticoagulant = true\npregnant = false\n"
    said = confirmation("sulfite-allergy", "stated") + confirmation(
        "screening-positive", "anticoagulant: yes"
    )
    plan = text_plan(course_text(head, *FINGERS, said), sts_150, clinic_of("each", clinic))
    for text in first_pages(plan)[:4]:
        assert "A sulfite allergy is stated for this patient. Decided by " in text
        assert "takes an anticoagulant, or bleeds easily: yes" in text
        # What is answered is not asked again; what is not is asked on the day.
        assert "pregnant or breast-feeding" not in text
        assert "dialysis or severe renal disease: no yes" in text
    sheet = html_text(papers(plan, STAMP, only="treatment-sheet.html")["treatment-sheet.html"])
    assert re.search(r"pregnant or breast-feeding:\s*\u2715\s*no", sheet)


def test_a_changed_dose_and_the_last_time_stand_beside_the_lesion(
    register: Database, tmp_path: object
) -> None:
    course = follow(register, tmp_path, SOUND)  # type: ignore[arg-type]
    course.give(1)
    course.dose("60", from_visit=2)
    found = texts(course.now.plan, "worksheets.pdf")
    assert "changed from 57.5 mg" in found[0]
    assert "last: 12.5 mg, Mon 7 Sep 2026" in found[0]
    assert "changed from 72.5 mg" in found[1]


# --- labels


def label_plan(sts_150: Protocol, clinic: Clinic, label: str, kind: str = "shared") -> Plan:
    plan = text_plan(course_text(*FINGERS), sts_150, clinic_of(kind, clinic))  # type: ignore[arg-type]
    paper = "Letter" if label.startswith("Letter") else "A4"
    plan = on(plan, paper, "en")
    return plan._replace(clinic=plan.clinic._replace(label=label))  # type: ignore[arg-type]


def letters_pt(pdf: bytes) -> set[float]:
    """The sizes of all letters."""
    found = set()
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            for shape in page.get_objects(filter=(pypdfium2.raw.FPDF_PAGEOBJ_TEXT,)):
                matrix = shape.get_matrix()
                found.add(round(matrix.a * 1.0 * _font_size(shape), 1))
    return found


def _font_size(shape: pypdfium2.PdfObject) -> float:
    import ctypes

    size = ctypes.c_float()
    pypdfium2.raw.FPDFTextObj_GetFontSize(shape, size)
    return size.value


@pytest.mark.parametrize("label", ["A4-24", "A4-48", "Letter-30"])
@pytest.mark.parametrize("kind", ["each", "shared", "diluted"])
@pytest.mark.hazard("unlabelled-syringe")
def test_labels_have_letters_of_one_size_that_can_be_read(
    sts_150: Protocol, clinic: Clinic, label: str, kind: str
) -> None:
    made = papers(label_plan(sts_150, clinic, label, kind), STAMP, only="labels.pdf")["labels.pdf"]
    assert min(letters_pt(made)) >= 6
    text = " ".join(" ".join(pages(made)).split())
    assert "page 1 of 1" not in text
    assert "A right fingertip (index palmar): 0.17 mL = 25.5 mg" in text


@pytest.mark.parametrize("mark", ["", REPRINT])
@pytest.mark.hazard("unlabelled-syringe", "stale-paper")
def test_flags_have_their_codes_and_the_sheet_the_course(
    sts_150: Protocol, clinic: Clinic, mark: str
) -> None:
    """However often they are printed: who asks about a flag needs its code."""
    plan = label_plan(sts_150, clinic, "A4-48", "each")
    made = papers(plan, STAMP, mark, only="labels.pdf")["labels.pdf"]
    (sheet,) = (" ".join(page.split()) for page in pages(made))
    codes = {one.page: one.code for one in plan.pages}
    for visit in plan.visits:
        if visit.injections:
            found = sheet.count(codes[visit_page(visit.number)])
            assert found == len(visit.syringes)
    assert "Course K-1, revision 0" in sheet
    assert (REPRINT in sheet) == bool(mark)


@pytest.mark.hazard("dilution", "wrong-strength")
def test_a_diluted_batch_has_a_label_of_its_own(sts_150: Protocol, clinic: Clinic) -> None:
    plan = label_plan(sts_150, clinic, "A4-24", "diluted")
    text = " ".join(" ".join(pages(papers(plan, STAMP, only="labels.pdf")["labels.pdf"])).split())
    made = plan.visits[0].preparation
    assert made is not None
    say = language("en")
    volumes = [say.ml(one).replace("\u00a0", " ") for one in (
        made.batch_ml, made.stock_ml, made.diluent_ml)]  # fmt: skip
    mixture = f"MIXTURE, NOT A DOSE: {volumes[0]} = {volumes[1]} of 250 mg/mL + {volumes[2]}"
    words = f"{mixture} diluent (which:"
    assert words in text
    assert text.count("Use by") == 4
    assert "MIXTURE" not in " ".join(texts(label_plan(sts_150, clinic, "A4-24"), "labels.pdf"))


@pytest.mark.parametrize(("said", "drug"), [
    ("en", "sodium thiosulphate"), ("da", "natriumthiosulfat"),
])  # fmt: skip
@pytest.mark.hazard("wrong-drug-sound-alike")
def test_the_drug_stands_whole_in_the_papers_language(
    sts_150: Protocol, clinic: Clinic, said: str, drug: str
) -> None:
    plan = on(text_plan(course_text(*FINGERS), sts_150, clinic_of("each", clinic)), "A4", said)
    for text in first_pages(plan)[:4]:
        assert drug in text
    labels = " ".join(texts(plan, "labels.pdf"))
    assert labels.count(f"{drug} 150 mg/mL") == 8
    other = {"en": "natriumthiosulfat", "da": "sodium"}[said]
    sheet = html_text(papers(plan, STAMP, only="treatment-sheet.html")["treatment-sheet.html"])
    assert drug in sheet
    assert other not in sheet.replace("Sodium Thiosulphate: A Case Series", "")


# --- the body map

PLACES = [
    # site, detail; the limb that the mark is in, None where nobody said enough
    ("fingertip", "index palmar", "left index"),
    ("fingertip", "little", "left little"),
    ("finger", "thumb, dorsal", "left thumb"),
    ("fingertip", None, None),
    ("fingertip", "pulp", None),
    ("fingertip", "index middle", None),
    ("fingertip", "index plantar", None),
    ("hand", "palmar", "left palm"),
    ("hand", "dorsal", "left palm"),
    ("hand", None, None),
    ("toe", "little", "left toe-5"),
    ("toe", "index palmar", None),
    ("foot", "plantar", "left instep"),
    ("foot", "heel", None),
    ("knee", "above the patella", "left lower-leg"),
]


@pytest.mark.parametrize(("site", "detail", "limb"), PLACES)
@pytest.mark.hazard("wrong-side-or-site")
def test_a_mark_stands_where_somebody_said_and_nowhere_else(
    site: str, detail: str | None, limb: str | None
) -> None:
    found = anchor(site, "left", detail)
    assert (found.limb if found else None) == limb
    mirrored = anchor(site, "right", detail)
    assert (mirrored.limb if mirrored else None) == (limb and limb.replace("left", "right"))


def test_a_lesion_without_a_place_is_named(sts_150: Protocol, clinic: Clinic) -> None:
    plan = text_plan(course_text(lesion(site="fingertip", size_mm=6, dose_mg=25)), sts_150, clinic)
    assert missing_from_map(plan) == ["A"]
    assert all("Not on the map: A." in text for text in texts(plan, "worksheets.pdf")[:4])
    assert isinstance(plan.lesions[0], PlannedLesion)


# --- sheet and letter


def test_findings_are_told_in_words(sts_150: Protocol, clinic: Clinic) -> None:
    plan = text_plan(course_text(*FINGERS), sts_150, clinic_of("shared", clinic))
    sheet = " ".join(texts(plan, "treatment-sheet.pdf"))
    for one in plan.findings:
        assert one.code not in sheet
    assert "One syringe serves intact and ulcerated lesions by one needle" in sheet
    assert not re.search(r"\d\.\d{4}", sheet)


def test_the_conversion_holds_each_dose_of_the_letter(sts_150: Protocol, clinic: Clinic) -> None:
    plan = text_plan(course_text(lesion()), sts_150, clinic)
    doses = {one[0].replace("\u00a0", " ") for one in conversion(plan, language("en"))}
    for case in sts_150.cases:
        for mg in (case.mean_dose_mg, *case.dose_range_mg.bounds):
            assert f"{number(mg)} mg" in doses


@pytest.mark.parametrize(("said", "words"), [
    ("en", "On the days after each visit, on the second above all, look"),
    ("da", "Se efter i dagene efter hvert besøg, især på andendagen"),
])  # fmt: skip
def test_the_letter_says_whom_to_call_and_shows_the_address(
    sts_150: Protocol, clinic: Clinic, said: str, words: str
) -> None:
    head = 'name = "Anna Jensen"\naddress = "Eksempelvej 7, 2. tv, 2100 Town"\n'
    plan = text_plan(course_text(head, *FINGERS), sts_150, clinic_of("each", clinic))
    made = papers(on(plan, "A4", said), STAMP)
    letter = "\n".join(pages(made["appointments.pdf"]))
    assert words in " ".join(letter.split())
    assert "+45 00 00 00 00" in letter
    assert re.search(r"Anna Jensen\s*\nEksempelvej 7\s*\n2\. tv\s*\n2100 Town", letter)
    for name in ("worksheets.pdf", "treatment-sheet.pdf", "labels.pdf"):
        assert "Eksempelvej 7" not in "\n".join(pages(made[name]))


def test_the_page_is_made_for_a_phone_and_for_the_dark(sts_150: Protocol, clinic: Clinic) -> None:
    plan = text_plan(course_text(*FINGERS), sts_150, clinic)
    page = papers(plan, STAMP, only="treatment-sheet.html")["treatment-sheet.html"].decode()
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "@media screen and (max-width: 640px)" in page
    assert "@media screen and (prefers-color-scheme: dark)" in page


def test_a_question_says_which_answer_stops(sts_150: Protocol, clinic: Clinic) -> None:
    consent = Screen("consent", "consent given", False, None, "it is asked first", "", True)
    asking = sts_150._replace(screens=(*sts_150.screens, consent))
    (page, *_) = first_pages(text_plan(course_text(*FINGERS), asking, clinic))
    at_yes, at_no = page.index("at a yes stop"), page.index("at a no stop")
    assert at_yes < page.index("pregnant") < at_no < page.index("consent given")

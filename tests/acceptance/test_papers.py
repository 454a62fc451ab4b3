"""The papers as a nurse, a phone, an archive and a screen reader get them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
import typst
import zxingcpp
from PIL import Image

from planner.core.calendar.clinic import Clinic
from planner.core.plan.plan import Plan
from planner.core.protocol.protocol import Protocol
from planner.documents import paper
from planner.documents.document_set import papers
from planner.documents.folder import DRAFT, ISSUED_PAPERS, REPRINT
from planner.documents.labels import GRIDS, label_sheets, sheet_of
from planner.documents.language import language
from planner.documents.page_head import Issue
from planner.documents.pdf import labels_pdf, report_pdf
from planner.documents.printable import check_printable
from planner.files.plan import plan_bytes
from tests.clinics import KINDS, Kind, case_plan, clinic_of, many_lesions, on, text_plan
from tests.conftest import CLINIC, EXAMPLES, ROOT, Run
from tests.courses import SOUND, course_text, lesion, write
from tests.papers import html_text, pages, pictures
from tests.plans import first_edition

STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)
ISSUE = Issue(language("en"), {}, "", STAMP)
PAGE = {"en": r"Page (\d+) of (\d+)", "da": r"Side (\d+) af (\d+)"}
EDGE_MM = 8


def made(plan: Plan, mark: str = "") -> Mapping[str, bytes]:
    return papers(plan, STAMP, mark)


def pdfs(plan: Plan, mark: str = "") -> dict[str, bytes]:
    return {name: paper for name, paper in made(plan, mark).items() if name.endswith(".pdf")}


def pdf_of(plan: Plan, name: str) -> bytes:
    return papers(plan, STAMP, only=name)[name]


@pytest.fixture(params=[1, 22, 60])
def plan(request: pytest.FixtureRequest, sts_150: Protocol, clinic: Clinic) -> Plan:
    return text_plan(many_lesions(request.param), sts_150, clinic_of("each", clinic))


@pytest.fixture(params=[1, 22])
def few(request: pytest.FixtureRequest, sts_150: Protocol, clinic: Clinic) -> Plan:
    return text_plan(many_lesions(request.param), sts_150, clinic_of("each", clinic))


# --- every page says whose it is, of which issue, and which of how many it is


def page_of(name: str, text: str) -> str:
    """Which of a plan's pages a page of a paper is: a worksheet may have several."""
    visit = re.search(r"(?:Visit|Besøg) (\d+) · ", text)
    if name != "worksheets.pdf":
        return name.removesuffix(".pdf")
    assert visit is not None
    return f"visit-{visit[1]}"


@pytest.mark.parametrize(("paper", "said"), [("A4", "en"), ("Letter", "da")])
@pytest.mark.hazard("wrong-patient", "stale-paper")
def test_every_page_carries_its_identity(plan: Plan, paper: str, said: str) -> None:
    plan = on(plan, paper, said)._replace(revision=2, replaces=1)
    codes = {one.page: one.code for one in plan.pages}
    replaces = {"en": "revision 2, replaces 1", "da": "revision 2, erstatter 1"}[said]
    for name, pdf in pdfs(plan).items():
        texts = [" ".join(text.split()) for text in pages(pdf)]
        for text in texts:
            assert "K-1" in text
            assert "Anna Jensen" in text
            assert "1 May 1961" in text or "1. maj 1961" in text
            if name == "labels.pdf":
                continue
            code = codes[page_of(name, text)]
            assert f"{replaces}, {'kode' if said == 'da' else 'code'} {code}" in text
            assert not any(other in text for other in codes.values() if other != code)
        if name != "labels.pdf":
            counted(name, [re.search(PAGE[said], text) for text in texts])


def counted(name: str, numbers: list[re.Match[str] | None]) -> None:
    """Each page counts up to the last one of its paper; of worksheets, of its visit."""
    found = [tuple(map(int, match.groups())) for match in numbers if match]
    assert len(found) == len(numbers)
    while found:
        of = found[0][1]
        assert found[:of] == [(n, of) for n in range(1, of + 1)]
        found = found[of:]
        assert name == "worksheets.pdf" or not found


@pytest.mark.hazard("wrong-strength", "wrong-patient", "unlabelled-syringe")
def test_every_label_carries_its_identity(plan: Plan) -> None:
    labels = sum(len(visit.syringes) for visit in plan.visits)
    sheets = pages(pdf_of(plan, "labels.pdf"))
    assert len(sheets) == -(-labels // 24)
    text = " ".join(" ".join(sheets).split())
    for n in range(1, labels + 1):
        page = f", page {(n - 1) // 24 + 1} of {len(sheets)}" if len(sheets) > 1 else ""
        assert f"label {n} of {labels}{page}" in text
    assert text.count("Anna Jensen, born 1 May 1961, id P-1") == labels
    assert text.count("sodium thiosulphate 150 mg/mL, intralesional injection") == labels


@pytest.mark.parametrize("said", ["en", "da"])
@pytest.mark.hazard("stale-paper")
def test_every_label_carries_its_visits_code(few: Plan, said: str) -> None:
    codes = {one.page: one.code for one in few.pages}
    text = " ".join(" ".join(pages(pdf_of(on(few, "A4", said), "labels.pdf"))).split())
    code, visit = {"en": ("code", "visit"), "da": ("kode", "besøg")}[said]
    found = re.findall(rf"{visit} (\d+), .*?, {code} ([0-9a-f]{{8}}),", text)
    assert len(found) == sum(len(visit.syringes) for visit in few.visits)
    assert {(f"visit-{number}", shown) for number, shown in found} == {
        (name, codes[name]) for name in codes if name in {f"visit-{n}" for n in range(1, 5)}
    }


@pytest.mark.hazard("wrong-patient")
def test_without_name_or_birth_date_each_page_has_a_box_for_the_label(
    sts_150: Protocol, clinic: Clinic
) -> None:
    nameless = text_plan(course_text(lesion(dose_mg=50)), sts_150, clinic)
    for name, pdf in pdfs(nameless).items():
        for text in pages(pdf):
            assert "id P-1" in text
            assert name == "labels.pdf" or "Patient label: name and birth date" in text


@pytest.mark.parametrize("said", ["en", "da"])
@pytest.mark.parametrize("mark", [DRAFT, REPRINT])
@pytest.mark.hazard("stale-paper", "unissued-plan-used")
def test_every_page_of_a_draft_or_reprint_is_marked(few: Plan, mark: str, said: str) -> None:
    for pdf in pdfs(on(few, "A4", said), mark).values():
        assert all(mark in text for text in pages(pdf))
    assert set(made(few, DRAFT)) == ISSUED_PAPERS - {"labels.pdf", "appointments.pdf"}


# --- room to print and to write


def edges_mm(picture: Image.Image, dpi: int) -> tuple[float, ...]:
    """What lies between the ink and the edges: left, top, right, bottom."""
    box = picture.point(lambda grey: 255 if grey < 200 else 0).getbbox()
    assert box is not None
    left, top, right, bottom = box
    inside = (left, top, picture.width - right, picture.height - bottom)
    return tuple(25.4 * one / dpi for one in inside)


@pytest.mark.parametrize(("paper", "said"), [("A4", "da"), ("Letter", "en")])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_lies_near_an_edge(
    kind: Kind, paper: str, said: str, sts_150: Protocol, clinic: Clinic
) -> None:
    many = text_plan(many_lesions(22), sts_150, clinic_of(kind, clinic))
    for one in (many, case_plan("case-6-buttocks", kind)):
        for name, pdf in pdfs(on(one, paper, said)).items():
            for picture in pictures(pdf, 72):
                assert min(edges_mm(picture, 72)) >= EDGE_MM - 0.4, name


def test_text_near_an_edge_is_seen() -> None:
    picture = Image.new("L", (595, 842), 255)
    picture.paste(0, (300, 10, 320, 20))
    assert min(edges_mm(picture, 72)) < EDGE_MM


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("kind", KINDS)
def test_labels_stay_within_their_cut_lines(
    kind: Kind, paper: str, sts_150: Protocol, clinic: Clinic
) -> None:
    plan = on(text_plan(many_lesions(30), sts_150, clinic_of(kind, clinic)), paper, "da")
    grid, dpi = GRIDS[sheet_of(plan)], 100

    def pixels(mm: float) -> int:
        return round(mm * dpi / 25.4)

    for picture in pictures(pdf_of(plan, "labels.pdf"), dpi):
        ink = picture.point(lambda grey: 255 if grey < 200 else 0)
        for column in range(1, grid.columns):
            x = pixels(grid.left + column * grid.across)
            assert ink.crop((x - 2, 0, x + 2, ink.height)).getbbox() is None
        for row in range(1, grid.rows):
            y = pixels(grid.top + row * grid.down)
            assert ink.crop((0, y - 2, ink.width, y + 2)).getbbox() is None


@pytest.mark.parametrize(("paper", "first", "sheets"), [
    ("A4", 1, [4]), ("A4", 21, [4]), ("A4", 22, [3, 1]), ("A4", 24, [1, 3]),
    ("Letter", 27, [4]), ("Letter", 28, [3, 1]), ("Letter", 30, [1, 3]),
])  # fmt: skip
def test_labels_begin_where_a_half_used_sheet_has_room(
    paper: str, first: int, sheets: list[int]
) -> None:
    plan = on(case_plan("case-2-knee", "each"), paper, "en")
    pdf = labels_pdf(label_sheets(plan, ISSUE, first, 1), STAMP)
    assert [text.count("label ") for text in pages(pdf)] == sheets
    grid = GRIDS[sheet_of(plan)]
    row, column = divmod(first - 1, grid.columns)
    picture = pictures(pdf, 72)[0]
    left, top, _, _ = edges_mm(picture, 72)
    assert top >= grid.top + row * grid.down
    if sheets[0] == 1:
        assert left >= grid.left + column * grid.across


def lines_mm(picture: Image.Image, dpi: int) -> list[float]:
    """Heights of the rules that run across a page."""
    dark = picture.point(lambda grey: 255 if grey < 210 else 0)
    found = []
    for y in range(dark.height):
        row = dark.crop((0, y, dark.width, y + 1)).histogram()[255]
        if row > 0.75 * dark.width:
            found.append(25.4 * y / dpi)
    return [one for index, one in enumerate(found) if not index or one - found[index - 1] > 1]


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_rows_to_write_on_are_at_least_12_mm(paper: str, sts_150: Protocol, clinic: Clinic) -> None:
    plan = on(text_plan(many_lesions(22), sts_150, clinic_of("shared", clinic)), paper, "en")
    sheets = pdf_of(plan, "worksheets.pdf")
    for text, picture in zip(pages(sheets), pictures(sheets, 150), strict=True):
        injections = text.count("injection 1 of 4")
        if injections:
            heights = lines_mm(picture, 150)
            rows = [after - before for before, after in pairwise(heights)]
            assert sum(row >= 11.9 for row in rows) >= injections


def squares_mm(pdf: bytes) -> list[float]:
    """The sides of all boxes to tick."""
    found = []
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            for shape in page.get_objects(filter=(pypdfium2.raw.FPDF_PAGEOBJ_PATH,)):
                left, bottom, right, top = shape.get_bounds()
                width, height = right - left, top - bottom
                if abs(width - height) < 0.1 and 8 < width < 30:
                    found.append(25.4 * width / 72)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_boxes_to_tick_are_4_mm_and_each_lesion_has_its_own(
    kind: Kind, sts_150: Protocol, clinic: Clinic
) -> None:
    plan = text_plan(many_lesions(22), sts_150, clinic_of(kind, clinic))
    boxes = squares_mm(pdf_of(plan, "worksheets.pdf"))
    assert min(boxes) >= 4
    # Found: 3, decision: 2, given: 1; an evaluation: ulcerated 2, outcome 4.
    wanted = sum(6 * len(one.injections) + 6 * len(one.evaluations) for one in plan.visits)
    syringes = sum(2 * len(one.syringes) for one in plan.visits)
    # The vial; the allergy and each question that nobody answered.
    asked = sum(2 + 2 * (1 + len(plan.protocol.screens)) for one in plan.visits if one.injections)
    assert len(boxes) == wanted + syringes + asked


@pytest.mark.parametrize("second_check", [False, True])
def test_signatures_have_44_pt_and_stand_beside_a_lesion(
    second_check: bool, sts_150: Protocol, clinic: Clinic
) -> None:
    plan = text_plan(many_lesions(22), sts_150, clinic._replace(second_check=second_check))
    names = ["Prepared by, time", "Injected by (a physician trained in it), time"]
    names += ["Second check by, time"] if second_check else []
    pdf = pdf_of(plan, "worksheets.pdf")
    signed = 0
    with pypdfium2.PdfDocument(pdf) as document:
        for number, (page, picture) in enumerate(zip(document, pictures(pdf, 72), strict=True)):
            text = page.get_textpage()
            for name in names:
                place = text.search(name).get_next()
                if place is None:
                    continue
                signed += 1
                left, _, right, top = text.get_charbox(place[0])
                foot = picture.height - int(top)
                ink = picture.point(lambda grey: 255 if grey < 200 else 0)
                box = (int(left) + 2, foot - 34, int(right) + 60, foot - 1)
                rows = [y for y in range(box[1], box[3])
                        if ink.crop((box[0], y, box[2], y + 1)).getbbox()]  # fmt: skip
                assert 0 < len(rows) <= 2, "one line to sign on, and nothing else above the name"
                assert "injection 1 of 4" in pages(pdf)[number] or re.search(
                    r"injection \d of 4", pages(pdf)[number]
                )
    assert signed == 4 * len(names)


def overlaps(pdf: bytes) -> list[tuple[str, str]]:
    """Texts that are printed over one another."""
    found = []
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            text = page.get_textpage()
            places = [text.get_rect(index) for index in range(text.count_rects())]
            for index, (left, bottom, right, top) in enumerate(places):
                for other in places[index + 1 :]:
                    width = min(right, other[2]) - max(left, other[0])
                    height = min(top, other[3]) - max(bottom, other[1])
                    if min(width, height) > 1.5:
                        here = text.get_text_bounded(left, bottom, right, top)
                        found.append((here, text.get_text_bounded(*other)))
    return found


@pytest.mark.parametrize(("paper", "said"), [("A4", "da"), ("Letter", "en")])
@pytest.mark.parametrize("kind", KINDS)
def test_no_text_lies_over_another(
    kind: Kind, paper: str, said: str, sts_150: Protocol, clinic: Clinic
) -> None:
    many = text_plan(many_lesions(22), sts_150, clinic_of(kind, clinic))
    long = text_plan(hostile_course("Anna Maria " * 17), sts_150, clinic_of(kind, clinic))
    for plan in (many, long, case_plan("case-2-knee", kind)):
        for name, pdf in pdfs(on(plan, paper, said)).items():
            assert overlaps(pdf) == [], name


def test_many_evaluations_and_long_reasons_stay_on_their_pages(
    sts_150: Protocol, clinic: Clinic
) -> None:
    days = (10, 17, 28, 60, 84, 120, 200, 365)
    often = tuple(sts_150.evaluations[0]._replace(after_days=day) for day in days)
    looked_at = text_plan(
        course_text(lesion(dose_mg=50)), sts_150._replace(evaluations=often), clinic
    )
    plan = text_plan(many_lesions(22, "300"), sts_150, clinic)
    confirmed = tuple(
        one._replace(confirmed_by="Dr A. Holm", reason=f"reason {n}, seen and weighed " * 15)
        for n, one in enumerate(plan.findings)
    )
    for one in (looked_at, plan._replace(findings=confirmed)):
        for pdf in pdfs(one).values():
            assert overlaps(pdf) == []
            assert min(min(edges_mm(picture, 72)) for picture in pictures(pdf, 72)) >= EDGE_MM - 0.4
    text = " ".join(pages(pdf_of(plan._replace(findings=confirmed), "treatment-sheet.pdf")))
    assert all(f"reason {n}, seen" in " ".join(text.split()) for n in range(len(confirmed)))


@pytest.mark.parametrize("length", [13, 20, 28, 40])
def test_a_long_id_cuts_no_figure(length: int, sts_150: Protocol, clinic: Clinic) -> None:
    names = ("L" * length, "M" * length)
    text = course_text(*(lesion(name, dose_mg=50) for name in names))
    for kind in KINDS:
        plan = on(text_plan(text, sts_150, clinic_of(kind, clinic)), "Letter", "en")
        sheets = " ".join(" ".join(pages(pdf_of(plan, "worksheets.pdf"))).split())
        # For each visit: two lesions, two aliquots, and what each syringe draws.
        syringes = sum(len(visit.syringes) for visit in plan.visits if visit.injections)
        drawn = 8 + 8 + (syringes if kind != "shared" else 0)
        assert sheets.count("0.33 mL") == drawn


def test_a_number_on_the_map_is_no_lesions_id(sts_150: Protocol, clinic: Clinic) -> None:
    from planner.documents.bodymap import map_names

    tables = (lesion("2"), lesion("1"), lesion("a-long-name"))
    names = map_names(text_plan(course_text(*tables), sts_150, clinic))
    assert list(names.values()) == ["#1", "#2", "#3"]


@pytest.mark.hazard("dilution")
def test_a_diluted_stock_with_an_open_dose_asks_for_its_own_strength(
    sts_150: Protocol, clinic: Clinic
) -> None:
    plan = text_plan(course_text(lesion(dose_mg=50), lesion("B")), sts_150,
                     clinic_of("diluted", clinic))  # fmt: skip
    made = pdfs(plan)
    for name in ("worksheets.pdf", "treatment-sheet.pdf"):
        text = " ".join(" ".join(pages(made[name])).split())
        assert "The vial must say 250 mg/mL, pentahydrate:" in text
        assert "must say 150 mg/mL" not in text
        assert "mL stock of 250 mg/mL + ________ mL diluent = ________ mL of 150 mg/mL" in text
    assert "Diluent and recipe: pharmacy, date" in " ".join(pages(made["worksheets.pdf"]))


def test_text_over_another_is_seen() -> None:
    source = b'#set text(font: "Noto Sans")\n#place[first words]\n#place(dx: 9pt)[other words]'
    pdf = typst.compile(source, font_paths=[ROOT / "planner" / "fonts"])
    assert overlaps(pdf) != []


# --- a phone reads each date


@pytest.mark.parametrize(("paper", "said"), [("A4", "en"), ("Letter", "da")])
@pytest.mark.parametrize("case", ["case-1-fingertip", "case-2-knee"])
def test_each_code_decodes_to_its_visits_start(case: str, paper: str, said: str) -> None:
    plan = on(case_plan(case, "each"), paper, said)
    starts = []
    for picture in pictures(pdf_of(plan, "appointments.pdf"), 200):
        black_and_white = picture.point(lambda grey: 255 if grey > 127 else 0)
        codes = zxingcpp.read_barcodes(black_and_white)
        for code in sorted(codes, key=lambda one: one.position.top_left.y):
            starts.append(re.search(r"DTSTART:(\S+)", code.text)[1])  # type: ignore[index]
            assert f"SUMMARY:{'Aftale' if said == 'da' else 'Appointment'}" in code.text
            assert "thiosulphate" not in code.text
            side = code.position.bottom_left.y - code.position.top_left.y
            assert 29 <= 25.4 * side / 200 <= 31
    wanted = [visit.start.astimezone(UTC) for visit in plan.visits if visit.start]
    assert starts == [f"{start:%Y%m%dT%H%M%SZ}" for start in wanted]


def test_a_long_address_leaves_the_code_legible() -> None:
    plan = case_plan("case-2-knee", "each")
    plan = plan._replace(clinic=plan.clinic._replace(name="N" * 500, address="Å" * 500))
    codes = [
        code.text
        for picture in pictures(pdf_of(plan, "appointments.pdf"), 200)
        for code in zxingcpp.read_barcodes(picture)
    ]
    assert len(codes) == len(plan.visits)


@pytest.mark.parametrize("said", ["en", "da"])
@pytest.mark.hazard("identity-in-patient-calendar")
def test_the_letter_tells_nobody_what_is_treated(said: str) -> None:
    plan = on(case_plan("case-2-knee", "each"), "A4", said)
    text = " ".join(pages(pdf_of(plan, "appointments.pdf"))).casefold()
    for word in ("thiosul", "inject", "injek", "sclerosis", "knee", "knæ", "lesion", "læsion",
                 "mg", "evaluat", "evaluer", "weekly", "calci"):  # fmt: skip
        assert word not in text


# --- an archive and a screen reader


def archive_faults(pdf: bytes) -> list[str]:
    """What keeps a PDF from being tagged, archivable and read aloud; stands for veraPDF."""
    faults = []
    with pikepdf.open(BytesIO(pdf)) as document:
        root: Any = document.Root
        with document.open_metadata() as metadata:
            if metadata.get("pdfuaid:part") != "1":
                faults.append("not PDF/UA-1")
            if (metadata.get("pdfaid:part"), metadata.get("pdfaid:conformance")) != ("2", "A"):
                faults.append("not PDF/A-2a")
            if not metadata.get("dc:title"):
                faults.append("no title")
        if not root.get("/MarkInfo", {}).get("/Marked"):
            faults.append("not marked")
        if "/StructTreeRoot" not in root:
            faults.append("no tags")
        if str(root.get("/Lang", "")) not in ("en", "da"):
            faults.append("no language")
        if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle"):
            faults.append("its title is not shown")
        if not root.get("/OutputIntents"):
            faults.append("no output intent")
        faults += _object_faults(document)
    return faults


def _object_faults(document: pikepdf.Pdf) -> list[str]:
    faults = []
    for found in document.objects:
        if not isinstance(found, pikepdf.Dictionary):
            continue
        if found.get("/Type") == "/FontDescriptor" and not any(
            key in found for key in ("/FontFile", "/FontFile2", "/FontFile3")
        ):
            faults.append("a font is not embedded")
        if found.get("/S") == "/Figure" and not str(found.get("/Alt", "")):
            faults.append("a figure without alternative text")
        if found.get("/S") == "/JavaScript" or "/JS" in found:
            faults.append("it holds a script")
    return faults


def test_the_papers_are_tagged_and_archivable(few: Plan) -> None:
    for said in ("en", "da"):
        for name, pdf in pdfs(on(few, "A4", said)).items():
            assert archive_faults(pdf) == [], name


def mutated(pdf: bytes, remove: str) -> bytes:
    """The paper without something that an archive or a screen reader needs."""
    out = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as document:
        root: Any = document.Root
        if remove in root:
            del root[remove]
        for found in document.objects:
            if isinstance(found, pikepdf.Dictionary) and remove in found:
                del found[remove]
        document.save(out)
    return out.getvalue()


@pytest.mark.parametrize("remove", [
    "/MarkInfo", "/StructTreeRoot", "/Lang", "/ViewerPreferences", "/OutputIntents", "/Alt",
    "/FontFile2", "/Metadata",
])  # fmt: skip
def test_a_paper_that_lost_something_is_caught(remove: str) -> None:
    pdf = pdf_of(case_plan("case-2-knee", "each"), "treatment-sheet.pdf")
    assert archive_faults(mutated(pdf, remove)) != []


# --- what people write is printed as it is, or refused; never run, never cut

PRINTED = {
    "200 letters": "W" * 200,
    "many words": "Anna Maria " * 17 + "Anna",
    "HTML": "<script>alert(1)</script><b>x</b> &amp; {{7*7}} {% raw %}",
    "Typst": '#eval("1+1") $x^2$ *b* _i_ `c` \\u{41} @ref <label> //c /*d*/ = h',
    "quotes": "\"; DROP 'x' “q” «d» `t`",
    "Greek": "Ελένη Παπαδοπούλου",
    "Cyrillic": "Ёлкина Жанна",
    "Vietnamese": "Nguyễn Thị Ánh",
    "combining": "A\u030ange O\u0308stlund",
    "signs": "≥ 5 mm → µm ± ½ € №",
    "placeholders": "{n} {of} {drug} 100% %s %(x)s",
}
REFUSED = {"emoji": "Anna 😀", "Chinese": "王小明", "Hebrew": "שלום", "Arabic": "محمد"}
FORBIDDEN = {
    "bidi": "Anna\u202egnp.exe",
    "newline": "Anna\nJensen",
    "isolate": "\u2066Anna\u2069",
    "unseen": "An\ufeffna",
    "soft hyphen": "An\u00adna",
}


def hostile_course(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    patient = f"name = {quoted}\nbirth_date = 1961-05-01\n"
    return course_text(patient, lesion(dose_mg=50) + f"site_detail = {quoted}\n")


@pytest.mark.parametrize("text", PRINTED.values(), ids=PRINTED.keys())
@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.hazard("hostile-text")
def test_hostile_names_are_printed_verbatim(
    text: str, paper: str, sts_150: Protocol, clinic: Clinic
) -> None:
    named = clinic._replace(name=text, address=text, phone=text)
    plan = on(text_plan(hostile_course(text), sts_150, named), paper, "en")
    wanted = "".join(text.split())
    for name, paper_made in made(plan).items():
        if name.endswith(".html"):
            assert wanted in "".join(html_text(paper_made).split())
            assert b"<script" not in paper_made
            continue
        for page in pages(paper_made):
            assert wanted in "".join(page.split()), name
        for picture in pictures(paper_made, 72):
            assert min(edges_mm(picture, 72)) >= EDGE_MM - 0.4, name


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.hazard("wrong-figure-on-paper")
def test_letters_that_the_fonts_lack_are_refused_by_name(
    planner: Run, tmp_path: Path, text: str
) -> None:
    done = planner("plan", write(tmp_path, hostile_course(text)), "--timezone", "UTC")
    assert done.returncode == 10
    letter = next(one for one in text if ord(one) > 0x500)
    for place in ("patient.name", "lesion[1].site_detail"):
        assert f"course.toml: {place}: the papers have no letter for" in done.stderr
    assert f"U+{ord(letter):04X}" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["course.toml"]


@pytest.mark.parametrize("text", FORBIDDEN.values(), ids=FORBIDDEN.keys())
@pytest.mark.hazard("hostile-text")
def test_control_characters_are_refused(planner: Run, tmp_path: Path, text: str) -> None:
    done = planner("plan", write(tmp_path, hostile_course(text)), "--timezone", "UTC")
    assert done.returncode == 10
    assert "patient.name" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["course.toml"]


def test_what_no_label_can_hold_is_refused(planner: Run, tmp_path: Path) -> None:
    text = hostile_course("W" * 500).replace('"P-1"', f'"{"M" * 500}"')
    done = planner("plan", write(tmp_path, text), "--timezone", "UTC")
    assert done.returncode == 10
    assert "label 1: it cannot hold its text; shorten the patient's name and id" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["course.toml"]


# --- again


def test_papers_are_the_same_bytes_again(few: Plan) -> None:
    assert made(few) == made(few)


def test_a_plan_is_printed_again_and_marked(planner: Run, tmp_path: Path) -> None:
    planner("plan", write(tmp_path, SOUND), "--clinic", CLINIC, "--out", "out")
    done = planner("print", "out/plan.json", "--out", "again")
    assert done.returncode == 0, done.stderr
    again = tmp_path / "again"
    assert {path.name for path in again.iterdir()} == ISSUED_PAPERS
    for name in ISSUED_PAPERS - {"treatment-sheet.html"}:
        assert all("reprint" in text for text in pages((again / name).read_bytes()))
        first = pages((tmp_path / "out" / name).read_bytes())
        assert not any("reprint" in text for text in first)
    listed = json.loads((tmp_path / "out/plan.json").read_text())["pages"]
    assert listed[0]["page"] == "treatment-sheet"
    assert listed[0]["code"] in html_text((again / "treatment-sheet.html").read_bytes())
    assert planner("print", "out/plan.json", "--out", "again").returncode == 0


def test_a_reprint_replaces_no_issued_plan(planner: Run, tmp_path: Path) -> None:
    planner("plan", write(tmp_path, SOUND), "--clinic", CLINIC, "--out", "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.*")}
    done = planner("print", "out/plan.json", "--out", "out")
    assert done.returncode == 13
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.*")} == before


@pytest.mark.hazard("unissued-plan-used")
def test_an_unconfirmed_plan_is_not_printed(planner: Run, tmp_path: Path) -> None:
    course = write(tmp_path, course_text(lesion(size_mm=3, dose_mg=12.5)))
    waiting = planner("plan", course, "--timezone", "UTC", "--json")
    assert waiting.returncode == 12
    (tmp_path / "plan.json").write_text(waiting.stdout, encoding="utf-8")
    for command in (
        ("print", "plan.json", "--out", "again"),
        ("publish", ".", "--caldav", "http://127.0.0.1:9/"),
        ("agenda", "."),
    ):
        done = planner(*command)
        assert done.returncode == 12
        assert "waits for a physician" in done.stderr
    assert not (tmp_path / "again").exists()


def _set(*path: Any) -> Any:
    """A change to a plan: the last value, put at the place before it."""

    def change(plan: Any) -> None:
        *places, key, value = path
        for place in places:
            plan = plan[place]
        plan[key] = value

    return change


EDITED = {
    "another dose": (_set("visits", 0, "injections", 0, "dose_mg", 125), "do not agree"),
    "another volume": (_set("visits", 0, "injections", 0, "drawn_ml", 0.8), "do not agree"),
    "a negative dose": (_set("visits", 0, "injections", 0, "dose_mg", -1), "do not agree"),
    "a syringe's volume": (_set("visits", 0, "syringes", 0, "drawn_ml", 0.9), "its parts are not"),
    "a small syringe": (_set("visits", 0, "syringes", 0, "capacity_ml", 0.01), "does not hold"),
    "another part": (
        _set("visits", 0, "syringes", 0, "aliquots", 0, "ml", 0.09),
        "what its lesions",
    ),
    "a total": (_set("visits", 0, "total_dose_mg", 99), "not the sum"),
    "an unknown lesion": (_set("visits", 0, "injections", 0, "lesion", "Z"), "no lesion of this"),
    "no decisions": (_set("decisions", []), "one for each lesion"),
    "a held lesion": (_set("lesions", 0, "held_since", "2026-09-14"), "is held since 2026-09-14"),
    "an unknown regimen": (_set("decisions", 0, "regimen", "daily"), "unknown regimen"),
    "no time": (_set("visits", 0, "start", None), "it has no time"),
    "another number": (_set("visits", 0, "number", 2), "2 is not the number"),
    "another purpose": (_set("visits", 0, "purposes", ["evaluation"]), "not what is done at it"),
    "a syringe's lines": (
        _set("visits", 0, "syringes", 0, "graduation_ml", 0.05),
        "on none of its lines",
    ),
    "two visits on one day": (
        lambda plan: plan["visits"][1].update(
            start="2026-09-07T09:30:00+02:00", end="2026-09-07T10:00:00+02:00"
        ),
        "each day once",
    ),
    "another deviation": (
        _set("visits", 0, "injections", 0, "deviation_percent", 0),
        "do not agree",
    ),
    "fewer vials": (_set("visits", 0, "preparation", "vials", 0), "not what it takes"),
    "a vial of nothing": (_set("clinic", "stock", "vial_ml", 0), "not what it takes"),
    "another stock": (
        _set("visits", 0, "preparation", "strength_mg_per_ml", 250),
        "its stock is not the clinic's",
    ),
    "an injection twice": (_set("visits", 1, "injections", 0, "injection", 1), "comes twice"),
    "no total": (_set("visits", 0, "total_drawn_ml", None), "not the sum"),
    "no patient": (_set("patient", "id", ""), "is empty"),
    "a uid that leads elsewhere": (_set("visits", 0, "uid", "../other"), "none of the planner's"),
    "a course that leads elsewhere": (_set("course", "../other"), "no course's id"),
    "a visit's own time zone": (
        _set("visits", 0, "timezone", "Europe/Paris"),
        "not that of the clinic",
    ),
    "no time zone": (_set("clinic", "timezone", "Mars/Base"), "no time zone"),
    "a syringe without lines": (_set("clinic", "syringes", 0, "graduation_ml", 0), "no lines"),
    "no strength": (_set("protocol", "strength_mg_per_ml", 0), "no strength"),
    "windows": (_set("protocol", "evaluation_days", [28]), "not as many as windows"),
    "a case without size": (_set("cases", 0, "size_mm", 0), "no size"),
    "a case's doses": (_set("cases", 0, "dose_range_mg", "lots"), "no range"),
    "a recipe": (_set("visits", 0, "preparation", "diluent_ml", 1), "does not give the protocol's"),
    "a confirmation taken out": (
        _set("decisions", 0, "evidence", "extrapolated"),
        "has no regimen",
    ),
    "an allergy without its finding": (_set("patient", "sulfite_allergy", True), "is no sulfite"),
    "no offset": (_set("visits", 0, "start", "2026-09-07T09:30:00"), "no offset from UTC"),
    "an end before": (_set("visits", 0, "end", "2026-09-07T08:00:00+02:00"), "not after the start"),
    "no visits": (_set("visits", []), "there are none"),
    "a negative size": (_set("lesions", 0, "size_mm", -5), "a size is no size"),
    "a huge dose": (_set("visits", 0, "injections", 0, "dose_mg", 1e30), "beyond any figure"),
    "a huge size": (_set("lesions", 0, "size_mm", -(10**30)), "beyond any figure"),
    "days before": (_set("protocol", "evaluation_days", [-5, 84]), "are no days"),
    "a name without end": (_set("patient", "name", "W" * 5000), "over 500 characters"),
    "a byte order mark": (_set("patient", "name", "Anna\ufeff"), "control character"),
    "no lesions": (_set("lesions", []), "there are none"),
    "a text for a number": (_set("visits", 0, "total_dose_mg", "much"), "not a plan.json"),
}


@pytest.mark.parametrize(("change", "said"), EDITED.values(), ids=EDITED.keys())
@pytest.mark.hazard("wrong-figure-on-paper")
def test_a_plan_that_contradicts_itself_is_not_printed(
    planner: Run, tmp_path: Path, change: Any, said: str
) -> None:
    content = first_edition(plan_bytes(case_plan("case-2-knee", "each")), change)
    (tmp_path / "plan.json").write_bytes(content)
    done = planner("print", "plan.json", "--out", "again")
    assert done.returncode == 10, done.stderr
    assert said in done.stderr
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("label", ["0", "25", "x", "-1"])
def test_a_label_that_no_sheet_has_is_refused(planner: Run, tmp_path: Path, label: str) -> None:
    course = write(tmp_path, SOUND)
    done = planner("plan", course, "--clinic", CLINIC, "--first-label", label)
    assert done.returncode == 2
    assert not (tmp_path / "K-1").exists()


@pytest.mark.parametrize(
    ("known", "missing", "label"),
    [
        ("", "Patient label: name and birth date", "name, born ____"),
        ('name = "Else Holm "', "Patient label: birth date", "Else Holm, id P-1, born ____"),
        ("birth_date = 1961-05-01", "Patient label: name", "id P-1, name ____"),
        ('name = "Else Holm"\nbirth_date = 1961-05-01', "", ""),
    ],
)
def test_what_is_printed_of_a_patient_is_not_asked_for(
    planner: Run, tmp_path: Path, known: str, missing: str, label: str
) -> None:
    path = write(tmp_path, SOUND.replace('id = "P-1"', f'id = "P-1"\n{known}'))
    assert planner("plan", path, "--timezone", "UTC").returncode == 0
    head = pages((tmp_path / "K-1/worksheets.pdf").read_bytes())[0]
    there = [one for one in head.splitlines() if one.startswith("Patient label")]
    assert there == ([missing] if missing else [])
    (first, *_) = pages((tmp_path / "K-1/labels.pdf").read_bytes())
    assert label in first
    assert ("born ____" in first, "name ____" in first) == ("born _" in label, "name _" in label)


def test_a_sheet_of_48_labels_has_a_31st(planner: Run, tmp_path: Path) -> None:
    """How many there are is the sheet's own."""
    write(tmp_path, 'timezone = "UTC"\nlabel = "A4-48"\n', "clinic.toml")
    course = write(tmp_path, SOUND)
    call = ("plan", course, "--clinic", "clinic.toml", "--first-label")
    done = planner(*call, "49")
    assert done.returncode == 2
    assert "give 1 to 48" in done.stderr
    assert planner(*call, "31").returncode == 0


@pytest.mark.hazard("lost-event")
def test_papers_are_made_by_several_at_once() -> None:
    """A page serves some people at the same time, and a letter beyond Latin is tried on a paper."""

    def made(number: int) -> bytes:
        check_printable([("complications", f"r\u00f8dme \u2013 {number}")])
        return report_pdf("Report", "Report", "", [paper.Paragraph(paper.text("one page"))], STAMP)

    with ThreadPoolExecutor(8) as threads:
        first, *others = threads.map(made, range(24))
    assert {first} == {*others}


def test_a_long_course_tells_what_it_is_making(planner: Run, tmp_path: Path) -> None:
    course = write(tmp_path, many_lesions(60))
    done = planner("plan", course, "--timezone", "UTC", "--draft", "--json", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "making worksheets.pdf ..." in done.stderr
    assert json.loads(done.stdout)["course"] == "K-1"
    short = planner("plan", EXAMPLES / "case-2-knee.toml", "--clinic", CLINIC)
    assert "making" not in short.stderr

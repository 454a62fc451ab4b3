"""What is asked before an injection, and what is noted of it: from the file to the chair."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import CLINIC, Run
from tests.courses import course_text, lesion, write
from tests.papers import pages

BY = {"PLANNER_USER": "Dr A. Holm", "PLANNER_DATABASE": "register.db"}
TIP = lesion(site="fingertip", size_mm=6, ulcerated=False, dose_mg=25)
PAST = "2025-09-01 09:00"


def screened(*answers: str, tables: str = TIP) -> str:
    text = course_text(tables, first_visit=PAST)
    return text + ("[screening]\n" + "\n".join(answers) + "\n" if answers else "")


REFUSED = [
    # a line of [screening]; what is said
    ("pregnat = true", "screening.pregnat: the protocol asks no such question"),
    ('pregnant = "no"', "screening.pregnant"),
    ("pregnant = 1", "screening.pregnant"),
]


@pytest.mark.parametrize(("line", "said"), REFUSED)
def test_an_answer_to_no_question_is_refused(
    planner: Run, tmp_path: Path, line: str, said: str
) -> None:
    done = planner("plan", write(tmp_path, screened(line)), "--clinic", CLINIC)
    assert done.returncode == 10
    assert said in done.stderr
    assert not (tmp_path / "K-1").exists()


ANSWERS = [
    # the answers, the site; what waits for a physician
    (("pregnant = false", "dialysis = false"), TIP, None),
    (("pregnant = true",), TIP, "pregnant: yes"),
    (("asthma = true", "dialysis = true"), TIP, "dialysis: yes, asthma: yes"),
    (("poor-perfusion = true",), TIP, "poor-perfusion: yes"),
    # no digit is treated
    (("poor-perfusion = true",), lesion(dose_mg=25), None),
]


@pytest.mark.parametrize(("answers", "tables", "value"), ANSWERS)
@pytest.mark.hazard("unsuitable-patient", "ischaemic-digit")
def test_an_answer_that_is_a_reason_to_stop_waits_for_a_physician(
    planner: Run, tmp_path: Path, answers: tuple[str, ...], tables: str, value: str | None
) -> None:
    path = write(tmp_path, screened(*answers, tables=tables))
    done = planner("plan", path, "--clinic", CLINIC, "--json")
    assert done.returncode == (12 if value else 0), done.stderr
    found = [
        one for one in json.loads(done.stdout)["findings"] if one["code"] == "screening-positive"
    ]
    assert [one["value"] for one in found] == ([value] if value else [])


def added(planner: Run, tmp_path: Path, text: str | None = None) -> Run:
    done = planner("course", "add", write(tmp_path, text or screened()), "--clinic", CLINIC, **BY)
    assert done.returncode == 0, done.stderr
    return planner


def plan_of(planner: Run) -> dict:  # type: ignore[type-arg]
    shown = json.loads(planner("course", "show", "K-1", "--json", **BY).stdout)
    found: dict = shown["plan"]  # type: ignore[type-arg]
    return found


@pytest.mark.hazard("unsuitable-patient")
def test_an_answer_at_the_chair_asks_and_then_waits(planner: Run, tmp_path: Path) -> None:
    added(planner, tmp_path)
    answer = (
        "course",
        "answer",
        "K-1",
        "--screen",
        "anticoagulant=yes",
        "--reason",
        "at the chair",
    )
    nurse = {**BY, "PLANNER_USER": "Nurse B", "PLANNER_ROLE": "nurse"}
    done = planner(*answer, **nurse)
    assert done.returncode == 12
    assert "a deep injection may bleed" in done.stderr
    assert plan_of(planner)["revision"] == 0
    done = planner(*answer, "--confirm", "takes apixaban", **nurse)
    assert done.returncode == 0, done.stderr
    plan = plan_of(planner)
    (found,) = [one for one in plan["findings"] if one["code"] == "screening-positive"]
    assert (found["value"], found.get("confirmed_by")) == ("anticoagulant: yes", None)
    assert planner("course", "documents", "K-1", "--out", "out", **BY).returncode == 12
    confirm = ("course", "confirm", "K-1", "--finding", "screening-positive")
    done = planner(*confirm, "--value", "anticoagulant: yes", "--reason", "paused", **BY)
    assert done.returncode == 0, done.stderr
    assert planner("course", "documents", "K-1", "--out", "out", **BY).returncode == 0
    sheet = " ".join(pages((tmp_path / "out/worksheets.pdf").read_bytes())[0].split())
    assert "Decided by Dr A. Holm: paused" in sheet


def test_a_physicians_own_answer_is_confirmed_at_once(planner: Run, tmp_path: Path) -> None:
    added(planner, tmp_path)
    answer = ("course", "answer", "K-1", "--screen", "asthma=yes", "--reason", "history")
    assert planner(*answer, **BY).returncode == 12
    assert planner(*answer, "--confirm", "mild, agreed", **BY).returncode == 0
    (found,) = [one for one in plan_of(planner)["findings"] if one["code"] == "screening-positive"]
    assert found["confirmed_by"] == "Dr A. Holm"
    # Asked again, with another answer: nothing is left to confirm.
    withdrawn = ("course", "answer", "K-1", "--screen", "asthma=no", "--reason", "was bronchitis")
    assert planner(*withdrawn, **BY).returncode == 0
    assert "screening-positive" not in {one["code"] for one in plan_of(planner)["findings"]}


NURSE = {**BY, "PLANNER_USER": "Nurse B", "PLANNER_ROLE": "nurse"}


def answered(planner: Run, said: str, who: dict[str, str], *more: str) -> int:
    answer = ("course", "answer", "K-1", "--screen", said, "--reason", "asked her")
    return planner(*answer, *more, **who).returncode


@pytest.mark.hazard("unsuitable-patient")
def test_an_old_decision_says_nothing_of_a_new_answer(planner: Run, tmp_path: Path) -> None:
    added(planner, tmp_path)
    assert answered(planner, "asthma=yes", BY, "--confirm", "mild") == 0
    assert answered(planner, "asthma=no", BY) == 0
    assert answered(planner, "asthma=yes", NURSE, "--confirm", "she has an inhaler") == 0
    (found,) = [one for one in plan_of(planner)["findings"] if one["code"] == "screening-positive"]
    assert found.get("confirmed_by") is None
    assert "! waits for a physician" in planner("course", "due", "--on", PAST[:10], **BY).stdout


def test_a_decision_of_one_answer_stands_beside_another_answer(
    planner: Run, tmp_path: Path
) -> None:
    added(planner, tmp_path)

    def decided() -> list[tuple[str, str | None]]:
        found = plan_of(planner)["findings"]
        found = [one for one in found if one["code"] == "screening-positive"]
        return [(one["value"], one.get("confirmed_by")) for one in found]

    assert answered(planner, "asthma=yes", BY, "--confirm", "mild") == 0
    alone = decided()
    assert alone == [("asthma: yes", "Dr A. Holm")]
    assert answered(planner, "dialysis=no", NURSE) == 0
    assert decided() == alone
    # One more reason to stop is another thing to decide, until it is none.
    assert answered(planner, "anticoagulant=yes", NURSE, "--confirm", "takes apixaban") == 0
    ((value, by),) = decided()
    assert ({*value.split(", ")}, by) == ({"asthma: yes", "anticoagulant: yes"}, None)
    # What is left is asked again.
    assert answered(planner, "anticoagulant=no", BY) == 12
    assert answered(planner, "anticoagulant=no", BY, "--confirm", "still mild") == 0
    assert decided() == alone


@pytest.mark.hazard("unsuitable-patient")
def test_only_a_physician_takes_back_a_reason_to_stop(planner: Run, tmp_path: Path) -> None:
    added(planner, tmp_path)
    assert answered(planner, "asthma=yes", BY, "--confirm", "mild") == 0
    assert answered(planner, "asthma=no", NURSE, "--confirm", "was bronchitis") == 13
    assert answered(planner, "dialysis=no", NURSE) == 0


@pytest.mark.hazard("allergy", "stale-paper")
def test_an_allergy_that_is_told_at_the_chair_stops_the_patients_courses(
    planner: Run, tmp_path: Path
) -> None:
    added(planner, tmp_path)
    text = course_text(TIP, first_visit="2025-09-02 09:00").replace('"K-1"', '"K-2"')
    other = write(tmp_path, text, "other.toml")
    shared = ("--clinic", CLINIC, "--confirm", "another lesion")
    assert planner("course", "add", other, *shared, **BY).returncode == 0
    made = planner("course", "documents", "K-2", "--out", "out", "--json", **BY)
    code = {one["page"]: one["code"] for one in json.loads(made.stdout)["pages"]}["visit-1"]
    assert answered(planner, "sulfite-allergy=yes", NURSE) == 12
    assert answered(planner, "sulfite-allergy=yes", NURSE, "--confirm", "hives after wine") == 0
    assert answered(planner, "sulfite-allergy=yes", BY, "--confirm", "again") == 13
    for course in ("K-1", "K-2"):
        shown = json.loads(planner("course", "show", course, "--json", **BY).stdout)["plan"]
        assert shown["patient"]["sulfite_allergy"] is True
        (found,) = [one for one in shown["findings"] if one["code"] == "sulfite-allergy"]
        assert found.get("confirmed_by") is None
        assert planner("course", "documents", course, "--out", "new", **BY).returncode == 12
    assert planner("course", "current", code, **BY).returncode == 13
    assert answered(planner, "sulfite-allergy=no", NURSE, "--confirm", "a rash") == 13
    assert answered(planner, "sulfite-allergy=no", BY) == 0
    assert "sulfite-allergy" not in {one["code"] for one in plan_of(planner)["findings"]}


@pytest.mark.hazard("allergy")
def test_a_decision_for_an_allergy_is_of_the_answer_as_it_was(planner: Run, tmp_path: Path) -> None:
    added(planner, tmp_path)
    assert answered(planner, "sulfite-allergy=yes", BY, "--confirm", "mild, covered") == 0
    (found,) = [one for one in plan_of(planner)["findings"] if one["code"] == "sulfite-allergy"]
    assert found["confirmed_by"] == "Dr A. Holm"
    assert answered(planner, "sulfite-allergy=no", BY) == 0
    assert answered(planner, "sulfite-allergy=yes", NURSE, "--confirm", "again") == 0
    (found,) = [one for one in plan_of(planner)["findings"] if one["code"] == "sulfite-allergy"]
    assert found.get("confirmed_by") is None


def test_a_question_of_other_sites_is_not_answered(planner: Run, tmp_path: Path) -> None:
    added(planner, tmp_path, course_text(lesion(dose_mg=25), first_visit=PAST))
    assert answered(planner, "poor-perfusion=yes", BY, "--confirm", "x") == 13


@pytest.mark.hazard("stale-paper", "unsuitable-patient")
def test_a_worksheet_without_the_warning_does_not_hold_any_more(
    planner: Run, tmp_path: Path
) -> None:
    added(planner, tmp_path)
    made = planner("course", "documents", "K-1", "--out", "out", "--json", **BY)
    code = {one["page"]: one["code"] for one in json.loads(made.stdout)["pages"]}["visit-1"]
    assert planner("course", "current", code, **BY).returncode == 0
    assert answered(planner, "asthma=yes", BY, "--confirm", "mild") == 0
    assert planner("course", "current", code, **BY).returncode == 13


def test_contradicting_observations_are_refused(planner: Run, tmp_path: Path) -> None:
    added(planner, tmp_path)
    noted = ("--observe", "aspirated=yes", "--observe", "aspirated=no")
    done = planner("course", "give", "K-1", "--visit", 1, "--as-planned", *noted, **BY)
    assert done.returncode == 10
    assert "aspirated stands there twice" in done.stderr


def test_what_was_noted_is_put_right(planner: Run, tmp_path: Path) -> None:
    text = course_text(TIP, lesion("B", site="elbow", size_mm=20, dose_mg=15), first_visit=PAST)
    added(planner, tmp_path, text)
    noted = ("--lesion", "A", "--observe", "refill-before=3", "--lesion", "B",
             "--observe", "needle=27G")  # fmt: skip
    give = ("course", "give", "K-1", "--visit", 1, "--as-planned", *noted)
    assert planner(*give, **BY).returncode == 0
    mend = ("course", "correct", "K-1", "--event", 2, "--lesion", "A", "--observe",
            "refill-before=2", "--reason", "misread")  # fmt: skip
    assert planner(*mend, **BY).returncode == 0
    first, _ = (one["given"] for one in plan_of(planner)["visits"][0]["injections"])
    assert [one["value"] for one in first["observed"]] == ["2"]
    gone = (
        "course",
        "correct",
        "K-1",
        "--event",
        2,
        "--withdraw",
        "--lesion",
        "A",
        "--reason",
        "x",
    )
    assert planner(*gone, **BY).returncode == 0
    assert "refill-before" not in planner("course", "export", "--csv", **BY).stdout
    # A half-recorded visit holds, and is believed elsewhere.
    assert planner("course", "check", **BY).returncode == 0
    path = tmp_path / "half.jsonl"
    path.write_text(planner("course", "export", **BY).stdout)
    assert planner("course", "import", path, "--database", "copy.db").returncode == 0


VISIT_NOTES = [
    # what is noted; what is typed; the code, and what is said
    ("photo=yes", "\n5\n\n\nyes\n", 10, "no injection is left to be recorded"),
    ("nonsense=yes", "\n5\n\n\nyes\n", 10, "the protocol notes no"),
]


@pytest.mark.parametrize(("noted", "typed", "code", "said"), VISIT_NOTES)
def test_nothing_noted_is_lost_on_the_way(
    planner: Run, tmp_path: Path, noted: str, typed: str, code: int, said: str
) -> None:
    added(planner, tmp_path, course_text(TIP, first_visit=PAST))
    visits = plan_of(planner)["visits"]
    look = next(one["number"] for one in visits if one["purposes"] == ["evaluation"])
    call = ("course", "visit", "K-1", "--visit", look, "--observe", noted)
    done = planner(*call, input=typed, **BY)
    assert done.returncode == code, done.stderr
    assert said in done.stderr


NO_ANSWERS = [
    # what is said, the exit code
    ("asthma=maybe", 2),
    ("asthma", 2),
    ("astma=yes", 13),
    ("pregnant=no", 13),
]


@pytest.mark.parametrize(("said", "code"), NO_ANSWERS)
def test_what_is_no_answer_is_refused(planner: Run, tmp_path: Path, said: str, code: int) -> None:
    added(planner, tmp_path, screened("pregnant = false"))
    answer = ("course", "answer", "K-1", "--screen", said, "--reason", "x")
    assert planner(*answer, **BY).returncode == code
    assert plan_of(planner)["revision"] == 0


@pytest.mark.hazard("ischaemic-digit")
def test_what_was_noted_is_kept_with_the_visit(planner: Run, tmp_path: Path) -> None:
    text = course_text(TIP, lesion("B", site="elbow", size_mm=20, dose_mg=15), first_visit=PAST)
    added(planner, tmp_path, text)
    give = ("course", "give", "K-1", "--visit", 1, "--as-planned")
    noted = ("--observe", "needle=27G", "--lesion", "A", "--observe", "refill-before=2.5",
             "--lesion", "B")  # fmt: skip
    done = planner(*give, *noted, **BY)
    assert done.returncode == 0, done.stderr
    first, second = (one["given"] for one in plan_of(planner)["visits"][0]["injections"])
    assert first["observed"] == [
        {"observation": "needle", "value": "27G", "lesion": None},
        {"observation": "refill-before", "value": "2.5", "lesion": "A"},
    ]
    assert [one["observation"] for one in second["observed"]] == ["needle"]
    assert "refill-before 2.5" in planner("course", "history", "K-1", **BY).stdout
    rows = planner("course", "export", "K-1", "--csv", **BY).stdout
    assert "needle = 27G; refill-before = 2.5" in rows
    exported = planner("course", "export", **BY).stdout
    path = tmp_path / "e.jsonl"
    path.write_text(exported)
    assert planner("course", "import", path, "--database", "copy.db").returncode == 0
    assert planner("course", "check", "--database", "copy.db").returncode == 0


NOT_NOTED = [
    # what is noted; what is said
    ("refil-before=2", "did you mean refill-before?"),
    ("refill-before=two", "is no figure"),
    ("refill-before=2,5", "is no figure"),
    ("aspirated=perhaps", "write yes or no"),
    ("score-patient=11", "is no choice"),
    ("needle", "write refill-before=2"),
    ("needle=", "it is empty"),
]


@pytest.mark.parametrize(("noted", "said"), NOT_NOTED)
def test_what_is_no_observation_is_refused(
    planner: Run, tmp_path: Path, noted: str, said: str
) -> None:
    added(planner, tmp_path)
    give = ("course", "give", "K-1", "--visit", 1, "--as-planned", "--observe", noted)
    done = planner(*give, **BY)
    assert done.returncode == 10, done.stderr
    assert said in done.stderr
    assert plan_of(planner)["revision"] == 0


def test_what_is_noted_of_a_digit_is_refused_elsewhere(planner: Run, tmp_path: Path) -> None:
    added(planner, tmp_path, course_text(lesion(dose_mg=25), first_visit=PAST))
    give = ("course", "give", "K-1", "--visit", 1, "--as-planned", "--observe", "refill-before=2")
    done = planner(*give, **BY)
    assert done.returncode == 10
    assert "refill-before is noted at fingertip, finger or toe" in done.stderr


@pytest.mark.hazard("data-leak")
def test_what_was_noted_and_an_address_are_erased(planner: Run, tmp_path: Path) -> None:
    text = screened().replace('id = "P-1"\n', 'id = "P-1"\naddress = "Quuxvej 7, 2100 Town"\n')
    added(planner, tmp_path, text)
    give = ("course", "give", "K-1", "--visit", 1, "--as-planned")
    assert planner(*give, "--observe", "dressing=by Zebedee", **BY).returncode == 0
    erase = ("patient", "erase", "P-1", "--force", "--reason", "order")
    assert planner(*erase, **BY).returncode == 0
    for path in tmp_path.glob("register.db*"):
        assert b"Zebedee" not in path.read_bytes()
        assert b"Quuxvej" not in path.read_bytes()
    assert planner("course", "check", **BY).returncode == 0


ADDRESSES = [", ,", ", ".join("abcdefghi")]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_no_envelope_shows_is_refused(
    planner: Run, tmp_path: Path, address: str
) -> None:
    text = screened().replace('id = "P-1"\n', f'id = "P-1"\naddress = "{address}"\n')
    done = planner("plan", write(tmp_path, text), "--clinic", CLINIC)
    assert (done.returncode, "patient.address" in done.stderr) == (10, True)


def test_an_address_reaches_the_patients_other_course(planner: Run, tmp_path: Path) -> None:
    added(planner, tmp_path)
    text = screened().replace('"K-1"', '"K-2"').replace("09:00", "13:00")
    text = text.replace('id = "P-1"\n', 'id = "P-1"\naddress = "Quuxvej 7"\n')
    second = tmp_path / "second"
    second.mkdir()
    call = ("course", "add", write(second, text), "--clinic", CLINIC)
    asked = planner(*call, **BY)
    assert (asked.returncode, "takes over the address" in asked.stderr) == (12, True)
    assert planner(*call, "--confirm", "the same", **BY).returncode == 0
    assert plan_of(planner)["patient"]["address"] == "Quuxvej 7"

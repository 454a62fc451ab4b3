"""Attacks on the page, each tried and refused."""

from __future__ import annotations

import json
import re
import time

import httpx
import pytest

from planner.app import accounts
from planner.store.database import open_database
from tests.acceptance.page.conftest import add
from tests.pages import ADMIN, NAMES, PASSWORD, Served, served, soon


def history(page: Served) -> list[str]:
    found = page.signed_in("physician").open("/courses/K-1", Accept="application/json").json()
    return [one["kind"] for one in found["history"]]


HOLD = {"lesion": "", "on": soon()[:10], "reason": "so"}


@pytest.mark.hazard("foreign-session")
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "", "Referer": "https://evil.example/x"},
        {"Sec-Fetch-Site": "cross-site", "Origin": ""},
    ],
)
def test_another_page_sends_nothing(page: Served, headers: dict[str, str]) -> None:
    visitor = page.signed_in("physician")
    visitor.open("/courses/K-1/hold")
    for name, value in HOLD.items():
        visitor.fill({"lesion": "Lesion", "on": "Day", "reason": "Reason"}[name], value)
    said = visitor.sent("Show what changes")
    answer = visitor.client.post("/courses/K-1/hold", data=said, headers=headers)
    assert answer.status_code == 403
    assert visitor.client.post("/logout", headers=headers).status_code == 403
    assert visitor.open("/").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil"])
def test_the_page_answers_to_its_own_names_alone(page: Served, host: str) -> None:
    for path in ("/login", "/healthz", "/nothing", "/courses/K-1"):
        assert page.visitor().client.get(path, headers={"Host": host}).status_code == 400


def test_a_name_that_is_allowed_is_answered(light_url: str) -> None:
    with served(light_url, hosts=("plan.example",)) as page:
        found = page.visitor().client.get("/login", headers={"Host": "plan.example:8484"})
        assert found.status_code == 200


def test_headers_of_every_answer(page: Served) -> None:
    visitor = page.signed_in("physician")
    for path in ("/", "/courses/K-1", "/nothing", "/courses/none", "/login"):
        headers = visitor.open(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert " style=" not in visitor.page.text
        assert not re.search(r"<script(?! src)|\son\w+=", visitor.page.text)


def test_a_session_is_new_at_each_sign_in(page: Served) -> None:
    visitor = page.visitor()
    visitor.client.cookies.set("planner_session", "chosen-by-an-attacker")
    visitor.open("/login")
    visitor.fill("Name", NAMES["nurse"])
    visitor.fill("Password", PASSWORD)
    answer = visitor.client.post("/login", data=visitor.sent("Sign in"))
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "chosen" not in cookie


@pytest.mark.parametrize("cookie", ["", "x", "a" * 5000, "%00", "' OR 1=1 --", "é"])
def test_a_forged_cookie_opens_nothing(page: Served, cookie: str) -> None:
    raw = f"planner_session={cookie}".encode()
    answer = httpx.get(f"{page.base}/courses/K-1", headers=[(b"Cookie", raw)])
    assert answer.status_code in (303, 431)


def test_a_cookie_is_not_kept_as_it_is(page: Served) -> None:
    from sqlalchemy import select

    from planner.store.tables import sessions

    visitor = page.signed_in("nurse")
    secret = visitor.client.cookies["planner_session"]
    with open_database(page.url).reading() as connection:
        digests = [one.digest for one in connection.execute(select(sessions.c.digest))]
    assert secret not in digests


def test_signing_out_ends_the_session(page: Served) -> None:
    visitor = page.signed_in("physician")
    old = dict(visitor.client.cookies)
    visitor.press("Sign out")
    again = httpx.get(f"{page.base}/courses/K-1", cookies=old)
    assert again.status_code == 303


@pytest.mark.parametrize("what", ["disable", "role", "password"])
def test_sessions_end_with_their_account(page: Served, what: str) -> None:
    visitor = page.signed_in("nurse")
    register = open_database(page.url)
    if what == "disable":
        accounts.disable(register, ADMIN, NAMES["nurse"])
    elif what == "role":
        accounts.set_role(register, ADMIN, NAMES["nurse"], "secretary")
    else:
        accounts.set_password(register, ADMIN, NAMES["nurse"], "another one")
    assert visitor.client.get("/").status_code == 303


def wrong(page: Served, name: str) -> httpx.Response:
    return page.visitor().client.post("/login", data={"name": name, "password": "wrong"})


@pytest.mark.hazard("foreign-session")
def test_passwords_are_not_guessed_and_no_account_is_told_from_none(page: Served) -> None:
    for name in (NAMES["nurse"], "nobody here"):
        answers = [wrong(page, name) for _ in range(6)]
        assert [one.status_code for one in answers] == [401] * 5 + [429]
        assert int(answers[-1].headers["Retry-After"]) > 0
        bodies = {one.text.replace(name, "") for one in answers[:5]}
        assert len(bodies) == 1
    held = page.visitor().client.post("/login", data={"name": NAMES["nurse"], "password": PASSWORD})
    assert held.status_code == 429
    assert page.signed_in("physician").open("/").status_code == 200


def test_a_wrong_name_takes_as_long_as_a_wrong_password(page: Served) -> None:
    def seconds(name: str) -> float:
        began = time.perf_counter()
        wrong(page, name)
        return time.perf_counter() - began

    known, unknown = seconds(NAMES["nurse"]), seconds("nobody")
    assert 0.5 < known / unknown < 2


def test_an_address_is_held_as_well_as_an_account(page: Served) -> None:
    answers = [wrong(page, f"name {n}").status_code for n in range(21)]
    assert answers[-1] == 429
    assert set(answers[:20]) == {401}


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2f..%2fsetup.cfg", "/static/%2e%2e/style.css", "/static/__init__.py",
        "/courses/K-1/papers/..%2f..%2fplan.pdf", "/courses/..%2fK-1", "/day/2026-13-01",
        "/day/'%20OR%201=1", "/week/99999-01-01", "/courses/K-1/visits/999999999999999999999",
        "/courses/K-1/nothing", "/calendar/../../etc.ics", "/setup/guess", "/courses/%00",
    ],
)  # fmt: skip
def test_no_path_leads_anywhere_else(page: Served, path: str) -> None:
    answer = page.signed_in("physician").client.get(path)
    assert answer.status_code == 404, answer.text
    assert "K-1" not in answer.text or "K-1" in path


def test_an_unknown_course_names_no_other(page: Served) -> None:
    visitor = page.signed_in("physician")
    for course in ("K-2", "P-1", "k-1", "K1"):
        assert visitor.open(f"/courses/{course}").status_code == 404
        assert "Anna" not in visitor.page.text
        assert "K-1" not in visitor.page.text


@pytest.mark.parametrize(
    "where", ["//evil.example", "/\\evil.example", "https://evil.example", "/%0d%0aX: y"]
)
def test_a_sign_in_leads_nowhere_else(page: Served, where: str) -> None:
    answer = page.visitor().client.post(
        "/login", data={"name": NAMES["nurse"], "password": PASSWORD, "next": where}
    )
    assert answer.headers["Location"] == "/"


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 1234*4321 }}",
    "=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_stays_a_text(page: Served, text: str) -> None:
    visitor = page.signed_in("physician")
    visitor.open("/courses/K-1/hold")
    visitor.fill("Day", soon()[:10])
    visitor.fill("Reason", text)
    visitor.press("Show what changes")
    visitor.press("Hold")
    visitor.open("/courses/K-1")
    assert text in visitor.text.replace("&lt;", "<").replace("&gt;", ">").replace(
        "&#34;", '"'
    ).replace("&#39;", "'")
    assert "<script>alert" not in visitor.page.text
    assert "<img src=x" not in visitor.page.text
    assert "5332114" not in visitor.text
    visitor.open(f"/courses?q={httpx.QueryParams({'q': text})['q']}")
    assert "<script>alert" not in visitor.page.text
    found = page.signed_in("auditor").open("/audit?as=csv").text
    assert not re.search(r"(?m)(^|,)[=@]", found)


def test_a_form_says_a_thing_once(page: Served) -> None:
    visitor = page.signed_in("physician")
    content = "reason=a&reason=b&on=2027-01-01"
    answer = visitor.client.post(
        "/courses/K-1/hold",
        content=content,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400


def test_what_is_too_large_is_refused(page: Served) -> None:
    visitor = page.signed_in("physician")
    big = visitor.client.post("/courses/new", data={"diagnosis": "x" * 10_000_000})
    assert big.status_code == 413
    many = visitor.client.post("/courses/new", data={f"a{n}": "1" for n in range(1000)})
    assert many.status_code == 422
    more = visitor.client.post("/courses/new", data={f"a{n}": "1" for n in range(3000)})
    assert more.status_code == 413
    assert history(page) == ["planned"]


def test_somebody_elses_form_is_not_theirs(page: Served) -> None:
    """The author is who is signed in, whatever a form says."""
    visitor = page.signed_in("nurse")
    visitor.open("/courses/K-1/hold")
    assert visitor.page.status_code == 403
    answer = visitor.client.post(
        "/courses/K-1/hold", data=HOLD | {"role": "physician", "by": "Dr A. Holm", "act": "write"}
    )
    assert answer.status_code == 403
    assert history(page) == ["planned"]


def test_a_proxys_word_counts_from_its_address_alone(light_url: str) -> None:
    add(light_url)
    with served(light_url, proxy="127.0.0.1", trust_header="X-User") as page:
        page.with_accounts()
        said = {"X-User": NAMES["nurse"], "X-Forwarded-For": "10.0.0.7, 10.0.0.8"}
        visitor = page.visitor()
        found = visitor.client.get("/courses/K-1", headers=said)
        assert found.status_code == 200
        assert visitor.client.get("/", headers={"X-User": "nobody"}).status_code == 303
        secure = visitor.client.get("/", headers=said | {"X-Forwarded-Proto": "https"})
        assert secure.status_code == 200
        audited = page.visitor().client.get("/audit", headers={"X-User": NAMES["auditor"]}).text
        assert "10.0.0.8" in audited
        assert "10.0.0.7" not in audited
    with served(light_url, proxy="192.0.2.1", trust_header="X-User") as page:
        assert page.visitor().client.get("/", headers=said).status_code == 303


def test_a_program_reads_with_a_token_until_it_is_withdrawn(page: Served) -> None:
    visitor = page.signed_in("administrator")
    visitor.open("/accounts")
    visitor.fill("Program", "statistics")
    visitor.press("Make a token")
    assert "<code>" not in visitor.page.text
    visitor.press("Do it")
    (token,) = re.findall(r"<code>([^<]+)</code>", visitor.page.text)
    said = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    client = httpx.Client(base_url=page.base)
    assert client.get("/courses/K-1", headers=said).json()["course"] == "K-1"
    assert client.get("/clinic", headers=said).status_code in (200, 401, 403)
    assert client.get("/audit", headers=said).status_code in (401, 403)
    assert client.post("/courses/K-1/hold", headers=said, data=HOLD).status_code in (401, 403)
    assert (
        client.get("/courses/K-1", headers={**said, "Authorization": "Bearer x"}).status_code == 401
    )
    visitor.open("/accounts")
    visitor.press("Withdraw statistics")
    visitor.press("Do it")
    assert client.get("/courses/K-1", headers=said).status_code == 401
    assert history(page) == ["planned"]


def test_the_log_of_a_bug_says_nothing_of_a_patient(
    page: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("Anna Jensen")

    monkeypatch.setattr("planner.web.courses.course_standing", broken)
    visitor = page.signed_in("physician")
    found = visitor.open("/courses/K-1")
    assert found.status_code == 500
    (number,) = re.findall(r"number ([0-9a-f]+)", found.text)
    told = [one.getMessage() for one in caplog.records if number in one.getMessage()]
    assert told
    assert "Anna" not in json.dumps(told)
    assert "Traceback" not in found.text


def test_no_password_is_kept_in_clear(page: Served) -> None:
    from sqlalchemy import select

    from planner.store.tables import kept_forms

    visitor = page.signed_in("administrator")
    visitor.open("/accounts")
    said = visitor.sent("Set the password") | {"name": [NAMES["nurse"]], "password": ["a new one"]}
    page.visitor().client.post("/accounts", data=said)
    with open_database(page.url).reading() as connection:
        assert not connection.execute(select(kept_forms)).all()


def test_a_write_that_was_not_shown_cannot_be_made_up(page: Served) -> None:
    visitor = page.signed_in("physician")
    visitor.open("/courses/K-1/hold")
    visitor.fill("Day", soon()[:10])
    visitor.fill("Reason", "so")
    said = visitor.sent("Show what changes")
    for seen in ("", "0" * 32, "a" * 64):
        data = {**said, "act": "write", "seen": seen}
        assert visitor.client.post("/courses/K-1/hold", data=data).status_code == 200
    assert history(page) == ["planned"]


def test_a_forms_token_is_of_that_form_alone(page: Served) -> None:
    add(page.url, "K-2", "P-2", soon(8))
    visitor = page.signed_in("physician")
    visitor.open("/courses/K-1/hold")
    visitor.fill("Day", soon()[:10])
    visitor.fill("Reason", "so")
    visitor.press("Show what changes")
    said = visitor.sent("Hold")
    assert visitor.client.post("/courses/K-1/hold", data=said).status_code == 303
    assert visitor.client.post("/courses/K-2/hold", data=said).status_code in (200, 409)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/courses/K-1/hold", {"confirm": "[" * 100_000, "reason": "x"}),
        ("/courses/K-1/dose", {"from_visit": "1" * 5000, "mg": "1", "lesion": "A", "reason": "x"}),
        ("/courses/K-1/dose", {"from_visit": "99", "mg": "1", "lesion": "A", "reason": "x"}),
        ("/clinic", {"what": "close", "from": soon()[:10], "less": "5", "reason": "x"}),
        ("/clinic", {"what": "open", "from": soon()[:10], "reason": "x"}),
    ],
)
def test_what_cannot_be_is_said_in_the_form(page: Served, path: str, data: dict[str, str]) -> None:
    answer = page.signed_in("physician").client.post(path, data=data)
    assert answer.status_code in (409, 422)
    assert "<form" in answer.text


def test_a_restricted_patient_is_named_nowhere(page: Served) -> None:
    from planner.app.patients import restrict
    from tests.acceptance.page.conftest import PHYSICIAN

    add(page.url, "K-3", "P-3", soon(-10))
    restrict(open_database(page.url), "P-3", PHYSICIAN, lift=False)
    visitor = page.signed_in("secretary")
    visitor.open("/clinic")
    visitor.fill("From", soon(-12)[:10])
    visitor.fill("To", soon(-3)[:10])
    visitor.fill("Reason", "x")
    visitor.press("Show what moves")
    assert "K-3" not in visitor.text


def test_a_paper_that_is_none_counts_as_nothing(page: Served) -> None:
    visitor = page.signed_in("nurse")
    on = soon()[:10]
    assert visitor.open(f"/day/{on}/nonsense.pdf").status_code == 404
    assert visitor.open(f"/day/{on}/day-list.pdf").status_code == 200
    assert visitor.open(f"/day/{on}/worksheets.pdf", **{"X-Moz": "prefetch"}).status_code == 200
    assert history(page) == ["planned"]
    assert visitor.open(f"/day/{on}/worksheets.pdf").status_code == 200
    assert history(page) == ["planned", "issued"]


def test_refusals_are_kept(page: Served) -> None:
    visitor = page.signed_in("nurse")
    visitor.client.post("/logout", headers={"Origin": "https://evil.example"})
    httpx.get(
        f"{page.base}/courses/K-1",
        headers={"Authorization": "Bearer none", "Accept": "application/json"},
    )
    visitor.client.post("/courses/K-1/visits/1", data={})
    wrong(page, NAMES["physician"])
    auditor = page.signed_in("auditor")
    auditor.open("/audit")
    for what in (
        "Bo Lund nurse refused: POST /logout",
        "refused: a token that is none",
        "Bo Lund nurse read K-1",
        "Dr A. Holm physician wrong password",
    ):
        assert what in auditor.text, what

"""Who may what: every address of the page for every role, taken from its routes."""

from __future__ import annotations

import itertools

import pytest

from planner.app.roles import ROLES, Role, may
from planner.web import create_app
from planner.web.routes import Route
from planner.web.settings import Settings
from tests.pages import Served, soon

ROUTES: dict[str, Route] = create_app(Settings("nowhere.db")).config["ROUTES"]
# What the addresses are asked with.
VALUES = {
    "course": "K-1", "on": soon()[:10], "name": "worksheets", "visit": "1", "act": "hold",
    "secret": "none", "token": "none",
}  # fmt: skip
# What a form is for, beside the address that it stands at.
FORMS: dict[str, str] = {
    "hold": "held", "release": "resumed", "dose": "dose-changed", "lesion": "lesion-added",
    "answer": "answered", "end": "ended", "confirm": "confirmed",
    "withdraw-address": "subscribed", "renew-address": "subscribed",
}  # fmt: skip
# The use case of an address that has a form for each of several, and the form that is asked for.
OF_FORMS = {"change_page": ("held", "hold"), "visit_change_page": ("moved", "move")}
ACTS_OF_CLINIC = {
    "close": "clinic-days", "open": "clinic-days", "put": "clinic-put", "book": "waiting",
    "wait": "waiting",
}  # fmt: skip


def path_of(route: Route, **values: str) -> str:
    found = route.rule
    for name, value in (VALUES | values).items():
        found = found.replace(f"<{name}>", value).replace(f"<int:{name}>", value)
    return found


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> object:
    from planner.app.clinics import put_clinic
    from planner.app.planning import NamedFile
    from planner.store.database import open_database
    from tests.acceptance.page.conftest import CLINIC, PHYSICIAN, add
    from tests.pages import served

    url = str(tmp_path_factory.mktemp("roles") / "register.db")
    put_clinic(open_database(url), NamedFile("clinic", CLINIC.encode()), PHYSICIAN)
    add(url)
    with served(url) as page:
        page.with_accounts()
        yield page, {role: page.signed_in(role) for role in ROLES}


def asked() -> list[tuple[str, str]]:
    return [
        (name, method)
        for name, route in sorted(ROUTES.items())
        for method in route.methods
        if not route.is_open and name not in ("logout", "lock_page", "unlock_page")
    ]


@pytest.mark.hazard("foreign-session")
@pytest.mark.parametrize(("name", "method"), asked(), ids=str)
def test_an_address_is_for_its_roles_alone(
    everybody: tuple[Served, dict[Role, object]], name: str, method: str
) -> None:
    _, visitors = everybody
    route = ROUTES[name]
    for role, visitor in visitors.items():
        client = visitor.client  # type: ignore[attr-defined]
        what, act = OF_FORMS.get(name, (None, "hold"))
        data = {} if method == "POST" else None
        answer = client.request(method, path_of(route, act=act), data=data)
        is_for = (route.may is None or may(role, route.may)) and (what is None or may(role, what))
        is_for = is_for and (name != "clinic" or method == "GET" or may(role, "clinic-days"))
        assert (answer.status_code == 403) == (not is_for), (role, answer.status_code)
        assert answer.status_code != 500


@pytest.mark.parametrize(("act", "what"), FORMS.items())
def test_a_form_is_for_its_roles_alone(
    everybody: tuple[Served, dict[Role, object]], act: str, what: str
) -> None:
    _, visitors = everybody
    for role, method in itertools.product(ROLES, ("GET", "POST")):
        client = visitors[role].client  # type: ignore[attr-defined]
        answer = client.request(method, f"/courses/K-1/{act}", data={"reason": "so"})
        is_for = may(role, "read") and may(role, what)
        assert (answer.status_code == 403) == (not is_for), (role, method, answer.status_code)


@pytest.mark.parametrize(("act", "what"), ACTS_OF_CLINIC.items())
def test_a_change_of_the_clinic_is_for_its_roles_alone(
    everybody: tuple[Served, dict[Role, object]], act: str, what: str
) -> None:
    _, visitors = everybody
    for role in ROLES:
        client = visitors[role].client  # type: ignore[attr-defined]
        answer = client.post("/clinic", data={"what": act})
        assert (answer.status_code == 403) == (not may(role, what)), (role, answer.status_code)


def test_what_a_role_may_not_do_is_not_offered(
    everybody: tuple[Served, dict[Role, object]],
) -> None:
    _, visitors = everybody
    offered = {}
    for role, visitor in visitors.items():
        visitor.open("/courses/K-1")  # type: ignore[attr-defined]
        reader = visitor.reader  # type: ignore[attr-defined]
        offered[role] = {words for form in reader.forms for words, _, _ in form.buttons} - {
            "Lock",
            "Sign out",
            "Unlock",
        }
    assert offered["auditor"] == offered["administrator"] == set()
    assert "Hold" not in offered["nurse"] | offered["secretary"]
    assert {"Hold", "Change a dose", "Add a lesion", "End", "Documents"} <= offered["physician"]
    assert "Withdraw the address" in offered["secretary"]


def test_nobody_sees_anything_before_the_sign_in(page: Served) -> None:
    stranger = page.visitor()
    for name, method in asked():
        answer = stranger.client.request(method, path_of(ROUTES[name]))
        assert answer.status_code == 303, (name, method, answer.status_code)
        assert answer.headers["Location"].startswith("/login")


def test_who_read_what_is_kept_for_the_auditor(page: Served) -> None:
    page.signed_in("nurse").open("/courses/K-1")
    page.signed_in("secretary").open("/courses/K-1/hold")
    auditor = page.signed_in("auditor")
    auditor.open("/audit?course=K-1")
    assert "Bo Lund nurse read K-1 127.0.0.1" in auditor.text
    assert "Cilla Berg secretary refused: GET /courses/K-1/hold K-1" in auditor.text
    auditor.open("/audit?person=bo")
    assert "Cilla Berg" not in auditor.text
    found = auditor.open("/audit?as=csv")
    assert found.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in found.headers["Content-Disposition"]
    assert page.signed_in("physician").open("/audit").status_code == 403
    assert page.signed_in("administrator").open("/audit").status_code == 403


def test_an_administrator_sees_no_courses_and_what_moves_as_a_number(page: Served) -> None:
    visitor = page.signed_in("administrator")
    assert visitor.page.url.path == "/clinic"
    assert "K-1" not in visitor.text
    visitor.fill("From", soon()[:10])
    visitor.fill("Reason", "ill")
    assert visitor.press("Show what moves").status_code == 409
    assert "1 visit moved" in visitor.text
    assert "K-1" not in visitor.text

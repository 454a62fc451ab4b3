"""The page as tests use it: really served, and forms filled in by the names of their controls."""

from __future__ import annotations

import logging
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from jinja2 import FileSystemBytecodeCache
from werkzeug.serving import make_server

from planner.app.passwords import hashed
from planner.app.roles import ROLES, Author, Role
from planner.store.accounts import Account, add_account
from planner.store.database import open_database
from planner.web import create_app
from planner.web.settings import Settings

PASSWORD = "correct horse"
NAMES: dict[Role, str] = {
    "physician": "Dr A. Holm",
    "nurse": "Bo Lund",
    "secretary": "Cilla Berg",
    "auditor": "Dan Falk",
    "administrator": "Eva Krog",
}
ADMIN = Author("test", datetime(2026, 1, 1, tzinfo=UTC), role="administrator")


# Each template is compiled once, not for each page that is served.
TEMPLATES = FileSystemBytecodeCache(tempfile.mkdtemp(prefix="planner-templates-"))
# What it serves is looked at by the tests themselves.
logging.getLogger("werkzeug").setLevel(logging.ERROR)


@cache
def kept() -> str:
    """What is kept of the password: made once, as that takes long on purpose."""
    return hashed(PASSWORD)


class Served:
    """A page that is served at an address of this machine."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.url = url
        self.app = create_app(Settings(url, **settings))
        self.app.jinja_env.bytecode_cache = TEMPLATES
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.base = f"http://127.0.0.1:{self.server.port}"
        # It asks so often whether it is to stop: half a second for each test is minutes for all.
        serve = partial(self.server.serve_forever, poll_interval=0.02)
        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()

    def with_accounts(self) -> Served:
        """An account for each role."""
        with open_database(self.url).writing() as connection:
            for role in ROLES:
                made = Account(
                    NAMES[role], role, "en", kept(), f"{ADMIN.now:%Y-%m-%d}", "test", None
                )
                add_account(connection, made)
        return self

    def visitor(self) -> Visitor:
        """Somebody who is not signed in."""
        return Visitor(self.base)

    def signed_in(self, role: Role) -> Visitor:
        """Somebody who is."""
        there = self.visitor()
        there.open("/login")
        there.fill("Name", NAMES[role])
        there.fill("Password", PASSWORD)
        assert there.press("Sign in").status_code in (200, 303), there.page.text
        return there


@contextmanager
def served(url: str, **settings: Any) -> Iterator[Served]:
    there = Served(url, **settings)
    try:
        yield there
    finally:
        there.close()


class Control:
    """A control of a form."""

    def __init__(self, attributes: dict[str, str | None]) -> None:
        self.id = attributes.get("id") or ""
        self.name = attributes.get("name") or ""
        self.type = attributes.get("type") or "text"
        self.value = attributes.get("value") or ""
        self.is_on = "checked" in attributes
        self.is_invalid = attributes.get("aria-invalid") == "true"
        self.group = ""


class Form:
    """A form of a page, with what is filled in."""

    def __init__(self, attributes: dict[str, str | None]) -> None:
        self.action = attributes.get("action")
        self.method = (attributes.get("method") or "get").lower()
        self.controls: list[Control] = []
        self.buttons: list[tuple[str, str, str]] = []


class Reader(HTMLParser):
    """The forms of a page, and the names of their controls."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.labels: list[tuple[str, str, Control | None, str]] = []
        self.links: list[tuple[str, str]] = []
        self.group = ""
        self._words: list[str] = []
        self._of: dict[str, str | None] = {}
        self._label_for: str | None = None
        self._inner: Control | None = None
        self._in_label = self._in_group = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form":
            self.forms.append(Form(said))
        elif tag in ("input", "select", "textarea") and self.forms:
            control = Control(said | ({"type": tag} if tag != "input" else {}))
            control.group = self.group
            self.forms[-1].controls.append(control)
            if self._in_label:
                self._inner = control
            if tag == "textarea":
                self._words = []
        elif tag == "option" and self.forms and self.forms[-1].controls:
            if "selected" in said:
                self.forms[-1].controls[-1].value = said.get("value") or ""
        elif tag == "label":
            self._words, self._in_label, self._inner = [], True, None
            self._label_for = said.get("for")
        elif tag == "legend":
            self._words, self._in_group = [], True
        elif tag in ("button", "a"):
            self._words, self._of = [], said

    def handle_endtag(self, tag: str) -> None:
        words = re.sub(r"\s+", " ", "".join(self._words)).strip()
        if tag == "textarea":
            self.forms[-1].controls[-1].value = "".join(self._words).removeprefix("\n")
        elif tag == "label":
            self.labels.append((words, self._label_for or "", self._inner, self.group))
            self._in_label = False
        elif tag == "legend":
            self.group, self._in_group = words, False
        elif tag == "fieldset":
            self.group = ""
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append(
                (words, self._of.get("name") or "", self._of.get("value") or "")
            )
        elif tag == "a":
            self.links.append((words, self._of.get("href") or ""))

    def handle_data(self, data: str) -> None:
        self._words.append(data)


class Visitor:
    """Somebody with a browser without scripts: what is filled in is found by its name."""

    def __init__(self, base: str, **headers: str) -> None:
        self.client = httpx.Client(
            base_url=base, follow_redirects=False, timeout=60, headers={"Origin": base, **headers}
        )
        self.page = httpx.Response(200)
        self.reader = Reader("")

    def open(self, path: str, **headers: str) -> httpx.Response:
        return self._seen(self.client.get(path, headers=headers))

    def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        return self._seen(self.client.post(path, data=data or {}, headers=headers))

    def _seen(self, answer: httpx.Response) -> httpx.Response:
        while answer.status_code == 303:
            answer = self.client.get(answer.headers["Location"])
        self.page = answer
        is_html = "html" in answer.headers.get("Content-Type", "")
        self.reader = Reader(answer.text if is_html else "")
        return answer

    def control(self, name: str, group: str = "") -> Control:
        """A control by its accessible name (a hint may follow), in a group."""
        for words, of, inner, where in self.reader.labels:
            is_named = words.startswith(name) and not words[len(name) :][:1].isalnum()
            if is_named and where.startswith(group):
                if inner is not None:
                    return inner
                return next(
                    one for form in self.reader.forms for one in form.controls if one.id == of
                )
        raise AssertionError(f"no control is called {name!r} in {group!r}: {self.page.text}")

    def fill(self, name: str, value: str, group: str = "") -> None:
        self.control(name, group).value = value

    def tick(self, name: str, group: str = "") -> None:
        control = self.control(name, group)
        if control.type == "radio":
            for form in self.reader.forms:
                for one in form.controls:
                    if one.name == control.name:
                        one.is_on = False
        control.is_on = True

    def form_with(self, button: str) -> Form:
        for form in self.reader.forms:
            if any(words == button for words, _, _ in form.buttons):
                return form
        raise AssertionError(f"no button is called {button!r}: {self.page.text}")

    def sent(self, button: str) -> dict[str, Any]:
        """What a form sends when its button is pressed."""
        form = self.form_with(button)
        found: dict[str, list[str]] = {}
        for one in form.controls:
            if one.name and (one.type not in ("radio", "checkbox") or one.is_on):
                found.setdefault(one.name, []).append(one.value)
        pressed = next(one for one in form.buttons if one[0] == button)
        if pressed[1]:
            found.setdefault(pressed[1], []).append(pressed[2])
        return found

    def press(self, button: str, **headers: str) -> httpx.Response:
        """Send the form that has a button."""
        form, said = self.form_with(button), self.sent(button)
        path = form.action or str(self.page.url)
        if form.method == "get":
            return self._seen(self.client.get(path, params=said, headers=headers))
        return self._seen(self.client.post(path, data=said, headers=headers))

    def follow(self, link: str) -> httpx.Response:
        for words, path in self.reader.links:
            if words == link or words.startswith(f"{link},"):
                return self.open(path)
        raise AssertionError(f"no link is called {link!r}: {self.page.text}")

    @property
    def text(self) -> str:
        plain = re.sub(r"<(script|style).*?</\1>", " ", self.page.text, flags=re.DOTALL)
        words = re.sub(r"<[^>]+>", " ", plain).replace("\u00a0", " ")
        return re.sub(r"\s+", " ", words)


def today() -> str:
    """The day that it is at the clinic."""
    return f"{datetime.now(ZoneInfo('Europe/Copenhagen')).date()}"


def soon(days: int = 7, hour: str = "09:00") -> str:
    """A time to come, on a weekday: every seventh day is the same one."""
    on = datetime.now(UTC).date() + timedelta(days=days)
    while on.weekday() > 4:
        on += timedelta(days=1)
    return f"{on} {hour}"

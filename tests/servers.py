"""Real CalDAV servers for the tests, each on a port of its own on this machine."""

from __future__ import annotations

import hashlib
import http.server
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import httpx


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def radicale(folder: Path) -> Iterator[str]:
    """The address of the calendars of a Radicale of its own."""
    port = free_port()
    config = folder / "radicale.conf"
    config.write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = none\n"
        f"[storage]\nfilesystem_folder = {folder}/radicale\n[logging]\nlevel = error\n"
    )
    command = [sys.executable, "-m", "radicale", "--config", str(config)]
    with _running(command, port):
        yield f"http://127.0.0.1:{port}/clinic/"


@contextmanager
def xandikos(folder: Path) -> Iterator[str]:
    """The address of the calendars of a Xandikos of its own."""
    port = free_port()
    command = [
        sys.executable, "-m", "xandikos", "serve", "-d", str(folder / "xandikos"), "-l",
        "127.0.0.1", "-p", str(port), "--defaults", "--current-user-principal", "/user/",
    ]  # fmt: skip
    with _running(command, port):
        yield f"http://127.0.0.1:{port}/user/calendars/"


@contextmanager
def fhir_server(folder: Path) -> Iterator[str]:
    """The address of a FHIR server of its own."""
    port = free_port()
    command = [
        sys.executable, "-c", "from sekmet.cli import app; app()", "serve", "--host", "127.0.0.1",
        "--port", str(port),
    ]  # fmt: skip
    with _running(command, port, folder):
        yield f"http://127.0.0.1:{port}/fhir"


SERVERS = {"radicale": radicale, "xandikos": xandikos}


@contextmanager
def answering(
    status: int, body: bytes = b"", delay: float = 0, trickle: float = 0
) -> Iterator[str]:
    """A server that gives one answer to everything, late or byte by byte where asked to."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            time.sleep(delay)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # the client may have given up
                for n in range(len(body)):
                    time.sleep(trickle)
                    self.wfile.write(body[n : n + 1])

        do_REPORT = do_GET = do_PUT = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/calendar/"
    finally:
        server.shutdown()


@contextmanager
def in_front_of(url: str, before_put: Callable[[int], None]) -> Iterator[str]:
    """The address of a calendar through a go-between, which is told the count of each PUT."""
    base = url.split("/", 3)
    upstream, path = "/".join(base[:3]), f"/{base[3]}"
    puts: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def forward(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.command == "PUT":
                puts.append(self.path)
                before_put(len(puts))
            kept = ("Depth", "Content-Type", "If-Match", "If-None-Match")
            headers = {name: self.headers[name] for name in kept if self.headers[name]}
            answer = httpx.request(
                self.command, upstream + self.path, content=content, headers=headers, timeout=10
            )
            self.send_response(answer.status_code)
            for name in ("Content-Type", "ETag"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_REPORT = do_GET = do_PUT = do_DELETE = forward  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{path}"
    finally:
        server.shutdown()


@contextmanager
def _running(command: list[str], port: int, folder: Path | None = None) -> Iterator[None]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=folder, **quiet) as server:
        try:
            _wait(port)
            yield
        finally:
            server.terminate()


def _wait(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"no server on port {port}")


def make_calendar(calendars: str, name: str) -> str:
    """The address of a new, empty calendar."""
    httpx.request("MKCOL", calendars, timeout=10)
    answer = httpx.request("MKCALENDAR", f"{calendars}{name}/", timeout=10)
    assert answer.status_code == 201, (answer.status_code, answer.text)
    return f"{calendars}{name}/"


class Store:
    """A calendar server of our own, which can be told to do what a server should not.

    `items` are its events by their paths, `log` all requests. `href` gives an event's address as
    the server calls it; `before` may answer a request itself, and then returns True.
    """

    def __init__(self) -> None:
        self.items: dict[str, bytes] = {}
        self.log: list[tuple[str, str, Mapping[str, str]]] = []
        self.href: Callable[[str], str] = str
        self.before: Callable[[Any, str], bool] = lambda _handler, _method: False
        self.uid_conflict: int | None = None

    def put(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        there = self.items.get(path)
        if headers.get("If-None-Match") == "*" and there is not None:
            return 412
        if (wanted := headers.get("If-Match")) and (there is None or _tag(there) != wanted):
            return 412
        uid = re.search(rb"UID:(\S+)", body)
        others = [one for other, one in self.items.items() if other != path]
        if self.uid_conflict and uid and any(uid[0] in one for one in others):
            return self.uid_conflict
        self.items[path] = body
        return 201


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


@contextmanager
def serving(store: Store) -> Iterator[str]:
    """The address of a store's calendar."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            store.log.append((self.command, self.path, dict(self.headers)))
            if store.before(self, self.command):
                return
            if self.command == "PUT":
                self.reply(store.put(self.command, self.path, self.headers, body))
            else:
                self.reply(207, self.report(body).encode())

        def report(self, body: bytes) -> str:
            wanted = re.search(rb"text-match[^>]*>([^<]*)<", body)
            rows = "".join(
                f"<D:response><D:href>{escape(store.href(path))}</D:href><D:propstat><D:prop>"
                f"<D:getetag>{escape(_tag(one))}</D:getetag>"
                f"<C:calendar-data>{escape(one.decode())}</C:calendar-data>"
                "</D:prop></D:propstat></D:response>"
                for path, one in store.items.items()
                if wanted is None or wanted[1] in one
            )
            return (
                '<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
                f"{rows}</D:multistatus>"
            )

        def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_REPORT = do_PUT = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/cal/"
    finally:
        server.shutdown()

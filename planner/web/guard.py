"""What stands before every view and after every answer: hosts, cross-site requests, headers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import abort, request
from werkzeug import Response

from planner.web.visitor import settings

SAFE = ("GET", "HEAD", "OPTIONS")
MOST_BYTES, MOST_FIELDS = 1_000_000, 2_500
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
Wsgi = Callable[..., Iterable[bytes]]


class BehindProxy:
    """The page behind a proxy: what it says of the browser is believed from its address alone."""

    def __init__(self, page: Wsgi, proxy: str | None) -> None:
        self.page = page
        self.proxy = proxy

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer a request."""
        said = {
            name: environ.pop(f"HTTP_X_FORWARDED_{name}", "")
            for name in ("FOR", "PROTO", "HOST", "PREFIX", "PORT")
        }
        if self.proxy is not None and environ.get("REMOTE_ADDR") == self.proxy:
            environ["planner.from_proxy"] = True
            # The last of several is the one that the proxy itself saw.
            environ["REMOTE_ADDR"] = said["FOR"].rpartition(",")[2].strip() or self.proxy
            if said["PROTO"].rpartition(",")[2].strip() in ("http", "https"):
                environ["wsgi.url_scheme"] = said["PROTO"].rpartition(",")[2].strip()
        return self.page(environ, start)


def check_request() -> None:
    """Refuse what does not come from a page of ours."""
    if not settings().is_ours(request.host):
        abort(400, "This page has no such name.")
    if request.method not in SAFE:
        if not _is_from_us():
            abort(403, "This came from another page than ours.")
        _check_form()


def _is_from_us() -> bool:
    """Whether a browser sends a form from one of our own pages; other programs say nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    said = request.headers.get("Origin") or request.headers.get("Referer")
    return said is None or urlsplit(said).netloc == request.host


def _check_form() -> None:
    """Refuse a form that holds more than any of ours, or says one thing twice."""
    for name, values in request.form.lists():
        if len(values) > 1 and name not in SEVERAL:
            abort(400, f"The form says {name!r} more than once.")
    if len(request.form) > MOST_FIELDS:
        abort(413, "The form holds more than any of ours.")


# What a form may tick more than once.
SEVERAL = ("confirm",)


def with_headers(answer: Response) -> Response:
    """What every answer says of how it is to be shown and kept."""
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers.pop("Server", None)
    return answer


def is_looked_at() -> bool:
    """Whether a person opens an address: not its head alone, and not ahead of time."""
    names = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
    purpose = " ".join(request.headers.get(name, "") for name in names)
    return request.method == "GET" and "prefetch" not in purpose and "prerender" not in purpose

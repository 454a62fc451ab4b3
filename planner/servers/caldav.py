"""A calendar on a CalDAV server: what is in it, and writing to it without overwriting others."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

from planner.errors import InputError, Problem, RefusedError, ServiceError

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS = 10
LARGEST_BYTES = 50_000_000
_DAV, _CAL = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
_QUERY = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><D:getetag/><C:calendar-data/></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
<C:time-range start="{start}" end="{end}"/>
</C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>"""


class Credentials(NamedTuple):
    """Who asks. Never shown, never logged."""

    user: str
    password: str


class Resource(NamedTuple):
    """One event of the calendar, with the tag of its present state."""

    href: str
    etag: str
    content: bytes


class Collection:
    """A calendar by its URL. Raises InputError for a URL that may not be used.

    ServiceError where the server does not answer as it should, RefusedError where what is there
    is not what it was.
    """

    def __init__(self, url: str, credentials: Credentials | None) -> None:
        self.url = checked_url(url)
        try:
            import httpx
        except ImportError as error:
            fix = "pip install 'sts-course-planner[caldav]'"
            raise ServiceError(Problem("--caldav", "httpx is not installed", fix)) from error
        self._client: httpx.Client = httpx.Client(
            timeout=TIMEOUT_SECONDS, auth=credentials, follow_redirects=False, trust_env=False
        )

    def __enter__(self) -> Collection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def between(self, days: range) -> list[Resource]:
        """The events that touch a range of days (ordinals)."""
        stamps = [
            datetime.combine(date.fromordinal(day), time(), UTC) for day in (days.start, days.stop)
        ]
        start, end = (f"{stamp:%Y%m%dT%H%M%SZ}" for stamp in stamps)
        headers = {"Depth": "1", "Content-Type": "application/xml; charset=utf-8"}
        body = _QUERY.format(start=start, end=end).encode()
        status, answer, _ = self._send("REPORT", self.url, headers, body)
        if status != 207:
            raise _unexpected(status, "REPORT")
        return list(_resources(answer, self.url))

    def get(self, name: str) -> Resource | None:
        """An event by the name of its resource, or None."""
        href = urljoin(self.url, name)
        status, answer, tag = self._send("GET", href, {}, b"", (404, 410))
        return Resource(href, tag, answer) if status == 200 else None

    def create(self, name: str, content: bytes) -> None:
        """Put an event there that is not there yet."""
        self._put(urljoin(self.url, name), content, {"If-None-Match": "*"})

    def replace(self, resource: Resource, content: bytes) -> None:
        """Put an event in the place of one that is still as it was read."""
        if not resource.etag.startswith('"'):
            text = "it gives no strong ETag, so that a change by others could not be seen"
            raise ServiceError(_problem(text, "use a server that does"))
        self._put(resource.href, content, {"If-Match": resource.etag})

    def _put(self, href: str, content: bytes, condition: Mapping[str, str]) -> None:
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        status, _, _ = self._send("PUT", href, headers, content)
        if status not in (200, 201, 204):
            raise _unexpected(status, "PUT")

    def _send(
        self,
        method: str,
        href: str,
        headers: Mapping[str, str],
        body: bytes,
        accepted: tuple[int, ...] = (),
    ) -> tuple[int, bytes, str]:
        """Status, body and ETag of an answer; those that mean a refusal are raised."""
        import httpx

        deadline = monotonic() + TIMEOUT_SECONDS
        try:
            with self._client.stream(method, href, headers=headers, content=body) as answer:
                content = b""
                for part in answer.iter_bytes():
                    content += part
                    if monotonic() > deadline:
                        raise httpx.ReadTimeout("the answer trickles")
                    if len(content) > LARGEST_BYTES:
                        raise ServiceError(_problem("its answer is too long", "ask for less"))
        except httpx.TimeoutException as error:
            text = f"no answer within {TIMEOUT_SECONDS} seconds"
            raise ServiceError(_problem(text, "try again later")) from error
        except httpx.HTTPError as error:
            text = f"it cannot be reached ({type(error).__name__})"
            raise ServiceError(_problem(text, "check the address and the network")) from error
        status = answer.status_code
        if status in (401, 403):
            text = f"it refuses the credentials ({status})"
            fix = "check PLANNER_CALDAV_USER and PLANNER_CALDAV_PASSWORD"
            raise ServiceError(_problem(text, fix))
        if status == 412:
            text = "an event was changed there meanwhile, and was not overwritten"
            raise RefusedError(_problem(text, "look at the calendar, then publish again"))
        if not 200 <= status < 300 and status not in accepted:
            raise _unexpected(status, method)
        return status, content, answer.headers.get("ETag", "")


def checked_url(url: str) -> str:
    """The URL of a collection, with its last slash.

    https, or http to this machine alone; no credentials in it, as other users of the machine
    can read a command line.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        fix = "write it as https://calendar.example/clinic/"
        raise InputError(Problem("the URL", "it is no web address", fix)) from error
    if parts.username is not None or parts.password is not None:
        fix = "set PLANNER_CALDAV_USER and PLANNER_CALDAV_PASSWORD"
        raise InputError(Problem("the URL", "it holds credentials", fix))
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        fix = "write it as https://calendar.example/clinic/"
        raise InputError(Problem("the URL", "it is no web address", fix))
    if parts.scheme == "http" and not _is_loopback(host):
        raise InputError(Problem("the URL", "plain http is not safe", "use https"))
    return url if url.endswith("/") else f"{url}/"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _resources(answer: bytes, base: str) -> Iterator[Resource]:
    try:
        root = ElementTree.fromstring(answer)
    except ElementTree.ParseError as error:
        text = "its answer is no calendar (is it a web page?)"
        raise ServiceError(_problem(text, "check the address of the calendar")) from error
    if root.tag != f"{_DAV}multistatus":
        text = "its answer is no calendar"
        raise ServiceError(_problem(text, "check the address of the calendar"))
    for response in root.iter(f"{_DAV}response"):
        href = response.findtext(f"{_DAV}href", "")
        tag = response.findtext(f".//{_DAV}getetag", "")
        data = response.findtext(f".//{_CAL}calendar-data", "")
        if data:
            yield Resource(urljoin(base, href), tag, data.encode())


def _unexpected(status: int, method: str) -> ServiceError:
    text = f"it answers {status} to {method}"
    return ServiceError(_problem(text, "check the address of the calendar, or try again later"))


def _problem(problem: str, fix: str) -> Problem:
    return Problem("the calendar server", problem, fix)

"""A calendar on a CalDAV server: what is in it, and writing to it without overwriting others."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from planner.errors import InputError, Problem, RefusedError, ServiceError

if TYPE_CHECKING:
    from planner.servers.login import Login

TIMEOUT_SECONDS = 10
LARGEST_BYTES = 50_000_000
LONGEST_ADDRESS = 2000
_DAV, _CAL = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
_QUERY = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><D:getetag/><C:calendar-data/></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
{wanted}
</C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>"""
_DAYS = '<C:time-range start="{start}" end="{end}"/>'
_UID = (
    '<C:prop-filter name="UID"><C:text-match collation="i;octet">{uid}</C:text-match>'
    "</C:prop-filter>"
)
_NO_ADDRESS = "write it as https://calendar.example/clinic/"


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
            raise ServiceError(Problem("caldav", "httpx is not installed", fix)) from error
        from planner.servers.login import Login

        self._login: Login | None = None if credentials is None else Login(*credentials)
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS, auth=self._login, follow_redirects=False, trust_env=False
        )
        # All of an exchange has one deadline, its headers too: a loop can leave it at any point.
        self._runner = asyncio.Runner()
        # What ends an exchange, a signal too, is raised to who waits for it: its loop has nothing
        # to say besides.
        self._runner.get_loop().set_exception_handler(lambda _loop, _context: None)

    def __enter__(self) -> Collection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._runner:
            self._runner.run(self._client.aclose())

    def between(self, days: range, zone: ZoneInfo) -> list[Resource]:
        """The events that touch a range of days (ordinals) of a zone.

        A server has whole days and floating times by a clock of its own, mostly UTC's: the days
        of that are asked for too.
        """
        start, end = (
            [datetime.combine(date.fromordinal(day), time(), one) for one in (zone, UTC)]
            for day in (days.start, days.stop)
        )
        stamps = [one.astimezone(UTC) for one in (min(start), max(end))]
        start_said, end_said = (f"{stamp:%Y%m%dT%H%M%SZ}" for stamp in stamps)
        return self._query(_DAYS.format(start=start_said, end=end_said))

    def with_uid(self, uid: str) -> list[Resource]:
        """The events of an id, whenever they are."""
        return self._query(_UID.format(uid=escape(uid)))

    def _query(self, wanted: str) -> list[Resource]:
        headers = {"Depth": "1", "Content-Type": "application/xml; charset=utf-8"}
        body = _QUERY.format(wanted=wanted).encode()
        status, answer, _ = self._send("REPORT", self.url, headers, body)
        if status != 207:
            raise _unexpected(status, "REPORT")
        return list(_resources(answer))

    def address(self, href: str) -> str:
        """Where an event is, by what the server calls it.

        Raises ServiceError for anything but an address inside this calendar: a visit and the
        credentials go nowhere else.
        """
        problem = "it names an address for an event that is none of this calendar"
        try:
            if not href or len(href) > LONGEST_ADDRESS or not href.strip().isprintable():
                raise ValueError(problem)
            found = urljoin(self.url, href.strip())
            inside = urlsplit(found).path.startswith(urlsplit(self.url).path)
            if re.search(r"\s|/\.\.?(/|$)", found) or _origin(found) != _origin(self.url):
                raise ValueError(problem)
            if not inside or found.rstrip("/") == self.url.rstrip("/"):
                raise ValueError(problem)
        except ValueError as error:
            fix = "nothing was sent there; ask whoever runs the server"
            raise ServiceError(_problem(problem, fix)) from error
        return found

    def create(self, name: str, content: bytes) -> None:
        """Put an event there that is not there yet."""
        self._put(self.address(name), content, {"If-None-Match": "*"})

    def replace(self, resource: Resource, content: bytes) -> None:
        """Put an event in the place of one that is still as it was read."""
        if not resource.etag.startswith('"'):
            text = "it gives no strong ETag, so that a change by others could not be seen"
            raise ServiceError(_problem(text, "use a server that does"))
        self._put(self.address(resource.href), content, {"If-Match": resource.etag})

    def _put(self, href: str, content: bytes, condition: Mapping[str, str]) -> None:
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        status, answer, _ = self._send("PUT", href, headers, content, (403, 409, 412))
        if status in (200, 201, 204):
            return
        is_new = "If-None-Match" in condition
        if is_new and (status in (409, 412) or b"no-uid-conflict" in answer):
            text = "an event with this id, or of this name, is there already"
            raise RefusedError(_problem(text, "look at the calendar, then publish again"))
        if status == 412:
            text = "an event was changed there meanwhile, and was not overwritten"
            raise RefusedError(_problem(text, "look at the calendar, then publish again"))
        if status == 403:
            text = "it does not let this user write (403)"
            raise ServiceError(_problem(text, "ask whoever runs the server"))
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

        try:
            status, content, tag = self._runner.run(self._exchange(method, href, headers, body))
        except (TimeoutError, httpx.TimeoutException) as error:
            text = f"no answer within {TIMEOUT_SECONDS} seconds"
            then = "; whether it was done is not known" if method == "PUT" else ""
            raise ServiceError(_problem(text + then, "try again later")) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            text = "it cannot be reached, or breaks the answer off"
            raise ServiceError(_problem(text, "check the address and the network")) from error
        except (KeyError, ValueError, NotImplementedError) as error:
            text = "it asks for a login that cannot be answered"
            raise ServiceError(_problem(text, "ask whoever runs the server")) from error
        if status not in accepted:
            self._check(status, method)
        return status, content, tag

    def _check(self, status: int, method: str) -> None:
        if status == 401 and self._login is not None and self._login.unknown:
            asked = ", ".join(self._login.unknown)
            text = f"it asks for a login by {asked}; this planner knows Basic and Digest"
            raise ServiceError(_problem(text, "switch one of them on"))
        if status in (401, 403):
            text = f"it refuses the credentials ({status})"
            fix = "check PLANNER_CALDAV_USER and PLANNER_CALDAV_PASSWORD"
            raise ServiceError(_problem(text, fix))
        if not 200 <= status < 300:
            raise _unexpected(status, method)

    async def _exchange(
        self, method: str, href: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes, str]:
        content = b""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            request = self._client.build_request(method, href, headers=headers, content=body)
            answer = await self._client.send(request, stream=True)
            try:
                async for part in answer.aiter_bytes():
                    content += part
                    if len(content) > LARGEST_BYTES:
                        raise ServiceError(_problem("its answer is too long", "ask for less"))
            finally:
                await answer.aclose()
        return answer.status_code, content, answer.headers.get("ETag", "")


def checked_url(url: str) -> str:
    """The URL of a collection, with its last slash.

    https, or http to this machine alone; no credentials in it, as other users of the machine
    can read a command line.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        if "@" in url:
            raise _with_credentials() from error
        raise _no_address() from error
    if parts.username is not None or parts.password is not None:
        raise _with_credentials()
    host = parts.hostname
    is_plain = url.isprintable() and " " not in url and len(url) <= LONGEST_ADDRESS
    if parts.scheme not in ("http", "https") or not host or port == 0 or not is_plain:
        raise _no_address()
    if parts.query or parts.fragment or not _is_host(host):
        raise _no_address()
    if parts.scheme == "http" and not _is_loopback(host):
        raise InputError(Problem("the URL", "plain http is not safe", "use https"))
    return url if url.endswith("/") else f"{url}/"


def _no_address() -> InputError:
    return InputError(Problem("the URL", "it is no web address", _NO_ADDRESS))


def _with_credentials() -> InputError:
    fix = "set PLANNER_CALDAV_USER and PLANNER_CALDAV_PASSWORD"
    return InputError(Problem("the URL", "it holds credentials", fix))


def _is_host(name: str) -> bool:
    """Whether a host is an address, or a name that can be asked for."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        if re.fullmatch(r"[\d.]+", name):
            return False
        try:
            return bool(name.encode("idna"))
        except UnicodeError:
            return False
    return True


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what has to be the same for a password to go there."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address with credentials")
    usual = {"https": 443, "http": 80}.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or usual


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _resources(answer: bytes) -> Iterator[Resource]:
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
            yield Resource(href, tag, data.encode())


def _unexpected(status: int, method: str) -> ServiceError:
    text = f"it answers {status} to {method}"
    return ServiceError(_problem(text, "check the address of the calendar, or try again later"))


def _problem(problem: str, fix: str) -> Problem:
    return Problem("the calendar server", problem, fix)

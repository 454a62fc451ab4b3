"""Logging in at a calendar server: nothing is sent unasked, and by Digest where it is offered."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable

import httpx

# What httpx works out; others are left to a message.
_ALGORITHMS = {"MD5", "MD5-SESS", "SHA", "SHA-SESS", "SHA-256", "SHA-256-SESS", "SHA-512",
               "SHA-512-SESS"}  # fmt: skip
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]*)(?=\s+[A-Za-z0-9._~+/-]+\s*=|\s*(?:,|$))")


class Login(httpx.Auth):
    """Asks first, then answers the challenge: a server that knows Digest never sees a password."""

    def __init__(self, user: str, password: str) -> None:
        self._user, self._password = user, password
        self._way: httpx.Auth | None = None
        # The schemes that a server asked for and this planner does not know.
        self.unknown: list[str] = []

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        answer = None
        if self._way is None:
            answer = yield request
            if answer.status_code != 401:
                return
            self._way = self._chosen(answer.headers.get_list("www-authenticate"))
            if self._way is None:
                return
        flow = self._way.auth_flow(request)
        asked = next(flow)
        if answer is not None and isinstance(self._way, httpx.DigestAuth):
            # It asks for the challenge, which is here already.
            asked = flow.send(_digest_alone(answer))
        while True:
            answer = yield asked
            try:
                asked = flow.send(_digest_alone(answer))
            except StopIteration:
                return

    def _chosen(self, challenges: Iterable[str]) -> httpx.Auth | None:
        asked = [one for challenge in challenges for one in _schemes(challenge)]
        for scheme, text in asked:
            if scheme == "digest" and _is_known_digest(text):
                return httpx.DigestAuth(self._user, self._password)
        if any(scheme == "basic" for scheme, _ in asked):
            return httpx.BasicAuth(self._user, self._password)
        self.unknown = [scheme for scheme, _ in asked]
        return None


def _digest_alone(answer: httpx.Response) -> httpx.Response:
    """An answer as httpx reads it: with a header that begins with the challenge of Digest."""
    challenges = [
        f"Digest {text}"
        for header in answer.headers.get_list("www-authenticate")
        for scheme, text in _schemes(header)
        if scheme == "digest"
    ]
    headers = [("WWW-Authenticate", one) for one in challenges]
    return httpx.Response(answer.status_code, headers=headers, request=answer.request)


def _schemes(challenge: str) -> list[tuple[str, str]]:
    """The schemes of a header, which may name several, each with what it asks."""
    found = list(_SCHEME.finditer(challenge))
    if not found:
        word = challenge.split()[:1]
        return [(one.lower(), "") for one in word]
    ends = [one.start() for one in found[1:]] + [len(challenge)]
    return [
        (one[1].lower(), challenge[one.end() : end].strip(" ,"))
        for one, end in zip(found, ends, strict=True)
    ]


def _is_known_digest(text: str) -> bool:
    algorithm = re.search(r'algorithm\s*=\s*"?([A-Za-z0-9-]+)', text, re.IGNORECASE)
    qop = re.search(r'qop\s*=\s*"?([A-Za-z0-9, -]+)', text, re.IGNORECASE)
    ways = {one.strip().lower() for one in qop[1].split(",")} if qop else {"auth"}
    known = algorithm is None or algorithm[1].upper() in _ALGORITHMS
    return known and "auth" in ways and "nonce" in text.lower()

"""How the page is served: which register, by which names, behind which proxy."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Settings(NamedTuple):
    """The register by its URL, the names of the page beside those of loopback, the proxy's address.

    `trust_header` names the header in which the proxy says who somebody is.
    """

    database: str | None = None
    hosts: tuple[str, ...] = ()
    proxy: str | None = None
    trust_header: str | None = None

    @classmethod
    def of_environment(cls) -> Settings:
        """As a server of several workers is told."""
        said = os.environ
        hosts = re.split(r"[\s,]+", said.get("PLANNER_ALLOWED_HOSTS", "").strip())
        return cls(
            said.get("PLANNER_DATABASE"),
            tuple(filter(None, hosts)),
            said.get("PLANNER_BEHIND_PROXY") or None,
            said.get("PLANNER_TRUST_HEADER") or None,
        )

    def is_ours(self, host: str) -> bool:
        """Whether the page is called by a name of ours, whatever the port."""
        name = re.sub(r":\d+$", "", host).lower()
        return name in (*LOOPBACK, *(one.lower() for one in self.hosts))

"""`planner serve`: the web page of a register."""

from __future__ import annotations

import gc
import ipaddress
from typing import TYPE_CHECKING, Any

import click

from planner.cli.register import register_option
from planner.errors import Problem, ServiceError, UsageError

if TYPE_CHECKING:
    from planner.web.settings import Settings

_THREADS = 8


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where it listens.")
@click.option("--port", type=click.IntRange(0, 65535), default=8484, show_default=True)
@register_option
@click.option(
    "--behind-proxy",
    metavar="ADDRESS",
    help="The address of a proxy at which TLS ends; what it says of the browser is believed.",
)
@click.option(
    "--allow-host", metavar="NAME", multiple=True, help="A name of the page; several times."
)
@click.option(
    "--trust-header",
    metavar="NAME",
    help="The header in which the proxy says who is signed in; only with --behind-proxy.",
)
def serve(
    host: str,
    port: int,
    database: str | None,
    behind_proxy: str | None,
    allow_host: tuple[str, ...],
    trust_header: str | None,
) -> None:
    """Serve the page for physicians, nurses and secretaries.

    On this machine alone, unless a proxy with TLS stands before it. Without accounts it prints an
    address that makes the first administrator, once.

    Example: planner serve --port 8484
    """
    _check(host, behind_proxy, trust_header)
    try:
        from planner.web.settings import Settings
    except ModuleNotFoundError as error:
        raise _not_installed() from error
    _run(Settings(database, allow_host, behind_proxy, trust_header), host, port)


def _not_installed() -> ServiceError:
    fix = "pip install 'sts-course-planner[web]'"
    return ServiceError(Problem("the page", "what serves it is not installed", fix))


def _check(host: str, proxy: str | None, trust_header: str | None) -> None:
    """Refuse to show patients' data to a network without TLS."""
    if not _is_loopback(host) and proxy is None:
        problem = f"{host} is not this machine alone, and nothing says that TLS ends before it"
        fix = "name the proxy at which it ends with --behind-proxy"
        raise UsageError(Problem("--host", problem, fix))
    if trust_header is not None and proxy is None:
        problem = "anybody could send it"
        raise UsageError(Problem("--trust-header", problem, "name the proxy with --behind-proxy"))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _run(settings: Settings, host: str, port: int) -> None:
    """Serve until somebody stops it."""
    from datetime import UTC, datetime

    from planner.app.accounts import begin_setup
    from planner.cli.output import say
    from planner.store.database import open_database

    try:
        from waitress.server import create_server

        from planner.web.application import create_app
    except ModuleNotFoundError as error:
        raise _not_installed() from error

    # Unlike other commands this one runs on.
    gc.enable()
    # The page, which opens it in its own process, begins none.
    open_database(settings.database).close()
    page = create_app(settings)
    secret = begin_setup(page.config["REGISTER"].database, datetime.now(UTC))
    try:
        # The page itself knows which proxy to believe.
        server: Any = create_server(
            page, host=host, port=port, threads=_THREADS, ident="",
            clear_untrusted_proxy_headers=False,
        )  # fmt: skip
    except OSError as error:
        problem = f"nothing can listen at {host}:{port}: {error.strerror}"
        raise ServiceError(Problem("--port", problem, "choose another port")) from error
    listens = getattr(server, "effective_port", None) or server.effective_listen[0][1]
    at = f"http://{f'[{host}]' if ':' in host else host}:{listens}"
    if secret is not None:
        say(f"Nobody has an account yet. The first administrator: {at}/setup/{secret}\n")
    say(f"The page is at {at}/\n")
    server.run()

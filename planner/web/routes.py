"""The addresses of the page: each with its view and with who may use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

View = Callable[..., Any]


class Route(NamedTuple):
    """An address; `may` is the use case that a role has to be for, None where any will do.

    An open one needs no sign-in.
    """

    rule: str
    methods: tuple[str, ...]
    view: View
    may: str | None
    is_open: bool

    @property
    def name(self) -> str:
        """What the address is known by, for links to it."""
        return self.view.__name__


class Pages:
    """The addresses of a module."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def page(self, rule: str, *, may: str | None) -> Callable[[View], View]:
        """An address that is only read."""
        return self._added(rule, ("GET",), may, is_open=False)

    def action(self, rule: str, *, may: str | None) -> Callable[[View], View]:
        """An address that is only written to."""
        return self._added(rule, ("POST",), may, is_open=False)

    def form(self, rule: str, *, may: str | None) -> Callable[[View], View]:
        """An address that shows a form and takes it."""
        return self._added(rule, ("GET", "POST"), may, is_open=False)

    def open(self, rule: str, *methods: str) -> Callable[[View], View]:
        """An address for everybody."""
        return self._added(rule, methods or ("GET",), None, is_open=True)

    def _added(
        self, rule: str, methods: tuple[str, ...], may: str | None, *, is_open: bool
    ) -> Callable[[View], View]:
        def keep(view: View) -> View:
            self.routes.append(Route(rule, methods, view, may, is_open))
            return view

        return keep

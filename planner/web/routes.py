"""The addresses of the page: each with its view and with who may use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

View = Callable[..., Any]
Added = Callable[[View], View]


class Route(NamedTuple):
    """An address; `may` is the use case that a role has to be for, None where any will do.

    An open one needs no sign-in; links to one that is `of_clinic` stay with the clinic looked at.
    """

    rule: str
    methods: tuple[str, ...]
    view: View
    may: str | None
    is_open: bool = False
    of_clinic: bool = False

    @property
    def name(self) -> str:
        """What the address is known by, for links to it."""
        return self.view.__name__


class Pages:
    """The addresses of a module."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def page(self, rule: str, *, may: str | None, of_clinic: bool = False) -> Added:
        """An address that is only read."""
        return self._added(rule, ("GET",), may, of_clinic=of_clinic)

    def action(self, rule: str, *, may: str | None, of_clinic: bool = False) -> Added:
        """An address that is only written to."""
        return self._added(rule, ("POST",), may, of_clinic=of_clinic)

    def form(self, rule: str, *, may: str | None, of_clinic: bool = False) -> Added:
        """An address that shows a form and takes it."""
        return self._added(rule, ("GET", "POST"), may, of_clinic=of_clinic)

    def open(self, rule: str, *methods: str) -> Added:
        """An address for everybody."""
        return self._added(rule, methods or ("GET",), None, is_open=True)

    def _added(self, rule: str, methods: tuple[str, ...], may: str | None, **how: bool) -> Added:
        def keep(view: View) -> View:
            self.routes.append(Route(rule, methods, view, may, **how))
            return view

        return keep

"""The web page: parse, call app, show; one module a page group."""

from planner.web.application import create_app

__all__ = ["create_app"]

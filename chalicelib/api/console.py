"""The console: its page, the files that the page loads, and who is looking at it."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.errors import NotFound
from chalicelib.schemas.console import CallerView

blueprint = Blueprint(__name__)

_FILES = ("text/javascript", "text/css", "image/svg+xml")
_YEAR = "public, max-age=31536000, immutable"


@route(blueprint, "GET", "/console", scope=None, answers={200: None}, content=("text/html",))
def get_console(call: Call) -> Response:
    """Answer with the console's page, which asks for a token itself."""
    from chalicelib.console import CSP, render_page

    headers: dict[str, str | list[str]] = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": CSP,
    }
    return Response(render_page(call.location("")), headers, 200)


@route(
    blueprint, "GET", "/console/{version}/{name}", scope=None, answers={200: None}, content=_FILES
)
def get_console_file(call: Call, version: str, name: str) -> Response:
    """Answer with a file of the console, to be kept: another version has another path."""
    from chalicelib.console import find_version, read_assets

    asset = read_assets().get(name)
    if asset is None or version != find_version():
        raise NotFound("The console has no such file; load its page again.")
    headers: dict[str, str | list[str]] = {
        "Content-Type": asset.content_type,
        "Cache-Control": _YEAR,
    }
    return Response(asset.text, headers, 200)


@route(blueprint, "GET", "/caller", scope=Scope.READ, answers={200: CallerView})
def get_caller(call: Call) -> Response:
    """Tell a caller whose token it shows: the project, and what the token permits."""
    assert call.caller is not None
    return json_response(CallerView.from_row(call.caller))

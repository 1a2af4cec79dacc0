"""Errors as answers: problem+json (RFC 9457), described in docs/problems.md."""

from __future__ import annotations

import inspect
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from chalice.app import ChaliceUnhandledError, Response

from chalicelib.errors import ApiError, InvalidFields, InvalidQuery, Unauthorized

Headers = dict[str, str | list[str]]


class Escaped(ChaliceUnhandledError):
    """Carries a view's error, its cause, to the middleware: Chalice swallows all others."""


def describe_error(error: ApiError) -> Response:
    """The answer to a request that failed for a reason its sender can know."""
    body: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": inspect.getdoc(type(error)),
        "status": error.status,
        "detail": error.message,
    }
    if isinstance(error, InvalidFields):
        body["errors"] = [_describe_field(error, *field) for field in error.fields]
    headers: Headers = {}
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    return _problem(body, headers)


def describe_status(status: int, detail: str, headers: Headers | None = None) -> Response:
    """An answer that says no more than its HTTP status does."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return _problem(body, headers or {})


def _describe_field(error: InvalidFields, where: str, detail: str) -> dict[str, str]:
    if isinstance(error, InvalidQuery):
        return {"parameter": where, "detail": detail}
    # A pointer in a URI fragment (RFC 6901, section 6); what UTF-8 has no bytes for is shown
    # as an escape sequence.
    pointer = quote(where, safe="/~!$&'()*+,;=:@?", errors="backslashreplace")
    return {"pointer": f"#{pointer}", "detail": detail}


def _problem(body: dict[str, Any], headers: Headers) -> Response:
    # A dict, for Chalice to encode as ASCII: a name from the request can hold anything.
    headers["Content-Type"] = "application/problem+json"
    return Response(body, headers, body["status"])

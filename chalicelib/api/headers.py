"""Headers of every answer: for caches, for the safety of browsers, for pages elsewhere (CORS)."""

from __future__ import annotations

import hashlib

from chalice.app import Response

from chalicelib.api.call import Call
from chalicelib.errors import SettingsError
from chalicelib.settings import get_settings

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
#: Of answers that are no page; one that is says itself what it may load.
_CSP = "default-src 'none'; frame-ancestors 'none'"
_EXPOSED = "ETag, Idempotent-Replayed, Link, Location, Retry-After, X-Request-Id"
_ACCEPTED = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Auth-Token, "
    "traceparent"
)


def add_headers(call: Call, response: Response) -> Response:
    """The answer with its headers; 304 without a body if its reader has it already."""
    headers = response.headers
    headers["X-Request-Id"] = call.request_id
    headers.update(_ALWAYS)
    headers.setdefault("Content-Security-Policy", _CSP)
    headers.setdefault("Cache-Control", "no-store")
    if call.is_replay:
        headers["Idempotent-Replayed"] = "true"
    is_look = call.request.method in ("GET", "HEAD")
    if is_look and call.caller is not None and response.status_code == 200:
        response = _with_etag(call, response)
    _permit_origin(call, response)
    return response


def make_etag(body: str) -> str:
    """The entity tag (RFC 9110, section 8.8.3) of an answer."""
    return f'"{hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest()[:32]}"'


def is_among(etag: str, header: str) -> bool:
    """Whether If-Match or If-None-Match name this entity tag."""
    named = {each.strip().removeprefix("W/") for each in header.split(",")}
    return etag in named or "*" in named


def _with_etag(call: Call, response: Response) -> Response:
    etag = make_etag(response.body)
    response.headers["ETag"] = etag
    # May be kept, and has to be asked for each time.
    response.headers["Cache-Control"] = "private, no-cache"
    known = call.request.headers.get("if-none-match")
    if known is None or not is_among(etag, known):
        return response
    kept = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    return Response("", kept, 304)


def _permit_origin(call: Call, response: Response) -> None:
    origin = call.request.headers.get("origin")
    if origin is None:
        return
    try:
        permitted = get_settings().origins
    except SettingsError:
        return
    if not permitted:
        return
    response.headers["Vary"] = "Origin"
    if "*" not in permitted and origin not in permitted:
        return
    response.headers["Access-Control-Allow-Origin"] = "*" if "*" in permitted else origin
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    if call.request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, DELETE"
        response.headers["Access-Control-Allow-Headers"] = _ACCEPTED
        response.headers["Access-Control-Max-Age"] = "600"

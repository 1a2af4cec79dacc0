"""Declares routes: whom a route serves and what it reads stand where its path stands."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote

import msgspec
from chalice.app import Blueprint, Request, Response

from chalicelib.api.auth import PUBLIC, authenticate
from chalicelib.api.call import current_call
from chalicelib.api.problems import Escaped
from chalicelib.domain import jsontext
from chalicelib.domain.ids import is_job_id
from chalicelib.domain.scopes import Scope
from chalicelib.errors import BodyTooLarge, MalformedBody, NotFound, UnsupportedMediaType
from chalicelib.schemas.reading import read_body, read_query
from chalicelib.settings import get_settings

View = Callable[..., Response]


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of a route that takes none."""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What a route says of itself, for its own use, for tests and for the OpenAPI document."""

    scope: Scope | None
    query: type[msgspec.Struct] = NoQuery
    body: type[msgspec.Struct] | None = None
    #: By status, what an answer that is no error holds; None: nothing.
    answers: dict[int, type[msgspec.Struct] | None]
    #: The media types of an answer that no struct describes.
    content: tuple[str, ...] = ("application/json",)
    #: Whether it heeds the header Idempotency-Key.
    is_repeatable: bool = False
    #: Whether its body may be as large as MAX_BATCH_BODY_BYTES.
    is_large: bool = False
    #: Whether it heeds the header If-Match.
    is_conditional: bool = False
    #: Whether it fails with 503 although nobody had to be identified.
    is_dependent: bool = False
    #: A body that it takes.
    example: Any = None


class Route(msgspec.Struct, frozen=True):
    """A route that was declared."""

    method: str
    path: str
    view: View
    declared: Declared


#: All routes, in the order in which their modules were imported.
ROUTES: list[Route] = []


def route(blueprint: Blueprint, method: str, path: str, **declared: Any) -> Callable[[View], View]:
    """Register a view, called as view(call, path parameters, query=..., body=...).

    `declared`: the fields of `Declared`. `scope` is what the caller's token must permit, and
    None only for the routes in PUBLIC; the view is given `query` and `body` if they are declared.
    """
    said = Declared(**declared)
    if said.scope is None and (method, path) not in PUBLIC:
        raise ValueError(f"{method} {path} has no scope and is not on the list PUBLIC")

    def register(view: View) -> View:
        @wraps(view)
        def answer(**parameters: str) -> Response:
            call = current_call.get()
            try:
                if said.scope is not None:
                    authenticate(call, said.scope)
                return view(call, **_read(call.request, parameters, said))
            except Exception as error:
                raise Escaped from error

        # No content types for Chalice to check: it would do so before the token is.
        # HEAD is GET without its body, which API Gateway leaves out.
        methods = ["GET", "HEAD"] if method == "GET" else [method]
        blueprint.route(path, methods=methods, content_types=[])(answer)
        answer.declared = said  # type: ignore[attr-defined]
        ROUTES.append(Route(method, path, view, said))
        _answer_options(blueprint, path)
        return answer

    return register


def _answer_options(blueprint: Blueprint, path: str) -> None:
    """Let OPTIONS tell what a path permits, which is how browsers ask (CORS)."""
    if any(each.path == path for each in ROUTES[:-1]):
        return

    def answer(**_: str) -> Response:
        methods = [each.method for each in ROUTES if each.path == path]
        methods += ["HEAD", "OPTIONS"] if "GET" in methods else ["OPTIONS"]
        return Response("", {"Allow": ", ".join(methods)}, 204)

    blueprint.route(path, methods=["OPTIONS"], content_types=[], name=f"options_{path}")(answer)


def json_response(
    body: msgspec.Struct,
    status_code: int = 200,
    location: str | None = None,
    *,
    link: str | None = None,
) -> Response:
    """An answer in JSON: a struct, times in RFC 3339."""
    headers: dict[str, str | list[str]] = {"Content-Type": "application/json"}
    if location is not None:
        headers["Location"] = location
    if link is not None:
        headers["Link"] = link
    return Response(jsontext.encode(body), headers, status_code)


def _read(request: Request, parameters: dict[str, str], said: Declared) -> dict[str, Any]:
    arguments: dict[str, Any] = {name: _read_id(text) for name, text in parameters.items()}
    asked = read_query(_query_of(request), said.query)
    if said.query is not NoQuery:
        arguments["query"] = asked
    if said.body is not None:
        settings = get_settings()
        limit = settings.max_batch_body_bytes if said.is_large else settings.max_body_bytes
        arguments["body"] = read_body(_body_of(request, limit), said.body)
    return arguments


def _read_id(text: str) -> str:
    """An id as in the path: neither API Gateway nor Chalice undoes percent-encoding."""
    decoded = unquote(text)
    if not is_job_id(decoded):  # the wider of the two kinds of ids
        raise NotFound
    return decoded


def _query_of(request: Request) -> dict[str, list[str]]:
    given = request.query_params
    return {} if given is None else {name: given.getlist(name) for name in given}


def _body_of(request: Request, limit: int) -> bytes:
    try:
        raw = request.raw_body
        assert isinstance(raw, bytes)
    except ValueError as error:  # neither UTF-8 nor base64, whichever was announced
        raise MalformedBody("The body cannot be decoded.") from error
    if len(raw) > limit:
        raise BodyTooLarge(f"The body has {len(raw)} bytes; {limit} are accepted.")
    if (request.headers.get("content-encoding") or "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("The body must be sent as it is, without Content-Encoding.")
    content_type = request.headers.get("content-type") or "application/json"
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType
    return raw

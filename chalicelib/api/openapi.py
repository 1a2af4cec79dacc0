"""The OpenAPI 3.1 document, made out of the routes and of the structs that validate."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from chalicelib.api.openapi_schemas import REF, make_schemas, word_defaults
from chalicelib.api.routing import ROUTES, NoQuery, Route
from chalicelib.schemas.problems import Problem

VERSION = "1"

_STATUSES = {
    400: "The request cannot be read.",
    401: "There is no valid token.",
    403: "The token lacks the scope.",
    404: "There is nothing with this id in the project.",
    409: "The state of things does not permit it.",
    412: "The object is no longer what If-Match says.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    422: "Fields of the body or parameters of the query are not valid.",
    429: "The token has sent as many requests as it may in this minute.",
    500: "A fault of the service.",
    503: "The database or SQS cannot be reached.",
}
_SUCCESSES = {
    200: "Done.",
    201: "Made.",
    202: "Accepted: a job makes it true.",
    204: "Done; there is nothing to say.",
}
_HEADERS: dict[str, dict[str, Any]] = {
    "Location": {"description": "Where what was made is.", "schema": {"type": "string"}},
    "Link": {"description": 'The next page, rel="next" (RFC 8288).', "schema": {"type": "string"}},
    "ETag": {"description": "Of this answer, for If-None-Match.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "Idempotent-Replayed": {
        "description": "true: the request was repeated, and nothing was made.",
        "schema": {"type": "string"},
    },
}
_REQUEST_HEADERS = {
    "Idempotency-Key": "Drawn by the client: within a day, a request with the same key and body "
    "makes nothing again and is answered with what the first one made.",
    "If-Match": "The ETag of what is to be changed; if it has changed meanwhile the answer is 412.",
    "If-None-Match": "The ETag of an earlier answer; if it still holds, the answer is 304.",
}


@lru_cache(maxsize=1)
def make_document() -> dict[str, Any]:
    """The document, without `servers`."""
    queries = {route.declared.query for route in ROUTES} - {NoQuery}
    bodies = {route.declared.body for route in ROUTES if route.declared.body is not None}
    answers = {kind for route in ROUTES for kind in route.declared.answers.values() if kind}
    schemas = make_schemas({*queries, *bodies}, {Problem, *answers})
    of_queries = {kind.__name__: schemas.pop(kind.__name__) for kind in queries}
    for schema in schemas.values():
        word_defaults(schema)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, of_queries)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bellpull",
            "version": VERSION,
            "description": "Jobs, schedules, load balancers, servers and webhooks of a project. "
            "Errors are problem+json (RFC 9457); times are RFC 3339 in UTC.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"bearer": []}, {"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(map(_tag, ROUTES))],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
            },
        },
    }


def encode_document(server: str) -> str:
    """The document as JSON. `server`: where the paths begin."""
    return msgspec.json.encode({**make_document(), "servers": [{"url": server}]}).decode()


def _operation(route: Route, of_queries: dict[str, Any]) -> dict[str, Any]:
    said = route.declared
    text = (inspect.getdoc(route.view) or "").split("\n\n")[0].replace("\n", " ")
    operation: dict[str, Any] = {
        "operationId": route.view.__name__,
        "tags": [_tag(route)],
        "summary": text,
        "parameters": [*_parameters(route, of_queries)],
        "responses": {**_successes(route), **_failures(route)},
    }
    if said.scope is None:
        operation["security"] = []
    else:
        operation["description"] = f"Needs a token with the scope `{said.scope}`."
    if said.body is not None:
        content: dict[str, Any] = {"schema": _reference(said.body)}
        if said.example is not None:
            content["example"] = said.example
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _parameters(route: Route, of_queries: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", route.path):
        schema = {"type": "string", "minLength": 1, "maxLength": 155}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    said = route.declared
    if said.query is not NoQuery:
        for name, schema in of_queries[said.query.__name__]["properties"].items():
            parameter = {"name": name, "in": "query", "schema": _without_null(schema)}
            if text := schema.get("description"):
                parameter["description"] = text
            yield parameter
    names = {
        "Idempotency-Key": said.is_repeatable,
        "If-Match": said.is_conditional,
        "If-None-Match": _has_etag(route),
    }
    for name, is_heeded in names.items():
        if is_heeded:
            schema = {"type": "string"}
            if name == "Idempotency-Key":
                schema["pattern"] = r"^[\x21-\x7e]{1,255}$"
            text = _REQUEST_HEADERS[name]
            yield {"name": name, "in": "header", "description": text, "schema": schema}


def _successes(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, kind in route.declared.answers.items():
        answer: dict[str, Any] = {"description": _SUCCESSES[status]}
        if kind is not None:
            answer["content"] = {"application/json": {"schema": _reference(kind)}}
        elif status != 204:
            answer["content"] = {
                kind: {"schema": {"type": "object" if kind == "application/json" else "string"}}
                for kind in route.declared.content
            }
        names = {
            "Location": status in (201, 202),
            "Link": "after" in route.declared.query.__struct_fields__,
            "ETag": _has_etag(route),
            "Idempotent-Replayed": route.declared.is_repeatable,
        }
        if headers := {name: _HEADERS[name] for name, is_there in names.items() if is_there}:
            answer["headers"] = headers
        found[str(status)] = answer
    if _has_etag(route):
        found["304"] = {"description": "Nothing has changed since the ETag of If-None-Match."}
    return found


def _failures(route: Route) -> dict[str, Any]:
    said = route.declared
    applies = {
        400: True,
        401: said.scope is not None,
        403: said.scope is not None,
        404: "{" in route.path or "after" in said.query.__struct_fields__ or said.is_repeatable,
        409: route.method != "GET",
        412: said.is_conditional,
        413: said.body is not None,
        415: said.body is not None,
        422: True,
        429: said.scope is not None,
        500: True,
        503: said.scope is not None or said.is_dependent,
    }
    found: dict[str, Any] = {}
    for status in (status for status, does in applies.items() if does):
        answer: dict[str, Any] = {
            "description": _STATUSES[status],
            "content": {"application/problem+json": {"schema": _reference(Problem)}},
        }
        if status in (429, 503):
            answer["headers"] = {"Retry-After": _HEADERS["Retry-After"]}
        found[str(status)] = answer
    return found


def _has_etag(route: Route) -> bool:
    return route.method == "GET" and route.declared.scope is not None


def _reference(kind: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": REF.replace("{name}", kind.__name__)}


def _tag(route: Route) -> str:
    first = route.path.split("/")[1]
    return first if route.declared.scope is not None else "service"


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What a parameter may be, which cannot be null: it is left out."""
    kept = {name: value for name, value in schema.items() if name not in ("default", "anyOf")}
    if schema.get("default") is not None:
        kept["default"] = schema["default"]
    if "anyOf" in schema:
        [kind] = [each for each in schema["anyOf"] if each != {"type": "null"}]
        kept |= kind
    return kept

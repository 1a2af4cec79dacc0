"""The description of the API: for programs at /openapi.json, for people at /docs."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import route

blueprint = Blueprint(__name__)


@route(blueprint, "GET", "/openapi.json", scope=None, answers={200: None})
def get_openapi(call: Call) -> Response:
    """Answer with the OpenAPI 3.1 document of this API."""
    from chalicelib.api.openapi import encode_document

    document = encode_document(call.location("") or "/")
    return Response(document, {"Content-Type": "application/json"}, 200)


@route(blueprint, "GET", "/docs", scope=None, answers={200: None}, content=("text/html",))
def get_docs(call: Call) -> Response:
    """Answer with a page that describes this API, which loads nothing from elsewhere."""
    from chalicelib.api.docs_page import CSP, render_page
    from chalicelib.api.openapi import make_document

    page = render_page(make_document(), call.location(""))
    headers: dict[str, str | list[str]] = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": CSP,
    }
    return Response(page, headers, 200)

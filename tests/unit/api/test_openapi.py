"""The OpenAPI document describes every route, and the page shows it without the internet."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from app import app
from chalicelib.api.docs_page import CSP, render_page
from chalicelib.api.openapi import encode_document, make_document
from chalicelib.api.openapi_schemas import word_defaults
from chalicelib.api.routing import ROUTES

DOCUMENT = make_document()
ENTRIES = [
    (method, path)
    for path, methods in app.routes.items()
    for method in methods
    if method not in ("OPTIONS", "HEAD")
]


def test_document_is_valid_openapi() -> None:
    validate(json.loads(encode_document("https://api.example.com/prod")))


@pytest.mark.parametrize(("method", "path"), ENTRIES)
def test_every_route_is_described(method: str, path: str) -> None:
    operation = DOCUMENT["paths"][path][method.lower()]
    assert operation["summary"].endswith(".")
    assert set(re.findall(r"{(\w+)}", path)) == {
        one["name"] for one in operation["parameters"] if one["in"] == "path"
    }
    [declared] = [each.declared for each in ROUTES if (each.method, each.path) == (method, path)]
    assert ("requestBody" in operation) == (declared.body is not None)
    assert any(status.startswith("2") for status in operation["responses"])
    is_open = operation.get("security") == []
    assert is_open == (declared.scope is None)
    assert is_open != ("401" in operation["responses"])


def test_nothing_is_described_that_is_not_there() -> None:
    described = {
        (method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods
    }
    assert described == set(ENTRIES)


def test_operations_have_names_of_their_own() -> None:
    names = [each["operationId"] for path in DOCUMENT["paths"].values() for each in path.values()]
    assert len(set(names)) == len(names)


def test_patterns_are_those_of_json_schema() -> None:
    assert r"\Z" not in json.dumps(DOCUMENT).replace(r"\\", "\\")
    assert "(?i" not in json.dumps(DOCUMENT)


def test_notes_on_fields_are_descriptions() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert (
        "Not before this moment" in schemas["SubmittedJob"]["properties"]["run_at"]["description"]
    )
    listed = {each["name"]: each for each in DOCUMENT["paths"]["/jobs"]["get"]["parameters"]}
    assert listed["created_before"]["description"]


def test_what_generators_make_of_a_schema_is_what_it_means() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    # What may be left out has no default, which openapi-typescript would ask to be sent.
    limit = schemas["NewLimit"]
    assert limit["required"] == []
    assert not [one for one in limit["properties"].values() if "default" in one]
    assert limit["properties"]["rate_seconds"]["description"].endswith("a day; default: 1.")
    # What answers always hold is never absent.
    assert set(schemas["JobsAnswer"]["required"]) == {"jobs", "next", "total"}
    assert "errors" not in schemas["Problem"]["required"]
    # Times are no mere text, and an object of anything takes anything.
    view = schemas["JobView"]["properties"]
    assert view["created_at"]["format"] == view["finished_at"]["anyOf"][0]["format"] == "date-time"
    assert view["parameters"]["additionalProperties"] is True


def test_defaults_are_told_as_json() -> None:
    fields = {"zone": {"default": "Europe/Berlin"}, "all": {"default": False, "description": "x."}}
    word_defaults({"properties": fields})
    assert fields == {
        "zone": {"description": 'Default: "Europe/Berlin".'},
        "all": {"description": "x; default: false."},
    }


def test_every_schema_is_used() -> None:
    whole = json.dumps(DOCUMENT)
    for name in DOCUMENT["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in whole


def test_answers_that_are_no_json_say_what_they_are() -> None:
    found = {
        path: [*methods["get"]["responses"]["200"]["content"]]
        for path, methods in DOCUMENT["paths"].items()
        if path in ("/docs", "/console", "/console/{version}/{name}", "/openapi.json")
    }
    assert found == {
        "/openapi.json": ["application/json"],
        "/docs": ["text/html"],
        "/console": ["text/html"],
        "/console/{version}/{name}": ["text/javascript", "text/css", "image/svg+xml"],
    }


def find_examples(node: Any) -> list[Any]:
    if isinstance(node, dict):
        own = [(node["schema"], node["example"])] if "example" in node else []
        return own + [found for part in node.values() for found in find_examples(part)]
    return (
        [found for part in node for found in find_examples(part)] if isinstance(node, list) else []
    )


def test_examples_are_valid() -> None:
    import jsonschema

    examples = find_examples(DOCUMENT["paths"])
    assert len(examples) >= 3
    for schema, example in examples:
        whole = {**schema, "components": DOCUMENT["components"]}
        jsonschema.validate(example, whole)


def test_page_shows_every_route_and_loads_nothing() -> None:
    page = render_page(DOCUMENT, "/api")
    for method, path in ENTRIES:
        assert f"<code>/api{path}</code>" in page
        assert f"{method}</b>" in page
    assert not re.search(r"<script|<link|src=|url\(|@import|https?://", page)
    assert "default-src 'none'" in CSP

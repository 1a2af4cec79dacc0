"""Every error of the API becomes a problem, and each kind is described for its readers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.api.problems import describe_error
from chalicelib.errors import (
    ApiError,
    DatabaseUnavailable,
    InvalidFields,
    InvalidQuery,
    Unauthorized,
)

DOCUMENTED = (Path(__file__).parents[3] / "docs/problems.md").read_text(encoding="utf-8")


def all_errors(root: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    yield root
    for kind in root.__subclasses__():
        yield from all_errors(kind)


def make(kind: type[ApiError]) -> ApiError:
    return kind([("/a", "b")]) if issubclass(kind, InvalidFields) else kind()


def as_json(error: ApiError) -> Any:
    return json.loads(describe_error(error).to_dict()["body"])


@pytest.mark.parametrize("kind", list(all_errors()), ids=lambda kind: kind.__name__)
def test_error_is_a_problem_with_its_own_documented_type(kind: type[ApiError]) -> None:
    answer = describe_error(make(kind))
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body.keys() >= {"type", "title", "status", "detail"}
    assert re.search(rf"\| `{answer.body['type']}` \| {answer.status_code} \|", DOCUMENTED)


def test_documented_types_all_exist() -> None:
    types = [make(kind).code for kind in all_errors()]
    assert sorted(re.findall(r"\| `/problems/(\S+)`", DOCUMENTED)) == sorted(types)


@pytest.mark.parametrize(
    ("pointer", "shown"),
    [
        ("", "#"),
        ("/tags/a~1b", "#/tags/a~1b"),
        ("/tags/aws:x", "#/tags/aws:x"),
        ("/tags/ö %#", "#/tags/%C3%B6%20%25%23"),
        ("/tags/\ud800", "#/tags/%5Cud800"),
    ],
)
def test_pointer_is_a_uri_fragment(pointer: str, shown: str) -> None:
    assert as_json(InvalidFields([(pointer, "x")]))["errors"] == [{"pointer": shown, "detail": "x"}]


def test_field_of_a_query_is_a_parameter() -> None:
    error = InvalidQuery([("limit", "x")])
    assert as_json(error)["errors"] == [{"parameter": "limit", "detail": "x"}]


def test_answer_says_how_to_go_on() -> None:
    assert describe_error(Unauthorized()).headers["WWW-Authenticate"] == "Bearer"
    assert describe_error(DatabaseUnavailable()).headers["Retry-After"] == "5"

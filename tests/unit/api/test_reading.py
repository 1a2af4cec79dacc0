"""Bodies and queries are read strictly, and each problem is named with its place."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import InvalidFields, InvalidQuery, MalformedBody
from chalicelib.schemas.checking import MOST_PROBLEMS
from chalicelib.schemas.reading import read_body, read_query

Short = Annotated[str, msgspec.Meta(max_length=3, description="a short text")]


class Part(msgspec.Struct, forbid_unknown_fields=True):
    size: int = 0


class Whole(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Short
    kind: Literal["a", "b"] = "a"
    tags: Annotated[dict[Short, Short], msgspec.Meta(max_length=2)] = {}
    ids: list[Short] = []
    parts: dict[str, list[Part]] = {}
    maybe: Annotated[list[Short], msgspec.Meta(max_length=1)] | None = None


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=9, description="1 to 9")] = 5
    kind: Literal["a", "b"] = "a"


def problems_of(body: str) -> dict[str, str]:
    with pytest.raises(InvalidFields) as caught:
        read_body(body.encode(), Whole)
    return dict(caught.value.fields)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ("{}", {"/name"}),
        ("[]", {""}),
        ("null", {""}),
        ("7", {""}),
        ('{"name": 1}', {"/name"}),
        ('{"name": null}', {"/name"}),
        ('{"name": "x", "other": 1}', {"/other"}),
        ('{"name": "x", "": 1}', {"/"}),
        ('{"kind": "c", "other": 1, "ids": 5}', {"/name", "/kind", "/other", "/ids"}),
        ('{"name": "x", "ids": ["x", "long", "x", 5]}', {"/ids/1", "/ids/3"}),
        ('{"name": "x", "tags": {"a": "long", "long": "a"}}', {"/tags/a", "/tags/long"}),
        ('{"name": "x", "tags": {"/": 1, "~": 2, "~1": 3}}', {"/tags/~1", "/tags/~0", "/tags/~01"}),
        ('{"name": "x", "tags": {"1": "", "2": "", "3": ""}}', {"/tags"}),
        ('{"name": "x", "parts": {"p/q": [{}, {"size": "1"}]}}', {"/parts/p~1q/1/size"}),
        ('{"name": "x", "parts": {"p": [{"bad": 1}]}}', {"/parts/p/0/bad"}),
        ('{"name": "x", "maybe": ["long"]}', {"/maybe/0"}),
        ('{"name": "x", "maybe": ["x", "x"]}', {"/maybe"}),
    ],
)
def test_every_problem_is_named_with_a_pointer(body: str, pointers: set[str]) -> None:
    assert set(problems_of(body)) == pointers


def test_problem_says_what_is_expected() -> None:
    told = problems_of('{"name": "long", "kind": "c", "other": 1, "ids": {}}')
    assert told == {
        "/name": "Expected a short text.",
        "/kind": "Expected one of a, b.",
        "/other": "There is no such field.",
        "/ids": "Expected array, got object.",
    }


@pytest.mark.parametrize("number", ["16.0", "1.6e1", "16", "-0.0"])
def test_integer_may_be_written_as_any_number_that_is_one(number: str) -> None:
    part = read_body(f'{{"size": {number}}}'.encode(), Part)
    assert (part.size, type(part.size)) == (int(float(number)), int)
    body = f'{{"name": "x", "parts": {{"p": [{{}}, {{"size": {number}}}]}}}}'
    assert read_body(body.encode(), Whole).parts["p"][1] == part


@pytest.mark.parametrize("number", ["16.5", "1e300", "9007199254740993.0"])
def test_number_that_is_no_exact_integer_is_refused_with_a_pointer(number: str) -> None:
    assert set(problems_of(f'{{"name": "x", "parts": {{"p": [{{"size": {number}}}]}}}}')) == {
        "/parts/p/0/size"
    }


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\ud800x", "\\udc00\\ud800"])
def test_lone_surrogate_is_refused_with_a_pointer(escape: str) -> None:
    assert set(problems_of(f'{{"name": "{escape}"}}')) == {"/name"}
    assert set(problems_of(f'{{"ids": ["x", "{escape}"]}}')) == {"/ids/1"}
    assert len(problems_of(f'{{"tags": {{"{escape}": "x"}}}}')) == 1


def test_surrogate_pair_is_a_character() -> None:
    assert read_body(b'{"name": "\\ud83d\\ude00"}', Whole).name == "\U0001f600"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"name": "x"} x',
        b"\xff",
        b'{"name": "\xff"}',
        b'{"name": "\x00"}',
        b'\xef\xbb\xbf{"name": "x"}',
        '{"name": "x"}'.encode("utf-16"),
        b'{"name": NaN}',
        b'{"name": -Infinity}',
        b'{"name": ' + b"1" * 10_000 + b"}",
        b'{"name": "x", "name": "y"}',
        b'{"name": "x", "tags": {"\\ud800": "", "\\ud800": ""}}',
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 10_000,
    ],
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read_body(body, Whole)


def test_byte_order_mark_is_told_in_words_of_ours() -> None:
    with pytest.raises(MalformedBody) as caught:
        read_body(b'\xef\xbb\xbf{"name": "x"}', Whole)
    assert caught.value.message == "The body begins with a byte order mark: send it without one."


@pytest.mark.parametrize("depth", range(100, 1100, 100))
def test_depth_is_never_an_error_of_ours(depth: int) -> None:
    for body in (b"[" * depth + b"]" * depth, b'{"ids":' * depth + b"1" + b"}" * depth):
        with pytest.raises((MalformedBody, InvalidFields)):
            read_body(body, Whole)


def test_number_of_problems_is_bounded() -> None:
    names = ",".join(f'"x{number}": 1' for number in range(10_000))
    assert len(problems_of(f"{{{names}}}")) == MOST_PROBLEMS


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with pytest.raises((MalformedBody, InvalidFields)):
        read_body(body, Whole)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("tags"), inner),
    )
)
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        read_body(msgspec.json.encode({"name": "x", "tags": value}), Whole)
    except InvalidFields as error:
        assert all(pointer.startswith("/tags") for pointer, _ in error.fields)  # noqa: PT017


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"limit": ["abc"]}, {"limit"}),
        ({"limit": [""]}, {"limit"}),
        ({"limit": ["0"]}, {"limit"}),
        ({"limit": ["9" * 5000]}, {"limit"}),
        ({"limit": ["\u0665"]}, {"limit"}),
        ({"limit": ["1", "2"]}, {"limit"}),
        ({"kind": ["\ud800"]}, {"kind"}),
        ({"x": ["1"], "~/": ["2"], "kind": ["c"]}, {"x", "~/", "kind"}),
    ],
)
def test_bad_parameter_is_named(parameters: dict[str, list[str]], names: set[str]) -> None:
    with pytest.raises(InvalidQuery) as caught:
        read_query(parameters, Asked)
    assert {name for name, _ in caught.value.fields} == names


def test_numbers_in_a_query_are_read_from_text() -> None:
    assert read_query({"limit": ["7"]}, Asked).limit == 7
    assert read_query({}, Asked).limit == 5

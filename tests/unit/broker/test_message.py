"""A bell's message: what it carries, and what SQS and Celery can read."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.broker.message import BELL_HEADER, MAX_CARRIED_BYTES, Bell, encode_bell

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=10,
)
EMPTY = [[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]


def make_bell(parameters: Any = None, **overrides: Any) -> Bell:
    fields = {"job_id": "id-1", "task": "test.echo", "queue": "default", "project_id": "demo"}
    return Bell(**fields, parameters=parameters or {}, **overrides)


def decode(text: str) -> tuple[dict[str, Any], Any]:
    """The envelope, and the message's own content."""
    envelope = json.loads(text)
    return envelope, json.loads(envelope["body"])


@given(st.dictionaries(TEXT, JSON))
def test_parameters_arrive_as_they_were(parameters: dict[str, Any]) -> None:
    _, (args, kwargs, _) = decode(encode_bell(make_bell(parameters)))
    assert (args, kwargs) == ([], parameters)


@given(TEXT)
def test_every_character_is_one_that_sqs_takes(text: str) -> None:
    body = encode_bell(make_bell({"text": text}))
    # XML 1.0, section 2.2, which SQS follows.
    assert all(
        character in "\t\n\r" or "\x20" <= character <= "\ufffd" or character >= "\U00010000"
        for character in body
    )


@pytest.mark.parametrize("text", ["\uffff", "\ufffe", "\\\uffff", "\\\\\ufffe\uffff", '"\uffff"'])
def test_characters_that_sqs_refuses_are_escaped(text: str) -> None:
    body = encode_bell(make_bell({text: text}))
    assert "\uffff" not in body
    assert "\ufffe" not in body
    assert decode(body)[1][1] == {text: text}


def test_encoded_parameters_go_in_as_they_are() -> None:
    bell = make_bell(msgspec.Raw(b'{"a":1}'))
    assert decode(encode_bell(bell))[1][1] == {"a": 1}


def test_parameters_up_to_the_limit_are_carried() -> None:
    room = MAX_CARRIED_BYTES - len(msgspec.json.encode([[], {"text": ""}, EMPTY[2]]))
    envelope, content = decode(encode_bell(make_bell({"text": "x" * room})))
    assert envelope["headers"][BELL_HEADER] == "carried"
    assert len(content[1]["text"]) == room


@pytest.mark.parametrize("text", ["x" * MAX_CARRIED_BYTES, "ä" * (MAX_CARRIED_BYTES // 2)])
def test_parameters_beyond_48_kb_stay_in_the_row(text: str) -> None:
    body = encode_bell(make_bell({"text": text}))
    envelope, content = decode(body)
    assert envelope["headers"][BELL_HEADER] == "row"
    assert content == EMPTY
    assert len(body.encode()) < 2_000


def test_arguments_of_a_foreign_message_travel_again() -> None:
    embed = {"callbacks": None, "errbacks": None, "chain": [{"task": "next"}], "chord": None}
    message = {"args": [1, "two"], "embed": embed, "headers": {"lang": "go", "group": "g"}}
    envelope, content = decode(encode_bell(make_bell({"a": 1}, message=message)))
    assert content == [[1, "two"], {"a": 1}, embed]
    assert (envelope["headers"]["lang"], envelope["headers"]["group"]) == ("go", "g")


def test_foreign_headers_cannot_pretend_to_be_another_job() -> None:
    forged = {"id": "id-2", "task": "other", "project_id": "other", BELL_HEADER: "row", "eta": "x"}
    headers = decode(encode_bell(make_bell(message={"headers": forged})))[0]["headers"]
    assert (headers["id"], headers["task"], headers["project_id"]) == ("id-1", "test.echo", "demo")
    assert (headers[BELL_HEADER], headers["eta"]) == ("carried", None)


def test_parameters_are_not_repeated_where_tools_log_them() -> None:
    body = encode_bell(make_bell({"password": "hunter2"}))
    assert "hunter2" not in json.dumps(decode(body)[0]["headers"])


def test_earlier_attempts_are_celerys_retries() -> None:
    assert decode(encode_bell(make_bell(attempts=3)))[0]["headers"]["retries"] == 3


def test_two_bells_of_one_job_are_two_messages() -> None:
    first, second = (decode(encode_bell(make_bell()))[0]["properties"] for _ in range(2))
    assert first["delivery_tag"] != second["delivery_tag"]

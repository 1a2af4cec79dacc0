"""JSON of messages and answers is decoded fast, and means what kombu says it means."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.asynchronous.aws.connection import AsyncHTTPResponse
from kombu.asynchronous.http import Request, Response
from kombu.utils import json as kombu_json

from worker.decoding import Message, decode_json
from worker.receiving import Connection, ReceiveFailed
from worker.transport import Channel

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def _kombu(text: str) -> str:
    """With types, for 1 == 1.0 == True, and with NaN, which equals nothing."""
    return repr(kombu_json.loads(text))


@given(_VALUES)
def test_values_are_what_kombu_makes_of_them(value: Any) -> None:
    text = json.dumps(value)
    assert repr(decode_json(text)) == _kombu(text)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "-Infinity",
        "1e999",
        "-0",
        "-0.0",
        "1.0",
        "1E2",
        str(2**64),
        "9" * 400,
        '"\\ud800"',
        '"\\ud83d\\ude00"',
        '"\ud800"',
        '{"a": 1, "a": 2}',
        kombu_json.dumps({"at": datetime(2026, 1, 1, tzinfo=UTC)}),
        " [1]\n",
    ],
)
def test_oddities_are_what_kombu_makes_of_them(text: str) -> None:
    assert repr(decode_json(text)) == _kombu(text)


@pytest.mark.parametrize("text", ["", "{", "nul", "[1,]", '{"__type__": "x", "__value__": 1}'])
def test_what_kombu_refuses_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"line|type"):
        decode_json(text)


@pytest.mark.parametrize("body", ['[[1, "é"], {}, {}]', "[NaN]", '{"__type__": 1}'])
def test_body_of_a_message_is_what_kombu_makes_of_it(channel: Channel, body: str) -> None:
    payload = {
        "body": body,
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "properties": {"delivery_tag": "r1"},
    }
    message = Message(payload, channel=channel, accept={"application/json"})
    assert repr(message.payload) == _kombu(body)


def _answer(body: bytes) -> Any:
    response = Response(Request("http://127.0.0.1:9"), 200, buffer=BytesIO(body))
    connection = Connection.__new__(Connection)  # its client of SQS has no part in this
    return connection._on_list_ready(None, None, "ReceiveMessage", AsyncHTTPResponse(response))


_MESSAGE = {"MessageId": "m", "ReceiptHandle": "r", "Body": "b", "MD5OfBody": "x"}


def test_answer_of_sqs_is_its_messages() -> None:
    found = _answer(json.dumps({"Messages": [_MESSAGE]}).encode())
    assert found == {"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Body": "b"}]}
    assert _answer(b"{}") == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"\xff",
        b'{"Messages": 5}',
        b'{"Messages": [{}]}',
        b'{"Messages": [{"ReceiptHandle": 1}]}',
    ],
)
def test_answer_that_cannot_be_read_is_a_failed_receive(body: bytes) -> None:
    found = _answer(body)
    assert isinstance(found, ReceiveFailed)
    assert "cannot be read" in found.reason

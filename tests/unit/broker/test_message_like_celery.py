"""Our messages against those that Celery's own producer sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from kombu import Queue, pools
from kombu.transport import SQS

from chalicelib.broker.message import BELL_HEADER, DUE_HEADER, Bell, encode_bell

URL = "http://127.0.0.1:1/1/test-default"
#: What ours have beyond Celery's.
OWN_HEADERS = {BELL_HEADER, DUE_HEADER, "project_id"}
#: What Celery's client adds to say where its answer may go; nobody answers a bell.
REPLY = {"reply_to"}


class SendOnlySqs:
    """As much of boto3's client as kombu's publish needs."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_message(self, **message: Any) -> None:
        self.sent.append(message)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> SendOnlySqs:
    client = SendOnlySqs()
    monkeypatch.setattr(SQS.Channel, "new_sqs_client", lambda *_, **__: client)
    return client


@pytest.fixture
def app() -> Iterator[Celery]:
    app = Celery("stock", broker="sqs://", set_as_current=False)
    app.conf.update(
        task_queues=[Queue("default", routing_key="default", no_declare=True)],
        task_default_queue="default",
        broker_transport_options={
            "predefined_queues": {"default": {"url": URL}},
            "sqs_base64_encoding": False,
        },
    )
    yield app
    app.close()
    pools.reset()  # connections are kept by URL, and would outlive this app


def send_both(app: Celery, wire: SendOnlySqs, kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """The envelopes of one job, sent by Celery and encoded here."""
    app.send_task("test.echo", kwargs=kwargs, task_id="id-1", ignore_result=False)
    bell = Bell(
        job_id="id-1", task="test.echo", queue="default", project_id="demo", parameters=kwargs
    )
    return json.loads(wire.sent[0]["MessageBody"]), json.loads(encode_bell(bell))


def test_envelope_has_the_keys_of_celerys(app: Celery, wire: SendOnlySqs) -> None:
    theirs, ours = send_both(app, wire, {"text": "hello"})
    assert set(ours) == set(theirs)
    assert set(ours["headers"]) - OWN_HEADERS == set(theirs["headers"])
    assert set(ours["properties"]) == set(theirs["properties"]) - REPLY


def test_headers_say_what_celerys_say(app: Celery, wire: SendOnlySqs) -> None:
    theirs, ours = send_both(app, wire, {"text": "hello"})
    for name in set(theirs["headers"]) - {"argsrepr", "kwargsrepr", "origin"}:
        assert ours["headers"][name] == theirs["headers"][name], name
    for name in ("content-type", "content-encoding"):
        assert ours[name] == theirs[name]
    for name in ("correlation_id", "delivery_mode", "priority"):
        assert ours["properties"][name] == theirs["properties"][name], name


def test_stock_channel_decodes_ours_to_the_same_arguments(app: Celery, wire: SendOnlySqs) -> None:
    kwargs = {"text": "schön \uffff \ufffe \x00 \U0001f514", "deep": [{"a": [1, None, 2.5]}]}
    theirs, ours = send_both(app, wire, kwargs)
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        decoded = []
        for envelope in (theirs, ours):
            raw = {"Body": json.dumps(envelope), "ReceiptHandle": "handle"}
            payload = channel._message_to_python(raw, "default", URL)
            decoded.append(channel.message_to_python(payload))
    assert [message.headers["id"] for message in decoded] == ["id-1", "id-1"]
    assert decoded[0].decode() == decoded[1].decode()
    assert decoded[1].decode()[:2] == [[], kwargs]


def test_stock_channel_reads_the_body_that_is_really_sent(app: Celery) -> None:
    parameters = {"text": "\uffff"}
    bell = Bell(
        job_id="id-1", task="test.echo", queue="default", project_id="p", parameters=parameters
    )
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        raw = {"Body": encode_bell(bell), "ReceiptHandle": "handle"}
        message = channel.message_to_python(channel._message_to_python(raw, "default", URL))
    assert message.decode()[1] == parameters
    assert message.properties["correlation_id"] == "id-1"

"""Messages that no worker can make sense of end in the dead-letter queue, and harm nobody."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.broker.message import encode_bell
from chalicelib.broker.queues import DEFAULT, dead_letter_queue
from chalicelib.services.job_lifecycle import make_bell
from tests.e2e.contracts import SLEEP, Sleep
from tests.e2e.fleet import Fleet
from tests.e2e.messages import envelope

DEEP = "[" * 10_000 + "]" * 10_000


def _message(**changes: Any) -> str:
    return json.dumps({**envelope("plain.add", [1, 2]), **changes})


def _headers(**changes: Any) -> str:
    message = envelope("plain.add", [1, 2])
    message["headers"] |= changes
    return json.dumps(message)


def _body(body: object) -> str:
    return _message(body=body if isinstance(body, str) else json.dumps(body))


def _without_id() -> str:
    message = envelope("plain.add", [1, 2])
    del message["headers"]["id"]
    return json.dumps(message)


POISON: dict[str, str] = {
    "text": "hello",
    "space": " ",
    "number": "5",
    "list": "[1, 2]",
    "null": "null",
    "half an object": '{"body": ',
    "empty object": "{}",
    "one MiB": "x" * 1_000_000,
    "nested deep": DEEP,
    "nested deep in an object": f'{{"properties": {DEEP}}}',
    "broken UTF-8 inside base64": base64.b64encode(b"\xff\xfe{}\x80").decode(),
    "properties a list": _message(properties=[]),
    "properties null": _message(properties=None),
    "delivery info null": _message(properties={"delivery_info": None}),
    "headers null": _message(headers=None),
    "headers a list": _message(headers=[1]),
    "headers without task": _message(headers={"id": "x"}),
    "headers empty": _message(headers={}),
    "body a number": _message(body=5),
    "body null": _message(body=None),
    "body missing": json.dumps({k: v for k, v in envelope("plain.add").items() if k != "body"}),
    "body no JSON": _body("hello"),
    "body empty": _body(""),
    "body nested deep": _body(DEEP),
    "body an object without arguments": _body({"a": 1}),
    "body of one": _body([[1, 2]]),
    "body of four": _body([[1], {}, {}, {}]),
    "args a number": _body([5, {}, {}]),
    "kwargs a list": _body([[1], [2], {}]),
    "kwargs null": _body([[1], None, {}]),
    "embed a list": _body([[1], {}, [1]]),
    "embed a number": _body([[1], {}, 5]),
    "base64 body broken": _message(
        body="%%%", properties={**envelope("x")["properties"], "body_encoding": "base64"}
    ),
    "base64 body of broken UTF-8": _message(
        body=base64.b64encode(b"\xff\xfe").decode(),
        properties={**envelope("x")["properties"], "body_encoding": "base64"},
    ),
    "body encoding unknown": _message(
        properties={**envelope("x")["properties"], "body_encoding": "rot13"}
    ),
    "unknown task": _headers(task="no.such.task"),
    "unknown task and no id": json.dumps(
        {**envelope("x"), "headers": {"task": "no.such.task", "lang": "py"}}
    ),
    "task null": _headers(task=None),
    "task a list": _headers(task=["plain.add"]),
    "task an object": _headers(task={}),
    "id missing": _without_id(),
    "id null": _headers(id=None),
    "id a number": _headers(id=5),
    "id a list": _headers(id=[1]),
    "id empty": _headers(id=""),
    "id of 156 characters": _headers(id="i" * 156),
    "id not ASCII": _headers(id="jöb"),
    "id with a space": _headers(id="a b"),
    "timelimit a text": _headers(timelimit="abc"),
    "embed beyond canvas": _body([[1, 2], {}, {"is_eager": True}]),
    "embed of the request": _body([[1, 2], {}, {"delivery_info": 5}]),
    "headers nested deep": _headers(**{"x-deep": json.loads("[" * 300 + "]" * 300)}),
    "parent a number": _headers(parent_id=5),
    "timelimit of one": _headers(timelimit=[1]),
    "timelimit of texts": _headers(timelimit=["a", "b"]),
    "expires an object": _headers(expires={}),
    "expires a list": _headers(expires=[1]),
    "expires nonsense": _headers(expires="soon"),
    "eta nonsense": _headers(eta="tomorrow"),
    "eta a number": _headers(eta=5),
    "eta beyond every calendar": _headers(eta="9999-12-31T23:59:59-14:00"),
    "retries a text": _headers(retries="many"),
    "project a number": _headers(project_id=5),
    "project too long": _headers(project_id="p" * 65),
    "stamped headers a number": _headers(stamped_headers=5, stamps=5, expires="2999-01-01"),
    "yaml": _message(**{"content-type": "application/x-yaml", "body": "[[1, 2], {}, {}]"}),
    "pickle": _message(**{"content-type": "application/x-python-serialize", "body": "gASVAA=="}),
    "content type unknown": _message(**{"content-type": "application/x-nonsense"}),
    "content type a number": _message(**{"content-type": 5}),
    "content type null": _message(**{"content-type": None}),
    "content encoding a number": _message(**{"content-encoding": 5}),
    "compression unknown": _headers(compression="squeeze"),
    "compression a list": _headers(compression=[1]),
}


@pytest.mark.parametrize("kind", POISON)
def test_poison_message_goes_to_the_dead_letter_queue_with_a_reason(
    fleet: Fleet, kind: str
) -> None:
    body = POISON[kind]
    fleet.send(body)
    [(buried, reason)] = fleet.take_dead_letters(1)
    assert buried == body
    assert reason
    said = fleet.workers[0].text.splitlines()
    assert any("sent to the dead-letter queue" in line for line in said[-60:])
    assert fleet.workers[0].status is None
    fleet.wait_until_queues_empty()  # the copy is made before the message is deleted


def test_worker_runs_the_next_job_after_all_poison(fleet: Fleet) -> None:
    for body in POISON.values():
        fleet.send(body)
    job_id = fleet.submit(SLEEP, Sleep(seconds=0))
    fleet.wait_for_state(job_id, "SUCCESS")
    fleet.take_dead_letters(len(POISON), seconds=30)
    fleet.wait_until_queues_empty()


ODD: dict[str, Callable[[], str]] = {
    "unknown headers": lambda: _headers(**{"x-list": [1, {"a": None}], "x-number": 5}),
    "lang of another client": lambda: _headers(lang="js", origin=None),
    "retries of another client": lambda: _headers(retries=4),
    "expires in the future": lambda: _headers(
        expires=(datetime.now(UTC) + timedelta(hours=1)).isoformat()
    ),
    "eta in the past": lambda: _headers(eta="2020-01-01T00:00:00+00:00"),
    "eta without a zone": lambda: _headers(eta="2020-01-01T00:00:00"),
    "body of the old protocol": lambda: _body({"args": [1, 2]}),
    "content encoding unknown": lambda: _message(**{"content-encoding": "rot-26"}),
    "embed null": lambda: _body([[1, 2], {}, None]),
    "routing key of another queue": lambda: _message(
        properties={
            "delivery_info": {"exchange": "celery", "routing_key": "celery"},
            "delivery_tag": "x",
            "body_encoding": None,
        }
    ),
    "base64 around all": lambda: base64.b64encode(_headers().encode()).decode(),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_but_sound_message_runs(fleet: Fleet, kind: str) -> None:
    body = ODD[kind]()
    text = body if body.startswith("{") else base64.b64decode(body).decode()
    fleet.send(body)
    row = fleet.wait_for_state(json.loads(text)["headers"]["id"], "SUCCESS", seconds=10)
    assert row.result == 3
    fleet.wait_until_queues_empty()


def test_expired_message_does_not_run_and_is_deleted(fleet: Fleet) -> None:
    message = envelope("plain.note", ["late"], expires="2020-01-01T00:00:00+00:00")
    fleet.send(json.dumps(message))
    fleet.wait_until_queues_empty()
    job_id = message["headers"]["id"]
    assert fleet.notes(job_id) == []
    row = fleet.wait_for_state(job_id, "REVOKED")
    assert (row.error["code"], row.attempts) == ("expired", 0)
    assert fleet.read_result(job_id).ready()


def test_unreadable_bell_of_ours_ends_its_job(fleet: Fleet) -> None:
    job_id = fleet.submit(SLEEP, Sleep(seconds=0), is_rung=False)
    bell = json.loads(encode_bell(make_bell(fleet.job(job_id), attempts=0)))
    fleet.send(json.dumps(bell | {"body": "[[], {"}))
    row = fleet.wait_for_state(job_id, "FAILURE")
    assert row.error["code"] == "bell-unreadable"
    assert "decoded" in row.error["message"]
    fleet.wait_until_queues_empty()
    assert fleet.count_messages(dead_letter_queue(DEFAULT)) == 0


def test_unreadable_bell_of_no_job_is_buried(fleet: Fleet) -> None:
    bell = envelope("plain.note", bellpull="carried")
    fleet.send(json.dumps(bell | {"body": "[[], {"}))
    [(_, reason)] = fleet.take_dead_letters(1)
    assert "decoded" in reason

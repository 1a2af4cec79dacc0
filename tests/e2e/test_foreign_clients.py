"""Stock Celery clients, which know nothing of this project's code, send to its workers."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime

import pytest
from celery import chain

from chalicelib.broker.queues import DEFAULT
from tests.e2e.fleet import Fleet


def test_foreign_task_gets_a_row_and_its_result_can_be_read(fleet: Fleet) -> None:
    sent = fleet.foreign_app().send_task("plain.add", args=[1], kwargs={"y": 2})
    result = fleet.read_result(sent.id)
    assert result.get(timeout=15) == 3
    assert result.state == "SUCCESS"
    row = fleet.job(sent.id)
    assert row.project_id == "default"
    assert row.task == "plain.add"
    assert row.queue == DEFAULT
    assert row.parameters == {"y": 2}
    assert row.message["args"] == [1]
    fleet.wait_until_queues_empty()


def test_foreign_failure_can_be_read_with_its_class_and_trace(fleet: Fleet) -> None:
    sent = fleet.foreign_app().send_task("plain.add", args=[1, "a"])
    result = fleet.read_result(sent.id)
    with pytest.raises(TypeError, match="unsupported operand"):
        result.get(timeout=15)
    assert result.state == "FAILURE"
    assert "plain_tasks.py" in result.traceback


def test_foreign_countdown_of_three_seconds_fires_on_time(fleet: Fleet) -> None:
    began = time.time()
    sent = fleet.foreign_app().send_task("plain.note", kwargs={"text": "ran"}, countdown=3)
    row = fleet.wait_for_state(sent.id, "SUCCESS")
    [line] = fleet.ledger(sent.id)
    assert 2.9 < line.at - began < 5  # SQS counts whole seconds
    assert row.attempts == 1
    fleet.wait_until_queues_empty()


def test_foreign_countdown_of_a_day_is_one_row_and_no_message(fleet: Fleet) -> None:
    sent = fleet.foreign_app().send_task("plain.note", kwargs={"text": "ran"}, countdown=100_000)
    row = fleet.wait_for_state(sent.id, "PENDING")
    fleet.wait_until_queues_empty()
    assert row.attempts == 0
    assert 99_900 < (row.run_at - datetime.now(UTC)).total_seconds() < 100_001
    time.sleep(1.2)  # two beats later nobody has rung it
    assert fleet.job(sent.id).rung_at is None
    assert fleet.count_messages(DEFAULT) == 0


def test_foreign_countdown_of_ten_minutes_waits_in_sqs_or_in_the_row(fleet: Fleet) -> None:
    sent = fleet.foreign_app().send_task("plain.note", countdown=600)
    row = fleet.wait_for_state(sent.id, "PENDING")
    assert row.run_at > datetime.now(UTC)
    assert fleet.workers[0].status is None
    with fleet.engine.connect() as connection:
        connection.exec_driver_sql(
            "UPDATE jobs SET run_at = UTC_TIMESTAMP(6), rung_at = NULL WHERE id = %s", (sent.id,)
        )
    fleet.wait_for_state(sent.id, "SUCCESS")
    _empty_delayed(fleet)


def test_foreign_message_of_the_old_protocol_runs(fleet: Fleet) -> None:
    sent = fleet.foreign_app(task_protocol=1).send_task("plain.add", args=[20], kwargs={"y": 3})
    assert fleet.read_result(sent.id).get(timeout=15) == 23


def test_foreign_headers_and_canvas_survive_a_retry(fleet: Fleet) -> None:
    client = fleet.foreign_app()
    follow = client.signature("plain.note", kwargs={"text": "after"}, immutable=True)
    last = client.signature("plain.note", kwargs={"text": "last"}, immutable=True)
    first = client.signature("plain.headers", args=[], headers={"x-trace": "abc"})
    first.link(follow)
    sent = chain(first, last, app=client).apply_async()
    job_id = sent.parent.id
    row = fleet.wait_for_state(job_id, "SUCCESS")
    assert row.attempts == 2
    assert row.result["own"] == "abc"
    assert row.result["chain"][0]["task"] == "plain.note"
    assert row.result["callbacks"][0]["task"] == "plain.note"
    assert fleet.wait_for_state(sent.id, "SUCCESS").result == len("last")
    assert fleet.notes(sent.id) == ["last"]


def test_foreign_chain_hands_results_on(fleet: Fleet) -> None:
    client = fleet.foreign_app()
    add = client.signature
    sent = chain(add("plain.add", (1, 1)), add("plain.add", (10,)), app=client).apply_async()
    assert fleet.read_result(sent.id).get(timeout=20) == 12


def test_foreign_message_sent_twice_runs_once(fleet: Fleet) -> None:
    job_id = uuid.uuid4().hex
    for _ in range(3):
        fleet.foreign_app().send_task(
            "plain.note", kwargs={"text": "ran", "seconds": 0.3}, task_id=job_id
        )
    fleet.wait_for_state(job_id, "SUCCESS")
    fleet.wait_until_queues_empty()
    assert fleet.notes(job_id) == ["ran"]


@pytest.mark.parametrize("job_id", ["i" * 156, "jöb"])
def test_foreign_id_that_no_row_can_have_is_buried(fleet: Fleet, job_id: str) -> None:
    fleet.foreign_app().send_task("plain.note", task_id=job_id)
    [(_, reason)] = fleet.take_dead_letters(1)
    assert "$.id" in reason


def test_foreign_time_limit_ends_the_attempt(fleet: Fleet) -> None:
    sent = fleet.foreign_app().send_task("plain.note", kwargs={"seconds": 20}, time_limit=1)
    row = fleet.wait_for_state(sent.id, "FAILURE")
    assert row.error["code"] == "time-limit"


def test_foreign_task_that_ignores_results_has_its_end_recorded(fleet: Fleet) -> None:
    client = fleet.foreign_app()
    done = client.send_task("plain.add", args=[1, 2], ignore_result=True)
    slow = client.send_task("plain.note", kwargs={"seconds": 20}, time_limit=1, ignore_result=True)
    fleet.wait_for_state(done.id, "SUCCESS")
    assert fleet.wait_for_state(slow.id, "FAILURE").error["code"] == "time-limit"


def test_foreign_text_of_every_kind_arrives_unchanged(fleet: Fleet) -> None:
    odd = "\u0000 \ud800 \ufffe \U0001f600 \r\n \\u0041 '\""
    sent = fleet.foreign_app().send_task("plain.add", args=["", odd])
    assert fleet.read_result(sent.id).get(timeout=15) == odd
    assert json.loads(json.dumps(fleet.job(sent.id).message["args"])) == ["", odd]


def _empty_delayed(fleet: Fleet) -> None:
    """The bell of ten minutes is still delayed inside SQS; it must not count in later tests."""
    fleet.sqs.purge_queue(QueueUrl=fleet.queue_url(DEFAULT))

"""What follows a job of Celery's canvas when it is cancelled, lost, expired or fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery, chain, chord, group, signature
from celery.exceptions import ChordError
from sqlalchemy import select

from chalicelib.broker.celery_app import make_app
from chalicelib.db.engine import connect
from chalicelib.db.tables import chords, jobs
from chalicelib.services import job_orders
from chalicelib.settings import get_settings
from tests.e2e.conftest import MakeFleet
from tests.e2e.fleet import Fleet
from tests.e2e.worker_process import wait_until


@pytest.fixture
def client(fleet: Fleet) -> Iterator[Celery]:
    """A Celery client with our result backend and without our tasks."""
    client = fleet.foreign_app(result_backend="worker.result_backend:JobsBackend")
    with fleet.activated():
        yield client


def sign(client: Celery, name: str, *args: Any, **options: Any) -> Any:
    return signature(f"plain.{name}", args=args, app=client, **options)


def body(client: Celery) -> Any:
    """The body of a chord, with an errback."""
    return sign(client, "total").on_error(sign(client, "errback"))


def cancel(fleet: Fleet, job_id: str) -> None:
    fleet.wait_for_state(job_id, "PENDING")
    job_orders.cancel(fleet.engine, "default", job_id)


def allow_one_attempt(fleet: Fleet, job_id: str) -> None:
    with connect(fleet.engine) as connection:
        connection.execute(jobs.update().where(jobs.c.id == job_id).values(max_attempts=1))


def expect_broken(fleet: Fleet, body_id: str, part_id: str, words: str = "") -> None:
    """The body is final and says why, its errback was called once, and nothing waits."""
    row = fleet.wait_for_state(body_id, "FAILURE")
    assert (row.error["type"], row.attempts) == ("ChordError", 0)
    assert part_id in row.error["message"]
    assert words in row.error["message"]
    fleet.wait_for_note(body_id, "errback heard")
    assert fleet.notes(body_id) == ["errback heard"]
    with connect(fleet.engine) as connection:
        assert connection.execute(select(chords)).all() == []


def test_cancelled_part_ends_the_body_and_calls_its_errback(client: Celery, fleet: Fleet) -> None:
    later = sign(client, "add", 2, 2).set(countdown=600)
    sent = chord(group(sign(client, "add", 1, 1), later))(body(client))
    part_id = sent.parent.results[1].id
    cancel(fleet, part_id)
    expect_broken(fleet, sent.id, part_id, "TaskRevokedError")
    with pytest.raises(ChordError):
        fleet.read_result(sent.id).get(timeout=5)


def test_part_that_fails_calls_the_errback_of_the_body_once(client: Celery, fleet: Fleet) -> None:
    parts = [sign(client, "fail"), sign(client, "add", 1, 1), sign(client, "fail")]
    sent = chord(group(parts))(body(client))
    row = fleet.wait_for_state(sent.id, "FAILURE")
    failed = [part.id for part in sent.parent.results if part.id in row.error["message"]]
    expect_broken(fleet, sent.id, *failed, "KeyError")


def test_expired_part_ends_the_body(client: Celery, fleet: Fleet) -> None:
    late = sign(client, "add", 2, 2).set(expires=0.001)
    sent = chord(group(sign(client, "add", 1, 1), late))(body(client))
    part_id = sent.parent.results[1].id
    assert fleet.wait_for_state(part_id, "REVOKED").error["code"] == "expired"
    expect_broken(fleet, sent.id, part_id)


def test_part_whose_process_dies_at_its_last_attempt_ends_the_body(
    client: Celery, fleet: Fleet
) -> None:
    dying = sign(client, "die").set(countdown=2)
    sent = chord(group(sign(client, "add", 1, 1), dying))(body(client))
    part_id = sent.parent.results[1].id
    fleet.wait_for_state(part_id, "PENDING")
    allow_one_attempt(fleet, part_id)
    expect_broken(fleet, sent.id, part_id, "WorkerLostError")


def test_part_that_is_tried_again_breaks_nothing(client: Celery, fleet: Fleet) -> None:
    parts = group(sign(client, "retry", 0.1, 1), sign(client, "die", 1))
    sent = chord(parts)(body(client))
    assert sent.get(timeout=30) == 2
    assert fleet.notes(sent.id) == ["total"]


def test_cancelled_step_of_a_chain_that_is_a_part_ends_the_body(
    client: Celery, fleet: Fleet
) -> None:
    step = sign(client, "add", 2, 2).set(countdown=600, task_id="step-1")
    steps = chain(step, sign(client, "add", 1), sign(client, "add", 1))
    sent = chord(group(sign(client, "add", 1, 1), steps))(body(client))
    cancel(fleet, "step-1")
    last_id = sent.parent.results[1].id
    expect_broken(fleet, sent.id, last_id)
    last = fleet.job(last_id)
    assert (last.state, last.error["type"], last.parent_id) == (
        "FAILURE",
        "TaskRevokedError",
        "step-1",
    )


def test_chord_within_a_chord_that_breaks_breaks_the_outer_one(
    client: Celery, fleet: Fleet
) -> None:
    inner = chord(group(sign(client, "add", 1, 1), sign(client, "fail")), sign(client, "total"))
    sent = chord(group(sign(client, "add", 1, 1), inner))(body(client))
    expect_broken(fleet, sent.id, sent.parent.results[1].id)


def test_group_as_the_body_ends_with_all_its_tasks(client: Celery, fleet: Fleet) -> None:
    after = group(sign(client, "add", 1), sign(client, "add", 2))
    sent = chain(group(sign(client, "fail"), sign(client, "add", 1, 1)), after)()
    for each in sent.results:
        assert fleet.wait_for_state(each.id, "FAILURE").attempts == 0


def test_errbacks_are_jobs_that_follow_the_one_that_failed(client: Celery, fleet: Fleet) -> None:
    failed = sign(client, "fail").apply_async(link_error=sign(client, "errback"))
    fleet.wait_for_note(failed.id, "errback heard")
    with connect(fleet.engine) as connection:
        query = select(jobs.c.task).where(jobs.c.parent_id == failed.id).order_by(jobs.c.task)
        told = list(connection.execute(query).scalars())
    assert told == ["canvas.fail_followers", "plain.errback"]
    assert fleet.notes(failed.id) == ["errback heard"]


def test_errback_with_three_arguments_learns_request_error_and_trace(
    client: Celery, fleet: Fleet
) -> None:
    failed = sign(client, "fail", 7).apply_async(link_error=sign(client, "errback_3"))
    fleet.wait_for_note(failed.id, "[7] KeyError Traceback plain.fail")


def test_revoked_result_is_a_cancelled_job(fleet: Fleet) -> None:
    app = make_app(get_settings())
    sent = app.send_task("plain.add", (1, 1), countdown=600)
    fleet.wait_for_state(sent.id, "PENDING")
    sent.revoke()
    assert fleet.job(sent.id).state == "REVOKED"
    sent.revoke()


def test_part_whose_worker_vanished_for_good_ends_the_body(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    client = fleet.foreign_app(result_backend="worker.result_backend:JobsBackend")
    first = fleet.start_worker()
    sent = chord(group(sign(client, "add", 1, 1), sign(client, "note", "x", 60)))(body(client))
    part_id = sent.parent.results[1].id
    fleet.wait_for_state(part_id, "STARTED")
    allow_one_attempt(fleet, part_id)
    first.kill()
    fleet.start_worker()
    wait_until(lambda: fleet.job(part_id).state == "FAILURE", 30)
    expect_broken(fleet, sent.id, part_id, "WorkerLost")

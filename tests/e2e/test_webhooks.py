"""Messages to users, from the event to the receiver, through a worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update
from standardwebhooks import Webhook

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.engine import connect
from chalicelib.db.tables import jobs
from chalicelib.schemas.webhooks import NewWebhook
from chalicelib.services import deliveries, webhooks
from tests.e2e.fleet import PROJECT, Fleet
from tests.e2e.worker_process import wait_until
from tests.factories.webhooks import read_deliveries, read_webhook
from tests.fakes.receiver import Receiver, run_receiver

ENVIRONMENT = {"WEBHOOKS_ALLOW_PRIVATE": "true"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as running:
        yield running


def create(fleet: Fleet, receiver: Receiver, **fields: Any) -> Any:
    return webhooks.create(fleet.engine, PROJECT, NewWebhook(url=receiver.url, **fields))


def ping(fleet: Fleet, webhook: Any) -> Any:
    return deliveries.ping(fleet.engine, PROJECT, webhook.id)


def hurry(fleet: Fleet, job_id: str) -> None:
    """Let the time pass that a job waits for its next attempt."""
    with connect(fleet.engine) as connection:
        connection.execute(
            update(jobs)
            .where(jobs.c.id == job_id, jobs.c.state == "RETRY")
            .values(run_at=seconds_from_now(0), rung_at=None)
        )


def test_message_arrives_signed(fleet: Fleet, receiver: Receiver) -> None:
    webhook = create(fleet, receiver)
    sent = ping(fleet, webhook)
    assert fleet.wait_for_state(sent.job_id, "SUCCESS").result == {"status": 204}
    (request,) = receiver.received
    payload = Webhook(webhook.secret).verify(request.body, request.headers)
    assert payload == read_deliveries(fleet.engine, id=sent.id)[0].payload
    assert request.headers["webhook-id"] == sent.id


def test_message_is_signed_with_both_secrets_after_a_rotation(
    fleet: Fleet, receiver: Receiver
) -> None:
    old = create(fleet, receiver)
    new = webhooks.rotate(fleet.engine, PROJECT, old.id)
    fleet.wait_for_state(ping(fleet, old).job_id, "SUCCESS")
    (request,) = receiver.received
    for secret in (old.secret, new.secret):
        Webhook(secret).verify(request.body, request.headers)


def test_receiver_that_fails_is_tried_again_until_it_accepts(
    fleet: Fleet, receiver: Receiver
) -> None:
    receiver.answer_next(500, body=b"broken")
    receiver.answer_next(302, f"Location: {receiver.url}")
    job_id = ping(fleet, create(fleet, receiver)).job_id
    for attempt, words in ((1, "answered 500: broken"), (2, "redirects are not followed")):
        wait_until(lambda number=attempt: len(fleet.outcomes(job_id)) == number, 20)
        assert words in fleet.wait_for_state(job_id, "RETRY").error["message"]
        hurry(fleet, job_id)
    assert fleet.wait_for_state(job_id, "SUCCESS").attempts == 3
    assert fleet.outcomes(job_id) == ["failed", "failed"]
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1


def test_receiver_that_is_gone_for_good_disables_its_webhook(
    fleet: Fleet, receiver: Receiver
) -> None:
    receiver.answer_next(410)
    webhook = create(fleet, receiver)
    job = fleet.wait_for_state(ping(fleet, webhook).job_id, "FAILURE")
    assert job.error["code"] == "delivery-refused"
    row = read_webhook(fleet.engine, webhook.id)
    assert row.disabled_at is not None
    assert "410" in row.disabled_reason


def test_delivery_whose_webhook_was_disabled_or_deleted_is_not_sent(
    fleet: Fleet, receiver: Receiver
) -> None:
    disabled, deleted = create(fleet, receiver), create(fleet, receiver)
    receiver.answer_next(503, times=2)
    jobs_ = [ping(fleet, webhook).job_id for webhook in (disabled, deleted)]
    for job_id in jobs_:
        fleet.wait_for_state(job_id, "RETRY")
    webhooks.disable(fleet.engine, disabled.id, "test")
    webhooks.delete_webhook(fleet.engine, PROJECT, deleted.id)
    for job_id in jobs_:
        hurry(fleet, job_id)
    assert fleet.wait_for_state(jobs_[0], "FAILURE").error["message"] == "The webhook is disabled."
    assert "skipped" in fleet.wait_for_state(jobs_[1], "SUCCESS").result
    assert len(receiver.received) == 2


def test_redelivery_sends_the_same_message_again(fleet: Fleet, receiver: Receiver) -> None:
    webhook = create(fleet, receiver)
    first = ping(fleet, webhook)
    fleet.wait_for_state(first.job_id, "SUCCESS")
    again = deliveries.redeliver(fleet.engine, PROJECT, webhook.id, first.id)
    fleet.wait_for_state(again.job_id, "SUCCESS")
    one, two = receiver.received
    assert (one.body, one.headers["webhook-id"]) == (two.body, two.headers["webhook-id"])

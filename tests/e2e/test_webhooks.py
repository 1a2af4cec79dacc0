"""Messages to users, from the event to the receiver, through a worker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from sqlalchemy import update
from standardwebhooks import Webhook

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.engine import connect
from chalicelib.db.tables import jobs
from chalicelib.domain.load_balancers import LoadBalancerSpec
from chalicelib.schemas.webhooks import NewWebhook
from chalicelib.services import deliveries, webhooks
from chalicelib.services.load_balancers import LOAD_BALANCERS
from chalicelib.services.records import Records
from chalicelib.tracing import traced
from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import SLEEP, Sleep
from tests.e2e.fleet import PROJECT, Fleet
from tests.e2e.worker_process import wait_until
from tests.factories.webhooks import create_webhook, read_deliveries, read_webhook
from tests.fakes.receiver import Receiver, run_receiver
from worker.upstream.errors import UpstreamQuotaExceeded
from worker.upstream.memory.load_balancers import MemoryLoadBalancers

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


def test_message_about_a_job_carries_the_trace_of_the_request_that_made_it(
    fleet: Fleet, receiver: Receiver
) -> None:
    webhook = create(fleet, receiver, events=["job.succeeded"])
    parent = f"00-{'c' * 32}-{'d' * 16}-01"
    with traced("POST /jobs", "server", request_id="request-7", parent=parent):
        job_id = fleet.submit(SLEEP, Sleep(seconds=0))
    wait_until(lambda: len(receiver.received) == 1, 20)
    assert receiver.received[0].headers["traceparent"][:35] == parent[:35]
    (sent,) = read_deliveries(fleet.engine, webhook_id=webhook.id)
    sends = fleet.job(sent.job_id)
    assert (sends.parent_id, sends.request_id) == (job_id, "request-7")


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


def test_end_of_a_job_arrives(fleet: Fleet, receiver: Receiver) -> None:
    webhook = create(fleet, receiver, events=["job.*"])
    job_id = fleet.submit(SLEEP, Sleep(seconds=0))
    wait_until(lambda: len(receiver.received) == 1, 20)
    (request,) = receiver.received
    payload = Webhook(webhook.secret).verify(request.body, request.headers)
    assert (payload["type"], payload["data"]["job"]["id"]) == ("job.succeeded", job_id)


def test_owner_is_told_what_failed_why_and_what_to_do(fleet: Fleet, receiver: Receiver) -> None:
    create(fleet, receiver, events=["load_balancer.*"])
    upstream = MemoryLoadBalancers(str(fleet.upstream_path))
    upstream.fail_next("create_load_balancer", UpstreamQuotaExceeded("Quota has been met."))
    spec = LoadBalancerSpec(name="web", subnet_ids=["subnet-1"])
    record, _ = Records(LOAD_BALANCERS).create(fleet.engine, PROJECT, spec)
    wait_until(lambda: len(receiver.received) == 1, 20)
    payload = json.loads(receiver.received[0].body)
    assert payload["type"] == "load_balancer.error"
    assert payload["data"]["load_balancer"]["id"] == record.id
    assert payload["data"]["message"] == (
        "Load balancer 'web' could not be created: Quota has been met. "
        "Destroy the load balancer, which clears up what is left, and create it again."
    )


def test_topic_of_the_project_gets_the_same_events(make_fleet: MakeFleet, moto_server: str) -> None:
    options = {"endpoint_url": moto_server, "region_name": "us-east-1"}
    sns, sqs = boto3.client("sns", **options), boto3.client("sqs", **options)
    topic = sns.create_topic(Name=f"bellpull-{PROJECT}")["TopicArn"]
    queue_url = sqs.create_queue(QueueName=f"subscribed-{PROJECT}")["QueueUrl"]
    queue_arn = f"arn:aws:sqs:us-east-1:123456789012:subscribed-{PROJECT}"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    permitted = topic.replace(PROJECT, "{project_id}")
    fleet = make_fleet("sqlite", SNS_ENDPOINT_URL=moto_server, SNS_TOPIC_ARN=permitted)
    fleet.start_worker()
    webhooks.create(fleet.engine, PROJECT, NewWebhook(url=topic, events=["job.*"]))
    job_id = fleet.submit(SLEEP, Sleep(seconds=0))
    received: list[Any] = []

    def receive() -> bool:
        received.extend(sqs.receive_message(QueueUrl=queue_url).get("Messages", []))
        return bool(received)

    wait_until(receive, 20)
    payload = json.loads(json.loads(received[0]["Body"])["Message"])
    assert (payload["type"], payload["data"]["job"]["id"]) == ("job.succeeded", job_id)
    sns.close()
    sqs.close()


def test_private_address_is_not_reached_where_the_setting_does_not_permit_it(
    make_fleet: MakeFleet, receiver: Receiver
) -> None:
    fleet = make_fleet("sqlite")
    fleet.start_worker()
    webhook = create_webhook(fleet.engine, url=f"https://127.0.0.1:{receiver.port}/hook")
    job = fleet.wait_for_state(ping(fleet, webhook).job_id, "FAILURE")
    assert "no public address" in job.error["message"]
    assert receiver.connections == 0


@pytest.mark.parametrize("backend", ["mariadb", "sqlite"])
def test_worker_that_dies_after_the_outcome_loses_no_message(
    make_fleet: MakeFleet, receiver: Receiver, backend: str
) -> None:
    fleet = make_fleet(backend, **ENVIRONMENT)
    webhook = create(fleet, receiver)
    receiver.answer_next(503)
    first = fleet.start_worker()
    job_id = fleet.submit(SLEEP, Sleep(seconds=0))
    fleet.wait_for_state(job_id, "SUCCESS")
    first.kill()
    fleet.start_worker("-Q", "notifications")
    (delivery,) = read_deliveries(fleet.engine, webhook_id=webhook.id)
    wait_until(lambda: _hurried(fleet, delivery.job_id) == "SUCCESS", 30)
    assert {request.headers["webhook-id"] for request in receiver.received} == {delivery.id}


def _hurried(fleet: Fleet, job_id: str) -> str:
    hurry(fleet, job_id)
    return str(fleet.job(job_id).state)

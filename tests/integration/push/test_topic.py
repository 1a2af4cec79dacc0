"""Events in an SNS topic, as those who are subscribed to it get them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from chalicelib.services.deliveries import Sending
from chalicelib.settings import get_settings
from chalicelib.tracing import Trace, current_trace
from worker.push import topic
from worker.push.errors import DeliveryFailed, DeliveryRefused

PAYLOAD = {"type": "load_balancer.error", "data": {"message": "It broke. Mend it. " * 9}}


@pytest.fixture
def endpoint(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///unused")
    monkeypatch.setenv("SQS_QUEUE_URL", "http://127.0.0.1:9/{queue}")
    monkeypatch.setenv("SNS_ENDPOINT_URL", moto_server)
    for cache in (get_settings, topic._client):
        cache.cache_clear()
    yield monkeypatch
    for cache in (get_settings, topic._client):
        cache.cache_clear()


@pytest.fixture
def subscription(endpoint: Any, moto_server: str) -> Iterator[tuple[str, Any]]:
    """A topic, and a function that takes a message out of the queue subscribed to it."""
    options = {"endpoint_url": moto_server, "region_name": "us-east-1"}
    sns, sqs = boto3.client("sns", **options), boto3.client("sqs", **options)
    name = f"push-{uuid.uuid4().hex[:8]}"
    arn = sns.create_topic(Name=name)["TopicArn"]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sns.subscribe(
        TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:123456789012:{name}"
    )

    def take() -> Any:
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        return json.loads(message["Body"])

    yield arn, take
    sns.close()
    sqs.close()


def sending(url: str) -> Sending:
    return Sending(
        delivery_id="0199-delivery",
        webhook_id="webhook",
        project_id="demo",
        url=url,
        is_disabled=False,
        secrets=[],
        event_type="load_balancer.error",
        payload=PAYLOAD,
    )


def test_programs_get_the_payload_and_what_to_filter_by(subscription: Any) -> None:
    arn, take = subscription
    traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    reset = current_trace.set(Trace(request_id=None, traceparent=traceparent))
    message_id = topic.publish(sending(arn))
    current_trace.reset(reset)
    message = take()
    assert message["MessageId"] == message_id
    assert json.loads(message["Message"]) == PAYLOAD
    assert message["Subject"] == "Bellpull: load_balancer.error"
    attributes = {name: each["Value"] for name, each in message["MessageAttributes"].items()}
    assert attributes == {
        "event_type": "load_balancer.error",
        "project_id": "demo",
        "delivery_id": "0199-delivery",
        "traceparent": traceparent,
    }


def test_people_get_the_sentence() -> None:
    request = topic._request(sending("arn:aws:sns:us-east-1:123456789012:people"))
    message = json.loads(request["Message"])
    assert message["email"].startswith(PAYLOAD["data"]["message"] + "\n\n")
    assert message["sms"] == PAYLOAD["data"]["message"][:70]


def test_topic_that_does_not_exist_is_not_tried_again(endpoint: Any) -> None:
    with pytest.raises(DeliveryRefused, match=r"SNS: .*NotFound"):
        topic.publish(sending("arn:aws:sns:us-east-1:123456789012:none"))


def test_sns_that_does_not_answer_is_tried_again(endpoint: Any) -> None:
    endpoint.setenv("SNS_ENDPOINT_URL", "http://127.0.0.1:1")
    get_settings.cache_clear()
    with pytest.raises(DeliveryFailed, match="SNS: "):
        topic.publish(sending("arn:aws:sns:us-east-1:123456789012:none"))

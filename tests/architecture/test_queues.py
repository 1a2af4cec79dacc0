"""Queues are listed once: tasks, Celery and what makes queues agree with the list."""

from __future__ import annotations

import argparse
import json
from typing import Any

import boto3
import pytest

from chalicelib.broker import queues
from chalicelib.broker.bell import MAX_DELAY_SECONDS
from chalicelib.broker.celery_app import celery_configuration
from chalicelib.broker.contracts import all_contracts
from chalicelib.broker.queues import QUEUES, dead_letter_queue
from chalicelib.settings import read_settings
from worker.commands import queues as queue_commands

ENVIRONMENT = {"DATABASE_URL": "sqlite:///unused"}


def test_a_worker_can_poll_every_queue() -> None:
    assert len(QUEUES) <= 10, "kombu's curl client has ten handles"
    assert len(set(QUEUES)) == len(QUEUES)


def test_dead_letter_queues_are_queues_of_their_own() -> None:
    assert len({*QUEUES, *map(dead_letter_queue, QUEUES)}) == 2 * len(QUEUES)


@pytest.mark.parametrize("contract", all_contracts().values(), ids=lambda contract: contract.name)
def test_task_goes_to_a_queue_that_workers_poll(contract: Any) -> None:
    assert contract.queue in QUEUES


def test_celery_knows_the_same_queues() -> None:
    settings = read_settings(ENVIRONMENT | {"SQS_QUEUE_URL": "https://sqs.example/1/x-{queue}"})
    configuration = celery_configuration(settings)
    predefined = configuration["broker_transport_options"]["predefined_queues"]
    assert [queue.name for queue in configuration["task_queues"]] == list(QUEUES)
    assert predefined == {name: {"url": settings.queue_url(name)} for name in QUEUES}
    assert configuration["task_default_queue"] in QUEUES


def test_numbers_lie_within_what_sqs_allows() -> None:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
    # quotas-messages.html
    assert 0 < queues.WAIT_SECONDS <= 20
    assert 0 < queues.VISIBILITY_SECONDS <= 43_200
    assert queues.WAIT_SECONDS < queues.VISIBILITY_SECONDS
    assert 1 <= queues.MAX_RECEIVE_COUNT <= 1000
    assert queues.RETENTION_SECONDS <= 1_209_600
    assert MAX_DELAY_SECONDS == 900


def test_made_queues_have_the_attributes_that_the_code_counts_on(
    moto_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{moto_server}/123456789012/attributes-{{queue}}"
    settings = read_settings(ENVIRONMENT | {"SQS_ENDPOINT_URL": moto_server, "SQS_QUEUE_URL": url})
    sqs = boto3.client("sqs", endpoint_url=moto_server, region_name=settings.aws_region)
    monkeypatch.setattr(queue_commands, "get_settings", lambda: settings)
    monkeypatch.setattr(queue_commands, "get_sqs", lambda: sqs)
    queue_commands.run(argparse.Namespace())
    for queue in QUEUES:
        found = sqs.get_queue_attributes(
            QueueUrl=settings.queue_url(queue), AttributeNames=["All"]
        )["Attributes"]
        assert found["VisibilityTimeout"] == str(queues.VISIBILITY_SECONDS)
        assert found["ReceiveMessageWaitTimeSeconds"] == str(queues.WAIT_SECONDS)
        assert found["MessageRetentionPeriod"] == str(queues.RETENTION_SECONDS)
        redrive = json.loads(found["RedrivePolicy"])
        assert int(redrive["maxReceiveCount"]) == queues.MAX_RECEIVE_COUNT
        assert redrive["deadLetterTargetArn"].endswith(f"attributes-{dead_letter_queue(queue)}")
    sqs.close()

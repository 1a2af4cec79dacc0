"""`python -m worker queues create`: makes the queues of a local SQS. In AWS, Terraform does."""

from __future__ import annotations

import argparse
import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.broker.queues import (
    MAX_RECEIVE_COUNT,
    QUEUES,
    RETENTION_SECONDS,
    VISIBILITY_SECONDS,
    WAIT_SECONDS,
    dead_letter_queue,
)
from chalicelib.broker.sqs import get_sqs
from chalicelib.errors import BellpullError
from chalicelib.settings import get_settings


class NotLocal(BellpullError):
    """SQS_ENDPOINT_URL is not set: in AWS the queues are made by Terraform, not by this."""

    code = "not-local"


class QueuesNotMade(BellpullError):
    """The queues could not be made: see whether SQS_ENDPOINT_URL is right and answers."""

    code = "queues-not-made"


def add_parser(subparsers: Any) -> None:
    """Add this command to the parser."""
    parser = subparsers.add_parser("queues", help="queues of a local SQS")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make those that are missing")
    create.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> None:
    """Make each queue and its dead-letter queue as Terraform makes them in AWS."""
    settings = get_settings()
    if not settings.sqs_endpoint_url:
        raise NotLocal
    try:
        for queue in QUEUES:
            _create(queue)
    except (BotoCoreError, ClientError) as error:
        raise QueuesNotMade from error
    print(f"{len(QUEUES)} queues and their dead-letter queues are there.")


def _create(queue: str) -> None:
    sqs, settings = get_sqs(), get_settings()
    retention = {"MessageRetentionPeriod": str(RETENTION_SECONDS)}
    dead = sqs.create_queue(
        QueueName=_name(settings.queue_url(dead_letter_queue(queue))), Attributes=retention
    )
    arn = sqs.get_queue_attributes(QueueUrl=dead["QueueUrl"], AttributeNames=["QueueArn"])
    redrive = {
        "deadLetterTargetArn": arn["Attributes"]["QueueArn"],
        "maxReceiveCount": MAX_RECEIVE_COUNT,
    }
    sqs.create_queue(
        QueueName=_name(settings.queue_url(queue)),
        Attributes={
            **retention,
            "VisibilityTimeout": str(VISIBILITY_SECONDS),
            "ReceiveMessageWaitTimeSeconds": str(WAIT_SECONDS),
            "RedrivePolicy": json.dumps(redrive),
        },
    )


def _name(url: str) -> str:
    return url.rpartition("/")[2]

"""Publishes a message to an SNS topic: who reads it there, and how, is SNS's business."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from chalicelib.domain import jsontext
from chalicelib.domain.webhooks import topic_region
from chalicelib.services.deliveries import Sending
from chalicelib.settings import get_settings
from chalicelib.tracing import current_trace
from worker.push.errors import DeliveryFailed, DeliveryRefused

#: What SNS answers when the same message will be refused again.
_HOPELESS = frozenset(
    {
        "AuthorizationError",
        "AuthorizationErrorException",
        "InvalidParameter",
        "InvalidParameterException",
        "InvalidParameterValue",
        "NotFound",
        "NotFoundException",
        "ValidationException",
    }
)
#: Characters of one SMS in any script.
_SMS_CHARACTERS = 70


def publish(sending: Sending) -> str:
    """Publish a delivery; returns SNS's id of the message.

    Programs that are subscribed get the payload, people get its sentence.

    Raises:
        DeliveryFailed: SNS did not answer, or cannot now.
        DeliveryRefused: SNS will not have it.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    region = topic_region(sending.url)
    try:
        answer = _client(str(region)).publish(**_request(sending))
    except ClientError as error:
        details = error.response.get("Error", {})
        family = DeliveryRefused if details.get("Code") in _HOPELESS else DeliveryFailed
        raise family(f"SNS: {details.get('Message')} ({details.get('Code')})") from error
    except BotoCoreError as error:
        raise DeliveryFailed(f"SNS: {error}") from error
    return str(answer["MessageId"])


def _request(sending: Sending) -> dict[str, Any]:
    sentence = str(sending.payload["data"]["message"])
    whole, trace = jsontext.encode(sending.payload), current_trace.get()
    attributes = {
        "event_type": sending.event_type,
        "project_id": sending.project_id,
        "delivery_id": sending.delivery_id,
        **({} if trace is None else {"traceparent": trace.traceparent}),
    }
    message = {
        "default": whole,
        "email": f"{sentence}\n\n{whole}",
        "sms": sentence[:_SMS_CHARACTERS],
    }
    return {
        "TopicArn": sending.url,
        "Subject": f"Bellpull: {sending.event_type}",
        "MessageStructure": "json",
        "Message": jsontext.encode(message),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }


@lru_cache(maxsize=8)
def _client(region: str) -> Any:
    import boto3
    from botocore.config import Config

    # A job that failed is tried again by its contract, so the client itself gives up soon.
    config = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
    session = boto3.session.Session(region_name=region)
    return session.client("sns", endpoint_url=get_settings().sns_endpoint_url, config=config)


os.register_at_fork(after_in_child=_client.cache_clear)

"""Sends messages to SQS: signed and sent by botocore's parts, without its client.

The client spends twice the CPU of both on a call, and a sixth of a cold start on reading the
models of services (measured); the protocol for the two calls here is a line of JSON each.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError, HTTPClientError, NoCredentialsError
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from botocore.utils import get_environ_proxies

from chalicelib.settings import Settings, get_settings

#: Seconds to connect, and to wait for an answer: an API request must still be answered in time.
_TIMEOUT_SECONDS = (2.0, 4.0)
_TRIES = 2


class Sender:
    """The two calls that ringing needs, with the names and arguments that boto3 gives them."""

    def __init__(self, settings: Settings) -> None:
        self._session = Session()
        self._region = settings.aws_region
        self._endpoint = settings.sqs_endpoint_url
        self._http = URLLib3Session(
            timeout=_TIMEOUT_SECONDS,
            verify=self._session.get_config_variable("ca_bundle") or True,
            proxies=get_environ_proxies(settings.queue_url("any")),
        )

    def send_message(self, **entry: Any) -> dict[str, Any]:
        """Send one message. Raises BotoCoreError or ClientError."""
        return self._call("SendMessage", entry)

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        """Send up to ten; the answer names those that `Failed`. Raises as `send_message`."""
        return self._call("SendMessageBatch", request)

    def close(self) -> None:
        """Close what is connected."""
        self._http.close()

    def _call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        for left in reversed(range(_TRIES)):
            try:
                answer = self._send(action, payload)
            except HTTPClientError:
                if left == 0:
                    raise
                continue
            if answer.status_code < 500 or left == 0:
                break
        if answer.status_code >= 300:
            raise ClientError(_read_error(answer), action)
        # An empty body would be another server's idea of success.
        return dict(msgspec.json.decode(answer.content or b"{}"))

    def _send(self, action: str, payload: dict[str, Any]) -> Any:
        request = AWSRequest(
            "POST",
            self._endpoint or "https://" + urlsplit(payload["QueueUrl"]).netloc,
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"AmazonSQS.{action}",
                "User-Agent": "bellpull",
            },
            data=msgspec.json.encode(payload),
        )
        credentials = self._session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        SigV4Auth(credentials.get_frozen_credentials(), "sqs", self._region).add_auth(request)
        prepared = request.prepare()
        # Where moto's mock_aws answers, as it does for the client.
        mocked = self._session.emit_first_non_none_response(
            f"before-send.sqs.{action}", request=prepared
        )
        return mocked or self._http.send(prepared)


@lru_cache(maxsize=1)
def get_sender() -> Sender:
    """The sender of this process."""
    return Sender(get_settings())


def _read_error(answer: Any) -> dict[str, Any]:
    """What boto3 would raise as ClientError."""
    try:
        said = dict(msgspec.json.decode(answer.content))
    except (msgspec.DecodeError, TypeError, ValueError):
        said = {}
    code = str(said.get("__type", answer.status_code)).rpartition("#")[2]
    return {
        "Error": {"Code": code, "Message": str(said.get("message", ""))},
        "ResponseMetadata": {"HTTPStatusCode": answer.status_code},
    }


# A fork would write to the same connections as its parent.
os.register_at_fork(after_in_child=get_sender.cache_clear)

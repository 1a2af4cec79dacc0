"""Calls SQS for what each job needs: signed and sent by botocore's parts, without its client.

The client spends twice the CPU of both on a call, and a sixth of a cold start on reading the
models of services (measured); the protocol for the calls here is a line of JSON each.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
"""

from __future__ import annotations

import os
import socket
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import msgspec
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.httpsession import get_cert_path
from botocore.session import Session
from botocore.utils import get_environ_proxies

from chalicelib.broker.bell import AT_ONCE
from chalicelib.settings import Settings, get_settings

#: An API request must still be answered in time.
_TIMEOUT = urllib3.Timeout(connect=2.0, read=4.0)
_TRIES = 2
#: As botocore sets them: without the first, each call would wait 40 ms for a delayed ACK.
_SOCKET_OPTIONS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
]


class Sender:
    """What ringing and answering bells needs, with the names and arguments of boto3."""

    def __init__(self, settings: Settings) -> None:
        self._session = Session()
        self._region = settings.aws_region
        self._endpoint = settings.sqs_endpoint_url
        self._http = _make_pool(
            settings.sqs_endpoint_url or settings.queue_url("any"),
            self._session.get_config_variable("ca_bundle"),
        )
        self._ways: dict[str, tuple[Any, str]] = {}

    def send_message(self, **entry: Any) -> dict[str, Any]:
        """Send one message. Raises BotoCoreError or ClientError."""
        return self._call("SendMessage", entry)

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        """Send up to ten; the answer names those that `Failed`. Raises as `send_message`."""
        return self._call("SendMessageBatch", request)

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        """Delete up to ten; the answer names those that `Failed`. Raises as `send_message`."""
        return self._call("DeleteMessageBatch", request)

    def delete_message(self, **request: Any) -> dict[str, Any]:
        """Delete one. Raises as `send_message`."""
        return self._call("DeleteMessage", request)

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        """Show up to ten again, sooner or later. Raises as `send_message`."""
        return self._call("ChangeMessageVisibilityBatch", request)

    def close(self) -> None:
        """Close what is connected."""
        self._ways.clear()
        self._http.clear()

    def _way_to(self, url: str) -> tuple[Any, str]:
        """What opens this URL, and how it is named there: found once, a tenth of a call."""
        if url not in self._ways:
            if isinstance(self._http, urllib3.ProxyManager):
                self._ways[url] = self._http, url
            else:
                target = urllib3.util.parse_url(url).request_uri
                self._ways[url] = self._http.connection_from_url(url), target
        return self._ways[url]

    def _call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        for left in reversed(range(_TRIES)):
            try:
                status, content = self._send(action, payload)
            except urllib3.exceptions.HTTPError as error:
                if left == 0:
                    url = payload["QueueUrl"]
                    raise EndpointConnectionError(endpoint_url=url, error=error) from error
                continue
            if status < 500 or left == 0:
                break
        said = _read(content or b"{}")
        if status >= 300 or said is None:
            raise ClientError(_describe(status, said or {}), action)
        return said

    def _send(self, action: str, payload: dict[str, Any]) -> tuple[int, bytes]:
        request = AWSRequest(
            "POST",
            self._endpoint or f"https://{urlsplit(payload['QueueUrl']).netloc}/",
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"AmazonSQS.{action}",
            },
            data=msgspec.json.encode(payload),
        )
        credentials = self._session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        _Auth(credentials.get_frozen_credentials(), "sqs", self._region).add_auth(request)
        prepared = request.prepare()
        # Where moto's mock_aws answers, as it does for the client.
        mocked = self._session.emit_first_non_none_response(
            f"before-send.sqs.{action}", request=prepared
        )
        if mocked is not None:
            return mocked.status_code, mocked.content
        way, target = self._way_to(prepared.url)
        headers = {**prepared.headers, "User-Agent": "bellpull"}
        answer = way.urlopen("POST", target, body=prepared.body, headers=headers, retries=False)
        return answer.status, answer.data


class _Auth(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """Looks at the headers of a request once, where botocore does so for each use of them."""

    def headers_to_sign(self, request: Any) -> Any:
        if "signed" not in request.context:
            request.context["signed"] = super().headers_to_sign(request)
        return request.context["signed"]


@lru_cache(maxsize=1)
def get_sender() -> Sender:
    """The sender of this process."""
    return Sender(get_settings())


def _make_pool(url: str, ca_file: str | None) -> urllib3.PoolManager:
    options: dict[str, Any] = {
        "timeout": _TIMEOUT,
        "socket_options": _SOCKET_OPTIONS,
        "maxsize": AT_ONCE,
    }
    if url.startswith("https:"):
        options["ca_certs"] = ca_file or get_cert_path(verify=True)
    proxy: str | None = get_environ_proxies(url).get(urlsplit(url).scheme)
    if proxy is None:
        manager = urllib3.PoolManager(**options)
    else:
        manager = urllib3.ProxyManager(proxy, **options)
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return manager


class _WholeRequests:
    """Sends head and body of a request at once; urllib3's connections send one after the other."""

    _parts: list[Any] | None = None

    def request(self, *args: Any, **options: Any) -> None:
        parts = self._parts = list[Any]()
        try:
            super().request(*args, **options)  # type: ignore[misc]  # it stands before one
        finally:
            self._parts = None
        self.send(b"".join(parts))

    def send(self, data: Any) -> None:
        if self._parts is None:
            super().send(data)  # type: ignore[misc]
        else:
            self._parts.append(data)


class _Connection(_WholeRequests, urllib3.connection.HTTPConnection):
    """To SQS on this machine, or to a proxy."""


class _TlsConnection(_WholeRequests, urllib3.connection.HTTPSConnection):
    """To AWS."""


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _read(content: bytes) -> dict[str, Any] | None:
    """The object that an answer is; None if it is none, so not SQS's."""
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.DecodeError:
        return None


def _describe(status: int, said: dict[str, Any]) -> dict[str, Any]:
    """An error in the form in which ClientError holds it."""
    return {
        "Error": {
            "Code": str(said.get("__type", status)).rpartition("#")[2],
            "Message": str(said.get("message", "")),
        },
        "ResponseMetadata": {"HTTPStatusCode": status},
    }


# A fork would write to the same connections as its parent.
os.register_at_fork(after_in_child=get_sender.cache_clear)

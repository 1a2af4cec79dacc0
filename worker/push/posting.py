"""Sends one POST to an address that a user chose, and trusts neither the address nor the answer.

libcurl asks us for each socket with the address that it is about to connect to: a name that
resolves to something else on a second look gains nothing, as there is no second look.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import certifi
import msgspec
import pycurl

from chalicelib.domain.webhooks import is_public
from worker.push.errors import DeliveryFailed, DeliveryRefused

#: For everything together: name, connection, request and answer.
TIMEOUT_SECONDS = 10.0
#: Bytes of an answer that are read; the connection is cut behind them.
MOST_BYTES = 4096
#: libcurl says this of a protocol that is not permitted, and of an answer that is no HTTP.
_UNSUPPORTED = pycurl.E_UNSUPPORTED_PROTOCOL
#: The longest wait that a receiver can ask for.
_LONGEST_WAIT_SECONDS = 86_400.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver answered."""

    status: int
    #: The beginning of the body.
    text: str
    #: Seconds until it wants to be asked again, if it said so.
    retry_after_seconds: float | None


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    is_private_permitted: bool = False,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Answer:
    """POST `body`; redirects are not followed, whatever the status.

    `is_private_permitted`: whether addresses that only this machine or network can reach,
    and plain http, may be asked.

    Raises:
        DeliveryFailed: there was no answer in time, or none in HTTP.
        DeliveryRefused: the name resolves to addresses that must not be asked.
    """
    exchange = _Exchange(is_private_permitted)
    options = _options(url, body, headers) | {
        pycurl.TIMEOUT_MS: int(1000 * timeout_seconds),
        pycurl.OPENSOCKETFUNCTION: exchange.open_socket,
        pycurl.HEADERFUNCTION: exchange.read_header,
        pycurl.WRITEFUNCTION: exchange.read_body,
    }
    if not is_private_permitted:
        options[pycurl.PROTOCOLS] = pycurl.PROTO_HTTPS
    curl = pycurl.Curl()
    try:
        for option, value in options.items():
            curl.setopt(option, value)
        curl.perform()
    except pycurl.error as error:
        number, words = error.args[:2]
        # We hung up ourselves, behind the first part of a long body.
        if not (number == pycurl.E_WRITE_ERROR and len(exchange.body) >= MOST_BYTES):
            raise _failure(exchange, number, words) from error
    finally:
        status = int(curl.getinfo(pycurl.RESPONSE_CODE))
        curl.close()
        exchange.close()
    return Answer(
        status=status,
        text=exchange.body[:MOST_BYTES].decode("utf-8", "replace"),
        retry_after_seconds=exchange.retry_after_seconds,
    )


class _Exchange:
    """What happens while libcurl works."""

    def __init__(self, is_private_permitted: bool) -> None:
        self._is_private_permitted = is_private_permitted
        self._sockets: list[socket.socket] = []
        self.refused: list[str] = []
        self.body = bytearray()
        self.retry_after_seconds: float | None = None

    @property
    def has_begun(self) -> bool:
        """Whether a socket was opened."""
        return bool(self._sockets)

    def open_socket(self, _purpose: int, wanted: Any) -> Any:
        """A socket for an address, or none for one that must not be asked."""
        host = str(wanted.addr[0])
        if not self._is_private_permitted and not is_public(host):
            self.refused.append(host)
            return pycurl.SOCKET_BAD
        made = socket.socket(wanted.family, wanted.socktype, wanted.protocol)
        self._sockets.append(made)  # libcurl works with a duplicate
        return made

    def read_header(self, line: bytes) -> None:
        name, _, value = line.decode("latin-1").partition(":")
        if name.strip().lower() == "retry-after":
            self.retry_after_seconds = _parse_retry_after(value.strip())

    def read_body(self, part: bytes) -> int | None:
        self.body += part[: MOST_BYTES - len(self.body)]
        return -1 if len(self.body) >= MOST_BYTES else None

    def close(self) -> None:
        for made in self._sockets:
            made.close()


def _options(url: str, body: bytes, headers: Mapping[str, str]) -> dict[int, Any]:
    return {
        pycurl.URL: url,
        pycurl.POST: 1,
        pycurl.POSTFIELDSIZE: len(body),
        pycurl.POSTFIELDS: body,
        # No Expect, for which curl would wait a second before it sends a large body.
        pycurl.HTTPHEADER: [*(f"{name}: {value}" for name, value in headers.items()), "Expect:"],
        pycurl.FOLLOWLOCATION: 0,
        pycurl.PROTOCOLS: pycurl.PROTO_HTTPS | pycurl.PROTO_HTTP,
        # A proxy would resolve and connect where we cannot see it.
        pycurl.PROXY: "",
        pycurl.NOSIGNAL: 1,
        # The system's authorities, or those of SSL_CERT_FILE; a bare container has none.
        pycurl.CAINFO: ssl.get_default_verify_paths().cafile or certifi.where(),
    }


def _failure(exchange: _Exchange, number: int, words: str) -> DeliveryFailed | DeliveryRefused:
    if exchange.refused:
        addresses = ", ".join(exchange.refused)
        return DeliveryRefused(f"The name resolves to {addresses}, which is no public address.")
    if not exchange.has_begun and number in (_UNSUPPORTED, pycurl.E_URL_MALFORMAT):
        return DeliveryRefused(f"This address cannot be used: {words}.")
    return DeliveryFailed(f"There was no answer: {words}.")


def _parse_retry_after(value: str) -> float | None:
    """Seconds, of either form that RFC 9110, section 10.2.3, permits."""
    try:
        if value.isdigit():
            seconds = float(value)
        else:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)

"""POSTs to addresses that nobody has to trust."""

from __future__ import annotations

import ssl
import time
from pathlib import Path
from typing import Any

import pycurl
import pytest
import trustme

from tests.fakes.receiver import Receiver, run_receiver
from worker.push import posting
from worker.push.errors import DeliveryFailed, DeliveryRefused
from worker.push.posting import MOST_BYTES, post


def send(url: str, **options: Any) -> Any:
    return post(url, b'{"a": 1}', {"webhook-id": "7"}, **({"is_private_permitted": True} | options))


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has libcurl take a name for these addresses, as a name server could."""
    original = posting._options

    def teach(name: str, port: int, *addresses: str) -> None:
        entry = f"{name}:{port}:{','.join(addresses)}"
        monkeypatch.setattr(
            posting, "_options", lambda *given: original(*given) | {pycurl.RESOLVE: [entry]}
        )

    return teach


def test_body_and_headers_arrive_as_they_are(receiver: Receiver) -> None:
    assert send(receiver.url).status == 204
    (request,) = receiver.received
    assert request.line == "POST /hook HTTP/1.1"
    assert (request.body, request.headers["webhook-id"]) == (b'{"a": 1}', "7")
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"


def test_answer_is_told_with_the_beginning_of_its_body(receiver: Receiver) -> None:
    receiver.answer_next(503, "Retry-After: 120", body=b"closed")
    answer = send(receiver.url)
    assert (answer.status, answer.text, answer.retry_after_seconds) == (503, "closed", 120)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("99999999", 86_400),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 86_400),
        ("Wed, 21 Oct 2099 07:28:00", None),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_wait_that_a_receiver_asks_for_is_read_with_care(
    receiver: Receiver, value: str, seconds: float | None
) -> None:
    receiver.answer_next(429, f"Retry-After: {value}")
    assert send(receiver.url).retry_after_seconds == seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_an_answer_and_not_followed(receiver: Receiver, status: int) -> None:
    receiver.answer_next(status, f"Location: {receiver.url}/elsewhere")
    assert send(receiver.url).status == status
    assert len(receiver.received) == 1


def test_answer_that_drips_is_cut_when_the_time_is_over(receiver: Receiver) -> None:
    receiver.drip_next(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000, 0.05)
    began = time.monotonic()
    with pytest.raises(DeliveryFailed, match=r"no answer: .*timed out"):
        send(receiver.url, timeout_seconds=0.5)
    assert time.monotonic() - began < 5


def test_of_a_hundred_megabytes_a_few_are_read(receiver: Receiver) -> None:
    receiver.flood_next(100 * 1024 * 1024)
    answer = send(receiver.url)
    assert answer.status == 200
    assert answer.text == "x" * MOST_BYTES


def test_endless_headers_are_cut(receiver: Receiver) -> None:
    receiver.answer_next(200, *[f"X-{number}: {'x' * 8000}" for number in range(200)])
    with pytest.raises(DeliveryFailed):
        send(receiver.url)


@pytest.mark.parametrize("garbage", [b"no http at all\r\n\r\n", b"\x00\xff" * 100, b""])
def test_answer_that_is_no_http_is_a_failure(receiver: Receiver, garbage: bytes) -> None:
    receiver.drip_next(garbage, 0)
    with pytest.raises(DeliveryFailed):
        send(receiver.url)


def test_connection_that_is_refused_or_closed_is_a_failure(receiver: Receiver) -> None:
    receiver.hang_up_next()
    with pytest.raises(DeliveryFailed, match="no answer"):
        send(receiver.url)
    receiver.close()
    with pytest.raises(DeliveryFailed, match="no answer"):
        send("http://127.0.0.1:1/")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]"])
def test_private_address_is_not_connected_to(receiver: Receiver, host: str) -> None:
    with pytest.raises(DeliveryRefused, match="no public address"):
        send(f"https://{host}:{receiver.port}/", is_private_permitted=False)
    assert receiver.connections == 0


def test_public_name_that_resolves_to_a_private_address_is_not_connected_to(
    receiver: Receiver, resolve: Any
) -> None:
    resolve("hooks.example", receiver.port, "127.0.0.1")
    with pytest.raises(DeliveryRefused, match=r"resolves to 127\.0\.0\.1"):
        send(f"https://hooks.example:{receiver.port}/", is_private_permitted=False)
    assert receiver.connections == 0


def test_each_address_of_a_name_is_judged_at_its_own_connection(
    receiver: Receiver, resolve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name with an unreachable public address and a private one that would answer."""
    judged: list[str] = []

    def note(address: str) -> bool:
        judged.append(address)
        return address == "127.0.0.2"

    monkeypatch.setattr(posting, "is_public", note)
    resolve("hooks.example", receiver.port, "127.0.0.2", "127.0.0.1")
    with pytest.raises(DeliveryRefused, match=r"resolves to 127\.0\.0\.1"):
        send(f"https://hooks.example:{receiver.port}/", is_private_permitted=False)
    assert sorted(judged) == ["127.0.0.1", "127.0.0.2"]
    assert receiver.connections == 0


def test_plain_http_is_not_used_unless_it_is_permitted(receiver: Receiver) -> None:
    with pytest.raises(DeliveryRefused, match="cannot be used"):
        send(receiver.url, is_private_permitted=False)
    assert receiver.connections == 0


def test_proxy_of_the_environment_is_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    assert send(receiver.url).status == 204


@pytest.mark.parametrize("scheme", ["file", "ftp", "gopher", "dict"])
def test_other_protocols_are_not_spoken(scheme: str) -> None:
    with pytest.raises(DeliveryRefused):
        send(f"{scheme}://127.0.0.1/etc/passwd")


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    """The only authority that is believed."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return made


def serve_https(authority: trustme.CA, name: str) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return run_receiver(context)


def test_https_is_checked_by_the_name_and_not_by_the_address(
    authority: trustme.CA, resolve: Any
) -> None:
    with serve_https(authority, "hooks.example") as receiver:
        resolve("hooks.example", receiver.port, "127.0.0.1")
        assert send(f"https://hooks.example:{receiver.port}/hook").status == 204
        resolve("other.example", receiver.port, "127.0.0.1")
        with pytest.raises(DeliveryFailed, match="certificate"):
            send(f"https://other.example:{receiver.port}/hook")
        assert len(receiver.received) == 1


def test_certificate_of_an_unknown_authority_is_not_believed(authority: trustme.CA) -> None:
    with serve_https(trustme.CA(), "127.0.0.1") as receiver:
        with pytest.raises(DeliveryFailed, match="certificate"):
            send(receiver.url)
        assert receiver.received == []

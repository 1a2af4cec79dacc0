"""Messages as receivers check them, with the library that Standard Webhooks gives them."""

from __future__ import annotations

from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from chalicelib.services.deliveries import Sending
from chalicelib.tracing import Trace, current_trace
from tests.fakes.receiver import Receiver
from worker.push.errors import DeliveryFailed
from worker.push.webhook import send_webhook

OLD, NEW, OTHER = (f"whsec_{letter * 43}=" for letter in "ABC")
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PAYLOAD = {"type": "webhook.ping", "data": {"message": "Bücher ✓"}}


def send(receiver: Receiver, *secrets: str) -> Any:
    sending = Sending(
        delivery_id="0199-delivery",
        webhook_id="webhook",
        project_id="demo",
        url=receiver.url,
        is_disabled=False,
        secrets=list(secrets),
        event_type="webhook.ping",
        payload=PAYLOAD,
    )
    return send_webhook(sending, is_private_permitted=True)


def test_message_is_verified_by_its_secret_and_by_no_other(receiver: Receiver) -> None:
    send(receiver, NEW)
    (request,) = receiver.received
    assert Webhook(NEW).verify(request.body, request.headers) == PAYLOAD
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(request.body + b" ", request.headers)


def test_message_during_a_rotation_is_verified_by_either_secret(receiver: Receiver) -> None:
    send(receiver, NEW, OLD)
    (request,) = receiver.received
    for secret in (OLD, NEW):
        assert Webhook(secret).verify(request.body, request.headers) == PAYLOAD


def test_message_has_the_id_of_its_delivery(receiver: Receiver) -> None:
    send(receiver, NEW)
    assert receiver.received[0].headers["webhook-id"] == "0199-delivery"
    assert receiver.received[0].headers["content-type"] == "application/json"


def test_message_tells_the_trace_under_which_it_is_sent(receiver: Receiver) -> None:
    reset = current_trace.set(Trace(request_id="r-1", traceparent=PARENT))
    send(receiver, NEW)
    current_trace.reset(reset)
    send(receiver, NEW)
    told = [request.headers.get("traceparent") for request in receiver.received]
    assert told == [PARENT, None]


@pytest.mark.parametrize("status", [200, 201, 204, 299, 410])
def test_success_and_gone_are_answers(receiver: Receiver, status: int) -> None:
    receiver.answer_next(status)
    assert send(receiver, NEW).status == status


@pytest.mark.parametrize("status", [302, 400, 401, 404, 408, 429, 500, 503])
def test_any_other_status_is_a_failure_that_is_tried_again(receiver: Receiver, status: int) -> None:
    receiver.answer_next(status)
    with pytest.raises(DeliveryFailed, match=f"The receiver answered {status}"):
        send(receiver, NEW)


def test_failure_says_what_the_receiver_said_and_when_it_wants_to_be_asked_again(
    receiver: Receiver,
) -> None:
    receiver.answer_next(503, "Retry-After: 90", body=b"closed\n for  stocktaking" + b"." * 999)
    with pytest.raises(DeliveryFailed, match=r"503: closed for stocktaking\.{3}") as caught:
        send(receiver, NEW)
    assert caught.value.retry_after_seconds == 90
    assert len(caught.value.message) < 250


def test_failure_does_not_show_what_is_not_printable(receiver: Receiver) -> None:
    receiver.answer_next(500, body=b"\x1b[31mred\x00")
    with pytest.raises(DeliveryFailed, match=r"^The receiver answered 500\.$"):
        send(receiver, NEW)

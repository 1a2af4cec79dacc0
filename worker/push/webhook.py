"""Sends a message to a webhook, signed as Standard Webhooks has it (standardwebhooks.com)."""

from __future__ import annotations

from datetime import UTC, datetime

from standardwebhooks import Webhook

from chalicelib.domain import jsontext
from chalicelib.services.deliveries import Sending
from chalicelib.tracing import current_trace
from worker.push.errors import DeliveryFailed
from worker.push.posting import Answer, post

#: Characters of an answer that the record keeps of a failure.
_SHOWN_CHARACTERS = 200


def send_webhook(sending: Sending, *, is_private_permitted: bool) -> Answer:
    """Send a delivery and return the answer, which is 2xx or 410.

    Raises:
        DeliveryFailed: no answer, or another one.
        DeliveryRefused: the address is one that must not be asked.
    """
    body = jsontext.encode(sending.payload)
    answer = post(
        sending.url,
        body.encode(),
        _headers(sending, body),
        is_private_permitted=is_private_permitted,
    )
    if 200 <= answer.status < 300 or answer.status == 410:
        return answer
    raise DeliveryFailed(_describe(answer), retry_after_seconds=answer.retry_after_seconds)


def _headers(sending: Sending, body: str) -> dict[str, str]:
    at = datetime.now(UTC)
    signatures = [Webhook(secret).sign(sending.delivery_id, at, body) for secret in sending.secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Bellpull",
        "webhook-id": sending.delivery_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
        **_trace(),
    }


def _trace() -> dict[str, str]:
    """The trace of the job that is told of (W3C Trace Context), under which this one runs."""
    trace = current_trace.get()
    return {} if trace is None else {"traceparent": trace.traceparent}


def _describe(answer: Answer) -> str:
    told = f"The receiver answered {answer.status}"
    if 300 <= answer.status < 400:
        return f"{told}: redirects are not followed."
    text = " ".join(answer.text.split())[:_SHOWN_CHARACTERS]
    return f"{told}: {text}" if text.isprintable() and text else f"{told}."

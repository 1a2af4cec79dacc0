"""Deliveries sent to webhooks and topics."""

from __future__ import annotations

from chalicelib.broker.contracts import notifications as contracts
from chalicelib.domain.webhooks import is_permitted_topic, topic_region
from chalicelib.services import deliveries, webhooks
from chalicelib.services.deliveries import Sending
from chalicelib.settings import get_settings
from worker import process
from worker.push.errors import DeliveryRefused
from worker.push.topic import publish
from worker.push.webhook import send_webhook
from worker.tasks.base import Job, implements

_GONE = "The receiver answered 410 Gone."


@implements(contracts.DELIVER)
def deliver(job: Job, parameters: contracts.Deliver) -> dict[str, str | int]:
    """Send a delivery, unless it is not wanted any more."""
    sending = deliveries.load(process.engine(), parameters.delivery_id)
    if sending is None:
        return {"skipped": "The webhook was deleted."}
    if sending.is_disabled:
        raise DeliveryRefused("The webhook is disabled.")
    if topic_region(sending.url) is not None:
        return _publish(sending)
    settings = get_settings()
    answer = send_webhook(sending, is_private_permitted=settings.webhooks_allow_private)
    if answer.status == 410:
        webhooks.disable(process.engine(), sending.webhook_id, _GONE)
        raise DeliveryRefused(f"{_GONE} The webhook is disabled now.")
    return {"status": answer.status}


def _publish(sending: Sending) -> dict[str, str | int]:
    """The setting is asked once more: it may have changed since the webhook was made."""
    permitted = get_settings().sns_topic_arn
    if not is_permitted_topic(permitted, sending.url, sending.project_id):
        raise DeliveryRefused("This topic is not permitted here.")
    return {"message_id": publish(sending)}

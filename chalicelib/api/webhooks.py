"""Routes of webhooks and their deliveries."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.fields import Page
from chalicelib.schemas.webhooks import (
    ChangedWebhook,
    DeliveriesAnswer,
    DeliveryView,
    NewWebhook,
    WebhookPage,
    WebhooksAnswer,
    WebhookView,
    WebhookWithSecret,
)

blueprint = Blueprint(__name__)

_ALL = "/webhooks"
_ONE = "/webhooks/{webhook_id}"


@route(
    blueprint,
    "POST",
    _ALL,
    scope=Scope.WRITE,
    body=NewWebhook,
    answers={201: WebhookWithSecret},
    is_repeatable=True,
)
def create_webhook(call: Call, body: NewWebhook) -> Response:
    """Create a webhook; the answer shows its secret."""
    from chalicelib.services import webhooks

    row = webhooks.create(call.engine, call.project_id, body, once=call.once(body))
    return json_response(WebhookWithSecret.from_row(row), 201, call.location(_ALL, row.id))


@route(blueprint, "GET", _ALL, scope=Scope.READ, query=WebhookPage, answers={200: WebhooksAnswer})
def list_webhooks(call: Call, query: WebhookPage) -> Response:
    """List webhooks, newest first."""
    from chalicelib.services import webhooks

    rows = webhooks.list_newest(
        call.engine,
        call.project_id,
        limit=query.limit + 1,
        after=query.after,
        one_off=query.one_off,
    )
    page, following = call.cut(rows, query.limit)
    views = [WebhookView.from_row(row) for row in page]
    return json_response(WebhooksAnswer(views, following), link=call.next_link(following))


@route(blueprint, "GET", _ONE, scope=Scope.READ, answers={200: WebhookView})
def get_webhook(call: Call, webhook_id: str) -> Response:
    """Look at a webhook."""
    from chalicelib.services import webhooks

    return json_response(
        WebhookView.from_row(webhooks.get(call.engine, call.project_id, webhook_id))
    )


@route(
    blueprint,
    "PUT",
    _ONE,
    scope=Scope.WRITE,
    body=ChangedWebhook,
    answers={200: WebhookView},
    is_conditional=True,
)
def change_webhook(call: Call, webhook_id: str, body: ChangedWebhook) -> Response:
    """Change, disable or enable a webhook; what the body does not name stays."""
    from chalicelib.services import webhooks

    row = webhooks.change(
        call.engine,
        call.project_id,
        webhook_id,
        body,
        require=call.unchanged(WebhookView.from_row),
    )
    return json_response(WebhookView.from_row(row))


@route(blueprint, "DELETE", _ONE, scope=Scope.WRITE, answers={204: None}, is_conditional=True)
def delete_webhook(call: Call, webhook_id: str) -> Response:
    """Delete a webhook with its deliveries."""
    from chalicelib.services import webhooks

    webhooks.delete_webhook(
        call.engine, call.project_id, webhook_id, require=call.unchanged(WebhookView.from_row)
    )
    return Response("", {}, 204)


@route(
    blueprint,
    "POST",
    f"{_ONE}/rotate",
    scope=Scope.WRITE,
    answers={200: WebhookWithSecret},
    is_repeatable=True,
)
def rotate_secret(call: Call, webhook_id: str) -> Response:
    """Give a webhook a new secret, which the answer shows; the old one signs for a day more."""
    from chalicelib.services import webhooks

    row = webhooks.rotate(call.engine, call.project_id, webhook_id, once=call.once())
    return json_response(WebhookWithSecret.from_row(row))


@route(
    blueprint,
    "POST",
    f"{_ONE}/ping",
    scope=Scope.WRITE,
    answers={202: DeliveryView},
    is_repeatable=True,
)
def ping_webhook(call: Call, webhook_id: str) -> Response:
    """Send a webhook an event that says nothing."""
    from chalicelib.services import deliveries

    row = deliveries.ping(call.engine, call.project_id, webhook_id, once=call.once())
    return _accepted(call, row)


@route(
    blueprint,
    "GET",
    f"{_ONE}/deliveries",
    scope=Scope.READ,
    query=Page,
    answers={200: DeliveriesAnswer},
)
def list_deliveries(call: Call, webhook_id: str, query: Page) -> Response:
    """List the deliveries of a webhook, newest first."""
    from chalicelib.services import deliveries

    rows = deliveries.list_newest(
        call.engine, call.project_id, webhook_id, limit=query.limit + 1, after=query.after
    )
    page, following = call.cut(rows, query.limit)
    views = [DeliveryView.from_row(row) for row in page]
    return json_response(DeliveriesAnswer(views, following), link=call.next_link(following))


@route(
    blueprint,
    "POST",
    f"{_ONE}/deliveries/{{delivery_id}}/redeliver",
    scope=Scope.WRITE,
    answers={202: DeliveryView},
    is_repeatable=True,
)
def redeliver(call: Call, webhook_id: str, delivery_id: str) -> Response:
    """Send a delivery again that has ended."""
    from chalicelib.services import deliveries

    row = deliveries.redeliver(
        call.engine, call.project_id, webhook_id, delivery_id, once=call.once()
    )
    return _accepted(call, row)


def _accepted(call: Call, row: Any) -> Response:
    return json_response(DeliveryView.from_row(row), 202, call.location("/jobs", row.job_id))

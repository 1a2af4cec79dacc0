"""Webhooks, and what was planned for them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from chalicelib.db.clock import now
from chalicelib.db.tables import deliveries, webhooks
from chalicelib.domain.ids import new_id
from tests.factories.rows import Target, insert_row, read_rows

SECRET = f"whsec_{'A' * 43}="


def create_webhook(target: Target, **overrides: Any) -> Row[Any]:
    """An enabled webhook that hears of everything in the project."""
    values: dict[str, Any] = {
        "id": new_id(),
        "project_id": "demo",
        "url": "https://example.com/hook",
        "events": ["*"],
        "secret": SECRET,
        "created_at": now(),
        "updated_at": now(),
    }
    return insert_row(target, webhooks, values | overrides)


def read_webhook(target: Target, webhook_id: str) -> Row[Any]:
    """The webhook as it is now."""
    (row,) = read_rows(target, webhooks, id=webhook_id)
    return row


def read_deliveries(target: Target, **where: Any) -> list[Row[Any]]:
    """The deliveries with these values, oldest first."""
    return sorted(read_rows(target, deliveries, **where), key=lambda row: row.id)

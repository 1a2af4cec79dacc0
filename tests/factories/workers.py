"""Workers as they sign on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from chalicelib.db.clock import now
from chalicelib.db.tables import workers
from chalicelib.domain.ids import new_id
from tests.factories.rows import Target, insert_row


def create_worker(target: Target, **overrides: Any) -> Row[Any]:
    """A worker that is alive and has heard nothing yet."""
    values: dict[str, Any] = {
        "id": new_id(),
        "hostname": "host",
        "pid": 1,
        "concurrency": 2,
        "queues": ["default", "network"],
        "started_at": now(),
        "last_heartbeat_at": now(),
        "heard": {},
    }
    return insert_row(target, workers, values | overrides)

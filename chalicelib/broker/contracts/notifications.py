"""Contract of the task that sends a delivery."""

from __future__ import annotations

import msgspec

from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.queues import NOTIFICATIONS
from chalicelib.domain.jobs import RetryPolicy


class Deliver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of notifications.deliver."""

    delivery_id: str


DELIVER = TaskContract(
    name="notifications.deliver",
    description="Sends one event to one webhook.",
    parameters=Deliver,
    queue=NOTIFICATIONS,
    # About a day: waits of half the limit on average, doubling from ten seconds to four hours.
    retry=RetryPolicy(max_attempts=24, base_seconds=10.0, cap_seconds=14_400.0),
    soft_time_limit_seconds=60.0,
    time_limit_seconds=90.0,
    is_public=False,
)

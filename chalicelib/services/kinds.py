"""Every kind of record, and which of them a job is about."""

from __future__ import annotations

from functools import lru_cache

from chalicelib.services.load_balancers import LOAD_BALANCERS
from chalicelib.services.record_kinds import Order, RecordKind
from chalicelib.services.servers import SERVERS

KINDS = (LOAD_BALANCERS, SERVERS)


def find_order(task: str) -> tuple[RecordKind, Order] | None:
    """The kind of record that a task is about, and what it does to it; None for other tasks."""
    return _by_task().get(task)


@lru_cache(maxsize=1)
def _by_task() -> dict[str, tuple[RecordKind, Order]]:
    return {order.contract.name: (kind, order) for kind in KINDS for order in kind.orders()}

"""How many messages wait in a worker beside those that it works on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from worker.reserve import QoS


@pytest.fixture
def qos() -> Any:
    """Of a worker with four processes, which holds nothing yet."""
    made = QoS(SimpleNamespace(do_restore=False), prefetch_count=4)
    made.hold = lambda count: made._delivered.update({f"m{n}": None for n in range(count)})
    return made


def test_worker_without_history_holds_what_it_works_on(qos: Any) -> None:
    assert qos.can_consume_max_estimate() == 4
    qos.hold(4)
    assert qos.can_consume_max_estimate() == 0
    assert not qos.can_consume()


def test_short_jobs_fill_the_reserve(qos: Any) -> None:
    for number in range(100):
        qos.note_end(at=number / 100)
    assert qos.reserve(at=1.0) == 99
    assert qos.reserve(at=1.5) == 49


def test_long_jobs_leave_it_empty(qos: Any) -> None:
    for number in range(100):
        qos.note_end(at=number * 10.0)
    assert qos.reserve(at=995.0) == 0


def test_reserve_has_a_limit(qos: Any) -> None:
    for _ in range(100_000):
        qos.note_end(at=1.0)
    assert qos.reserve(at=1.0) == 600


def test_batch_is_awaited_while_no_process_would_idle(
    qos: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qos, "reserve", lambda: 20)
    qos.hold(15)
    assert qos.can_consume_max_estimate() == 9
    assert not qos.can_consume()
    qos._delivered.popitem()
    assert qos.can_consume()


def test_idle_process_is_reason_enough_to_ask(qos: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qos, "reserve", lambda: 3)
    qos.hold(4)
    assert not qos.can_consume()
    qos._delivered.popitem()
    assert qos.can_consume()
    assert qos.can_consume_max_estimate() == 4


def test_no_limit_is_no_limit() -> None:
    qos = QoS(SimpleNamespace(do_restore=False), prefetch_count=0)
    assert qos.can_consume()
    assert qos.can_consume_max_estimate() is None

"""The moment before which every bell of a queue was heard or is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from chalicelib.db.clock import seconds_from_now
from chalicelib.services.heard import read_marks
from tests.factories.workers import create_worker

#: What the mark is behind what workers say, for SQS keeps order only roughly.
MARGIN = timedelta(seconds=20)


def test_without_workers_nothing_is_known(engine: Engine) -> None:
    assert read_marks(engine) == {}
    create_worker(engine, heard={})
    assert read_marks(engine) == {}


def test_mark_lies_as_far_before_the_heartbeat_as_the_worker_says(engine: Engine) -> None:
    worker = create_worker(engine, heard={"default": 100.0, "network": 0.0})
    at = worker.last_heartbeat_at
    assert read_marks(engine) == {
        "default": at - timedelta(seconds=100) - MARGIN,
        "network": at - MARGIN,
    }


def test_most_cautious_worker_is_believed(engine: Engine) -> None:
    create_worker(engine, heard={"default": 1.0})
    slow = create_worker(engine, heard={"default": 500.0})
    create_worker(engine, heard={"network": 9000.0})
    marks = read_marks(engine)
    assert marks["default"] == slow.last_heartbeat_at - timedelta(seconds=500) - MARGIN


@pytest.mark.parametrize(("silent_seconds", "is_believed"), [(20, True), (30, False)])
def test_worker_that_is_silent_says_nothing(
    engine: Engine, silent_seconds: float, is_believed: bool
) -> None:
    create_worker(
        engine, heard={"default": 1.0}, last_heartbeat_at=seconds_from_now(-silent_seconds)
    )
    assert bool(read_marks(engine)) == is_believed

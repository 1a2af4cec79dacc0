"""The worker's own code in the process of the test, on each kind of database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from chalicelib.broker.sqs import get_sqs
from chalicelib.db.engine import get_engine
from chalicelib.settings import get_settings
from tests.fakes.desk_bench import Bench
from tests.fakes.sqs import FakeSqs, install_sqs
from worker import process


@pytest.fixture
def engine(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The engine that the worker's code finds."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SQS_QUEUE_URL", "http://127.0.0.1:9/123456789012/bp-{queue}")
    monkeypatch.setenv("SQS_ENDPOINT_URL", "http://127.0.0.1:9")
    _forget()
    yield process.engine()
    process.engine().dispose()
    _forget()


@pytest.fixture
def bench() -> Iterator[Callable[[int, int], Bench]]:
    made: list[Bench] = []

    def make(slots: int, ahead: int = 0) -> Bench:
        made.append(Bench(slots, ahead))
        return made[-1]

    yield make
    for one in made:
        one.desk.close(5)


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> FakeSqs:
    return install_sqs(monkeypatch)


def _forget() -> None:
    for cached in (get_settings, get_sqs, get_engine, process._engine_of):
        cached.cache_clear()

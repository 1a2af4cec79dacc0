"""The pool of processes, with kombu's own loop and a process of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery.concurrency.asynpool import AsynPool
from kombu.asynchronous import WRITE, Hub, get_event_loop, set_event_loop

from worker.prefork import JobPool

_LIMIT_SECONDS = 20


class Pool:
    """A pool in a loop, and how often the loop was asked to tell when a pipe can be written."""

    def __init__(self, kind: type[Any]) -> None:
        self.hub, self.asked = Hub(), 0
        set_event_loop(self.hub)
        self.pool = kind(2, threads=False, enable_timeouts=True)
        self.pool.register_with_event_loop(self.hub)
        register = self.hub.poller.register

        def count(fd: int, flags: int) -> int:
            self.asked += bool(flags & WRITE)
            return int(register(fd, flags))

        self.hub.poller.register = count

    def run(self, texts: list[str]) -> list[int]:
        """The lengths of `texts`, which are given to the processes all at once."""
        found: list[int] = []
        for text in texts:
            self.pool.apply_async(len, (text,), callback=found.append)
        turns, until = self.hub.create_loop(), time.monotonic() + _LIMIT_SECONDS
        while len(found) < len(texts) and time.monotonic() < until:
            next(turns)
        return found


@pytest.fixture
def make_pool() -> Iterator[Any]:
    made: list[Pool] = []
    before = get_event_loop()

    def make(kind: type[Any]) -> Pool:
        made.append(Pool(kind))
        return made[-1]

    yield make
    for one in made:
        one.pool.terminate()
        one.hub.close()
    set_event_loop(before)


def test_jobs_are_written_without_asking_whether_they_can_be(make_pool: Any) -> None:
    pool = make_pool(JobPool)
    assert sorted(pool.run(["a", "ab", "abc", "abcd"])) == [1, 2, 3, 4]
    assert pool.asked == 0


def test_celery_asks_which_this_project_saves(make_pool: Any) -> None:
    pool = make_pool(AsynPool)
    assert sorted(pool.run(["a", "ab"])) == [1, 2]
    assert pool.asked > 0


def test_job_that_a_pipe_cannot_hold_is_written_to_its_end(make_pool: Any) -> None:
    pool = make_pool(JobPool)
    assert sorted(pool.run(["x" * 3_000_000, "a", "ab", "abc"])) == [1, 2, 3, 3_000_000]

"""How many jobs the pool may have: one for each process, or a run for each while they are short."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.fakes.hub import FakeHub
from tests.fakes.requests import FakePool, FakeRequest
from worker.launching import Launches
from worker.loop import LoopCalls


class RunningPool(FakePool):
    """A pool whose processes have begun the jobs that the test says."""

    longest_run = 8

    def __init__(self, num_processes: int) -> None:
        super().__init__(num_processes)
        self.has: list[FakeRequest] = []
        self.asked: list[float | None] = []

    def has_waiting(self) -> bool:
        return len(self.has) > self.num_processes

    def take_back(self, held_seconds: float | None) -> list[str]:
        self.asked.append(held_seconds)
        unbegun = [request.id for request in self.has if request.time_start is None]
        self.has = [request for request in self.has if request.time_start is not None]
        return unbegun


class Bench:
    """Launches between an event loop and a pool that do what the test says."""

    def __init__(self, pool: Any) -> None:
        self.hub, self.pool, self._count = FakeHub(), pool, 0
        self.launches: Any = Launches(pool, LoopCalls(self.hub), threading.Condition(), self._give)

    def _give(self, request: Any) -> None:
        self.pool.has.append(request)

    def line_up(self, count: int) -> list[FakeRequest]:
        """So many more are claimed."""
        requests = [FakeRequest(str(self._count + number)) for number in range(count)]
        self._count += count
        assert self.launches.line_up(requests)
        self.hub.run()
        return requests

    def end(self, count: int, seconds: float | None) -> None:
        """So many are begun, and end after so many seconds each."""
        for _ in range(count):
            request = self.pool.has.pop(0)
            request.time_start = 1.0
            self.launches.discard(request, seconds)
            self.launches.launch()


def make_bench() -> Bench:
    return Bench(RunningPool(2))


def test_processes_have_one_job_each_until_it_is_known_that_they_are_short() -> None:
    made = make_bench()
    made.line_up(60)
    assert len(made.pool.has) == 2
    made.end(15, 0.001)
    assert len(made.pool.has) == 2
    made.end(1, 0.001)
    assert len(made.pool.has) == 16


def test_one_long_job_among_the_last_ends_it() -> None:
    made = make_bench()
    made.line_up(80)
    made.end(16, 0.001)
    made.end(1, 0.03)
    made.end(15, 0.001)
    assert len(made.pool.has) == 2


@pytest.mark.parametrize(
    ("seconds", "run"),
    [(0.0, 8), (0.005, 8), (0.007, 5), (0.01, 4), (0.019, 2), (0.021, 1), (0.05, 1)],
)
def test_process_is_given_what_it_ends_in_forty_milliseconds(seconds: float, run: int) -> None:
    made = make_bench()
    made.line_up(80)
    made.end(16, seconds)
    assert len(made.pool.has) == 2 * run


def test_failures_say_nothing_of_how_long_jobs_are() -> None:
    made = make_bench()
    made.line_up(60)
    made.end(40, None)
    assert len(made.pool.has) == 2


def test_pool_of_celery_has_one_job_each() -> None:
    pool = RunningPool(2)
    pool.longest_run = 1
    made = Bench(pool)
    made.line_up(60)
    made.end(40, 0.001)
    assert len(pool.has) == 2
    made.launches.take_back()
    assert pool.asked == []


def test_what_a_process_keeps_others_from_waits_here_again() -> None:
    made = make_bench()
    made.line_up(40)
    made.end(16, 0.001)
    assert len(made.hub.later) == 1
    at = made.pool.has[0]
    at.time_start = 1.0
    waiting = [request.id for request in made.launches.waiting()]
    behind = [request.id for request in made.pool.has[1:]]
    made.pool.num_processes = 1  # the others are still at theirs
    made.hub.let_time_pass()
    assert made.pool.asked == [0.05]
    assert made.launches.given() == [at]
    assert [request.id for request in made.launches.waiting()] == [*behind, *waiting]
    assert made.hub.later == []


def test_it_looks_again_while_more_is_given_than_is_worked_on() -> None:
    made = make_bench()
    made.line_up(60)
    made.end(16, 0.001)
    for request in made.pool.has:
        request.time_start = 1.0
    made.hub.let_time_pass()
    made.hub.let_time_pass()
    assert made.pool.asked == [0.05, 0.05]
    assert len(made.hub.later) == 1


def test_two_of_one_job_are_both_taken_back() -> None:
    made = make_bench()
    twice = [FakeRequest("a"), FakeRequest("a")]
    made.launches.line_up(twice)
    made.hub.run()
    made.launches.take_back()
    assert set(made.launches.waiting()) == set(twice)
    assert made.launches.given() == []


def test_nothing_is_given_once_it_is_closed() -> None:
    made = make_bench()
    made.launches.close()
    assert not made.launches.line_up([FakeRequest("a")])
    made.hub.run()
    assert made.pool.has == []
    assert made.launches.waiting() == []

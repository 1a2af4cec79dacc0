"""A job that was taken back from a process is not run by it, and every other is, once."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import billiard
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import booleans, integers

from worker.runs import Ledger, Run


class FakeJob:
    """A job of the pool."""

    def __init__(self, number: int) -> None:
        self._job = number


class OneProcess(RuleBasedStateMachine):
    """A main process that writes, is told of ends and takes back, and a process that runs."""

    def __init__(self) -> None:
        super().__init__()
        self.run = Run(Ledger(billiard.get_context()))
        self.pipe: deque[FakeJob] = deque()
        self.written: list[FakeJob] = []
        self.begun: list[FakeJob] = []
        self.back: list[FakeJob] = []
        #: What the process said that the main process has not heard.
        self.said: deque[FakeJob] = deque()

    @rule(count=integers(1, 8))
    @precondition(lambda self: not self.run)
    def write(self, count: int) -> None:
        """To a process that has nothing, as it is done."""
        jobs = [FakeJob(len(self.written) + i) for i in range(count)]
        self.written += jobs
        self.pipe.extend(jobs)
        self.run.add(jobs)

    @rule()
    @precondition(lambda self: self.pipe)
    def work(self) -> None:
        """The process takes the next job out, and ends it unless it is to be skipped."""
        job = self.pipe.popleft()
        if self.run.ledger.begin():
            self.begun.append(job)
            self.said.append(job)

    @rule()
    @precondition(lambda self: self.said)
    def hear(self) -> None:
        """The main process is told of the end of a job."""
        self.run.end(self.said.popleft()._job)

    @rule(first_too=booleans())
    def take_back(self, first_too: bool) -> None:
        """Not what was begun, and not the first unless it is to be."""
        jobs = list(self.run._jobs)
        back = self.run.take_back(first_too=first_too)
        assert not set(back) & set(self.begun)
        self.back += back
        assert jobs[len(jobs) - len(back) :] == back
        if first_too:
            assert all(job in self.begun for job in self.run._jobs)

    @invariant()
    def each_is_somewhere_once(self) -> None:
        """A job is run here, or given to another, or still to come."""
        assert not set(self.begun) & set(self.back)
        assert len(set(self.back)) == len(self.back)

    def teardown(self) -> None:
        while self.pipe:
            self.work()
        while self.said:
            self.hear()
        assert sorted(self.begun + self.back, key=self.written.index) == self.written
        assert not self.run
        assert not self.run.has_unread()
        assert self.run.ended == len(self.begun)


TestOneProcess = OneProcess.TestCase
TestOneProcess.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)


def make_run(count: int) -> tuple[Run, list[Any]]:
    run, jobs = Run(Ledger(billiard.get_context())), [FakeJob(n) for n in range(count)]
    run.add(jobs)
    return run, jobs


def test_process_that_stopped_at_its_ledger_is_asked_later() -> None:
    run, jobs = make_run(2)
    with run.ledger._lock:
        answers: list[Any] = []
        thread = threading.Thread(target=lambda: answers.append(run.take_back(first_too=True)))
        thread.start()
        thread.join(5)
    assert answers == [[]]
    assert run.take_back(first_too=True) == jobs


@pytest.mark.parametrize(("begun", "is_only"), [(0, False), (1, False), (2, True)])
def test_process_is_only_at_the_last_that_it_began(begun: int, is_only: bool) -> None:
    run, jobs = make_run(2)
    for _ in range(begun):
        run.ledger.begin()
    assert not run.is_only_at(jobs[0])
    assert run.is_only_at(jobs[1]) is is_only


def test_process_is_at_no_job_that_is_not_its_own() -> None:
    run, _ = make_run(1)
    run.ledger.begin()
    assert not run.is_only_at(FakeJob(7))

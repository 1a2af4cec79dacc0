"""Celery's pool of processes, which is given short jobs several at a time.

The pools of billiard and Celery are extended here and in `worker.pool_results`. Each override says
what they do and why ours differs; a test fails when they change a method underneath.
"""
# ruff: noqa: SLF001 - the pool and its jobs tell these things in no other way

from __future__ import annotations

import os
import threading
import time
from signal import Signals
from typing import Any

from celery.concurrency.asynpool import AsynPool
from celery.concurrency.asynpool import Worker as CeleryWorker
from celery.concurrency.prefork import TaskPool as CeleryTaskPool

from worker.pool_results import Results
from worker.runs import Ledger, Run

#: The most jobs that a process is given at once, and the most bytes: an empty pipe holds twice as
#: many on Linux. One job alone may be longer.
LONGEST_RUN = 8
_MOST_BYTES = 32 * 1024
#: Seconds to wait for the event loop, which may stand in a signal handler.
_PATIENCE_SECONDS = 1.0
#: Seconds after which a process that was about to end is looked at again.
_LOOK_SECONDS = 0.05


class Worker(CeleryWorker):  # type: ignore[misc]  # celery has no types
    """What runs in a process of the pool: skips jobs that were taken back."""

    ledger: Ledger
    wait_for_job: Any

    # Billiard names what a process that is not forked is made of.
    def __reduce__(self) -> tuple[Any, ...]:
        return (*super().__reduce__(), {"ledger": self.ledger})

    def _make_child_methods(self, *args: Any, **options: Any) -> None:
        super()._make_child_methods(*args, **options)
        receive = self.wait_for_job

        def wait_for_job() -> Any:
            job = receive()
            return job if job is None or self.ledger.begin() else None

        self.wait_for_job = wait_for_job


class JobPool(AsynPool):  # type: ignore[misc]
    """Gives a free process its share of the jobs that wait, if they may be a run.

    Celery gives it one, and when that has ended another.
    """

    Worker = Worker
    ResultHandler = Results

    def __init__(self, *args: Any, **options: Any) -> None:
        #: Held while jobs change hands: they may be taken back in any thread.
        self._handing = threading.RLock()
        super().__init__(*args, **options)

    def WorkerProcess(self, worker: Any) -> Any:  # noqa: N802 - billiard's name
        worker.ledger = Ledger(self._ctx)
        process = super().WorkerProcess(worker)
        process.run_in_hand = Run(worker.ledger)
        return process

    # Celery asks the loop which pipes can be written, is told in its next turn, and tells the
    # loop in each turn without a job that it asks no more: two system calls a process and turn.
    # The pipes of free processes are empty, so here they are written to at once.
    def _create_write_handlers(self, hub: Any, *args: Any, **options: Any) -> None:
        super()._create_write_handlers(hub, *args, **options)
        self._write_one_each = hub.consolidate_callback
        self.on_poll_start = self._write

    def _write(self) -> None:
        if not self.outbound_buffer:
            return
        with self._handing:
            free = self._all_inqueues - self._active_writes - self._busy_workers
            # A process that is not yet up has its share too.
            idle = max(self._processes - len(self._busy_workers), len(free))
            most = _divide(len(self._cache), self._processes)
            for left, fd in zip(range(idle, 0, -1), free, strict=False):
                self._write_run(fd, min(most, _divide(len(self.outbound_buffer), left)))

    def _write_run(self, fd: int, share: int) -> None:
        process, waiting = self._fileno_to_inq[fd], self.outbound_buffer
        most = min(share, LONGEST_RUN)
        if self._maxtasksperchild:
            most = min(most, self._maxtasksperchild - process.run_in_hand.ended)
        jobs = self._next_run(most)
        if not jobs:
            return
        # Celery writes what it takes for the first of them, and goes on if the pipe is full.
        first, rest, payload = jobs[0], jobs[1:], jobs[0]._payload
        if rest:
            first._payload = _join([job._payload for job in jobs])
        first._write_to = None
        waiting.appendleft(first)
        try:
            self._write_one_each([fd])
        finally:
            first._payload = payload
            if first._write_to is process:
                for job in rest:
                    job._scheduled_for = job._write_to = process
                process.run_in_hand.add(jobs)
            else:
                waiting.extendleft(reversed(rest))

    def _next_run(self, most: int) -> list[Any]:
        """The jobs that go together; one with a time limit is alone, for it may be broken off."""
        jobs: list[Any] = []
        size, waiting = 0, self.outbound_buffer
        while waiting and len(jobs) < most:
            if waiting[0]._job not in self._cache:  # forgotten
                waiting.popleft()
                continue
            size += waiting[0]._payload[2]
            is_limited = waiting[0]._timeout or waiting[0]._soft_timeout
            if jobs and (is_limited or size > _MOST_BYTES):
                break
            jobs.append(waiting.popleft())
            if is_limited:
                break
        return jobs

    # Celery takes a process that has ended a job for free.
    def on_job_ready(self, job: int, i: Any, obj: Any, inqW_fd: int) -> None:  # noqa: N803
        with self._handing:
            process = self._fileno_to_inq.get(inqW_fd)
            if process is not None:
                process.run_in_hand.end(job)
            if process is None or not process.run_in_hand:
                super().on_job_ready(job, i, obj, inqW_fd)

    def has_waiting(self) -> bool:
        """Whether a job may wait for another."""
        runs = (process.run_in_hand for process in self._pool)
        return bool(self.outbound_buffer) or any(len(run) > 1 for run in runs)

    def take_back(self, held_seconds: float | None = None) -> list[str]:
        """Take back the jobs that no process has begun; in any thread.

        `held_seconds`: only from processes that have been at their run for so long, which keep
        its first; and what waits for a process, if that is so of all of them.
        Returns the ids of the jobs.
        """
        if not self._handing.acquire(timeout=_PATIENCE_SECONDS):
            return []
        try:
            return [job.correlation_id for job in self._take_back(held_seconds)]
        finally:
            self._handing.release()

    def _take_back(self, held_seconds: float | None) -> list[Any]:
        limit = time.monotonic() - (held_seconds or 0.0)
        jobs, is_all, are_held = list[Any](), held_seconds is None, True
        for process in list(self._pool):
            run = process.run_in_hand
            if not run or run.written_at > limit:
                are_held = False
            elif process.inqW_fd not in self._active_writes:
                jobs += run.take_back(first_too=is_all)
                if not run:
                    self._mark_worker_as_available(process.inqW_fd)
        # One by one: the event loop may add to them meanwhile.
        while (is_all or are_held) and self.outbound_buffer:
            jobs.append(self.outbound_buffer.popleft())
        return [job for job in jobs if self._cache.pop(job._job, None) is job]

    def signal(self, job: Any, number: Signals) -> bool:
        """Send a signal to the process that is at a job, and at no other meanwhile.

        To be called in the event loop, when what no process has begun was taken back. Returns
        False if it is at none, or at one of several that it has.
        """
        process = job._write_to
        if process is None or not process.run_in_hand.is_only_at(job):
            return False
        os.kill(process.pid, number)
        return True

    # Celery looks once when the pipes of a process close, which may be a moment before it has
    # ended: then its jobs wait for the next look, five seconds later.
    def _event_process_exit(self, hub: Any, proc: Any) -> None:
        super()._event_process_exit(hub, proc)
        if proc in self._pool:
            hub.call_later(_LOOK_SECONDS, self.maintain_pool)

    # Both go through the jobs of the pool, of which none may be taken back meanwhile.
    def maintain_pool(self) -> None:
        with self._handing:
            super().maintain_pool()

    def flush(self) -> None:
        with self._handing:
            super().flush()

    # Celery puts back what it has not heard the begin of, also if that was said and not yet read.
    def on_job_process_down(self, job: Any, pid_gone: int) -> None:
        if job._write_to is not None:
            self._result_handler.finish(job._write_to)
        if not job._worker_pid:  # it was kept at a flush, and never begun
            job._accepted = False
        super().on_job_process_down(job, pid_gone)

    # Billiard takes a process for idle that has not yet said that it began its next job.
    def _worker_active(self, worker: Any) -> bool:
        return bool(worker.run_in_hand)

    # Billiard gives the pipes of a process to its successor, which would work on what was taken
    # back from the one before.
    def _process_cleanup_queues(self, proc: Any) -> None:
        if not proc.dead and proc.run_in_hand.has_unread():
            proc.dead = True
            if self.destroy_queues(self._find_worker_queues(proc), proc):
                self._queues[self.create_process_queues()] = None
        super()._process_cleanup_queues(proc)

    # Celery empties the pipes before it ends the processes that read them, and waits for ever for
    # the rest of a message that a process has read too.
    @classmethod
    def _help_stuff_finish(cls, pool: Any) -> None:
        pass

    # Celery reads message after message from the pipe; ours has read further already.
    def process_flush_queues(self, proc: Any) -> None:
        self._result_handler.finish(proc)


class TaskPool(CeleryTaskPool):  # type: ignore[misc]
    """What `-P prefork` is in this project's workers."""

    Pool = JobPool
    longest_run = LONGEST_RUN

    def has_waiting(self) -> bool:
        """See JobPool; not when the pool has ended."""
        return self._pool is not None and self._pool.has_waiting()

    def take_back(self, held_seconds: float | None = None) -> list[str]:
        """See JobPool; nothing when the pool has ended."""
        return [] if self._pool is None else self._pool.take_back(held_seconds)

    def signal(self, job: Any, number: Signals) -> bool:
        """See JobPool."""
        return self._pool is not None and self._pool.signal(job, number)


def _divide(jobs: int, processes: int) -> int:
    """How many jobs one of them has, rounded up."""
    return -(-jobs // processes)


def _join(payloads: list[tuple[memoryview, memoryview, int]]) -> tuple[memoryview, memoryview, int]:
    """What is written for all of them, in Celery's form: the first four bytes, and the rest."""
    content = b"".join(part for header, body, _ in payloads for part in (header, body))
    return memoryview(content)[:4], memoryview(content)[4:], len(content) - 4

"""The pool of processes, with kombu's own loop and processes of its own."""

from __future__ import annotations

import os
import signal
import struct
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from weakref import ref

import billiard
import pytest
from celery.concurrency.asynpool import AsynPool

from tests.fakes.process_pool import note, read_notes, wait_until
from worker.leaving import Leaver
from worker.prefork import JobPool
from worker.request import JobRequest


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


def test_jobs_that_wait_are_written_to_a_process_together(make_pool: Any) -> None:
    pool = make_pool()
    assert sorted(pool.run(["x" * n for n in range(16)])) == list(range(16))
    assert pool.pool.write_stats.total() == 2
    assert sorted(pool.run(["x" * n for n in range(3)])) == [0, 1, 2]
    assert pool.pool.write_stats.total() == 4


def test_process_that_is_free_alone_is_given_no_more_than_its_part_of_all(
    make_pool: Any, tmp_path: Path
) -> None:
    pool = make_pool()
    pool.give(note, str(tmp_path), "long", 2)
    pool.give(note, str(tmp_path), "short")
    pool.turn_until(lambda: pool.found == ["short"])
    for name in "abcdef":
        pool.give(note, str(tmp_path), name, 0.3)
    pool.turn_until(lambda: "a" in read_notes(tmp_path))
    assert sorted(len(process.run_in_hand) for process in pool.pool._pool) == [1, 4]
    pool.turn_until(lambda: len(pool.found) == 8)


def test_run_is_no_longer_than_a_pipe(make_pool: Any) -> None:
    pool = make_pool()
    assert pool.run(["x" * 10_000] * 16) == [10_000] * 16
    assert 4 <= pool.pool.write_stats.total() <= 8


@pytest.mark.parametrize("most", [1, 3])
def test_process_that_ends_after_so_many_jobs_is_given_no_more(
    make_pool: Any, tmp_path: Path, most: int
) -> None:
    pool = make_pool(maxtasksperchild=most)
    for number in range(8):
        pool.give(note, str(tmp_path), str(number))
    pool.turn_until(lambda: len(pool.found) == 8)
    notes = read_notes(tmp_path)
    assert [len(notes[str(number)]) for number in range(8)] == [1] * 8
    runs = [pids[0] for pids in notes.values()]
    assert max(runs.count(pid) for pid in runs) <= most


def test_process_that_is_not_up_yet_keeps_its_share(make_pool: Any, tmp_path: Path) -> None:
    pool = make_pool()
    process = pool.pool._pool[0]
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: process.exitcode is not None)
    pool.pool.maintain_pool()
    assert len(pool.pool._all_inqueues) == 1
    for name in "ab":
        pool.give(note, str(tmp_path), name, 0.5)
    pool.turn_until(lambda: len(pool.found) == 2)
    assert len({pid for pids in read_notes(tmp_path).values() for pid in pids}) == 2


def test_job_with_a_time_limit_is_alone(make_pool: Any, tmp_path: Path) -> None:
    pool = make_pool()
    for number in range(6):
        pool.give(note, str(tmp_path), str(number), soft_timeout=60 if number % 2 else None)
    pool.turn_until(lambda: len(pool.found) == 6)
    assert pool.pool.write_stats.total() == 6


def test_results_that_a_pipe_cannot_hold_are_read_to_their_end(make_pool: Any) -> None:
    pool = make_pool()
    for number in range(6):
        pool.give(str.ljust, "", 1_000_000 * (number % 3))
    pool.turn_until(lambda: len(pool.found) == 6)
    assert sorted(len(one) for one in pool.found) == [0, 0, 1_000_000, 1_000_000, 2e6, 2e6]


def test_shutdown_hears_the_results_of_what_was_begun(make_pool: Any, tmp_path: Path) -> None:
    pool = make_pool()
    for name in "abcdef":
        pool.give(note, str(tmp_path), name, 0.2)
    pool.turn_until(lambda: len(read_notes(tmp_path)) == 2)
    pool.pool.close()
    pool.pool.join()
    assert sorted(pool.found) == list("abcdef")


def test_pool_is_ended_while_a_process_reads_its_pipe(make_pool: Any, tmp_path: Path) -> None:
    pool = make_pool()
    for name in "ab":
        pool.give(note, str(tmp_path), name, 60)
    pool.turn_until(lambda: len(read_notes(tmp_path)) == 2)
    processes = list(pool.pool._pool)
    for process in processes:
        os.write(process.inqW_fd, struct.pack(">i", 100))  # the process has read the rest
    ending = threading.Thread(target=pool.pool.terminate, daemon=True)
    ending.start()
    ending.join(10)
    has_ended = not ending.is_alive()
    for process in processes:
        process.terminate()
    assert has_ended
    assert [process.exitcode for process in processes] == [-signal.SIGTERM] * 2


def test_pool_that_is_killed_by_who_leaves_gets_no_new_processes(
    make_pool: Any, tmp_path: Path
) -> None:
    pool = make_pool()
    processes = list(pool.pool._pool)
    for process in processes:
        os.kill(process.pid, signal.SIGSTOP)
    pool.give(note, str(tmp_path), "a")
    pool.pool.on_poll_start()
    Leaver(SimpleNamespace(pool=SimpleNamespace(_pool=pool.pool)), 1.0)._kill_pool()
    for process in processes:
        wait_until(lambda one=process: one.exitcode is not None)
    pool.pool.maintain_pool()
    assert [process for process in pool.pool._pool if process not in processes] == []
    assert read_notes(tmp_path) == {}


def test_job_that_was_kept_at_a_flush_is_run_elsewhere_if_its_process_never_began_it(
    make_pool: Any, tmp_path: Path
) -> None:
    pool = make_pool()
    for process in pool.pool._pool:
        os.kill(process.pid, signal.SIGSTOP)
    long = "x" * 200_000  # more than a pipe holds: it cannot be taken back
    job = pool.give(len, long)
    pool.pool.on_poll_start()
    assert pool.pool.take_back() == []
    request = JobRequest.__new__(JobRequest)
    request._apply_result = ref(job)
    assert request.stays_in_pool()
    for process in list(pool.pool._pool):
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda one=process: one.exitcode is not None)
    pool.pool.maintain_pool()
    pool.turn_until(lambda: pool.found == [len(long)])


def test_pool_of_processes_that_are_not_forked(make_pool: Any, tmp_path: Path) -> None:
    # Billiard's usual way on macOS.
    pool = make_pool(context=billiard.get_context("spawn"))
    for name in "abcdef":
        pool.give(note, str(tmp_path), name, 0.5)
    pool.turn_until(lambda: len(read_notes(tmp_path)) == 2)
    back = pool.pool.take_back()
    assert len(back) == 4
    pool.turn_until(lambda: len(pool.found) == 2)
    assert len(read_notes(tmp_path)) == 2
    assert sorted(pool.run(["x", "xy", "xyz"])) == [1, 2, 3]

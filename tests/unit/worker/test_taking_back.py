"""What a process has not begun is run by another, once, whatever becomes of the first."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.process_pool import leave, note, note_and_exit, read_notes, wait_until


def test_what_waits_behind_a_long_job_is_taken_back_and_run_elsewhere_once(
    make_pool: Any, tmp_path: Path
) -> None:
    pool = make_pool()
    pool.give(note, str(tmp_path), "long", 1.0)
    for name in "abc":
        pool.give(note, str(tmp_path), name)
    pool.turn_until(lambda: len(pool.found) == 2)  # the second process has run its two
    assert pool.pool.take_back(30.0) == []
    time.sleep(0.06)
    assert [name.partition(",")[2] for name in pool.pool.take_back(0.05)] == ["a"]
    pool.give(note, str(tmp_path), "a")
    pool.turn_until(lambda: len(pool.found) == 3)
    assert "long" not in pool.found
    pool.turn_until(lambda: len(pool.found) == 4)
    pool.run([""])
    notes = read_notes(tmp_path)
    assert {name: len(pids) for name, pids in notes.items()} == dict.fromkeys(
        ("long", "a", "b", "c"), 1
    )
    assert notes["a"] != notes["long"]
    assert not pool.pool._busy_workers


def test_all_that_did_not_begin_is_taken_back(make_pool: Any, tmp_path: Path) -> None:
    pool = make_pool()
    for name in "abcdef":
        pool.give(note, str(tmp_path), name, 0.5)
    pool.turn_until(lambda: len(read_notes(tmp_path)) == 2)
    pool.give(note, str(tmp_path), "waits")
    begun = set(read_notes(tmp_path))
    back = {name.split(",")[1] for name in pool.pool.take_back()}
    assert back == set("abcdef") - begun | {"waits"}
    assert pool.pool.take_back() == []
    pool.turn_until(lambda: len(pool.found) == 2)
    assert pool.run(["x"] * 4) == [1] * 4
    assert set(read_notes(tmp_path)) == begun


def test_successor_of_a_process_runs_nothing_that_was_taken_back(
    make_pool: Any, tmp_path: Path
) -> None:
    pool = make_pool()
    for name in "abcdef":
        pool.give(note_and_exit, str(tmp_path), name, 0.3)
    pool.turn_until(lambda: len(read_notes(tmp_path)) == 2)
    assert len(pool.pool.take_back()) == 4
    before = {process.pid for process in pool.pool._pool}
    pool.turn_until(lambda: not before & {process.pid for process in pool.pool._pool})
    pool.wait_until_up()
    pool.run(["x"] * 6)
    assert len(read_notes(tmp_path)) == 2


def test_jobs_behind_one_that_ends_its_process_are_run_by_another(
    make_pool: Any, tmp_path: Path
) -> None:
    pool = make_pool()
    pool.give(leave, 3)
    for name in "abcdef":
        pool.give(note, str(tmp_path), name)
    pool.turn_until(lambda: len(pool.found) == 6 and len(pool.failed) == 1)
    assert {name: len(pids) for name, pids in read_notes(tmp_path).items()} == dict.fromkeys(
        "abcdef", 1
    )


def test_what_a_process_said_before_it_was_killed_is_heard(
    make_pool: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of one that is killed while the pool is at the results of another."""
    pool = make_pool()
    for number in range(16):
        pool.give(note, str(tmp_path), str(number))
    pool.pool.on_poll_start()
    wait_until(lambda: len(read_notes(tmp_path)) == 16)
    time.sleep(0.1)
    first, second = pool.pool._pool  # looked at from the end
    finish = pool.pool._result_handler.finish

    def kill_and_finish(process: Any) -> None:
        if process is first and second.exitcode is None:
            os.kill(second.pid, signal.SIGKILL)
            wait_until(lambda: not second._is_alive())
        finish(process)

    monkeypatch.setattr(pool.pool._result_handler, "finish", kill_and_finish)
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: first.exitcode is not None)
    pool.pool.maintain_pool()
    pool.turn_until(lambda: len(pool.found) == 16)
    assert pool.failed == []
    assert {len(pids) for pids in read_notes(tmp_path).values()} == {1}


def test_what_was_taken_back_is_not_run_if_it_is_put_back(make_pool: Any, tmp_path: Path) -> None:
    pool = make_pool()
    for name in "abcd":
        pool.give(note, str(tmp_path), name, 30)
    pool.turn_until(lambda: len(read_notes(tmp_path)) == 2)
    jobs = list(pool.pool._cache.values())
    back = pool.pool.take_back()
    assert len(back) == 2
    for process in pool.pool._pool:
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda process=process: process.exitcode is not None)
    for job in jobs:
        pool.pool.on_job_process_down(job, job._write_to.pid)
    assert pool.pool.take_back() == []
    pool.turn_until(lambda: len(pool.failed) == 2)
    pool.run(["x"] * 4)
    assert len(read_notes(tmp_path)) == 2


def test_pool_does_not_shrink_by_a_process_that_was_given_a_job(make_pool: Any) -> None:
    pool = make_pool()
    pool.give(len, "a")
    pool.pool.on_poll_start()
    [free] = [process for process in pool.pool._pool if not process.run_in_hand]
    assert list(pool.pool._iterinactive()) == [free]


def test_signal_goes_to_a_process_that_is_at_that_job_alone(make_pool: Any, tmp_path: Path) -> None:
    pool = make_pool()
    jobs = {name: pool.give(note, str(tmp_path), name, 30) for name in "abcd"}
    pool.turn_until(lambda: len(read_notes(tmp_path)) == 2)
    begun, waiting = list(read_notes(tmp_path)), set("abcd") - set(read_notes(tmp_path))
    assert not pool.pool.signal(jobs[begun[0]], signal.SIGKILL)  # others are behind it
    pool.pool.take_back()
    assert not any(pool.pool.signal(jobs[name], signal.SIGKILL) for name in waiting)
    assert pool.pool.signal(jobs[begun[0]], signal.SIGKILL)
    pool.turn_until(lambda: len(pool.failed) == 1)
    assert jobs[begun[0]].ready()
    assert not jobs[begun[1]].ready()

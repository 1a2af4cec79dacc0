"""Dispatchers make each run of a schedule into one job, however many of them there are."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.broker import contracts
from chalicelib.db.clock import seconds_from_now
from chalicelib.db.engine import make_engine
from chalicelib.services import jobs as jobs_service
from chalicelib.services import scheduling
from chalicelib.services.dispatcher import dispatch_due
from chalicelib.services.scheduling import make_due, name_run
from tests.factories.jobs import create_job, read_job
from tests.factories.schedules import (
    REPORT,
    create_schedule,
    install_report,
    list_runs,
    read_schedule,
)
from tests.fakes.sqs import FakeSqs


@pytest.fixture(autouse=True)
def _report(monkeypatch: pytest.MonkeyPatch, sqs: FakeSqs) -> None:
    install_report(monkeypatch)


def test_due_run_becomes_a_job_and_the_schedule_moves_on(engine: Engine, sqs: FakeSqs) -> None:
    row = create_schedule(engine, next_run_at=seconds_from_now(-1))
    assert make_due(engine) == 1
    (job,) = list_runs(engine, row.id)
    assert (job.task, job.queue, job.project_id) == (REPORT.name, REPORT.queue, "demo")
    assert (job.parameters, job.state) == ({"day": "monday"}, "PENDING")
    assert job.id == name_run(row.id, row.next_run_at)
    assert sqs.job_ids() == [job.id]
    after = read_schedule(engine, row.id)
    assert (after.next_run_at - row.next_run_at).total_seconds() == 3600
    assert (after.last_run_at, after.last_job_id) == (row.next_run_at, job.id)
    assert make_due(engine) == 0


def test_run_is_handed_to_sqs_for_its_very_second(engine: Engine, sqs: FakeSqs) -> None:
    row = create_schedule(engine, next_run_at=seconds_from_now(9))
    make_due(engine)
    (job,) = list_runs(engine, row.id)
    assert job.run_at == row.next_run_at
    assert 8 <= sqs.sent[0].delay_seconds <= 10


def test_run_that_is_far_is_left(engine: Engine, sqs: FakeSqs) -> None:
    create_schedule(engine)
    create_schedule(engine, next_run_at=None, paused_at=seconds_from_now(-1))
    assert dispatch_due(engine).scheduled == 0


def test_every_second_misses_no_second_between_two_passes(engine: Engine) -> None:
    row = create_schedule(engine, every_seconds=1, next_run_at=seconds_from_now(-5))
    make_due(engine)
    make_due(engine)
    moments = [job.id for job in list_runs(engine, row.id)]
    assert 20 <= len(moments) <= 22
    assert read_schedule(engine, row.id).last_job_id == moments[-1]


@pytest.mark.parametrize(("if_missed", "made"), [("run_once", 1), ("skip", 0)])
def test_runs_that_nobody_was_there_for_are_made_up_once_or_skipped(
    engine: Engine, if_missed: str, made: int
) -> None:
    row = create_schedule(engine, next_run_at=seconds_from_now(-9000), if_missed=if_missed)
    assert make_due(engine) == made
    assert make_due(engine) == 0
    following = read_schedule(engine, row.id).next_run_at
    assert (following - row.next_run_at).total_seconds() == 3 * 3600


def test_made_up_run_runs_at_once(engine: Engine, sqs: FakeSqs) -> None:
    create_schedule(engine, next_run_at=seconds_from_now(-9000))
    make_due(engine)
    assert [message.delay_seconds for message in sqs.sent] == [0]


def test_task_of_another_release_is_left_to_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = create_schedule(engine, task="tomorrows.task", next_run_at=seconds_from_now(-1))
    assert make_due(engine) == 0
    assert read_schedule(engine, row.id) == row


def test_schedule_that_cannot_be_read_is_paused_and_holds_no_other_up(engine: Engine) -> None:
    broken = create_schedule(
        engine, cron="@daily", time_zone="Gone/Zone", next_run_at=seconds_from_now(-2)
    )
    create_schedule(engine, next_run_at=seconds_from_now(-1))
    assert make_due(engine) == 1
    assert read_schedule(engine, broken.id).paused_at is not None


def test_run_that_has_its_job_already_gets_no_second_one(engine: Engine, sqs: FakeSqs) -> None:
    row = create_schedule(engine, next_run_at=seconds_from_now(-1))
    there = create_job(engine, id=name_run(row.id, row.next_run_at), state="REVOKED")
    assert make_due(engine) == 0
    assert read_job(engine, there.id) == there
    assert sqs.sent == []
    assert read_schedule(engine, row.id).next_run_at > row.next_run_at


def test_bell_that_could_not_be_rung_is_rung_by_the_next_pass(engine: Engine, sqs: FakeSqs) -> None:
    create_schedule(engine, next_run_at=seconds_from_now(-1))
    sqs.go_away()
    dispatch_due(engine)
    sqs.come_back()
    assert dispatch_due(engine).rung == 1


def test_failure_in_between_makes_neither_the_job_nor_the_step(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = create_schedule(engine, next_run_at=seconds_from_now(-1))

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(scheduling, "insert_job", fail)
        with pytest.raises(RuntimeError):
            make_due(engine)
    assert read_schedule(engine, row.id) == row
    assert make_due(engine) == 1


def test_five_dispatchers_in_threads_make_each_run_once(engine: Engine, sqs: FakeSqs) -> None:
    rows = [create_schedule(engine, next_run_at=seconds_from_now(-1)) for _ in range(40)]
    together = threading.Barrier(5, timeout=60)

    def dispatch() -> int:
        together.wait()
        return make_due(engine)

    with ThreadPoolExecutor(5) as pool:
        made = sum(future.result() for future in [pool.submit(dispatch) for _ in range(5)])
    made += make_due(engine)  # what each passed over because another held it
    assert made == 40
    assert [len(list_runs(engine, row.id)) for row in rows] == [1] * 40
    assert len(sqs.job_ids()) == len(set(sqs.job_ids())) == 40


def _dispatch(url: str) -> None:
    """A dispatcher's process: many passes, one after the other."""
    known = {**contracts.all_contracts(), REPORT.name: REPORT}
    contracts.all_contracts = lambda: known  # type: ignore[assignment]
    jobs_service.ring = lambda bells: []  # type: ignore[assignment]
    engine = make_engine(url)
    for _ in range(60):
        make_due(engine)
        time.sleep(0.02)
    engine.dispose()


def test_five_dispatchers_in_processes_keep_the_rhythm_of_every_second(engine: Engine) -> None:
    row = create_schedule(engine, every_seconds=1, next_run_at=seconds_from_now(-100))
    busy = [create_schedule(engine, next_run_at=seconds_from_now(-1)) for _ in range(10)]
    url = engine.url.render_as_string(hide_password=False)
    spawn = multiprocessing.get_context("spawn")
    dispatchers = [spawn.Process(target=_dispatch, args=(url,)) for _ in range(5)]
    for dispatcher in dispatchers:
        dispatcher.start()
    for dispatcher in dispatchers:
        dispatcher.join(60)
    assert [dispatcher.exitcode for dispatcher in dispatchers] == [0] * 5
    make_due(engine)
    moments = [job.id.rpartition(".")[0][-2:] for job in list_runs(engine, row.id)]
    seconds = [int(second) for second in moments]
    assert len(seconds) > 100
    assert all((after - before) % 60 == 1 for before, after in pairwise(seconds))
    assert [len(list_runs(engine, each.id)) for each in busy] == [1] * 10

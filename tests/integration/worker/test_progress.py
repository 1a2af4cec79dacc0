"""What a task tells of its progress is kept at most once a second, and never by a stranger."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.errors import DatabaseUnavailable
from tests.factories.jobs import create_claimed_job, read_job
from worker import progress as module
from worker.progress import Reporter


class Clock:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    made: list[Any] = []
    write = module.write_progress

    def note(*arguments: Any) -> None:
        made.append(arguments)
        write(*arguments)

    monkeypatch.setattr(module, "write_progress", note)
    return made


def begin(engine: Engine) -> tuple[str, Reporter]:
    held = create_claimed_job(engine)
    return held.job_id, Reporter(held.job_id, held.claim_id, held.attempt)


def read(engine: Engine, job_id: str) -> Any:
    found = dict(read_job(engine, job_id).progress)
    found.pop("at")
    return found


def test_progress_is_in_the_row(engine: Engine, clock: Clock) -> None:
    job_id, progress = begin(engine)
    progress(12.34, "reading")
    assert read(engine, job_id) == {"percent": 12.3, "message": "reading", "attempt": 1}


def test_a_thousand_calls_in_a_second_are_one_write_and_the_last_is_not_lost(
    engine: Engine, clock: Clock, writes: list[Any]
) -> None:
    job_id, progress = begin(engine)
    for number in range(1000):
        progress(number / 10)
        clock.seconds += 0.0009
    assert len(writes) == 1
    progress.flush()
    assert read(engine, job_id)["percent"] == 99.9
    progress.flush()
    assert len(writes) == 2


def test_after_a_second_it_is_written_again(
    engine: Engine, clock: Clock, writes: list[Any]
) -> None:
    _, progress = begin(engine)
    for _ in range(5):
        progress(1)
        clock.seconds += 1.0
    assert len(writes) == 5


@pytest.mark.parametrize(("told", "kept"), [(-5, 0.0), (1e9, 100.0), (100, 100.0)])
def test_percentage_lies_between_0_and_100(
    engine: Engine, clock: Clock, told: float, kept: float
) -> None:
    job_id, progress = begin(engine)
    progress(told)
    assert read(engine, job_id)["percent"] == kept


def test_percentage_that_is_no_number_is_unknown(engine: Engine, clock: Clock) -> None:
    job_id, progress = begin(engine)
    progress(float("nan"), "counting")
    assert read(engine, job_id) == {"message": "counting", "attempt": 1}


def test_long_or_broken_message_is_kept_as_far_as_it_goes(engine: Engine, clock: Clock) -> None:
    job_id, progress = begin(engine)
    progress(1, "\ud800" + "x" * 10_000)
    assert read(engine, job_id)["message"] == "\\ud800" + "x" * 499


def test_steps_show_where_the_job_is(engine: Engine, clock: Clock) -> None:
    job_id, progress = begin(engine)
    progress.begin(["read", "write"])
    clock.seconds += 1
    with progress.step("read"):
        found = read(engine, job_id)
        assert found["steps"] == [
            {"name": "read", "state": "running"},
            {"name": "write", "state": "waiting"},
        ]
        assert found["message"] == "read"
        clock.seconds += 1
    assert read(engine, job_id)["percent"] == 50.0
    with pytest.raises(RuntimeError), progress.step("check"):
        raise RuntimeError("no")
    progress.flush()
    assert [step["state"] for step in read(engine, job_id)["steps"]] == [
        "done",
        "waiting",
        "running",
    ]


def test_claim_that_was_lost_changes_nothing(engine: Engine, clock: Clock) -> None:
    held = create_claimed_job(engine)
    Reporter(held.job_id, "another-claim", 1)(50)
    assert read_job(engine, held.job_id).progress is None


def test_database_that_is_away_does_not_fail_the_task(
    engine: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job_id, progress = begin(engine)

    def fail(*_: Any) -> None:
        raise DatabaseUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_progress", fail)
        progress(10)
    assert "progress not kept" in caplog.text
    clock.seconds += 1
    progress(20)
    assert read(engine, job_id)["percent"] == 20.0

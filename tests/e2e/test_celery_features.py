"""What Celery's documentation promises of retries, rejections and limits, through our path."""

from __future__ import annotations

import base64
import math
from typing import Any

import pytest

from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import CLEAN_UP, HARD, SLEEP, SOFT, SOFT_CAUGHT, Sleep
from tests.e2e.fleet import Fleet
from tests.e2e.worker_process import wait_until


def _send(fleet: Fleet, name: str, *args: object, **kwargs: object) -> str:
    return str(fleet.foreign_app().send_task(name, args=args, kwargs=kwargs).id)


def test_retry_runs_again_after_its_countdown(fleet: Fleet) -> None:
    job_id = _send(fleet, "plain.retry", countdown=2)
    row = fleet.wait_for_state(job_id, "SUCCESS")
    assert row.result == 1
    first, second = fleet.ledger(job_id)
    assert 1.9 < second.at - first.at < 4
    assert fleet.outcomes(job_id) == ["failed"]
    fleet.wait_until_queues_empty()


def test_waiting_retry_is_read_as_retry_with_its_error(fleet: Fleet) -> None:
    job_id = _send(fleet, "plain.retry", countdown=2)
    row = fleet.wait_for_state(job_id, "RETRY")
    assert row.error["type"] == "ValueError"
    result = fleet.read_result(job_id)
    assert result.state == "RETRY"
    assert isinstance(result.result, ValueError)
    fleet.wait_for_state(job_id, "SUCCESS")


def test_retry_beyond_max_retries_ends_with_its_own_error(fleet: Fleet) -> None:
    job_id = _send(fleet, "plain.retry", countdown=0.1, times=99)
    row = fleet.wait_for_state(job_id, "FAILURE")
    assert row.error["type"] == "ValueError"
    assert row.error["message"] == "not yet"
    assert fleet.notes(job_id) == ["retries 0", "retries 1", "retries 2"]


def test_retry_with_other_arguments_runs_with_those(fleet: Fleet) -> None:
    job_id = _send(fleet, "plain.retry_changed", 0)
    assert fleet.wait_for_state(job_id, "SUCCESS", "FAILURE").result == 3


def test_autoretry_retries_and_gives_up_as_documented(fleet: Fleet) -> None:
    passes, fails = _send(fleet, "plain.autoretry", 2), _send(fleet, "plain.autoretry", 99)
    assert fleet.wait_for_state(passes, "SUCCESS").result == 2
    assert fleet.wait_for_state(fails, "FAILURE").error["message"] == "not yet"
    assert len(fleet.notes(fails)) == 4


def test_ignored_job_ends_and_its_message_is_deleted(fleet: Fleet) -> None:
    job_id = _send(fleet, "plain.ignore")
    assert fleet.wait_for_state(job_id, "REVOKED").attempts == 1
    fleet.wait_until_queues_empty()


def test_rejected_message_that_is_requeued_runs_again(fleet: Fleet) -> None:
    job_id = _send(fleet, "plain.reject", True)
    assert fleet.wait_for_state(job_id, "SUCCESS").result == "taken after all"
    assert fleet.notes(job_id) == ["seen 0", "seen 1"]
    fleet.wait_until_queues_empty()


def test_rejected_message_that_is_not_requeued_ends_as_dead_letter_and_failure(
    fleet: Fleet,
) -> None:
    job_id = _send(fleet, "plain.reject", False)
    assert fleet.wait_for_state(job_id, "FAILURE").error["type"] == "Reject"
    [(body, reason)] = fleet.take_dead_letters(1)
    assert job_id in base64.b64decode(body).decode()  # a stock client writes base64
    assert "rejected" in reason


def test_soft_limit_that_is_caught_is_a_success(fleet: Fleet) -> None:
    job_id = fleet.submit(SOFT_CAUGHT, Sleep(seconds=20))
    assert fleet.wait_for_state(job_id, "SUCCESS").result == "in time"


def test_soft_limit_that_is_not_caught_fails_the_attempt(fleet: Fleet) -> None:
    job_id = fleet.submit(SOFT, Sleep(seconds=20))
    row = fleet.wait_for_state(job_id, "FAILURE", seconds=30)
    assert row.error["code"] == "time-limit"
    assert row.error["type"] == "SoftTimeLimitExceeded"
    assert len(fleet.notes(job_id)) == row.max_attempts


def test_hard_limit_kills_the_process_and_ends_the_job(fleet: Fleet) -> None:
    job_id = fleet.submit(HARD, Sleep(seconds=20))
    row = fleet.wait_for_state(job_id, "FAILURE")
    assert row.error["code"] == "time-limit"
    assert row.error["type"] == "TimeLimitExceeded"
    assert row.attempts == 1
    assert fleet.notes(job_id) == ["began"]
    fleet.wait_until_queues_empty()


@pytest.mark.parametrize("what", ["set", "object", "deep"])
def test_result_that_is_no_json_fails_the_job_clearly(fleet: Fleet, what: str) -> None:
    job_id = _send(fleet, "plain.give", what)
    row = fleet.wait_for_state(job_id, "FAILURE")
    assert row.error["code"] == "result-unusable"


@pytest.mark.parametrize("what", ["nan", "surrogate"])
def test_result_that_python_writes_as_json_is_kept(fleet: Fleet, what: str) -> None:
    job_id = _send(fleet, "plain.give", what)
    fleet.wait_for_state(job_id, "SUCCESS")
    got = fleet.read_result(job_id).get(timeout=5)
    assert math.isnan(got) if what == "nan" else got == "\ud800"


@pytest.mark.parametrize("what", ["unpicklable", "memory", "long", "surrogate", "bad"])
def test_awkward_exception_fails_the_job_and_not_the_worker(fleet: Fleet, what: str) -> None:
    job_id = _send(fleet, "plain.raise_", what)
    row = fleet.wait_for_state(job_id, "FAILURE")
    assert row.attempts == 1
    assert row.error["message"]
    assert len(row.error["message"]) <= 4_000
    fleet.wait_until_queues_empty()


def test_task_that_exits_its_process_ends_as_worker_lost(fleet: Fleet) -> None:
    job_id = _send(fleet, "plain.raise_", "exit")
    row = fleet.wait_for_state(job_id, "FAILURE", seconds=40)
    assert row.error["code"] == "worker-lost"
    assert row.attempts == row.max_attempts
    fleet.wait_until_queues_empty()


def test_celerys_own_rate_limit_holds_in_a_worker(fleet: Fleet) -> None:
    ids = [_send(fleet, "plain.slow_rate") for _ in range(6)]
    rows = [fleet.wait_for_state(job_id, "SUCCESS", seconds=30) for job_id in ids]
    moments = sorted(row.started_at for row in rows)
    assert (moments[-1] - moments[0]).total_seconds() > 1.5
    fleet.wait_until_queues_empty()


def test_annotations_change_tasks_with_a_contract_and_without(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    fleet.start_worker(app="tests.e2e.annotated_app", concurrency=4)
    ids = [fleet.submit(SLEEP, Sleep(seconds=0)) for _ in range(6)]
    too_long = fleet.submit(CLEAN_UP, Sleep(seconds=30))
    once = _send(fleet, "plain.retry", countdown=0.1)
    rows = [fleet.wait_for_state(job_id, "SUCCESS", seconds=30) for job_id in ids]
    moments = sorted(row.started_at for row in rows)
    assert (moments[-1] - moments[0]).total_seconds() > 1.5
    assert fleet.wait_for_state(once, "FAILURE").error["message"] == "not yet"
    wait_until(lambda: bool(fleet.attempts(too_long)), 20)
    assert fleet.attempts(too_long)[0].error["code"] == "time-limit"


@pytest.mark.parametrize(
    ("name", "args", "result", "attempts"),
    [("plain.based", ("be it",), "so be it", 1), ("plain.classy", (), 1, 2)],
)
def test_task_of_another_base_class_is_claimed_and_recorded(
    fleet: Fleet, name: str, args: tuple[Any, ...], result: Any, attempts: int
) -> None:
    sent = fleet.foreign_app().send_task(name, args)
    row = fleet.wait_for_state(sent.id, "SUCCESS")
    assert (row.result, row.attempts) == (result, attempts)

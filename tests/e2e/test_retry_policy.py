"""Failures under a contract: which are tried again, when, and how it ends."""

from __future__ import annotations

from tests.e2e.contracts import FAIL, FAIL_STRICT, SLEEP, Fail, Sleep
from tests.e2e.fleet import Fleet


def test_retryable_failure_is_tried_again_and_leaves_an_attempt(fleet: Fleet) -> None:
    job_id = fleet.submit(FAIL, Fail(kind="retryable", times=2))
    row = fleet.wait_for_state(job_id, "SUCCESS")
    assert row.result == 3
    assert row.error is None
    assert fleet.outcomes(job_id) == ["failed", "failed"]
    assert [one.number for one in fleet.attempts(job_id)] == [1, 2]
    assert fleet.attempts(job_id)[0].error["message"] == "the cloud is busy"
    fleet.wait_until_queues_empty()


def test_last_attempt_ends_as_failure(fleet: Fleet) -> None:
    job_id = fleet.submit(FAIL, Fail(kind="retryable", times=99))
    row = fleet.wait_for_state(job_id, "FAILURE")
    assert row.attempts == row.max_attempts == len(fleet.notes(job_id)) == 3
    assert row.error["code"] == "retryable"
    fleet.wait_until_queues_empty()


def test_upstream_that_says_when_is_not_asked_before(fleet: Fleet) -> None:
    job_id = fleet.submit(FAIL, Fail(kind="retryable", times=1, retry_after_seconds=2.5))
    fleet.wait_for_state(job_id, "SUCCESS")
    first, second = fleet.ledger(job_id)
    assert second.at - first.at >= 2.5


def test_permanent_failure_is_not_tried_again(fleet: Fleet) -> None:
    job_id = fleet.submit(FAIL, Fail(kind="permanent"))
    row = fleet.wait_for_state(job_id, "FAILURE")
    assert row.attempts == 1
    assert row.error["message"] == "the cloud will never do this"


def test_unexpected_failure_is_tried_again_unless_the_contract_says_no(fleet: Fleet) -> None:
    lenient = fleet.submit(FAIL, Fail(kind="unexpected"))
    strict = fleet.submit(FAIL_STRICT, Fail(kind="unexpected"))
    assert fleet.wait_for_state(lenient, "SUCCESS").result == 2
    row = fleet.wait_for_state(strict, "FAILURE")
    assert row.attempts == 1
    assert row.error["type"] == "ZeroDivisionError"
    assert "tasks_app.py" in row.error["traceback"]


def test_parameters_that_do_not_fit_the_contract_fail_at_once(fleet: Fleet) -> None:
    sent = fleet.foreign_app().send_task("e2e.sleep", kwargs={"seconds": "long"})
    row = fleet.wait_for_state(sent.id, "FAILURE")
    assert "do not fit" in row.error["message"]
    assert row.attempts == 1


def test_parameters_beyond_48_kb_are_read_from_the_row(fleet: Fleet) -> None:
    job_id = fleet.submit(SLEEP, Sleep(seconds=0, text="ä" * 100_000))
    assert fleet.wait_for_state(job_id, "SUCCESS").result["length"] == 100_000
    fleet.wait_until_queues_empty()

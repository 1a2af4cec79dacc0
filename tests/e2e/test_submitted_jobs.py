"""Jobs that clients submit, run by a real worker: the built-in task, its limits, a retry."""

from __future__ import annotations

from chalicelib.broker.contracts.diagnostics import ECHO, Echo
from chalicelib.services import job_orders
from chalicelib.services.jobs import NewJob, submit
from tests.e2e.conftest import MakeFleet
from tests.e2e.fleet import PROJECT, Fleet


def send(fleet: Fleet, parameters: Echo, **options: object) -> str:
    new = NewJob(contract=ECHO, parameters=parameters, **options)  # type: ignore[arg-type]
    return str(submit(fleet.engine, PROJECT, new).id)


def test_echo_answers_after_as_many_failures_as_asked(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    fleet.start_worker()
    row = fleet.wait_for_state(send(fleet, Echo(message={"a": [1, "ö"]}, failures=1)), "SUCCESS")
    assert (row.result, row.attempts) == ({"a": [1, "ö"]}, 2)


def test_job_is_interrupted_after_its_own_time_limit_and_can_be_retried(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    fleet.start_worker()
    job_id = send(fleet, Echo(seconds=60), timeout_seconds=1, max_attempts=2)
    row = fleet.wait_for_state(job_id, "FAILURE")
    assert (row.error["type"], row.attempts) == ("SoftTimeLimitExceeded", 2)
    job_orders.retry(fleet.engine, PROJECT, job_id)
    assert fleet.wait_for_state(job_id, "FAILURE").attempts == 2

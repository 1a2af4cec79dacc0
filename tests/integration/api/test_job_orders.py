"""Jobs are retried, and cancelled and retried by the many."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.factories.jobs import create_claimed_job, create_job, read_job
from tests.factories.load_balancers import create_load_balancer
from tests.fakes.sqs import FakeSqs

ECHO = {"task": "diagnostics.echo", "parameters": {"message": "hello"}}


@pytest.mark.parametrize("state", ["FAILURE", "REVOKED"])
def test_retried_job_waits_again_and_is_rung(
    api: Any, engine: Engine, sqs: FakeSqs, state: str
) -> None:
    job = create_job(engine, state=state, attempts=3, tags=["x"])
    answer = api("POST", f"/jobs/{job.id}/retry")
    assert (answer.status, answer.headers["Location"]) == (202, f"/jobs/{job.id}")
    assert (answer.body["state"], answer.body["attempts"]) == ("PENDING", 0)
    assert answer.body["finished_at"] is None
    assert sqs.job_ids() == [job.id]


@pytest.mark.parametrize("state", ["PENDING", "STARTED", "RETRY", "SUCCESS"])
def test_job_that_has_not_failed_is_not_retried(
    api: Any, engine: Engine, sqs: FakeSqs, state: str
) -> None:
    job = create_job(engine, state=state)
    answer = api("POST", f"/jobs/{job.id}/retry")
    assert (answer.status, answer.body["type"]) == (409, "/problems/immutable-object")
    assert sqs.sent == []


def test_job_about_a_record_is_not_retried_without_it(api: Any, engine: Engine) -> None:
    job = create_job(engine, state="FAILURE", task="network.loadbalancers.create")
    answer = api("POST", f"/jobs/{job.id}/retry")
    assert answer.status == 409
    assert "ask for the change again" in answer.body["detail"]


def test_unique_job_is_not_retried_beside_another(api: Any, engine: Engine) -> None:
    first = api("POST", "/jobs", {**ECHO, "unique": True}).body["id"]
    api("POST", f"/jobs/{first}/cancel")
    api("POST", "/jobs", {**ECHO, "unique": True})
    assert api("POST", f"/jobs/{first}/retry").status == 409
    answer = api("POST", "/jobs/retry", {"state": "REVOKED"})
    assert answer.body == {"matched": 0, "has_more": False, "dry_run": False}


def test_dry_run_counts_and_changes_nothing(api: Any, engine: Engine) -> None:
    waiting = [create_job(engine).id for _ in range(3)]
    create_job(engine, state="SUCCESS")
    answer = api("POST", "/jobs/cancel", {"task": "test.echo", "dry_run": True, "limit": 1})
    assert answer.body == {"matched": 3, "has_more": False, "dry_run": True}
    assert {read_job(engine, job_id).state for job_id in waiting} == {"PENDING"}


def test_all_that_match_are_cancelled_and_no_others(api: Any, engine: Engine) -> None:
    waiting, other = create_job(engine), create_job(engine, queue="network")
    held, ended = create_claimed_job(engine), create_job(engine, state="FAILURE")
    foreign = create_job(engine, project_id="other")
    answer = api("POST", "/jobs/cancel", {"queue": "default"})
    assert answer.body["matched"] == 2
    assert read_job(engine, waiting.id).state == "REVOKED"
    running = read_job(engine, held.job_id)
    assert (running.state, running.cancel_requested_at is None) == ("STARTED", False)
    assert [read_job(engine, job.id).state for job in (other, ended, foreign)] == [
        "PENDING",
        "FAILURE",
        "PENDING",
    ]
    assert api("POST", "/jobs/cancel", {"queue": "default"}).body["matched"] == 0


def test_record_of_a_cancelled_job_is_settled_with_it(api: Any, engine: Engine) -> None:
    record_id = api.create()["id"]
    assert api("POST", "/jobs/cancel", {"state": "PENDING"}).body["matched"] == 1
    record = api("GET", f"/loadbalancers/{record_id}").body
    assert record["provisioning_status"] == "ERROR"


def test_order_is_repeated_while_there_are_more(api: Any, engine: Engine, sqs: FakeSqs) -> None:
    for _ in range(5):
        create_job(engine, state="FAILURE")
    create_job(engine, state="FAILURE", task="network.loadbalancers.create")
    create_load_balancer(engine)
    answers = [api("POST", "/jobs/retry", {"state": "FAILURE", "limit": 2}).body for _ in range(3)]
    assert [answer["matched"] for answer in answers] == [2, 2, 1]
    assert [answer["has_more"] for answer in answers] == [True, True, False]
    assert len(set(sqs.job_ids())) == 5


def test_tagged_jobs_are_cancelled_by_their_tag(api: Any) -> None:
    made = [api("POST", "/jobs", {**ECHO, "tags": [tag]}).body["id"] for tag in ("a", "b")]
    assert api("POST", "/jobs/cancel", {"tag": "a"}).body["matched"] == 1
    assert api("GET", f"/jobs/{made[1]}").body["state"] == "PENDING"


@pytest.mark.parametrize("body", [{}, {"dry_run": True}, {"limit": 5}, {"state": None}])
def test_order_without_a_criterion_is_refused(api: Any, body: Any) -> None:
    for path in ("/jobs/cancel", "/jobs/retry"):
        assert api("POST", path, body).status == 422

"""Jobs over HTTP: looked at, cancelled, their traces shown to admins alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.factories.attempts import create_attempt
from tests.factories.jobs import create_job

FAULT = {"type": "Boom", "message": "It broke.", "retryable": True, "traceback": "File secret.py"}


@pytest.fixture
def failed_job_id(engine: Engine) -> str:
    job = create_job(engine, state="FAILURE", error=FAULT)
    create_attempt(engine, job.id, error=FAULT)
    return str(job.id)


def test_trace_of_an_error_is_shown_to_admins_alone(
    api: Any, failed_job_id: str, mint_token: Callable[..., str]
) -> None:
    for path in (f"/jobs/{failed_job_id}", f"/jobs/{failed_job_id}/attempts"):
        for scope in ("read", "write", "admin"):
            answer = api("GET", path, headers={"X-Auth-Token": mint_token(scope)})
            assert answer.status == 200
            assert "It broke." in str(answer.body)
            assert ("secret.py" in str(answer.body)) == (scope == "admin")


def test_attempts_tell_when_and_how_they_ended(api: Any, failed_job_id: str) -> None:
    [attempt] = api("GET", f"/jobs/{failed_job_id}/attempts").body["attempts"]
    assert (attempt["number"], attempt["outcome"], attempt["worker_id"]) == (
        1,
        "failed",
        "worker-1",
    )
    assert attempt["ended_at"].endswith("Z")


def test_waiting_job_is_cancelled_at_once_and_again_without_harm(api: Any) -> None:
    job_id = api.create()["job_id"]
    for body in (None, b"", b"not json"):
        answer = api("POST", f"/jobs/{job_id}/cancel", body)
        assert (answer.status, answer.headers["Location"]) == (202, f"/jobs/{job_id}")
        assert answer.body["state"] == "REVOKED"


def test_job_that_has_ended_cannot_be_cancelled(api: Any, failed_job_id: str) -> None:
    assert api("POST", f"/jobs/{failed_job_id}/cancel").status == 409


def test_job_of_another_celery_client_is_found_by_its_odd_id(api: Any, engine: Engine) -> None:
    create_job(engine, id="batch/7%x")
    assert api("GET", "/jobs/batch%2F7%25x").body["id"] == "batch/7%x"
    answer = api("POST", "/jobs/batch%2F7%25x/cancel")
    assert (answer.status, answer.headers["Location"]) == (202, "/jobs/batch%2F7%25x")


@pytest.mark.parametrize(
    "job_id", ["x", "%00", "%ff", "%ED%A0%80", "%", "x" * 156, "%C3%B6", "a'%20OR%20''='", "%0A"]
)
def test_id_that_cannot_be_is_not_found(api: Any, job_id: str) -> None:
    for method, path in (
        ("GET", f"/jobs/{job_id}"),
        ("GET", f"/jobs/{job_id}/attempts"),
        ("POST", f"/jobs/{job_id}/cancel"),
        ("GET", f"/loadbalancers/{job_id}"),
        ("DELETE", f"/loadbalancers/{job_id}"),
    ):
        assert api(method, path).status == 404


def test_jobs_are_listed_newest_first_page_by_page(api: Any) -> None:
    made = [api.create()["job_id"] for _ in range(5)]
    first = api("GET", "/jobs?limit=2").body
    second = api("GET", f"/jobs?limit=2&after={first['next']}").body
    last = api("GET", f"/jobs?limit=2&after={second['next']}").body
    listed = [job["id"] for page in (first, second, last) for job in page["jobs"]]
    assert sorted(listed) == sorted(made)
    assert [job["created_at"] for job in first["jobs"]] == sorted(
        (job["created_at"] for job in first["jobs"]), reverse=True
    )
    assert last["next"] is None


def test_jobs_of_another_project_are_not_listed(api: Any, mint_token: Any) -> None:
    api.create()
    other = {"X-Auth-Token": mint_token("read", "other")}
    assert api("GET", "/jobs", headers=other).body == {"jobs": [], "next": None, "total": None}

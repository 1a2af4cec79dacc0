"""Routes of jobs: submitted, listed, looked at."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.job_requests import JobPage, JobWait, SubmittedJob, SubmittedJobs
from chalicelib.schemas.jobs import (
    AttemptsAnswer,
    AttemptView,
    JobsAnswer,
    JobView,
    SubmittedAnswer,
)

blueprint = Blueprint(__name__)

_ONE = "/jobs/{job_id}"
_EXAMPLE = {
    "task": "diagnostics.echo",
    "parameters": {"message": "hello"},
    "delay_seconds": 60,
    "tags": ["nightly"],
}


@route(
    blueprint,
    "POST",
    "/jobs",
    scope=Scope.WRITE,
    body=SubmittedJob,
    answers={202: JobView, 200: JobView},
    is_repeatable=True,
    example=_EXAMPLE,
)
def submit_job(call: Call, body: SubmittedJob) -> Response:
    """Submit a job; 200 answers with a unique one that is there already."""
    from chalicelib.services import job_requests, jobs

    new = job_requests.read_job(body, call.seen_at, call.caller_id)
    done = jobs.submit_many(
        call.engine, call.project_id, [new], at=call.seen_at, once=call.once(body)
    )
    row = call.first(done.rows)
    view = JobView.from_row(row, is_admin=call.is_admin)
    status = 202 if done.created or call.is_replay else 200
    return json_response(view, status, call.location("/jobs", row.id))


@route(
    blueprint,
    "POST",
    "/jobs/batch",
    scope=Scope.WRITE,
    body=SubmittedJobs,
    answers={202: SubmittedAnswer},
    is_repeatable=True,
    is_large=True,
    example={"jobs": [_EXAMPLE]},
)
def submit_jobs(call: Call, body: SubmittedJobs) -> Response:
    """Submit up to a thousand jobs: all of them, or none if one is not valid."""
    from chalicelib.services import job_requests, jobs

    wanted = job_requests.read_jobs(body.jobs, call.seen_at, call.caller_id)
    done = jobs.submit_many(
        call.engine, call.project_id, wanted, at=call.seen_at, once=call.once(body)
    )
    answer = SubmittedAnswer([row.id for row in done.rows], done.created)
    return json_response(answer, 202)


@route(blueprint, "GET", "/jobs", scope=Scope.READ, query=JobPage, answers={200: JobsAnswer})
def list_jobs(call: Call, query: JobPage) -> Response:
    """List jobs, newest first."""
    from chalicelib.services import job_reading

    wanted = job_reading.JobFilter.from_criteria(query)
    rows = job_reading.list_newest(
        call.engine, call.project_id, limit=query.limit + 1, after=query.after, wanted=wanted
    )
    total = job_reading.count(call.engine, call.project_id, wanted) if query.total else None
    page, following = call.cut(rows, query.limit)
    views = [JobView.from_row(row, is_admin=call.is_admin) for row in page]
    return json_response(JobsAnswer(views, following, total), link=call.next_link(following))


@route(blueprint, "GET", _ONE, scope=Scope.READ, query=JobWait, answers={200: JobView})
def get_job(call: Call, job_id: str, query: JobWait) -> Response:
    """Look at a job; with `wait`, as soon as its state is another."""
    from chalicelib.services import job_reading

    row = job_reading.wait_for_change(call.engine, call.project_id, job_id, query.wait, query.state)
    return json_response(JobView.from_row(row, is_admin=call.is_admin))


@route(blueprint, "GET", f"{_ONE}/attempts", scope=Scope.READ, answers={200: AttemptsAnswer})
def list_attempts(call: Call, job_id: str) -> Response:
    """List the attempts at a job that did not succeed, oldest first."""
    from chalicelib.services import job_reading

    rows = job_reading.list_attempts(call.engine, call.project_id, job_id)
    views = [AttemptView.from_row(row, is_admin=call.is_admin) for row in rows]
    return json_response(AttemptsAnswer(views))

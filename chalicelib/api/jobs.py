"""Routes of jobs."""

from __future__ import annotations

from urllib.parse import quote

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.jobs import AttemptsAnswer, AttemptView, JobPage, JobsAnswer, JobView

blueprint = Blueprint(__name__)

_ONE = "/jobs/{job_id}"


@route(blueprint, "GET", "/jobs", scope=Scope.READ, query=JobPage)
def list_jobs(call: Call, query: JobPage) -> Response:
    """List jobs, newest first."""
    from chalicelib.services import jobs

    rows = jobs.list_newest(call.engine, call.project_id, limit=query.limit + 1, after=query.after)
    views = [JobView.from_row(row, is_admin=call.is_admin) for row in rows[: query.limit]]
    is_last = len(rows) <= query.limit
    return json_response(JobsAnswer(views, None if is_last else views[-1].id))


@route(blueprint, "GET", _ONE, scope=Scope.READ)
def get_job(call: Call, job_id: str) -> Response:
    """Look at a job."""
    from chalicelib.services import jobs

    row = jobs.get_job(call.engine, call.project_id, job_id)
    return json_response(JobView.from_row(row, is_admin=call.is_admin))


@route(blueprint, "GET", f"{_ONE}/attempts", scope=Scope.READ)
def list_attempts(call: Call, job_id: str) -> Response:
    """List the attempts at a job that did not succeed, oldest first."""
    from chalicelib.services import jobs

    rows = jobs.list_attempts(call.engine, call.project_id, job_id)
    views = [AttemptView.from_row(row, is_admin=call.is_admin) for row in rows]
    return json_response(AttemptsAnswer(views))


@route(blueprint, "POST", f"{_ONE}/cancel", scope=Scope.WRITE)
def cancel_job(call: Call, job_id: str) -> Response:
    """Cancel a job: at once if it waits, on its worker's next beat if it runs."""
    from chalicelib.services import jobs

    row = jobs.cancel(call.engine, call.project_id, job_id)
    view = JobView.from_row(row, is_admin=call.is_admin)
    return json_response(view, 202, call.location(f"/jobs/{quote(row.id, safe='')}"))

"""Routes of jobs."""

from __future__ import annotations

from urllib.parse import quote

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.jobs import AttemptsAnswer, AttemptView, JobAnswer, JobView

blueprint = Blueprint(__name__)

_ONE = "/jobs/{job_id}"


@route(blueprint, "GET", _ONE, scope=Scope.READ)
def get_job(call: Call, job_id: str) -> Response:
    """Look at a job."""
    from chalicelib.services import jobs

    row = jobs.get_job(call.engine, call.project_id, job_id)
    return json_response(JobAnswer(JobView.from_row(row, is_admin=call.is_admin)))


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
    answer = JobAnswer(JobView.from_row(row, is_admin=call.is_admin))
    return json_response(answer, 202, call.location(f"/jobs/{quote(row.id, safe='')}"))

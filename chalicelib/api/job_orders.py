"""Routes of orders to jobs: cancel and retry, one or many."""

from __future__ import annotations

from functools import partial
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.job_requests import OrderedJobs
from chalicelib.schemas.jobs import JobView, OrderedAnswer

blueprint = Blueprint(__name__)


@route(blueprint, "POST", "/jobs/{job_id}/cancel", scope=Scope.WRITE, answers={202: JobView})
def cancel_job(call: Call, job_id: str) -> Response:
    """Cancel a job: at once if it waits, on its worker's next beat if it runs."""
    from chalicelib.services import job_orders

    return _ordered(call, job_orders.cancel(call.engine, call.project_id, job_id))


@route(
    blueprint,
    "POST",
    "/jobs/{job_id}/retry",
    scope=Scope.WRITE,
    answers={202: JobView},
    is_repeatable=True,
)
def retry_job(call: Call, job_id: str) -> Response:
    """Run a job that failed or was cancelled once more, with all its attempts before it."""
    from chalicelib.services import job_orders

    row = job_orders.retry(call.engine, call.project_id, job_id, once=call.once())
    return _ordered(call, row)


@route(
    blueprint,
    "POST",
    "/jobs/cancel",
    scope=Scope.WRITE,
    body=OrderedJobs,
    answers={200: OrderedAnswer},
)
def cancel_jobs(call: Call, body: OrderedJobs) -> Response:
    """Cancel the jobs that fulfil the criteria and have not ended, or count them."""
    from chalicelib.services.job_orders import cancel_many

    return _swept(call, cancel_many, body)


@route(
    blueprint,
    "POST",
    "/jobs/retry",
    scope=Scope.WRITE,
    body=OrderedJobs,
    answers={200: OrderedAnswer},
    is_repeatable=True,
)
def retry_jobs(call: Call, body: OrderedJobs) -> Response:
    """Retry the jobs that fulfil the criteria and failed or were cancelled, or count them."""
    from chalicelib.services.job_orders import retry_many

    return _swept(call, partial(retry_many, once=call.once(body)), body)


def _ordered(call: Call, row: Any) -> Response:
    view = JobView.from_row(row, is_admin=call.is_admin)
    return json_response(view, 202, call.location("/jobs", row.id))


def _swept(call: Call, order: Any, body: OrderedJobs) -> Response:
    from chalicelib.services.job_reading import JobFilter

    wanted = JobFilter.from_criteria(body)
    done = order(call.engine, call.project_id, wanted, limit=body.limit, is_dry_run=body.dry_run)
    return json_response(OrderedAnswer(done.matched, done.has_more, body.dry_run))

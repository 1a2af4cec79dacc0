"""Routes of schedules."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.fields import Page
from chalicelib.schemas.jobs import JobView
from chalicelib.schemas.schedules import (
    ChangedSchedule,
    NewSchedule,
    SchedulesAnswer,
    ScheduleView,
)

blueprint = Blueprint(__name__)

_ALL = "/schedules"
_ONE = "/schedules/{schedule_id}"


@route(
    blueprint,
    "POST",
    _ALL,
    scope=Scope.WRITE,
    body=NewSchedule,
    answers={201: ScheduleView},
    is_repeatable=True,
)
def create_schedule(call: Call, body: NewSchedule) -> Response:
    """Create a schedule."""
    from chalicelib.services import schedules

    view = ScheduleView.from_row(
        schedules.create(call.engine, call.project_id, body, once=call.once(body))
    )
    return json_response(view, 201, call.location(_ALL, view.id))


@route(blueprint, "GET", _ALL, scope=Scope.READ, query=Page, answers={200: SchedulesAnswer})
def list_schedules(call: Call, query: Page) -> Response:
    """List schedules, newest first."""
    from chalicelib.services import schedules

    rows = schedules.list_newest(
        call.engine, call.project_id, limit=query.limit + 1, after=query.after
    )
    page, following = call.cut(rows, query.limit)
    views = [ScheduleView.from_row(row) for row in page]
    return json_response(SchedulesAnswer(views, following), link=call.next_link(following))


@route(blueprint, "GET", _ONE, scope=Scope.READ, answers={200: ScheduleView})
def get_schedule(call: Call, schedule_id: str) -> Response:
    """Look at a schedule and its next five runs."""
    from chalicelib.services import schedules

    row = schedules.get(call.engine, call.project_id, schedule_id)
    return json_response(ScheduleView.from_row(row))


@route(
    blueprint,
    "PUT",
    _ONE,
    scope=Scope.WRITE,
    body=ChangedSchedule,
    answers={200: ScheduleView},
    is_conditional=True,
)
def change_schedule(call: Call, schedule_id: str, body: ChangedSchedule) -> Response:
    """Change a schedule; what the body does not name stays."""
    from chalicelib.services import schedules

    row = schedules.change(
        call.engine,
        call.project_id,
        schedule_id,
        body,
        require=call.unchanged(ScheduleView.from_row),
    )
    return json_response(ScheduleView.from_row(row))


@route(blueprint, "DELETE", _ONE, scope=Scope.WRITE, answers={204: None}, is_conditional=True)
def delete_schedule(call: Call, schedule_id: str) -> Response:
    """Delete a schedule; the jobs that it made stay."""
    from chalicelib.services import schedules

    schedules.delete_schedule(
        call.engine, call.project_id, schedule_id, require=call.unchanged(ScheduleView.from_row)
    )
    return Response("", {}, 204)


@route(blueprint, "POST", f"{_ONE}/pause", scope=Scope.WRITE, answers={200: ScheduleView})
def pause_schedule(call: Call, schedule_id: str) -> Response:
    """Let a schedule make no more jobs until it is resumed."""
    from chalicelib.services import schedules

    row = schedules.pause(call.engine, call.project_id, schedule_id)
    return json_response(ScheduleView.from_row(row))


@route(blueprint, "POST", f"{_ONE}/resume", scope=Scope.WRITE, answers={200: ScheduleView})
def resume_schedule(call: Call, schedule_id: str) -> Response:
    """Let a paused schedule go on from now."""
    from chalicelib.services import schedules

    row = schedules.resume(call.engine, call.project_id, schedule_id)
    return json_response(ScheduleView.from_row(row))


@route(
    blueprint,
    "POST",
    f"{_ONE}/run",
    scope=Scope.WRITE,
    answers={202: JobView},
    is_repeatable=True,
)
def run_schedule(call: Call, schedule_id: str) -> Response:
    """Make a job at once, beside those of the schedule, which may be paused."""
    from chalicelib.services import schedules

    job = schedules.run_now(call.engine, call.project_id, schedule_id, once=call.once())
    view = JobView.from_row(job, is_admin=call.is_admin)
    return json_response(view, 202, call.location("/jobs", job.id))

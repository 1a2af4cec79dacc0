"""Routes of pauses and limits, which hold for the whole fleet and all projects."""

from __future__ import annotations

from typing import Literal

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.controls import ControlsAnswer, ControlView, NewLimit, ResumedAnswer

blueprint = Blueprint(__name__)

_QUEUE = "/queues/{queue}"
_TASK = "/tasks/{task}"
_PAUSED = {200: ControlView}
_RESUMED = {200: ResumedAnswer}


@route(blueprint, "GET", "/limits", scope=Scope.READ, answers={200: ControlsAnswer})
def list_limits(call: Call) -> Response:
    """List the queues, tasks and upstreams that are paused or limited."""
    from chalicelib.services import controls

    rows = controls.list_controls(call.engine)
    return json_response(ControlsAnswer([ControlView.from_row(row) for row in rows]))


@route(blueprint, "POST", f"{_QUEUE}/pause", scope=Scope.ADMIN, answers=_PAUSED)
def pause_queue(call: Call, queue: str) -> Response:
    """Let no job of a queue begin until it is resumed; those that run go on."""
    return _pause(call, "queue", queue)


@route(blueprint, "POST", f"{_TASK}/pause", scope=Scope.ADMIN, answers=_PAUSED)
def pause_task(call: Call, task: str) -> Response:
    """Let no job of a task begin until it is resumed; those that run go on."""
    return _pause(call, "task", task)


@route(blueprint, "POST", f"{_QUEUE}/resume", scope=Scope.ADMIN, answers=_RESUMED)
def resume_queue(call: Call, queue: str) -> Response:
    """Let jobs of a queue begin again."""
    return _resume(call, "queue", queue)


@route(blueprint, "POST", f"{_TASK}/resume", scope=Scope.ADMIN, answers=_RESUMED)
def resume_task(call: Call, task: str) -> Response:
    """Let jobs of a task begin again."""
    return _resume(call, "task", task)


@route(blueprint, "GET", f"{_QUEUE}/limit", scope=Scope.READ, answers=_PAUSED)
def get_queue_limit(call: Call, queue: str) -> Response:
    """Look at the pause and the limit of a queue; null where there is none."""
    return get_limit(call, "queue", queue)


@route(blueprint, "GET", f"{_TASK}/limit", scope=Scope.READ, answers=_PAUSED)
def get_task_limit(call: Call, task: str) -> Response:
    """Look at the pause and the limit of a task; null where there is none."""
    return get_limit(call, "task", task)


@route(
    blueprint,
    "PUT",
    f"{_QUEUE}/limit",
    scope=Scope.ADMIN,
    body=NewLimit,
    answers=_PAUSED,
    is_conditional=True,
)
def limit_queue(call: Call, queue: str, body: NewLimit) -> Response:
    """Limit how many jobs of a queue begin in a time, or run at once."""
    return limit(call, "queue", queue, body)


@route(
    blueprint,
    "PUT",
    f"{_TASK}/limit",
    scope=Scope.ADMIN,
    body=NewLimit,
    answers=_PAUSED,
    is_conditional=True,
)
def limit_task(call: Call, task: str, body: NewLimit) -> Response:
    """Limit how many jobs of a task begin in a time, or run at once."""
    return limit(call, "task", task, body)


@route(
    blueprint,
    "DELETE",
    f"{_QUEUE}/limit",
    answers={204: None},
    scope=Scope.ADMIN,
    is_conditional=True,
)
def unlimit_queue(call: Call, queue: str) -> Response:
    """Take the limit of a queue away."""
    return unlimit(call, "queue", queue)


@route(
    blueprint,
    "DELETE",
    f"{_TASK}/limit",
    answers={204: None},
    scope=Scope.ADMIN,
    is_conditional=True,
)
def unlimit_task(call: Call, task: str) -> Response:
    """Take the limit of a task away."""
    return unlimit(call, "task", task)


Kind = Literal["queue", "task", "upstream"]


def get_limit(call: Call, kind: Kind, name: str) -> Response:
    """Answer a request to look at a limit."""
    from chalicelib.services import controls

    return json_response(ControlView.from_row(controls.get(call.engine, kind, name)))


def _pause(call: Call, kind: Kind, name: str) -> Response:
    from chalicelib.services import controls

    row = controls.pause(call.engine, kind, name, by=call.project_id)
    return json_response(ControlView.from_row(row))


def _resume(call: Call, kind: Kind, name: str) -> Response:
    from chalicelib.services import controls

    return json_response(
        ResumedAnswer(controls.resume(call.engine, kind, name, by=call.project_id))
    )


def limit(call: Call, kind: Kind, name: str, body: NewLimit) -> Response:
    """Answer a request that limits something."""
    from chalicelib.services import controls

    wanted = controls.Limit(
        rate_count=body.rate_count, rate_seconds=body.rate_seconds, at_once=body.at_once
    )
    require = call.unchanged(ControlView.from_row)
    row = controls.set_limit(call.engine, kind, name, wanted, by=call.project_id, require=require)
    return json_response(ControlView.from_row(row))


def unlimit(call: Call, kind: Kind, name: str) -> Response:
    """Answer a request that takes a limit away."""
    from chalicelib.services import controls

    require = call.unchanged(ControlView.from_row)
    controls.remove_limit(call.engine, kind, name, by=call.project_id, require=require)
    return Response("", {}, 204)

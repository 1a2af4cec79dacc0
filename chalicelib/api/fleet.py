"""Routes of tasks, queues and workers."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.fleet import (
    DeadLettersAnswer,
    DeadLetterSearch,
    QueuesAnswer,
    QueueView,
    Redrive,
    RedriveAnswer,
    TasksAnswer,
    TaskView,
    WorkersAnswer,
    WorkerView,
)

blueprint = Blueprint(__name__)

_QUEUE = "/queues/{queue}"


@route(blueprint, "GET", "/tasks", scope=Scope.READ, answers={200: TasksAnswer})
def list_tasks(call: Call) -> Response:
    """List all tasks: what they do, what they take, how they are retried."""
    from chalicelib.services import fleet

    return json_response(TasksAnswer(fleet.list_tasks()))


@route(blueprint, "GET", "/tasks/{task}", scope=Scope.READ, answers={200: TaskView})
def get_task(call: Call, task: str) -> Response:
    """Look at a task."""
    from chalicelib.services import fleet

    return json_response(fleet.get_task(task))


@route(blueprint, "GET", "/queues", scope=Scope.READ, answers={200: QueuesAnswer})
def list_queues(call: Call) -> Response:
    """List all queues and how much is in them."""
    from chalicelib.services import fleet

    return json_response(QueuesAnswer(fleet.list_queues(call.engine)))


@route(blueprint, "GET", _QUEUE, scope=Scope.READ, answers={200: QueueView})
def get_queue(call: Call, queue: str) -> Response:
    """Look at a queue."""
    from chalicelib.services import fleet

    return json_response(fleet.get_queue(call.engine, queue))


@route(
    blueprint,
    "POST",
    f"{_QUEUE}/dead-letters/browse",
    scope=Scope.ADMIN,
    body=DeadLetterSearch,
    answers={200: DeadLettersAnswer},
)
def browse_dead_letters(call: Call, queue: str, body: DeadLetterSearch) -> Response:
    """Look at dead letters. A POST, since SQS shows messages only by receiving them."""
    from chalicelib.services import dead_letters, fleet

    fleet.require_queue(queue)
    return json_response(dead_letters.browse(call.project_id, queue, body.limit))


@route(
    blueprint,
    "POST",
    f"{_QUEUE}/dead-letters/redrive",
    scope=Scope.ADMIN,
    body=Redrive,
    answers={200: RedriveAnswer},
    is_repeatable=True,
)
def redrive_dead_letters(call: Call, queue: str, body: Redrive) -> Response:
    """Move dead letters of the project back to their queue."""
    from chalicelib.services import dead_letters, fleet

    fleet.require_queue(queue)
    moved = dead_letters.redrive(
        call.engine,
        call.project_id,
        queue,
        body.limit,
        body.message_ids,
        once=call.once(body),
    )
    return json_response(RedriveAnswer(moved))


@route(blueprint, "GET", "/workers", scope=Scope.READ, answers={200: WorkersAnswer})
def list_workers(call: Call) -> Response:
    """List all workers, whether they are alive, and which jobs of the project they run."""
    from chalicelib.services import fleet

    found = fleet.list_workers(call.engine, call.project_id)
    views = [
        WorkerView.from_row(row, running=running, job_ids=job_ids)
        for row, running, job_ids in found
    ]
    return json_response(WorkersAnswer(views))

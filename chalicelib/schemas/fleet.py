"""What answers say of tasks, queues and workers, and what requests about them may say."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from chalicelib.schemas.views import View


class RetryView(View, frozen=True, kw_only=True):
    """When a task's job is tried again: exponential backoff with full jitter."""

    max_attempts: int
    #: Longest wait before the second attempt, in seconds; it doubles with each attempt.
    base_seconds: float
    #: Longest wait before any attempt, in seconds.
    cap_seconds: float


class TaskView(Struct, frozen=True, kw_only=True):
    """One task: code that jobs run."""

    name: str
    description: str
    queue: str
    #: Whether POST /jobs takes it; jobs of the others are made by the system itself.
    is_public: bool
    #: JSON Schema (2020-12) of its parameters.
    parameters: dict[str, Any]
    retry: RetryView
    #: "any": each error but permanent ones is tried again; "retryable": those that say so alone.
    retry_on: str
    #: Seconds after which an attempt is interrupted, and after which its process is killed.
    soft_time_limit_seconds: float | None
    time_limit_seconds: float | None


class TasksAnswer(Struct, frozen=True):
    """Answer with all tasks by their names."""

    tasks: list[TaskView]


class QueueView(Struct, frozen=True, kw_only=True):
    """One queue; its numbers are those of the record, over all projects."""

    name: str
    #: Jobs that may run now and have no worker; counted up to 10,000.
    depth: int
    #: Jobs that wait for their time; counted up to 10,000.
    delayed: int
    #: Jobs that wait for something else, as their key, a limit, the end of a pause; up to 10,000.
    held: int
    #: Jobs that run.
    in_flight: int
    #: Seconds that the oldest of `depth` has been allowed to run; null: there is none.
    oldest_seconds: float | None


class QueuesAnswer(Struct, frozen=True):
    """Answer with all queues."""

    queues: list[QueueView]


class DeadLetterSearch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that browses dead letters."""

    limit: Annotated[int, Meta(ge=1, le=100, description="a number from 1 to 100")] = 10


class Redrive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that moves dead letters back to their queue."""

    #: Only these; all of the project if this is left out.
    message_ids: (
        Annotated[
            list[Annotated[str, Meta(max_length=128)]],
            Meta(min_length=1, max_length=1000, description="a list of 1 to 1000 ids of messages"),
        ]
        | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="a number from 1 to 1000")] = 1000


class DeadLetterView(Struct, frozen=True, kw_only=True):
    """One message that was received too often, or that no worker could read."""

    message_id: str
    #: Of the job that it rings; null: the message does not say.
    job_id: str | None
    task: str | None
    sent_at: datetime | None
    receive_count: int
    #: Why a worker put it here; null: SQS did, after too many receives.
    reason: str | None
    #: The first 4,096 characters.
    body: str


class DeadLettersAnswer(Struct, frozen=True):
    """Answer with dead letters of the project, in no order."""

    dead_letters: list[DeadLetterView]
    #: How many messages the dead-letter queue holds, about, of all projects.
    approximate_count: int


class RedriveAnswer(Struct, frozen=True):
    """Answer to an order to move dead letters back."""

    moved: int


class WorkerView(View, frozen=True, kw_only=True):
    """One worker process."""

    id: str
    hostname: str
    pid: int
    concurrency: int
    queues: list[str]
    started_at: datetime
    last_heartbeat_at: datetime
    #: Whether its heartbeat is fresh.
    is_alive: bool
    #: Jobs of all projects that it runs.
    running: int
    #: Those of this project.
    job_ids: list[str]


class WorkersAnswer(Struct, frozen=True):
    """Answer with all workers, the oldest first."""

    workers: list[WorkerView]

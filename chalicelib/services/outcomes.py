"""What the end of a job does to the record that the job is about, in the same transaction.

Whoever wants to hear of it is planned for here too; only of a success `job_lifecycle`
finds out itself whether somebody does.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from chalicelib.domain.jobs import JobState
from chalicelib.services import record_outcomes
from chalicelib.services.delivery_plans import plan_deliveries
from chalicelib.services.kinds import find_order


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why an attempt or a job failed, in JSON."""

    #: Class of the error and the module that it comes from.
    type: str
    module: str = "builtins"
    #: Stable code from the tree of errors; "unexpected" for errors outside of it.
    code: str = "unexpected"
    message: str
    retryable: bool
    #: What the error was made of, where `message` does not say it all: Celery clients make it anew.
    arguments: list[Any] | None = None
    #: For admins only.
    traceback: str | None = None


class JobFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What an outcome needs to know of its job."""

    id: str
    project_id: str
    task: str
    parameters: dict[str, Any]
    #: Attempts that were begun, the present one included.
    attempts: int
    #: Whether an attempt was ever begun; one that was released is not counted, and yet it was.
    has_begun: bool = True
    #: Whether a webhook hears of its end.
    is_watched: bool = False
    #: Where it comes from, as columns of the jobs that tell of it.
    trace: dict[str, Any] = msgspec.field(default_factory=dict)

    @classmethod
    def from_row(cls, row: Row[Any]) -> JobFacts:
        """The facts of a row of `jobs`; of a job that ends, with the column IS_WATCHED."""
        return cls(
            id=row.id,
            project_id=row.project_id,
            task=row.task,
            parameters=row.parameters,
            attempts=row.attempts,
            has_begun=row.started_at is not None,
            is_watched=bool(getattr(row, "is_watched", False)),
            trace={"request_id": row.request_id, "traceparent": row.traceparent},
        )


def concerns_a_record(task: str) -> bool:
    """Whether the outcome of this task changes a record besides its job."""
    return find_order(task) is not None


def settle_success(connection: Connection, job: JobFacts, result: Any) -> None:
    """The job succeeded: make its record match."""
    if found := find_order(job.task):
        record_outcomes.succeeded(connection, job, *found, result)


def settle_failure(connection: Connection, job: JobFacts, fault: Fault) -> None:
    """The job failed for good: mark its record."""
    if found := find_order(job.task):
        record_outcomes.failed(connection, job, *found, fault)
    if job.is_watched:
        plan_deliveries(connection, job, JobState.FAILURE, fault)


def settle_cancelled(connection: Connection, job: JobFacts) -> None:
    """The job was cancelled: mark its record."""
    if found := find_order(job.task):
        record_outcomes.cancelled(connection, job, *found)
    if job.is_watched:
        plan_deliveries(connection, job, JobState.REVOKED)

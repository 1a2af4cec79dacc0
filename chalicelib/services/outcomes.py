"""What the end of a job does to the record that the job is about, in the same transaction.

Whoever wants to hear of it is planned for here too; only of a success `job_lifecycle`
finds out itself whether somebody does.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, Row

from chalicelib.domain.jobs import JobState
from chalicelib.services import load_balancer_outcomes
from chalicelib.services.delivery_plans import plan_deliveries


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why an attempt or a job failed, in JSON."""

    #: Class of the error and the module that it comes from.
    type: str
    module: str = "builtins"
    #: Stable code from the tree of errors; "unexpected" for errors outside of it.
    code: str = "unexpected"
    message: str
    retryable: bool
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
        )


class _Outcomes(Protocol):
    """What a module may say about the outcomes of its tasks; each is one UPDATE by id."""

    def succeeded(self, connection: Connection, job: Any, result: Any) -> None: ...
    def failed(self, connection: Connection, job: Any, fault: Any) -> None: ...
    def cancelled(self, connection: Connection, job: Any) -> None: ...


#: Prefix of a task's name -> whose record the task is about.
_BY_PREFIX: dict[str, _Outcomes] = {"network.loadbalancers": load_balancer_outcomes}


def concerns_a_record(task: str) -> bool:
    """Whether the outcome of this task changes a record besides its job."""
    return task.rpartition(".")[0] in _BY_PREFIX


def settle_success(connection: Connection, job: JobFacts, result: Any) -> None:
    """The job succeeded: make its record match."""
    if outcomes := _BY_PREFIX.get(job.task.rpartition(".")[0]):
        outcomes.succeeded(connection, job, result)


def settle_failure(connection: Connection, job: JobFacts, fault: Fault) -> None:
    """The job failed for good: mark its record."""
    if outcomes := _BY_PREFIX.get(job.task.rpartition(".")[0]):
        outcomes.failed(connection, job, fault)
    if job.is_watched:
        plan_deliveries(connection, job, JobState.FAILURE, fault)


def settle_cancelled(connection: Connection, job: JobFacts) -> None:
    """The job was cancelled: mark its record."""
    if outcomes := _BY_PREFIX.get(job.task.rpartition(".")[0]):
        outcomes.cancelled(connection, job)
    if job.is_watched:
        plan_deliveries(connection, job, JobState.REVOKED)

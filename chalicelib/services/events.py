"""What is told of a job that ended, and of the load balancer that it was about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from chalicelib.broker.contracts.load_balancers import ADD, CREATE, DESTROY, UPDATE
from chalicelib.db.tables import load_balancers
from chalicelib.domain.ids import is_job_id
from chalicelib.domain.jobs import JobState
from chalicelib.domain.load_balancers import ProvisioningStatus
from chalicelib.domain.webhooks import EventType
from chalicelib.schemas.events import Event, EventData, EventFault, EventJob
from chalicelib.schemas.load_balancers import LoadBalancerView

if TYPE_CHECKING:
    from chalicelib.services.outcomes import Fault, JobFacts

_JOB_TYPES = {
    JobState.SUCCESS: EventType.JOB_SUCCEEDED,
    JobState.FAILURE: EventType.JOB_FAILED,
    JobState.REVOKED: EventType.JOB_REVOKED,
}
_SUCCESS_TYPES = {
    CREATE.name: EventType.LOAD_BALANCER_ACTIVE,
    ADD.name: EventType.LOAD_BALANCER_ACTIVE,
    UPDATE.name: EventType.LOAD_BALANCER_UPDATED,
    DESTROY.name: EventType.LOAD_BALANCER_DELETED,
}
_DONE = {
    CREATE.name: "created",
    ADD.name: "added",
    UPDATE.name: "changed",
    DESTROY.name: "destroyed",
}


def describe_end(
    connection: Connection, job: JobFacts, state: JobState, fault: Fault | None, at: datetime
) -> Iterator[Event]:
    """The events of a job that ended: one of its load balancer if it had one, and its own."""
    told = EventJob(id=job.id, task=job.task, state=state.value, attempts=job.attempts)
    if job.task in _DONE and (row := _find_record(connection, job)):
        type_ = _SUCCESS_TYPES[job.task] if state is JobState.SUCCESS else _error_type(row, job)
        if type_ is not None:
            yield Event(type=type_, timestamp=at, data=_describe_record(row, told))
    yield Event(type=_JOB_TYPES[state], timestamp=at, data=_describe_job(job, told, fault))


def _find_record(connection: Connection, job: JobFacts) -> Row[Any] | None:
    """The load balancer that the job was about, unless another job has been given it since."""
    load_balancer_id = job.parameters.get("load_balancer_id")
    if not is_job_id(load_balancer_id):
        return None
    return connection.execute(
        select(load_balancers).where(
            load_balancers.c.id == load_balancer_id, load_balancers.c.job_id == job.id
        )
    ).one_or_none()


def _error_type(row: Row[Any], job: JobFacts) -> EventType | None:
    """None if this job left the record as it was: cancelled before it began."""
    is_error = row.provisioning_status == ProvisioningStatus.ERROR
    is_of_this_job = is_error and row.fault is not None and row.fault.get("job_id") == job.id
    return EventType.LOAD_BALANCER_ERROR if is_of_this_job else None


def _describe_record(row: Row[Any], job: EventJob) -> EventData:
    done, fault = _DONE[job.task], None
    message = f"Load balancer {row.name!r} was {done}."
    if row.fault is not None:
        fault = EventFault(
            code=row.fault["code"], message=row.fault["message"], advice=row.fault["advice"]
        )
        message = (
            f"Load balancer {row.name!r} could not be {done}: "
            f"{_sentence(fault.message)} {fault.advice}"
        )
    return EventData(
        project_id=row.project_id,
        message=message,
        job=job,
        load_balancer=LoadBalancerView.from_row(row),
        sequence=row.sequence,
        fault=fault,
    )


def _describe_job(job: JobFacts, told: EventJob, fault: Fault | None) -> EventData:
    message = f"Job {job.id} ({job.task}) ended as {told.state}."
    told_fault = None
    if fault is not None:
        message = f"{message[:-1]}: {_sentence(fault.message)}"
        told_fault = EventFault(code=fault.code, message=fault.message)
    return EventData(project_id=job.project_id, message=message, job=told, fault=told_fault)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."

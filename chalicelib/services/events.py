"""What is told of a job that ended, and of the record that it was about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from chalicelib.domain.ids import is_job_id
from chalicelib.domain.jobs import JobState
from chalicelib.domain.records import ProvisioningStatus
from chalicelib.domain.webhooks import EventType
from chalicelib.schemas.events import Event, EventData, EventFault, EventJob
from chalicelib.services.kinds import find_order
from chalicelib.services.record_kinds import Order, RecordKind

if TYPE_CHECKING:
    from chalicelib.services.outcomes import Fault, JobFacts

_JOB_TYPES = {
    JobState.SUCCESS: EventType.JOB_SUCCEEDED,
    JobState.FAILURE: EventType.JOB_FAILED,
    JobState.REVOKED: EventType.JOB_REVOKED,
}


def describe_end(
    connection: Connection, job: JobFacts, state: JobState, fault: Fault | None, at: datetime
) -> Iterator[Event]:
    """The events of a job that ended: one of its record if it had one, and its own."""
    told = EventJob(id=job.id, task=job.task, state=state.value, attempts=job.attempts)
    if found := find_order(job.task):
        kind, order = found
        row = _find_record(connection, job, kind)
        if row is not None and (type_ := _type_of(row, job, state, kind, order)) is not None:
            yield Event(type=type_, timestamp=at, data=_describe_record(row, told, kind, order))
    yield Event(type=_JOB_TYPES[state], timestamp=at, data=_describe_job(job, told, fault))


def _find_record(connection: Connection, job: JobFacts, kind: RecordKind) -> Row[Any] | None:
    """The record that the job was about, unless another job has been given it since."""
    record_id, table = job.parameters.get(kind.id_name), kind.table
    if not is_job_id(record_id):
        return None
    return connection.execute(
        select(table).where(table.c.id == record_id, table.c.job_id == job.id)
    ).one_or_none()


def _type_of(
    row: Row[Any], job: JobFacts, state: JobState, kind: RecordKind, order: Order
) -> EventType | None:
    """None if this job left the record as it was: cancelled before it began."""
    if state is JobState.SUCCESS:
        return order.event
    is_error = row.provisioning_status == ProvisioningStatus.ERROR
    is_of_this_job = is_error and row.fault is not None and row.fault.get("job_id") == job.id
    return kind.error_event if is_of_this_job else None


def _describe_record(row: Row[Any], job: EventJob, kind: RecordKind, order: Order) -> EventData:
    named, fault = f"{kind.word.capitalize()} {row.name!r}", None
    message = f"{named} was {order.done}."
    if row.fault is not None:
        fault = EventFault(
            code=row.fault["code"], message=row.fault["message"], advice=row.fault["advice"]
        )
        message = f"{named} could not be {order.done}: {_sentence(fault.message)} {fault.advice}"
    record: dict[str, Any] = {kind.name: kind.view.from_row(row)}
    return EventData(
        project_id=row.project_id,
        message=message,
        job=job,
        sequence=row.sequence,
        fault=fault,
        **record,
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

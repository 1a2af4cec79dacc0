"""What the end of a job does to the record of what the job was to make, change or destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, case, null, update

from chalicelib.db.clock import now
from chalicelib.domain.ids import is_job_id
from chalicelib.domain.records import ProvisioningStatus
from chalicelib.services.record_kinds import Order, RecordKind

if TYPE_CHECKING:
    from chalicelib.services.outcomes import Fault, JobFacts


def succeeded(
    connection: Connection, job: JobFacts, kind: RecordKind, order: Order, result: Any
) -> None:
    """The record matches the upstream: ACTIVE as observed, or DELETED.

    `result`: what the upstream said at last; unused when the job was to destroy.
    """
    if order is kind.destroy:
        gone = {"provisioning_status": ProvisioningStatus.DELETED.value, "upstream_id": null()}
        _write(connection, job, kind, **gone, fault=null())
    elif result is not None:
        seen = {name: getattr(result, name) for name in kind.observed}
        if (name := _new_name(job, kind, order, result)) is not None:
            seen["name"] = name
        status = ProvisioningStatus.ACTIVE.value
        _write(connection, job, kind, **seen, provisioning_status=status, fault=null())


def failed(
    connection: Connection, job: JobFacts, kind: RecordKind, order: Order, fault: Fault
) -> None:
    """The record is in ERROR, with words for its owner and what the owner can do."""
    told = {"code": fault.code, "message": fault.message}
    _write_error(connection, job, kind, order, told)


def cancelled(connection: Connection, job: JobFacts, kind: RecordKind, order: Order) -> None:
    """An order that never began leaves a record that exists as it was; else it is ERROR.

    ERROR, because nobody knows how far the upstream got. What a cancelled create had made
    was destroyed by the task itself; destroying the record looks once more, by the token
    that the thing was made with.
    """
    if not job.has_begun and order not in (kind.create, kind.add):
        before = case(
            (kind.table.c.fault.is_(None), ProvisioningStatus.ACTIVE.value),
            else_=ProvisioningStatus.ERROR.value,
        )
        _write(connection, job, kind, provisioning_status=before)
        return
    told = {"code": "cancelled", "message": "The job was cancelled."}
    _write_error(connection, job, kind, order, told)


def _write_error(
    connection: Connection, job: JobFacts, kind: RecordKind, order: Order, told: dict[str, str]
) -> None:
    fault = {**told, "advice": order.advice, "job_id": job.id}
    values: dict[str, Any] = {"fault": fault}
    if order is kind.add:
        # Never taken over, so destroying the record must not touch it.
        values["upstream_id"] = null()
    _write(connection, job, kind, provisioning_status=ProvisioningStatus.ERROR.value, **values)


def _new_name(job: JobFacts, kind: RecordKind, order: Order, seen: Any) -> str | None:
    """The user's name for the record, if this job changes it."""
    if order is kind.add:
        return str(seen.name)
    change: dict[str, Any] = job.parameters.get("change") or {}
    return change.get("name")


def _write(connection: Connection, job: JobFacts, kind: RecordKind, **values: Any) -> None:
    """Change the record, unless another job has been given it since.

    The job of another Celery client's message may name none: its end is its own alone.
    """
    record_id, table = job.parameters.get(kind.id_name), kind.table
    if not is_job_id(record_id):
        return
    connection.execute(
        update(table)
        .where(table.c.id == record_id, table.c.job_id == job.id)
        .values(updated_at=now(), sequence=table.c.sequence + 1, **values)
    )

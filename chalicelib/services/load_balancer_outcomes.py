"""What the end of a load balancer's job does to the record of the load balancer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, case, null, update

from chalicelib.broker.contracts.load_balancers import ADD, CREATE, DESTROY, UPDATE
from chalicelib.db.clock import now
from chalicelib.db.tables import load_balancers
from chalicelib.domain.ids import is_job_id
from chalicelib.domain.load_balancers import ObservedLoadBalancer, ProvisioningStatus

if TYPE_CHECKING:
    from chalicelib.services.outcomes import Fault, JobFacts


def succeeded(connection: Connection, job: JobFacts, result: ObservedLoadBalancer | None) -> None:
    """The record matches the upstream: ACTIVE as observed, or DELETED.

    `result`: what the upstream said at last; unused when the job was to destroy.
    """
    if job.task == DESTROY.name:
        _write(
            connection,
            job,
            provisioning_status=ProvisioningStatus.DELETED.value,
            upstream_id=null(),
            fault=null(),
        )
    elif result is not None:
        _write(connection, job, **_observed_values(job, result), fault=null())


def failed(connection: Connection, job: JobFacts, fault: Fault) -> None:
    """The record is in ERROR, with words for its owner and what the owner can do."""
    _write_error(connection, job, fault.code, fault.message)


def cancelled(connection: Connection, job: JobFacts) -> None:
    """An update or destroy that never began leaves the record as it was; else it is ERROR.

    ERROR, because nobody knows how far the upstream got. What a cancelled create had made
    was destroyed by the task itself; destroying the record looks once more, by the token
    that the balancer was made with.
    """
    if not job.has_begun and job.task in (UPDATE.name, DESTROY.name):
        before = case(
            (load_balancers.c.fault.is_(None), ProvisioningStatus.ACTIVE.value),
            else_=ProvisioningStatus.ERROR.value,
        )
        _write(connection, job, provisioning_status=before)
        return
    _write_error(connection, job, "cancelled", "The job was cancelled.")


#: What the owner of a record in ERROR can do, by what was being done.
_ADVICE = {
    CREATE.name: "Destroy the load balancer, which clears up what is left, and create it again.",
    UPDATE.name: "Correct it with another update, or destroy it.",
    DESTROY.name: "Destroy it again when the cause is mended.",
    ADD.name: "Destroy this record, which touches nothing upstream, and add it again.",
}


def _write_error(connection: Connection, job: JobFacts, code: str, message: str) -> None:
    fault = {"code": code, "message": message, "advice": _ADVICE[job.task], "job_id": job.id}
    values: dict[str, Any] = {"fault": fault}
    if job.task == ADD.name:
        # Never taken over, so destroying the record must not touch it.
        values["upstream_id"] = null()
    _write(connection, job, provisioning_status=ProvisioningStatus.ERROR.value, **values)


def _observed_values(job: JobFacts, seen: ObservedLoadBalancer) -> dict[str, Any]:
    values: dict[str, Any] = {
        "provisioning_status": ProvisioningStatus.ACTIVE.value,
        "upstream_id": seen.upstream_id,
        "dns_name": seen.dns_name,
        "vip_address": seen.vip_address,
        "network_id": seen.network_id,
        "zones": seen.zones,
        "type": seen.type,
        "scheme": seen.scheme,
        "ip_address_type": seen.ip_address_type,
        "subnet_ids": [zone.subnet_id for zone in seen.zones],
        "security_group_ids": seen.security_group_ids,
        "tags": seen.tags,
        "attributes": seen.attributes,
    }
    name = _new_name(job, seen)
    return values if name is None else {**values, "name": name}


def _new_name(job: JobFacts, seen: ObservedLoadBalancer) -> str | None:
    """The user's name for the record, if this job changes it."""
    if job.task == ADD.name:
        return seen.name
    if job.task == CREATE.name:
        return None
    change: dict[str, Any] = job.parameters.get("change") or {}
    return change.get("name")


def _write(connection: Connection, job: JobFacts, **values: Any) -> None:
    """Change the record, unless another job has been given it since.

    The job of another Celery client's message may name none: its end is its own alone.
    """
    load_balancer_id = job.parameters.get("load_balancer_id")
    if not is_job_id(load_balancer_id):
        return
    connection.execute(
        update(load_balancers)
        .where(load_balancers.c.id == load_balancer_id, load_balancers.c.job_id == job.id)
        .values(updated_at=now(), sequence=load_balancers.c.sequence + 1, **values)
    )

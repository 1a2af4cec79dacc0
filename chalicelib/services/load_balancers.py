"""Load balancers as their owners see them: created, changed, destroyed, added, looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.contracts.load_balancers import (
    ADD,
    CREATE,
    DESTROY,
    UPDATE,
    AddLoadBalancer,
    CreateLoadBalancer,
    DestroyLoadBalancer,
    UpdateLoadBalancer,
)
from chalicelib.broker.message import Bell
from chalicelib.db.clock import now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.paging import newest_first, older_than
from chalicelib.db.tables import jobs, load_balancers
from chalicelib.domain.ids import new_id
from chalicelib.domain.load_balancers import (
    DELETABLE,
    MUTABLE,
    LoadBalancerChange,
    LoadBalancerSpec,
    ProvisioningStatus,
)
from chalicelib.errors import ImmutableObject, NotFound
from chalicelib.services import audit
from chalicelib.services.idempotency import Once, in_transaction_once
from chalicelib.services.job_reading import find_job
from chalicelib.services.jobs import NewJob, insert_job, ring_committed

#: A load balancer's row and the row of the job that makes it true.
Accepted = tuple[Row[Any], Row[Any]]
#: What a client asks of the row that it wants to change; raises PreconditionFailed.
Require = Callable[[Row[Any]], None]


def create(
    engine: Engine, project_id: str, spec: LoadBalancerSpec, *, once: Once | None = None
) -> Accepted:
    """Record a load balancer as PENDING_CREATE, with the job that creates it upstream.

    Returns both, of an earlier request if that had the same key. Raises IdempotencyKeyReused.
    """
    load_balancer_id = new_id()

    def work(connection: Connection) -> tuple[Accepted, Bell]:
        parameters = CreateLoadBalancer(load_balancer_id=load_balancer_id, spec=spec)
        bell = insert_job(connection, project_id, _new_job(CREATE, load_balancer_id, parameters))
        _insert(connection, load_balancer_id, project_id, bell.job_id, spec=spec)
        audit.record(connection, project_id, "loadbalancers.create", load_balancer_id)
        return _accepted(connection, load_balancer_id, bell), bell

    return _commit_once_and_ring(engine, project_id, once, work)


def add(engine: Engine, project_id: str, upstream_id: str, *, once: Once | None = None) -> Accepted:
    """Record a load balancer that exists upstream as PENDING_CREATE, with its adopting job.

    Returns both, of an earlier request if that had the same key.

    Raises:
        ImmutableObject: some record holds that load balancer already.
        IdempotencyKeyReused: the key was used for something else.
    """
    load_balancer_id = new_id()

    def work(connection: Connection) -> tuple[Accepted, Bell]:
        parameters = AddLoadBalancer(load_balancer_id=load_balancer_id, upstream_id=upstream_id)
        bell = insert_job(connection, project_id, _new_job(ADD, load_balancer_id, parameters))
        # What it is besides its id is learned from the upstream by the job.
        unknown = LoadBalancerSpec(name=upstream_id[-255:], subnet_ids=[])
        _insert(
            connection,
            load_balancer_id,
            project_id,
            bell.job_id,
            spec=unknown,
            upstream_id=upstream_id,
        )
        audit.record(connection, project_id, "loadbalancers.add", load_balancer_id)
        return _accepted(connection, load_balancer_id, bell), bell

    try:
        return _commit_once_and_ring(engine, project_id, once, work)
    except IntegrityError as error:
        raise ImmutableObject("This load balancer has been added already.") from error


def change(
    engine: Engine,
    project_id: str,
    load_balancer_id: str,
    wanted: LoadBalancerChange,
    *,
    require: Require | None = None,
) -> Accepted:
    """Mark a load balancer as PENDING_UPDATE, with the job that changes it upstream.

    Raises:
        NotFound: this project has no such load balancer.
        ImmutableObject: its state permits no change; of several at once, one wins.
    """

    def work(connection: Connection) -> tuple[Accepted, Bell]:
        row = _find(connection, project_id, load_balancer_id, lock=True)
        if require is not None:
            require(row)
        _require(row, MUTABLE, "updated")
        if row.upstream_id is None:
            raise ImmutableObject(
                f"Load balancer {row.id} does not exist upstream and cannot be updated: "
                "destroy it and create it again."
            )
        parameters = UpdateLoadBalancer(
            load_balancer_id=row.id, upstream_id=row.upstream_id, change=wanted
        )
        bell = insert_job(connection, project_id, _new_job(UPDATE, row.id, parameters))
        _mark(connection, row, ProvisioningStatus.PENDING_UPDATE, bell.job_id)
        audit.record(connection, project_id, "loadbalancers.change", row.id)
        return _accepted(connection, row.id, bell), bell

    return _commit_and_ring(engine, work)


def destroy(
    engine: Engine, project_id: str, load_balancer_id: str, *, require: Require | None = None
) -> Accepted:
    """Mark a load balancer as PENDING_DELETE, with the job that destroys it upstream.

    Raises:
        NotFound: this project has no such load balancer.
        ImmutableObject: its state does not permit that it is destroyed.
    """

    def work(connection: Connection) -> tuple[Accepted, Bell]:
        row = _find(connection, project_id, load_balancer_id, lock=True)
        if require is not None:
            require(row)
        _require(row, DELETABLE, "destroyed")
        parameters = DestroyLoadBalancer(load_balancer_id=row.id, upstream_id=row.upstream_id)
        bell = insert_job(connection, project_id, _new_job(DESTROY, row.id, parameters))
        _mark(connection, row, ProvisioningStatus.PENDING_DELETE, bell.job_id)
        audit.record(connection, project_id, "loadbalancers.destroy", row.id)
        return _accepted(connection, row.id, bell), bell

    return _commit_and_ring(engine, work)


def get(engine: Engine, project_id: str, load_balancer_id: str) -> Row[Any]:
    """The row of a load balancer. Raises NotFound if this project has no such one."""
    with connect(engine) as connection:
        return _find(connection, project_id, load_balancer_id)


def list_newest(
    engine: Engine,
    project_id: str,
    *,
    limit: int,
    after: str | None = None,
    provisioning_status: ProvisioningStatus | None = None,
) -> list[Row[Any]]:
    """Load balancers of a project, newest first.

    `after`: id of the last row of the page before; an id that is not there is NotFound.
    Destroyed ones are left out unless `provisioning_status` asks for them.
    """
    table = load_balancers.c
    query = select(load_balancers).where(table.project_id == project_id)
    if provisioning_status is None:
        query = query.where(table.provisioning_status != ProvisioningStatus.DELETED.value)
    else:
        query = query.where(table.provisioning_status == provisioning_status.value)
    with connect(engine) as connection:
        if after is not None:
            last = _find(connection, project_id, after)
            query = query.where(older_than(load_balancers, last))
        return list(connection.execute(newest_first(query, load_balancers).limit(limit)))


def _new_job(contract: TaskContract, load_balancer_id: str, parameters: msgspec.Struct) -> NewJob:
    # Jobs of one load balancer never overlap, whatever is cancelled or tried again.
    return NewJob(contract=contract, parameters=parameters, key=f"loadbalancer:{load_balancer_id}")


def _commit_and_ring(engine: Engine, work: Any) -> Accepted:
    accepted: Accepted
    accepted, bell = in_transaction(engine, work)
    ring_committed(engine, [bell])
    return accepted


def _commit_once_and_ring(
    engine: Engine, project_id: str, once: Once | None, work: Any
) -> Accepted:
    bells: list[Bell] = []

    def work_once(connection: Connection) -> tuple[Accepted, list[str]]:
        accepted, bell = work(connection)
        bells[:] = [bell]
        return accepted, [accepted[0].id]

    def replay(ids: Sequence[str]) -> Accepted:
        with connect(engine) as connection:
            record = _find(connection, project_id, ids[0])
            return record, find_job(connection, project_id, record.job_id)

    accepted = in_transaction_once(engine, once, work_once, replay)
    if once is None or not once.is_replay:
        ring_committed(engine, bells)
    return accepted


def _insert(
    connection: Connection,
    load_balancer_id: str,
    project_id: str,
    job_id: str,
    *,
    spec: LoadBalancerSpec,
    upstream_id: str | None = None,
) -> None:
    connection.execute(
        insert(load_balancers).values(
            id=load_balancer_id,
            project_id=project_id,
            job_id=job_id,
            name=spec.name,
            type=spec.type,
            scheme=spec.scheme,
            ip_address_type=spec.ip_address_type,
            subnet_ids=spec.subnet_ids,
            security_group_ids=spec.security_group_ids,
            tags=spec.tags,
            attributes=spec.attributes,
            zones=[],
            upstream_id=upstream_id,
            provisioning_status=ProvisioningStatus.PENDING_CREATE.value,
            created_at=now(),
            updated_at=now(),
        )
    )


def _mark(connection: Connection, row: Row[Any], status: ProvisioningStatus, job_id: str) -> None:
    connection.execute(
        update(load_balancers)
        .where(load_balancers.c.id == row.id)
        .values(provisioning_status=status.value, job_id=job_id, updated_at=now())
    )


def _require(row: Row[Any], permitted: frozenset[ProvisioningStatus], verb: str) -> None:
    if row.provisioning_status not in permitted:
        raise ImmutableObject(
            f"Load balancer {row.id} is {row.provisioning_status} and cannot be {verb} now; "
            f"that takes {' or '.join(sorted(permitted))}."
        )


def _accepted(connection: Connection, load_balancer_id: str, bell: Bell) -> Accepted:
    record = connection.execute(
        select(load_balancers).where(load_balancers.c.id == load_balancer_id)
    ).one()
    job = connection.execute(select(jobs).where(jobs.c.id == bell.job_id)).one()
    return record, job


def _find(
    connection: Connection, project_id: str, load_balancer_id: str, *, lock: bool = False
) -> Row[Any]:
    query = select(load_balancers).where(
        load_balancers.c.id == load_balancer_id, load_balancers.c.project_id == project_id
    )
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no load balancer {load_balancer_id} in this project.")
    return row

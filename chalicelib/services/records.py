"""Records as their owners order them: created, changed, destroyed, added."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from chalicelib.broker.message import Bell
from chalicelib.db.clock import now
from chalicelib.db.engine import connect
from chalicelib.db.tables import jobs
from chalicelib.domain.ids import new_id
from chalicelib.domain.records import DELETABLE, MUTABLE, ProvisioningStatus
from chalicelib.errors import ImmutableObject
from chalicelib.schemas.webhooks import JobWebhook
from chalicelib.services import audit
from chalicelib.services.idempotency import Once, in_transaction_once
from chalicelib.services.job_reading import find_job
from chalicelib.services.jobs import NewJob, insert_job, ring_committed
from chalicelib.services.preconditions import Require
from chalicelib.services.record_kinds import Order, RecordKind
from chalicelib.services.record_reading import find
from chalicelib.services.webhooks import require_address_of_lone, watch_job

#: A record's row and the row of the job that makes it true.
Accepted = tuple[Row[Any], Row[Any]]
#: Within a transaction: what was accepted, and the bell to ring after the commit.
_Work = Callable[[Connection], tuple[Accepted, Bell]]


class Records:
    """The records of one kind. Each method is one transaction."""

    def __init__(self, kind: RecordKind) -> None:
        self._kind = kind
        self._table = kind.table

    def create(
        self,
        engine: Engine,
        project_id: str,
        spec: msgspec.Struct,
        *,
        once: Once | None = None,
        webhook: JobWebhook | None = None,
    ) -> Accepted:
        """Record something as PENDING_CREATE, with the job that creates it upstream.

        `webhook`: hears of the record when that job ends, and of nothing else.
        Returns both, of an earlier request if that had the same key.

        Raises:
            IdempotencyKeyReused: the key was used for something else.
            InvalidFields: the webhook cannot have this address.
        """
        if webhook is not None:
            require_address_of_lone(webhook)
        asked = msgspec.structs.asdict(spec)
        columns = {name: value for name, value in asked.items() if name in self._table.c}
        insert_both = self._insert(project_id, self._kind.create, columns, spec=spec)

        def work(connection: Connection) -> tuple[Accepted, Bell]:
            accepted, bell = insert_both(connection)
            if webhook is not None:
                watch_job(connection, project_id, bell.job_id, webhook, f"{self._kind.name}.*")
            return accepted, bell

        return self._commit_once_and_ring(engine, project_id, once, work)

    def add(
        self, engine: Engine, project_id: str, upstream_id: str, *, once: Once | None = None
    ) -> Accepted:
        """Record something that exists upstream as PENDING_CREATE, with its adopting job.

        Returns both, of an earlier request if that had the same key.

        Raises:
            ImmutableObject: some record holds it already.
            IdempotencyKeyReused: the key was used for something else.
        """
        # What it is besides its id is learned from the upstream by the job.
        columns = {"name": upstream_id[-255:], "upstream_id": upstream_id}
        work = self._insert(project_id, self._kind.add, columns, upstream_id=upstream_id)
        try:
            return self._commit_once_and_ring(engine, project_id, once, work)
        except IntegrityError as error:
            raise ImmutableObject(f"This {self._kind.word} has been added already.") from error

    def change(
        self,
        engine: Engine,
        project_id: str,
        record_id: str,
        wanted: msgspec.Struct,
        *,
        require: Require | None = None,
    ) -> Accepted:
        """Mark a record as PENDING_UPDATE, with the job that changes the thing upstream.

        Raises:
            NotFound: this project has no such record.
            ImmutableObject: its state permits no change; of several at once, one wins.
        """
        return self.order(
            engine, project_id, record_id, self._kind.update, require=require, change=wanted
        )

    def order(
        self,
        engine: Engine,
        project_id: str,
        record_id: str,
        order: Order,
        *,
        once: Once | None = None,
        require: Require | None = None,
        **parameters: Any,
    ) -> Accepted:
        """The same for any order about what exists upstream, with parameters of its task."""

        def work(connection: Connection) -> tuple[Accepted, Bell]:
            row = self._find(connection, project_id, record_id, lock=True)
            self._require(row, MUTABLE, order, require)
            if row.upstream_id is None:
                raise ImmutableObject(
                    f"{self._named(row)} does not exist upstream and cannot be {order.done}: "
                    "destroy it and create it again."
                )
            return self._mark(connection, row, ProvisioningStatus.PENDING_UPDATE, order, parameters)

        return self._commit_once_and_ring(engine, project_id, once, work)

    def destroy(
        self, engine: Engine, project_id: str, record_id: str, *, require: Require | None = None
    ) -> Accepted:
        """Mark a record as PENDING_DELETE, with the job that destroys the thing upstream.

        Raises:
            NotFound: this project has no such record.
            ImmutableObject: its state does not permit that it is destroyed.
        """
        order = self._kind.destroy

        def work(connection: Connection) -> tuple[Accepted, Bell]:
            row = self._find(connection, project_id, record_id, lock=True)
            self._require(row, DELETABLE, order, require)
            return self._mark(connection, row, ProvisioningStatus.PENDING_DELETE, order, {})

        return self._commit_once_and_ring(engine, project_id, None, work)

    # --- Parts of these ------------------------------------------------------------------

    def _insert(
        self, project_id: str, order: Order, columns: dict[str, Any], **parameters: Any
    ) -> _Work:
        record_id = new_id()

        def work(connection: Connection) -> tuple[Accepted, Bell]:
            bell = self._insert_job(connection, project_id, order, record_id, parameters)
            own = {
                "id": record_id,
                "project_id": project_id,
                "job_id": bell.job_id,
                "provisioning_status": ProvisioningStatus.PENDING_CREATE.value,
                "created_at": now(),
                "updated_at": now(),
            }
            connection.execute(insert(self._table).values(self._kind.blank | columns | own))
            return self._accept(connection, project_id, record_id, bell)

        return work

    def _mark(
        self,
        connection: Connection,
        row: Row[Any],
        status: ProvisioningStatus,
        order: Order,
        parameters: dict[str, Any],
    ) -> tuple[Accepted, Bell]:
        parameters = {"upstream_id": row.upstream_id, **parameters}
        bell = self._insert_job(
            connection, row.project_id, order, row.id, parameters, upstream=row.upstream
        )
        connection.execute(
            update(self._table)
            .where(self._table.c.id == row.id)
            .values(provisioning_status=status.value, job_id=bell.job_id, updated_at=now())
        )
        return self._accept(connection, row.project_id, row.id, bell)

    def _insert_job(
        self,
        connection: Connection,
        project_id: str,
        order: Order,
        record_id: str,
        parameters: dict[str, Any],
        *,
        upstream: str | None = None,
    ) -> Bell:
        named = order.contract.parameters(**{self._kind.id_name: record_id}, **parameters)
        action = f"{self._kind.collection}.{order.verb}"
        audit.record(connection, project_id, action, record_id)
        new = NewJob(
            contract=order.contract,
            parameters=named,
            key=self._kind.key(record_id),
            upstream=upstream,
        )
        return insert_job(connection, project_id, new)

    def _accept(
        self, connection: Connection, project_id: str, record_id: str, bell: Bell
    ) -> tuple[Accepted, Bell]:
        record = self._find(connection, project_id, record_id)
        job = connection.execute(select(jobs).where(jobs.c.id == bell.job_id)).one()
        return (record, job), bell

    def _commit_once_and_ring(
        self, engine: Engine, project_id: str, once: Once | None, work: _Work
    ) -> Accepted:
        bells: list[Bell] = []

        def work_once(connection: Connection) -> tuple[Accepted, list[str]]:
            accepted, bell = work(connection)
            bells[:] = [bell]
            record, job = accepted
            return accepted, [record.id, job.id]

        def replay(ids: Sequence[str]) -> Accepted:
            with connect(engine) as connection:
                record_id, job_id = ids
                record = self._find(connection, project_id, record_id)
                return record, find_job(connection, project_id, job_id)

        accepted = in_transaction_once(engine, once, work_once, replay)
        if once is None or not once.is_replay:
            ring_committed(engine, bells)
        return accepted

    def _require(
        self,
        row: Row[Any],
        permitted: frozenset[ProvisioningStatus],
        order: Order,
        require: Require | None,
    ) -> None:
        if require is not None:
            require(row)
        if row.provisioning_status not in permitted:
            raise ImmutableObject(
                f"{self._named(row)} is {row.provisioning_status} and cannot be {order.done} now; "
                f"that takes {' or '.join(sorted(permitted))}."
            )

    def _find(
        self, connection: Connection, project_id: str, record_id: str, *, lock: bool = False
    ) -> Row[Any]:
        return find(connection, self._kind, project_id, record_id, lock=lock)

    def _named(self, row: Row[Any]) -> str:
        return f"{self._kind.word.capitalize()} {row.id}"

"""What a kind of record is: its table, its tasks, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Table

from chalicelib.broker.contracts import TaskContract
from chalicelib.domain.webhooks import EventType
from chalicelib.schemas.views import View


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be asked of a record, and what is said when its job has ended."""

    contract: TaskContract
    #: In the audit, behind the collection: "create".
    verb: str
    #: Past participle: "Server 'web' was <done>."
    done: str
    #: What webhooks hear of a success.
    event: EventType
    #: What the owner of a record in ERROR can do.
    advice: str


class RecordKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing that is made in a cloud and kept as a record here."""

    #: In sentences: "load balancer".
    word: str
    #: In JSON: "load_balancer"; with _id behind it the parameter of its tasks.
    name: str
    #: In paths and in the audit: "loadbalancers".
    collection: str
    table: Table
    view: type[View]
    #: Columns of a record whose thing has not been seen yet.
    blank: dict[str, Any]
    #: Columns that follow from what the upstream says, by the same names as there.
    observed: tuple[str, ...]
    create: Order
    update: Order
    destroy: Order
    add: Order
    #: Orders besides these four, which leave a record as it is, or as it is seen then.
    others: tuple[Order, ...] = ()
    #: What webhooks hear when an order fails.
    error_event: EventType

    @property
    def id_name(self) -> str:
        """The parameter of its tasks that names the record."""
        return f"{self.name}_id"

    def orders(self) -> Iterator[Order]:
        """All that can be asked."""
        yield from (self.create, self.update, self.destroy, self.add, *self.others)

    def key(self, record_id: str) -> str:
        """Jobs of one record share it, so they never overlap, whatever is cancelled or retried."""
        return f"{self.name.replace('_', '')}:{record_id}"

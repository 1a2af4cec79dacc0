"""What the upstreams at OpenStack share: their connection, and how things are looked up."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

from worker.upstream.openstack.errors import openstack_errors

Seen = TypeVar("Seen")


class OpenStackUpstream(ABC, Generic[Seen]):
    """Things of one kind in one region and OpenStack project."""

    def __init__(
        self, connection_factory: Callable[[], Any], *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """`connection_factory` returns an openstacksdk connection; called at the first use.

        `sleep`: how to wait between two looks at one that is being deleted.
        """
        self._connection_factory = connection_factory
        self._sleep = sleep

    @cached_property
    def _connection(self) -> Any:
        return self._connection_factory()

    @property
    def _neutron(self) -> Any:
        return self._connection.network

    @openstack_errors()
    def find(self, token: str) -> Seen | None:
        """See `Upstream`."""
        found = self._find(token)
        return None if found is None else self._observe(found)

    @openstack_errors()
    def get(self, upstream_id: str) -> Seen:
        """See `Upstream`."""
        return self._observe(self._read(upstream_id))

    @abstractmethod
    def _find(self, token: str) -> Any | None:
        """The SDK's object that was made with a token; None if it is not there, or leaving."""

    @abstractmethod
    def _read(self, upstream_id: str, *, is_leaving_too: bool = False) -> Any:
        """The SDK's object of this id. Raises UpstreamNotFound or the SDK's NotFoundException."""

    @abstractmethod
    def _observe(self, found: Any) -> Seen:
        """What this system keeps of it."""

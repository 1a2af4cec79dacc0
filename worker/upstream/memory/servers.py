"""Servers of the cloud that is none."""

from __future__ import annotations

import msgspec

from chalicelib.domain.servers import ObservedServer, ServerChange, ServerSpec
from worker.upstream.errors import UpstreamRejected
from worker.upstream.memory.cloud import MemoryCloud


class MemoryServers(MemoryCloud[ServerSpec, ServerChange, ObservedServer]):
    """They have addresses, which lead nowhere."""

    noun = "server"
    seen_type = ObservedServer

    def make(self, upstream_id: str, spec: ServerSpec) -> ObservedServer:
        """See `MemoryCloud`."""
        if not (spec.image_id and spec.flavor and spec.subnet_id):
            raise UpstreamRejected("A server needs an image, a flavor and a subnet.")
        wanted = msgspec.structs.asdict(spec)
        del wanted["user_data"]
        return ObservedServer(
            upstream_id=upstream_id,
            status="active",
            network_id="memory-network",
            zone=f"zone-of-{spec.subnet_id}",
            private_ip_address="192.0.2.1",
            **wanted,
        )

    def reboot(self, upstream_id: str) -> ObservedServer:
        """See `Servers`."""
        with self.call("reboot", upstream_id) as db:
            return self._store.load(db, upstream_id)

"""The `Servers` that makes servers at Nova."""

from __future__ import annotations

import base64
from typing import Any

from openstack.exceptions import NotFoundException

from chalicelib.domain.servers import ObservedServer, ServerChange, ServerSpec
from worker.upstream.errors import UpstreamNotFound, UpstreamRejected, UpstreamUnavailable
from worker.upstream.openstack.base import OpenStackUpstream
from worker.upstream.openstack.errors import openstack_errors
from worker.upstream.openstack.names import is_uuid, refuse_reserved, server_token_tag
from worker.upstream.openstack.server_reading import fault_of, is_leaving, to_observed
from worker.upstream.openstack.subnets import read_subnet
from worker.upstream.waiting import wait_until_gone


class NovaServers(OpenStackUpstream[ObservedServer]):
    """Nova in one region and OpenStack project; the upstream id is Nova's."""

    @property
    def _nova(self) -> Any:
        return self._connection.compute

    @openstack_errors()
    def create(self, token: str, spec: ServerSpec) -> ObservedServer:
        """See `Upstream`. The token is a tag, which is looked for first."""
        refuse_reserved(spec.tags)
        found = self._find(token)
        if found is None:
            made = self._nova.create_server(**self._to_request(token, spec))
            found = self._nova.get_server(made.id)  # the answer holds little more than the id
        return self._observe(found)

    @openstack_errors()
    def update(self, upstream_id: str, change: ServerChange) -> ObservedServer:
        """See `Upstream`. Sends only what differs."""
        refuse_reserved(change.tags or {})
        found = self._read(upstream_id)
        seen = self._observe(found)
        if change.name is not None and change.name != seen.name:
            self._nova.update_server(found.id, name=change.name)
        if change.tags is not None and change.tags != seen.tags:
            found.replace_metadata(self._nova, change.tags)
        if (groups := change.security_group_ids) is not None:
            self._change_groups(found.id, set(seen.security_group_ids), set(groups))
        return self._observe(self._read(upstream_id))

    @openstack_errors()
    def delete(self, upstream_id: str) -> None:
        """See `Upstream`: returns when it is gone, with the ports that Nova made for it."""
        try:
            found = self._read(upstream_id, is_leaving_too=True)
        except (UpstreamNotFound, NotFoundException):
            return
        if not is_leaving(found):
            self._nova.delete_server(found.id)
        wait_until_gone(lambda: self._is_gone(found.id), sleep=self._sleep)

    @openstack_errors()
    def reboot(self, upstream_id: str) -> ObservedServer:
        """See `Servers`. Nova asks the guest, and resets it if it does not answer."""
        found = self._read(upstream_id)
        if found.status == "SHUTOFF":
            raise UpstreamRejected("Nova cannot reboot a server that is stopped: start it there.")
        self._nova.reboot_server(found.id, "SOFT")
        return self._observe(self._read(upstream_id))

    def _to_request(self, token: str, spec: ServerSpec) -> dict[str, Any]:
        request: dict[str, Any] = {
            "name": spec.name,
            "image_id": spec.image_id,
            "flavor_id": self._find_flavor(spec.flavor),
            "networks": [{"uuid": self._find_network(spec.subnet_id)}],
            "metadata": spec.tags,
            "tags": [server_token_tag(token)],
        }
        if spec.security_group_ids:
            request["security_groups"] = [{"name": id_} for id_ in spec.security_group_ids]
        if spec.key_name:
            request["key_name"] = spec.key_name
        if spec.user_data:
            request["user_data"] = base64.b64encode(spec.user_data.encode()).decode()
        return request

    def _find_flavor(self, wanted: str) -> str:
        # Listed, because what a user says must not become part of a URL.
        for flavor in self._nova.flavors(details=False):
            if wanted in (flavor.id, flavor.name):
                return str(flavor.id)
        raise UpstreamRejected(f"Nova has no flavor {wanted!r}.")

    def _find_network(self, subnet_id: str) -> str:
        """The network of a subnet. Raises UpstreamRejected if Nova might choose another subnet."""
        subnet = read_subnet(self._neutron, subnet_id)
        of_network = self._neutron.subnets(network_id=subnet.network_id)
        alike = [each.id for each in of_network if each.ip_version == subnet.ip_version]
        if len(alike) > 1:
            raise UpstreamRejected(
                f"Network {subnet.network_id} has {len(alike)} subnets of IPv{subnet.ip_version}, "
                "and Nova chooses among them by itself: take a network that has one."
            )
        return str(subnet.network_id)

    def _change_groups(self, server_id: str, current: set[str], wanted: set[str]) -> None:
        for group in sorted(wanted - current):
            self._nova.add_security_group_to_server(server_id, group)
        for group in sorted(current - wanted):
            self._nova.remove_security_group_from_server(server_id, group)

    def _is_gone(self, upstream_id: str) -> bool:
        try:
            found = self._nova.get_server(upstream_id)
        except NotFoundException:
            return True
        if found.status == "ERROR" and found.task_state != "deleting":
            raise UpstreamUnavailable(f"Nova could not delete it: {fault_of(found)}")
        return bool(found.status in ("DELETED", "SOFT_DELETED"))

    def _find(self, token: str) -> Any | None:
        found = self._nova.servers(details=True, tags=server_token_tag(token))
        return next((each for each in found if not is_leaving(each)), None)

    def _read(self, upstream_id: str, *, is_leaving_too: bool = False) -> Any:
        if not is_uuid(upstream_id):  # it becomes part of a URL
            raise UpstreamNotFound(f"Nova has no server {upstream_id!r}.")
        found = self._nova.get_server(upstream_id)
        if is_leaving(found) and not is_leaving_too:
            raise UpstreamNotFound(f"Server {upstream_id} is being deleted at Nova.")
        return found

    def _observe(self, found: Any) -> ObservedServer:
        return to_observed(found, list(self._neutron.ports(device_id=found.id)))

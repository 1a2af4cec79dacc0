"""The `Upstream` that makes load balancers at Octavia."""

from __future__ import annotations

from typing import Any

from openstack.exceptions import NotFoundException

from chalicelib.domain.load_balancers import (
    LoadBalancerChange,
    LoadBalancerSpec,
    ObservedLoadBalancer,
)
from worker.upstream.errors import (
    UpstreamBusy,
    UpstreamNotFound,
    UpstreamRejected,
    UpstreamUnavailable,
)
from worker.upstream.openstack import public
from worker.upstream.openstack.base import OpenStackUpstream
from worker.upstream.openstack.errors import openstack_errors
from worker.upstream.openstack.names import (
    decode_tags,
    encode_tags,
    is_uuid,
    reserved_tags,
    token_tag,
    type_tag,
)
from worker.upstream.openstack.reading import (
    ATTRIBUTES,
    CHANGEABLE,
    is_leaving,
    to_observed,
    to_settings,
)
from worker.upstream.waiting import wait_until_gone


class OctaviaLoadBalancers(OpenStackUpstream[ObservedLoadBalancer]):
    """Octavia in one region and OpenStack project; the upstream id is Octavia's."""

    @property
    def _octavia(self) -> Any:
        return self._connection.load_balancer

    @openstack_errors()
    def create(self, token: str, spec: LoadBalancerSpec) -> ObservedLoadBalancer:
        """See `Upstream`. The token is a tag, which is looked for first."""
        request = _to_request(token, spec)
        found = self._find(token)
        if found is None:
            if spec.ip_address_type == "dualstack":
                public.require_both_versions(self._neutron, spec.subnet_ids)
            found = self._octavia.create_load_balancer(**request)
        if spec.scheme == "internet-facing":
            if found.vip_port_id is None:  # some providers make it after their answer
                raise UpstreamBusy("Octavia has made no port for its address yet.")
            public.ensure_floating(self._neutron, found.vip_port_id)
        return self._observe(found)

    @openstack_errors()
    def update(self, upstream_id: str, change: LoadBalancerChange) -> ObservedLoadBalancer:
        """See `Upstream`. Raises UpstreamRejected for what Octavia cannot change."""
        found = self._read(upstream_id)
        changes = _to_changes(found, self._observe(found), change)
        if changes:
            found = self._octavia.update_load_balancer(found.id, **changes)
        return self._observe(found)

    @openstack_errors()
    def delete(self, upstream_id: str) -> None:
        """See `Upstream`: with its listeners and pools, and returns when it is gone."""
        try:
            found = self._read(upstream_id, is_leaving_too=True)
        except (UpstreamNotFound, NotFoundException):
            return
        public.release_floating(self._neutron, found.vip_port_id)
        if not is_leaving(found):
            self._octavia.delete_load_balancer(found.id, cascade=True)
        wait_until_gone(lambda: self._is_gone(found.id), sleep=self._sleep)

    def _is_gone(self, upstream_id: str) -> bool:
        try:
            found = self._octavia.get_load_balancer(upstream_id)
        except NotFoundException:
            return True
        if found.provisioning_status == "ERROR":
            raise UpstreamUnavailable("Octavia could not delete it: it is in ERROR.")
        return bool(found.provisioning_status == "DELETED")

    def _find(self, token: str) -> Any | None:
        found = self._octavia.load_balancers(tags=token_tag(token))
        return next((each for each in found if not is_leaving(each)), None)

    def _read(self, upstream_id: str, *, is_leaving_too: bool = False) -> Any:
        if not is_uuid(upstream_id):  # it becomes part of a URL
            raise UpstreamNotFound(f"Octavia has no load balancer {upstream_id!r}.")
        found = self._octavia.get_load_balancer(upstream_id)
        if is_leaving(found) and not is_leaving_too:
            raise UpstreamNotFound(f"Load balancer {upstream_id} is being deleted at Octavia.")
        return found

    def _observe(self, found: Any) -> ObservedLoadBalancer:
        floating = public.find_floating(self._neutron, found.vip_port_id)
        return to_observed(found, floating, self._connection.config.get_region_name() or "default")


def _to_request(token: str, spec: LoadBalancerSpec) -> dict[str, Any]:
    request: dict[str, Any] = {
        "name": spec.name,
        "tags": [token_tag(token), type_tag(spec.type), *encode_tags(spec.tags)],
        **to_settings(spec.attributes),
    }
    if spec.subnet_ids:
        request["vip_subnet_id"] = spec.subnet_ids[0]
        if others := spec.subnet_ids[1:]:
            request["additional_vips"] = [{"subnet_id": subnet_id} for subnet_id in others]
    if spec.security_group_ids:
        request["vip_sg_ids"] = spec.security_group_ids
    return request


def _to_changes(
    found: Any, observed: ObservedLoadBalancer, change: LoadBalancerChange
) -> dict[str, Any]:
    """What has to be sent, by the SDK's names; nothing for what is so already."""
    _refuse_fixed(observed, change)
    changes: dict[str, Any] = {}
    if change.name is not None and change.name != observed.name:
        changes["name"] = change.name
    if change.tags is not None and change.tags != decode_tags(found.tags):
        changes["tags"] = [*reserved_tags(found.tags), *encode_tags(change.tags)]
    groups = change.security_group_ids
    if groups is not None and set(groups) != set(observed.security_group_ids):
        changes["vip_sg_ids"] = groups
    for name, value in to_settings(change.attributes or {}).items():
        current = getattr(found, name)
        if current != value and (current or value):  # null and "" are the same there
            changes[name] = value
    return changes


def _refuse_fixed(observed: ObservedLoadBalancer, change: LoadBalancerChange) -> None:
    fixed = []
    subnet_ids = {zone.subnet_id for zone in observed.zones}
    if change.subnet_ids is not None and set(change.subnet_ids) != subnet_ids:
        fixed.append("subnet_ids")
    if change.ip_address_type not in (None, observed.ip_address_type):
        fixed.append("ip_address_type")
    for name, value in (change.attributes or {}).items():
        if name in ATTRIBUTES.keys() - CHANGEABLE and value != observed.attributes.get(name, ""):
            fixed.append(name)
    if fixed:
        raise UpstreamRejected(
            f"Octavia cannot change {', '.join(fixed)} of a load balancer: make another one."
        )

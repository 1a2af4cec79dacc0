"""Subnets that a user names."""

from __future__ import annotations

from typing import Any

from openstack.exceptions import NotFoundException

from worker.upstream.errors import UpstreamRejected
from worker.upstream.openstack.names import is_uuid


def read_subnet(network: Any, subnet_id: str) -> Any:
    """Neutron's subnet of this id. Raises UpstreamRejected if there is none."""
    unknown = UpstreamRejected(f"Neutron has no subnet {subnet_id!r}.")
    if not is_uuid(subnet_id):  # it becomes part of a URL
        raise unknown
    try:
        return network.get_subnet(subnet_id)
    except NotFoundException as error:
        raise unknown from error

"""Load balancers of any state, and what the upstream says of one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from chalicelib.db.clock import now
from chalicelib.db.tables import load_balancers
from chalicelib.domain.ids import new_id
from chalicelib.domain.load_balancers import LoadBalancerSpec, ObservedLoadBalancer, Zone
from tests.factories.rows import Target, insert_row, read_rows


def create_load_balancer(target: Target, **overrides: Any) -> Row[Any]:
    """An ACTIVE load balancer that exists upstream; other states by `provisioning_status`."""
    values: dict[str, Any] = {
        "id": new_id(),
        "project_id": "demo",
        "name": "shop front",
        "type": "network",
        "scheme": "internal",
        "ip_address_type": "ipv4",
        "subnet_ids": ["subnet-a"],
        "security_group_ids": [],
        "tags": {},
        "attributes": {},
        "zones": [],
        "provisioning_status": "ACTIVE",
        "upstream_id": new_id(),
        "job_id": new_id(),
        "created_at": now(),
        "updated_at": now(),
    }
    return insert_row(target, load_balancers, values | overrides)


def read_load_balancer(target: Target, load_balancer_id: str) -> Row[Any]:
    """The load balancer as its record is now."""
    (row,) = read_rows(target, load_balancers, id=load_balancer_id)
    return row


def make_spec(**overrides: Any) -> LoadBalancerSpec:
    """What a user may ask for."""
    return LoadBalancerSpec(**({"name": "shop front", "subnet_ids": ["subnet-a"]} | overrides))


def make_observed(**overrides: Any) -> ObservedLoadBalancer:
    """What the upstream may answer."""
    values: dict[str, Any] = {
        "upstream_id": new_id(),
        "name": "upstream's name",
        "status": "active",
        "type": "network",
        "scheme": "internal",
        "dns_name": "shop.elb.example",
        "network_id": "vpc-1",
        "zones": [Zone(zone="us-east-1a", subnet_id="subnet-a")],
        "tags": {"team": "shop"},
        "attributes": {"deletion_protection.enabled": "false"},
    }
    return ObservedLoadBalancer(**(values | overrides))

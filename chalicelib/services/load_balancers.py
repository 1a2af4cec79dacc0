"""Load balancers as a kind of record."""

from __future__ import annotations

from chalicelib.broker.contracts import load_balancers as contracts
from chalicelib.db.tables import load_balancers
from chalicelib.domain.webhooks import EventType
from chalicelib.schemas.load_balancers import LoadBalancerView
from chalicelib.services.record_kinds import Order, RecordKind

LOAD_BALANCERS = RecordKind(
    word="load balancer",
    name="load_balancer",
    collection="loadbalancers",
    table=load_balancers,
    view=LoadBalancerView,
    blank={
        "type": "network",
        "scheme": "internal",
        "ip_address_type": "ipv4",
        "subnet_ids": [],
        "security_group_ids": [],
        "tags": {},
        "attributes": {},
        "zones": [],
    },
    observed=(
        "upstream_id",
        "dns_name",
        "vip_address",
        "network_id",
        "zones",
        "type",
        "scheme",
        "ip_address_type",
        "subnet_ids",
        "security_group_ids",
        "tags",
        "attributes",
    ),
    create=Order(
        contract=contracts.CREATE,
        verb="create",
        done="created",
        event=EventType.LOAD_BALANCER_ACTIVE,
        advice="Destroy the load balancer, which clears up what is left, and create it again.",
    ),
    update=Order(
        contract=contracts.UPDATE,
        verb="change",
        done="changed",
        event=EventType.LOAD_BALANCER_UPDATED,
        advice="Correct it with another update, or destroy it.",
    ),
    destroy=Order(
        contract=contracts.DESTROY,
        verb="destroy",
        done="destroyed",
        event=EventType.LOAD_BALANCER_DELETED,
        advice="Destroy it again when the cause is mended.",
    ),
    add=Order(
        contract=contracts.ADD,
        verb="add",
        done="added",
        event=EventType.LOAD_BALANCER_ACTIVE,
        advice="Destroy this record, which touches nothing upstream, and add it again.",
    ),
    error_event=EventType.LOAD_BALANCER_ERROR,
)

"""Servers as a kind of record."""

from __future__ import annotations

from chalicelib.broker.contracts import servers as contracts
from chalicelib.db.tables import servers
from chalicelib.domain.webhooks import EventType
from chalicelib.schemas.servers import ServerView
from chalicelib.services.record_kinds import Order, RecordKind

REBOOT = Order(
    contract=contracts.REBOOT,
    verb="reboot",
    done="rebooted",
    event=EventType.SERVER_REBOOTED,
    advice="Reboot it again, or destroy it.",
)
SERVERS = RecordKind(
    word="server",
    name="server",
    collection="servers",
    table=servers,
    view=ServerView,
    blank={"security_group_ids": [], "tags": {}},
    observed=(
        "upstream_id",
        "image_id",
        "flavor",
        "subnet_id",
        "network_id",
        "zone",
        "private_ip_address",
        "public_ip_address",
        "key_name",
        "security_group_ids",
        "tags",
    ),
    create=Order(
        contract=contracts.CREATE,
        verb="create",
        done="created",
        event=EventType.SERVER_ACTIVE,
        advice="Destroy the server, which clears up what is left, and create it again.",
    ),
    update=Order(
        contract=contracts.UPDATE,
        verb="change",
        done="changed",
        event=EventType.SERVER_UPDATED,
        advice="Correct it with another update, or destroy it.",
    ),
    destroy=Order(
        contract=contracts.DESTROY,
        verb="destroy",
        done="destroyed",
        event=EventType.SERVER_DELETED,
        advice="Destroy it again when the cause is mended.",
    ),
    add=Order(
        contract=contracts.ADD,
        verb="add",
        done="added",
        event=EventType.SERVER_ACTIVE,
        advice="Destroy this record, which touches nothing upstream, and add it again.",
    ),
    others=(REBOOT,),
    error_event=EventType.SERVER_ERROR,
)

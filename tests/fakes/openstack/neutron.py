"""Neutron: two networks, their subnets, and floating IPs."""

from __future__ import annotations

import uuid
from typing import Any

Told = tuple[int, Any, dict[str, str]]

NETWORK = "11111111-1111-4111-8111-111111111111"
EXTERNAL = "22222222-2222-4222-8222-222222222222"


class Neutron:
    """What is there, by id."""

    def __init__(self) -> None:
        versions = (4, 6, 4)
        #: Subnets of the one internal network: of IPv4, IPv6 and IPv4.
        self.subnets = {
            str(uuid.uuid5(uuid.NAMESPACE_DNS, f"subnet-{number}")): version
            for number, version in enumerate(versions)
        }
        self.security_groups = [
            str(uuid.uuid5(uuid.NAMESPACE_DNS, f"group-{number}")) for number in range(2)
        ]
        self.floating_ips: dict[str, dict[str, Any]] = {}
        self.floating_quota = 10
        self.has_external_network = True

    def address_in(self, subnet_id: str, number: int) -> str:
        """An address of a subnet."""
        return f"10.0.0.{number}" if self.subnets[subnet_id] == 4 else f"fd00::{number:x}"

    def answer(self, call: Any) -> Told:
        """Answer one request."""
        noun, _, id_ = call.path.removeprefix("/networking/v2.0/").partition("/")
        if noun == "subnets" and id_ in self.subnets:
            return 200, {"subnet": {"id": id_, "ip_version": self.subnets[id_]}}, {}
        if noun == "networks" and not id_:
            return 200, {"networks": self._list_external()}, {}
        if noun == "floatingips":
            return self._answer_floating(call, id_)
        return _error(404, "ItemNotFound", f"{noun.capitalize()} {id_} could not be found.")

    def _list_external(self) -> list[dict[str, Any]]:
        if not self.has_external_network:
            return []
        return [{"id": EXTERNAL, "name": "public", "router:external": True, "is_default": True}]

    def _answer_floating(self, call: Any, id_: str) -> Told:
        if call.method == "GET":
            wanted = call.query.get("port_id")
            found = [ip for ip in self.floating_ips.values() if ip["port_id"] == wanted]
            return 200, {"floatingips": found}, {}
        if call.method == "DELETE":
            return (204, None, {}) if self.floating_ips.pop(id_, None) else _missing(id_)
        if len(self.floating_ips) >= self.floating_quota:
            return _error(409, "OverQuota", "Quota exceeded for resources: ['floatingip'].")
        made = {
            **call.body["floatingip"],
            "id": str(uuid.uuid4()),
            "floating_ip_address": f"203.0.113.{len(self.floating_ips) + 1}",
            "status": "ACTIVE",
        }
        self.floating_ips[made["id"]] = made
        return 201, {"floatingip": made}, {}


def _missing(id_: str) -> Told:
    return _error(404, "FloatingIPNotFound", f"Floating IP {id_} could not be found")


def _error(status: int, type_: str, message: str) -> Told:
    return status, {"NeutronError": {"type": type_, "message": message, "detail": ""}}, {}

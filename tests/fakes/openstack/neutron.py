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
        #: Subnets that are alone in their networks, of IPv4.
        self.lone_subnets = {
            str(uuid.uuid5(uuid.NAMESPACE_DNS, f"lone-{number}")): 4 for number in range(2)
        }
        self.security_groups = [
            str(uuid.uuid5(uuid.NAMESPACE_DNS, f"group-{number}")) for number in range(2)
        ]
        #: Id of a server -> its port.
        self.ports: dict[str, dict[str, Any]] = {}
        self.floating_ips: dict[str, dict[str, Any]] = {}
        self.floating_quota = 10
        self.has_external_network = True

    def address_in(self, subnet_id: str, number: int) -> str:
        """An address of a subnet."""
        return f"10.0.0.{number}" if self._all()[subnet_id] == 4 else f"fd00::{number:x}"

    def _all(self) -> dict[str, int]:
        return self.subnets | self.lone_subnets

    def answer(self, call: Any) -> Told:
        """Answer one request."""
        noun, _, id_ = call.path.removeprefix("/networking/v2.0/").partition("/")
        if noun == "subnets" and id_ in self._all():
            return 200, {"subnet": self._tell_subnet(id_)}, {}
        if noun == "subnets" and not id_:
            told = [self._tell_subnet(each) for each in self._all()]
            wanted = call.query.get("network_id")
            return 200, {"subnets": [one for one in told if one["network_id"] == wanted]}, {}
        if noun == "ports" and not id_:
            port = self.ports.get(call.query["device_id"])
            return 200, {"ports": [] if port is None else [port]}, {}
        if noun == "networks" and not id_:
            return 200, {"networks": self._list_external()}, {}
        if noun == "floatingips":
            return self._answer_floating(call, id_)
        return _error(404, "ItemNotFound", f"{noun.capitalize()} {id_} could not be found.")

    def make_port(self, server_id: str, network_id: str, groups: list[str]) -> dict[str, Any]:
        """What Nova has made for a server in a network."""
        subnet_id = next(id_ for id_ in self._all() if self._network_of(id_) == network_id)
        address = self.address_in(subnet_id, len(self.ports) + 50)
        fixed_ips = [{"subnet_id": subnet_id, "ip_address": address}]
        self.ports[server_id] = {
            "id": str(uuid.uuid4()),
            "device_id": server_id,
            "network_id": network_id,
            "security_groups": groups,
            "fixed_ips": fixed_ips,
        }
        return self.ports[server_id]

    def _network_of(self, subnet_id: str) -> str:
        """Each subnet of the lone ones is in a network of its own."""
        if subnet_id in self.lone_subnets:
            return str(uuid.uuid5(uuid.NAMESPACE_DNS, subnet_id))
        return NETWORK

    def _tell_subnet(self, id_: str) -> dict[str, Any]:
        version = self._all()[id_]
        return {"id": id_, "ip_version": version, "network_id": self._network_of(id_)}

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

"""Octavia, API version 2: load balancers and their provisioning status."""

from __future__ import annotations

import re
import uuid
from typing import Any

from tests.fakes.openstack.neutron import NETWORK, Neutron

Told = tuple[int, Any, dict[str, str]]

_CREATABLE = {
    "additional_vips",
    "admin_state_up",
    "availability_zone",
    "description",
    "flavor_id",
    "name",
    "project_id",
    "provider",
    "tags",
    "vip_address",
    "vip_network_id",
    "vip_port_id",
    "vip_qos_policy_id",
    "vip_sg_ids",
    "vip_subnet_id",
}
_UPDATABLE = {"admin_state_up", "description", "name", "tags", "vip_qos_policy_id", "vip_sg_ids"}
_PATH = re.compile(r"/load-balancer/v2(?:\.0)?/lbaas/loadbalancers(?:/([^/]+))?")


class Octavia:
    """Load balancers by id; each change takes a number of looks."""

    def __init__(self, neutron: Neutron) -> None:
        self._neutron = neutron
        self.load_balancers: dict[str, dict[str, Any]] = {}
        #: How many looks find a load balancer still changing.
        self.looks_until_done = 1
        self.quota = 10
        #: Ids that end in ERROR instead of what was asked for.
        self.breaks_next = False
        self._looks_left: dict[str, int] = {}

    def count(self) -> int:
        """How many there are that are not leaving."""
        states = [each["provisioning_status"] for each in self.load_balancers.values()]
        return len([state for state in states if state != "PENDING_DELETE"])

    def set_status(self, id_: str, status: str, looks: int = 1) -> None:
        """Let somebody else have changed it; it is done after so many looks."""
        self.load_balancers[id_]["provisioning_status"] = status
        self._looks_left[id_] = looks

    def answer(self, call: Any) -> Told:
        """Answer one request."""
        path = _PATH.fullmatch(call.path)
        if path is None:
            return _fault(404, "The resource could not be found.")
        if path[1] is None:
            return self._create(call) if call.method == "POST" else self._list(call)
        if path[1] not in self.load_balancers:
            return _fault(404, f"Load Balancer {path[1]} not found.")
        answering = {"GET": self._show, "PUT": self._update, "DELETE": self._delete}
        return answering[call.method](path[1], call)

    def _list(self, call: Any) -> Told:
        wanted = set(filter(None, call.query.get("tags", "").split(",")))
        found = [each for each in self.load_balancers.values() if wanted <= set(each["tags"])]
        return 200, {"loadbalancers": found}, {}

    def _show(self, id_: str, call: Any) -> Told:
        found = self.load_balancers[id_]
        shown = dict(found)
        if found["provisioning_status"].startswith("PENDING"):
            self._looks_left[id_] -= 1
            if self._looks_left[id_] < 0:
                return self._finish(id_)
        return 200, {"loadbalancer": shown}, {}

    def _finish(self, id_: str) -> Told:
        found = self.load_balancers[id_]
        if self.breaks_next:
            found["provisioning_status"], self.breaks_next = "ERROR", False
        elif found["provisioning_status"] == "PENDING_DELETE":
            del self.load_balancers[id_]
            return _fault(404, f"Load Balancer {id_} not found.")
        else:
            found["provisioning_status"] = "ACTIVE"
        return 200, {"loadbalancer": found}, {}

    def _create(self, call: Any) -> Told:
        wanted = call.body["loadbalancer"]
        if problem := self._find_problem(wanted):
            return _fault(400, problem)
        if self.count() >= self.quota:
            return _fault(403, "Quota has been met for resources: Load Balancer")
        id_ = str(uuid.uuid4())
        number = len(self.load_balancers) + 5
        made = {
            "admin_state_up": True,
            "availability_zone": None,
            "description": "",
            "flavor_id": None,
            "listeners": [],
            "name": "",
            "operating_status": "OFFLINE",
            "pools": [],
            "project_id": "load-balancers",
            "provider": "amphora",
            "tags": [],
            "vip_network_id": NETWORK,
            "vip_port_id": str(uuid.uuid4()),
            "vip_qos_policy_id": None,
            "vip_sg_ids": [],
            **wanted,
            "id": id_,
            "vip_address": self._neutron.address_in(wanted["vip_subnet_id"], number),
            "additional_vips": [
                {
                    "subnet_id": vip["subnet_id"],
                    "ip_address": self._neutron.address_in(vip["subnet_id"], number + 100),
                }
                for vip in wanted.get("additional_vips", [])
            ],
        }
        self.load_balancers[id_] = made
        self.set_status(id_, "PENDING_CREATE", self.looks_until_done)
        return 201, {"loadbalancer": dict(made)}, {}

    def _find_problem(self, wanted: dict[str, Any]) -> str | None:
        if unknown := sorted(wanted.keys() - _CREATABLE):
            return f"Unknown attribute for argument load_balancer_: {unknown[0]}"
        if not any(wanted.get(name) for name in ("vip_port_id", "vip_network_id", "vip_subnet_id")):
            return (
                "Validation failure: VIP must contain one of: vip_port_id, vip_network_id, "
                "vip_subnet_id."
            )
        others = [vip["subnet_id"] for vip in wanted.get("additional_vips", [])]
        for subnet_id in [wanted["vip_subnet_id"], *others]:
            if subnet_id not in self._neutron.subnets:
                return f"Subnet {subnet_id} not found."
        return None

    def _update(self, id_: str, call: Any) -> Told:
        wanted = call.body["loadbalancer"]
        if unknown := sorted(wanted.keys() - _UPDATABLE):
            return _fault(400, f"Unknown attribute for argument load_balancer: {unknown[0]}")
        if self.load_balancers[id_]["provisioning_status"] != "ACTIVE":
            return self._refuse_change(id_)
        self.load_balancers[id_] |= wanted
        self.set_status(id_, "PENDING_UPDATE", self.looks_until_done)
        return 200, {"loadbalancer": dict(self.load_balancers[id_])}, {}

    def _delete(self, id_: str, call: Any) -> Told:
        found = self.load_balancers[id_]
        if found["provisioning_status"] not in ("ACTIVE", "ERROR"):
            return self._refuse_change(id_)
        if found["listeners"] and call.query.get("cascade", "").lower() != "true":
            return _fault(
                400, f"Validation failure: Cannot delete Load Balancer {id_} - it has children"
            )
        self.set_status(id_, "PENDING_DELETE", self.looks_until_done)
        return 204, None, {}

    def _refuse_change(self, id_: str) -> Told:
        status = self.load_balancers[id_]["provisioning_status"]
        return _fault(409, f"Invalid state {status} of loadbalancer resource {id_}")


def _fault(status: int, words: str) -> Told:
    code = "Client" if status < 500 else "Server"
    return status, {"faultcode": code, "faultstring": words, "debuginfo": None}, {}

"""Nova, API version 2.1 (microversion 2.90): servers, their status and their task state."""

from __future__ import annotations

import re
import uuid
from typing import Any

from tests.fakes.openstack.neutron import Neutron

Told = tuple[int, Any, dict[str, str]]

IMAGE = "44444444-4444-4444-8444-444444444444"
#: Id of a flavor -> its name.
FLAVORS = {"1": "m1.tiny", "2": "m1.small"}
_CREATABLE = {
    "availability_zone",
    "flavorRef",
    "imageRef",
    "key_name",
    "metadata",
    "name",
    "networks",
    "security_groups",
    "tags",
    "user_data",
}
_PATH = re.compile(r"/compute/v2\.1/servers/([^/]+)(?:/(action|metadata))?")


class Nova:
    """Servers by id; each change takes a number of looks."""

    def __init__(self, neutron: Neutron) -> None:
        self._neutron = neutron
        self.servers: dict[str, dict[str, Any]] = {}
        self.keys = ["mine"]
        #: How many looks find a server still changing.
        self.looks_until_done = 1
        self.quota = 10
        #: Why the next change ends in ERROR instead of what was asked for.
        self.next_fault: str | None = None
        self._looks_left: dict[str, int] = {}

    def count(self) -> int:
        """How many there are that are not leaving."""
        return len([one for one in self.servers.values() if one["task"] != "deleting"])

    def set_task(self, id_: str, status: str, task: str | None, looks: int = 1) -> None:
        """Let a server be on its way to something else; it is done after so many looks."""
        self.servers[id_] |= {"status": status, "task": task}
        self._looks_left[id_] = looks

    def answer(self, call: Any) -> Told:
        """Answer one request."""
        path = call.path.removeprefix("/compute/v2.1")
        if path.startswith("/flavors"):
            told = [{"id": id_, "name": name} for id_, name in FLAVORS.items()]
            return 200, {"flavors": told}, {}
        if path in ("/servers", "/servers/detail"):
            return self._create(call) if call.method == "POST" else self._list(call)
        matched = _PATH.fullmatch(call.path)
        if matched is None or matched[1] not in self.servers:
            return _fault(404, "itemNotFound", f"Instance {path.split('/')[2]} could not be found.")
        if matched[2] is not None:
            return self._act(matched[1], matched[2], call.body)
        answering = {"GET": self._show, "PUT": self._update, "DELETE": self._delete}
        return answering[call.method](matched[1], call)

    def _list(self, call: Any) -> Told:
        wanted = set(filter(None, call.query.get("tags", "").split(",")))
        found = [one for one in self.servers.values() if wanted <= set(one["tags"])]
        return 200, {"servers": [self._tell(one) for one in found]}, {}

    def _show(self, id_: str, call: Any) -> Told:
        server = self.servers[id_]
        if server["task"] is not None:
            self._looks_left[id_] -= 1
            if self._looks_left[id_] < 0:
                self._finish(id_)
        if id_ not in self.servers:
            return _fault(404, "itemNotFound", f"Instance {id_} could not be found.")
        return 200, {"server": self._tell(server)}, {}

    def _finish(self, id_: str) -> None:
        server = self.servers[id_]
        if self.next_fault is not None:
            server["fault"] = {"code": 500, "message": self.next_fault, "created": "now"}
            server |= {"status": "ERROR", "task": None}
            self.next_fault = None
        elif server["task"] == "deleting":
            del self.servers[id_]
            self._neutron.ports.pop(id_, None)
        else:
            server |= {"status": "ACTIVE", "task": None}

    def _create(self, call: Any) -> Told:
        wanted = call.body["server"]
        if problem := self._find_problem(wanted):
            return _fault(400, "badRequest", problem)
        if self.count() >= self.quota:
            words = f"Quota exceeded for instances: Requested 1, but already used {self.quota}"
            return _fault(403, "forbidden", words)
        id_ = str(uuid.uuid4())
        groups = [group["name"] for group in wanted.get("security_groups", [{"name": "default"}])]
        port = self._neutron.make_port(id_, wanted["networks"][0]["uuid"], groups)
        self.servers[id_] = {
            "id": id_,
            "name": wanted["name"],
            "image": {"id": wanted["imageRef"]},
            "flavor": FLAVORS[wanted["flavorRef"]],
            "key_name": wanted.get("key_name"),
            "metadata": wanted.get("metadata", {}),
            "tags": wanted.get("tags", []),
            "address": port["fixed_ips"][0]["ip_address"],
            "fault": None,
        }
        self.set_task(id_, "BUILD", "spawning", self.looks_until_done)
        return 202, {"server": {"id": id_, "links": [], "security_groups": []}}, {}

    def _find_problem(self, wanted: dict[str, Any]) -> str | None:
        if unknown := sorted(wanted.keys() - _CREATABLE):
            return f"Additional properties are not allowed ({unknown[0]!r} was unexpected)"
        if wanted["imageRef"] != IMAGE:
            return f"Can not find requested image (Image {wanted['imageRef']} could not be found.)"
        if wanted.get("key_name", "mine") not in self.keys:
            return "Invalid key_name provided."
        if any(len(tag) > 60 or "/" in tag or "," in tag for tag in wanted.get("tags", [])):
            return "Invalid input for field/attribute tags."
        return None

    def _update(self, id_: str, call: Any) -> Told:
        self.servers[id_] |= call.body["server"]
        return 200, {"server": self._tell(self.servers[id_])}, {}

    def _delete(self, id_: str, call: Any) -> Told:
        self.set_task(id_, self.servers[id_]["status"], "deleting", self.looks_until_done)
        return 204, None, {}

    def _act(self, id_: str, noun: str, body: dict[str, Any]) -> Told:
        if noun == "metadata":
            self.servers[id_]["metadata"] = body["metadata"]
            return 200, body, {}
        groups = self._neutron.ports[id_]["security_groups"]
        ((action, said),) = body.items()
        if self.servers[id_]["task"] is not None:
            task = self.servers[id_]["task"]
            words = f"Cannot '{action}' instance {id_} while it is in task_state {task}"
            return _fault(409, "conflictingRequest", words)
        if action == "addSecurityGroup":
            groups.append(said["name"])
        elif action == "removeSecurityGroup":
            groups.remove(said["name"])
        else:
            assert body == {"reboot": {"type": "SOFT"}}
            self.set_task(id_, "REBOOT", "reboot_started", self.looks_until_done)
        return 202, None, {}

    def _tell(self, server: dict[str, Any]) -> dict[str, Any]:
        kept = {name: server[name] for name in ("id", "name", "status", "metadata", "key_name")}
        fault = {} if server["fault"] is None else {"fault": server["fault"]}
        fixed = {"addr": server["address"], "version": 4, "OS-EXT-IPS:type": "fixed"}
        floating = [{"addr": "203.0.113.9", "version": 4, "OS-EXT-IPS:type": "floating"}]
        return {
            **kept,
            **fault,
            "image": server["image"],
            "flavor": {"original_name": server["flavor"], "vcpus": 1, "ram": 512, "disk": 1},
            "tags": server["tags"],
            "addresses": {"private": [fixed, *(floating if server.get("is_public") else [])]},
            "OS-EXT-STS:task_state": server["task"],
            "OS-EXT-AZ:availability_zone": "nova",
        }


def _fault(status: int, name: str, words: str) -> Told:
    return status, {name: {"code": status, "message": words}}, {}

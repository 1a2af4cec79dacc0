"""An OpenStack on loopback: Keystone, Octavia, Nova and Neutron as far as Bellpull needs them.

What is answered, and with which words, follows the API references of these services.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.fakes.openstack.keystone import Keystone
from tests.fakes.openstack.neutron import Neutron
from tests.fakes.openstack.nova import Nova
from tests.fakes.openstack.octavia import Octavia


class Call(NamedTuple):
    """One request to one of the services."""

    method: str
    #: Without the host: /load-balancer/v2.0/lbaas/loadbalancers.
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


class Answer(NamedTuple):
    """What a service answers."""

    status: int
    body: Any = None
    headers: dict[str, str] | None = None


class OpenStackCloud:
    """The services, and verbs with which a test steers them."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._failures: deque[tuple[str, str, Answer | None]] = deque()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"cloud": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.keystone = Keystone(self.url)
        self.neutron = Neutron()
        self.octavia = Octavia(self.neutron)
        self.nova = Nova(self.neutron)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def fail_next(
        self, method: str, part: str, status: int, body: Any = None, **headers: str
    ) -> None:
        """Answer the next `method` whose path holds `part` with a failure; nothing happens."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        self._failures.append((method, part, Answer(status, body, told)))

    def cut_next(self, method: str, part: str) -> None:
        """Do what the next such request asks for, and close the connection without an answer."""
        self._failures.append((method, part, None))

    def changes(self) -> list[str]:
        """The requests to the services that change something: method and last noun."""
        return [
            f"{call.method} {'/'.join(call.path.split('/')[3:])}"
            for call in self.calls
            if call.method != "GET" and not call.path.startswith("/identity")
        ]

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, call: Call) -> Answer | None:
        """What to answer; None: hang up."""
        with self._lock:
            self.calls.append(call)
            failure = self._take_failure(call)
            if failure and failure[2] is not None:
                return failure[2]
            answer = self._dispatch(call)
            return None if failure else answer

    def _take_failure(self, call: Call) -> tuple[str, str, Answer | None] | None:
        for failure in self._failures:
            if failure[0] == call.method and failure[1] in call.path:
                self._failures.remove(failure)
                return failure
        return None

    def _dispatch(self, call: Call) -> Answer:
        service = call.path.split("/")[1]
        if service == "identity":
            return Answer(*self.keystone.answer(call))
        base = f"{self.url}/{service}"
        if call.path.rstrip("/") == f"/{service}":
            return Answer(200, {"versions": _versions(base, service)})
        if call.path.rstrip("/") == "/compute/v2.1":
            return Answer(200, {"version": _versions(base, service)[0]})
        if self.keystone.find_token(call.headers.get("x-auth-token")) is None:
            return Answer(401, {"error": {"code": 401, "message": "Authentication required"}})
        services: dict[str, Any] = {"load-balancer": self.octavia, "compute": self.nova}
        return Answer(*services.get(service, self.neutron).answer(call))


def _versions(base: str, service: str) -> list[dict[str, Any]]:
    if service == "compute":
        link = {"rel": "self", "href": f"{base}/v2.1/"}
        numbers = {"version": "2.90", "min_version": "2.1"}
        return [{"id": "v2.1", "status": "CURRENT", "links": [link], **numbers}]
    newest = ["v2.0", "v2.5", "v2.26", "v2.29"] if service == "load-balancer" else ["v2.0"]
    return [
        {
            "id": version,
            "status": "CURRENT" if version == newest[-1] else "SUPPORTED",
            "links": [{"rel": "self", "href": f"{base}/v2.0"}],
        }
        for version in newest
    ]


class _Handler(BaseHTTPRequestHandler):
    cloud: OpenStackCloud
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        call = Call(
            self.command,
            parts.path,
            {name: values[-1] for name, values in parse_qs(parts.query).items()},
            {name.lower(): value for name, value in self.headers.items()},
            json.loads(raw) if raw else None,
        )
        answer = self.cloud.answer(call)
        if answer is None:
            self.close_connection = True
            return
        body = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in (answer.headers or {}).items():
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815  # http.server's names

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def run_openstack() -> Iterator[OpenStackCloud]:
    """A cloud while the block lasts."""
    cloud = OpenStackCloud()
    try:
        yield cloud
    finally:
        cloud.close()

"""A busy worker asks ECS not to be scaled in; the agent is a real server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from worker.scale_in import ScaleInProtection


class Agent(HTTPServer):
    """Notes what it is asked, and answers as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, Any]] = []
        self.answer: bytes = b'{"protection": {"ProtectionEnabled": true}}'
        self.status = 200

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/task"


class _Handler(BaseHTTPRequestHandler):
    server: Agent

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def agent() -> Iterator[Agent]:
    server = Agent()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


ON = ("/api/task/task-protection/v1/state", {"ProtectionEnabled": True, "ExpiresInMinutes": 10})
OFF = ("/api/task/task-protection/v1/state", {"ProtectionEnabled": False})


def test_protection_is_asked_for_once_while_busy_and_renewed_in_time(agent: Agent) -> None:
    protection = ScaleInProtection(agent.uri)
    for at in (0.0, 5.0, 100.0, 239.0):
        protection.update(is_busy=True, at=at)
    assert agent.asked == [ON]
    protection.update(is_busy=True, at=241.0)
    assert agent.asked == [ON, ON]


def test_protection_is_given_up_after_a_while_of_idleness_and_not_between_two_jobs(
    agent: Agent,
) -> None:
    protection = ScaleInProtection(agent.uri)
    protection.update(is_busy=True, at=0.0)
    protection.update(is_busy=False, at=10.0)
    protection.update(is_busy=True, at=20.0)
    protection.update(is_busy=False, at=49.0)
    assert agent.asked == [ON]
    protection.update(is_busy=False, at=51.0)
    protection.update(is_busy=False, at=60.0)
    assert agent.asked == [ON, OFF]


def test_idle_worker_asks_for_nothing(agent: Agent) -> None:
    ScaleInProtection(agent.uri).update(is_busy=False, at=0.0)
    assert agent.asked == []


@pytest.mark.parametrize(
    ("status", "answer"),
    [(500, b"{}"), (200, b'{"failure": {"Reason": "DEPLOYMENT_BLOCKED"}}'), (200, b"no JSON")],
)
def test_refusal_is_no_error_and_is_asked_again(agent: Agent, status: int, answer: bytes) -> None:
    agent.status, agent.answer = status, answer
    protection = ScaleInProtection(agent.uri)
    protection.update(is_busy=True, at=0.0)
    protection.update(is_busy=True, at=5.0)
    assert agent.asked == [ON, ON]


def test_without_an_agent_nothing_happens() -> None:
    protection = ScaleInProtection(None)
    protection.update(is_busy=True, at=0.0)
    assert protection._protected_at is None


def test_agent_that_is_away_is_no_error() -> None:
    protection = ScaleInProtection("http://127.0.0.1:9/api/task")
    protection.update(is_busy=True, at=0.0)
    assert protection._protected_at is None

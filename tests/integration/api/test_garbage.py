"""Four hundred garbage requests over a real connection: refused, each with a problem."""

from __future__ import annotations

import json
import random
import re
import socket
from typing import Any

import pytest

from app import app

SEED = 20_240_229
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get", "BREW"]
ROUTES = [
    (entry.method, path)
    for path, methods in app.routes.items()
    for entry in methods.values()
    if path != "/ready"  # it is not: SQS is a fake
]
ODD = ["", "x", "%00", "%ff", "%", "..", "%2e%2e%2f", "a" * 300, "\xff", "*", "null", "'--", "{}"]
QUERIES = [
    *[""] * 12,
    "?limit=abc",
    "?limit=-1",
    "?x",
    "?%ff=%ff",
    "?limit=5&limit=6",
    "?" + "&" * 99,
]
BODIES = [
    b"",
    b"{",
    b"[]",
    b"\x00",
    b"\xff\xfe",
    b'"\\ud800"',
    b'{"name": "\\ud800", "subnet_ids": ["\\u0000"]}',
    b"[" * 10_000,
    b'{"tags":' * 10_000,
    b'{"name": 1e999, "subnet_ids": [' + b"9" * 5000 + b"]}",
    b'{"name": "x", "name": "y"}',
    b'{"upstream_id": "' + b"x" * 300 + b'"}',
    b" " * 300_000,
]
TYPES = [
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "*/*",
    "\xff",
    ";",
    "",
]


def make_request(draw: random.Random, token: str) -> bytes:
    method, path = draw.choice(ROUTES)
    path = re.sub("{.*}", lambda _: draw.choice(ODD), path) + draw.choice(QUERIES)
    if draw.random() < 0.15:
        method, path = draw.choice(METHODS), draw.choice([path, f"/{draw.choice(ODD)}"])
    body = draw.choice(BODIES)
    headers = [f"Content-Length: {draw.choice([len(body)] * 9 + ['x'])}", "Connection: close"]
    if draw.random() < 0.9:
        headers.append(f"X-Auth-Token: {draw.choice([token] * 9 + [chr(255)])}")
    if draw.random() < 0.1:
        headers.append(draw.choice(["Authorization: Basic \xff", "X: " + "y" * 70_000, "Nonsense"]))
    headers.append(f"Content-Type: {draw.choice(TYPES)}")
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *headers, "", ""])
    return head.encode("latin-1") + body


def send(port: int, request: bytes) -> tuple[int, str, bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        answer = b""
        try:
            connection.sendall(request)
            while received := connection.recv(65_536):
                answer += received
        except ConnectionError:
            pass  # refused before all was sent; what was answered counts
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers.get("content-type", ""), body


def test_garbage_is_refused_with_a_problem_and_never_with_a_5xx(
    port: int, api: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(SEED)
    seen = set()
    for _ in range(400):
        request = make_request(draw, api.token)
        status, content_type, body = send(port, request)
        seen.add(status)
        assert status < 500, request[:300]
        if status >= 400:
            assert content_type == "application/problem+json", request[:300]
            is_head = request.startswith(b"HEAD")
            assert body == b"" if is_head else json.loads(body)["status"] == status
    assert seen >= {400, 401, 404, 405, 413, 415, 422}
    assert "Traceback" not in capfd.readouterr().err
    assert api("GET", "/loadbalancers").body["load_balancers"] == []

"""The local API server refuses as API Gateway would, always in problem+json and without a trace."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from chalice import Chalice
from chalice.config import Config

from infra.local.api import MAX_BODY_BYTES, make_server
from infra.local.servers.readiness import find_free_port

CLOSE = b"Host: x\r\nConnection: close\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = Chalice("echo", configure_logs=False)

    @app.route("/echo", methods=["POST"])
    def echo() -> dict[str, str]:
        return {"body": app.current_request.raw_body.decode()}

    @app.route("/page", methods=["GET", "HEAD"])
    def page() -> dict[str, str]:
        return {"what": "a page"}

    number = find_free_port()
    server = make_server(app, Config(), number)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield number
    server.shutdown()
    thread.join()
    server.server.server_close()


def send(port: int, raw: bytes) -> tuple[int, str, bytes]:
    """Status, content type and body of what the server answers to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(raw)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers["content-type"], body


def test_good_request_reaches_the_app(port: int) -> None:
    raw = b"POST /echo HTTP/1.1\r\n" + CLOSE + b"Content-Type: application/json\r\n"
    status, _, body = send(port, raw + b"Content-Length: 2\r\n\r\n{}")
    assert (status, json.loads(body)) == (200, {"body": "{}"})


def test_head_is_answered_without_a_body_that_the_next_request_would_trip_over(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    for method, length in (("HEAD", 0), ("GET", 17), ("HEAD", 0)):
        connection.request(method, "/page")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Content-Length"]) == (200, "17")
        assert len(answer.read()) == length
    connection.close()
    raw = b"HEAD /nowhere HTTP/1.1\r\n" + CLOSE + b"\r\n"
    assert send(port, raw) == (404, "application/problem+json", b"")


@pytest.mark.parametrize(
    ("expected", "raw"),
    [
        (404, b"GET /nowhere HTTP/1.1\r\n" + CLOSE + b"\r\n"),
        (404, b"GET /nowhere HTTP/1.1\r\n" + CLOSE + b"Authorization: Bearer \xff\r\n\r\n"),
        (404, b"GET http://[::1 HTTP/1.1\r\n" + CLOSE + b"\r\n"),
        (405, b"PATCH /echo HTTP/1.1\r\n" + CLOSE + b"\r\n"),
        (405, b"BREW /echo HTTP/1.1\r\n" + CLOSE + b"\r\n"),
        (400, b"garbage\r\n\r\n"),
        (400, b"GET / HTTP/9.9\r\n\r\n"),
        (400, b"POST /echo HTTP/1.1\r\n" + CLOSE + b"Content-Length: some\r\n\r\n"),
        (400, b"POST /echo HTTP/1.1\r\n" + CLOSE + b"Content-Length: -5\r\n\r\n"),
        (411, b"POST /echo HTTP/1.1\r\n" + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (413, b"POST /echo HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1)),
        (414, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n"),
        (431, b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"),
    ],
)
def test_refusal_is_a_problem_with_a_fitting_status(
    port: int, expected: int, raw: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    status, content_type, body = send(port, raw)
    assert (status, content_type) == (expected, "application/problem+json")
    assert json.loads(body)["status"] == expected
    assert "Traceback" not in capfd.readouterr().err

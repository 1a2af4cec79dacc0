"""The command line at an address where this project's API is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bellpull.commands import main


def test_nobody_there_has_a_status_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    for url in ("http://127.0.0.1:9", "ftp://x", "nonsense", "http://[::1", "http://x:99999"):
        assert main(["--url", url, "--token", "x", "queues"]) == 5
        assert url.partition("://")[2] in capsys.readouterr().err


@pytest.fixture
def stranger() -> Iterator[str]:
    """Another server than ours: it has a page at /queues, a list at /workers.

    It sends who asks for jobs to that page.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = {"/queues": b"<html>Log in</html>", "/workers": b"[]"}.get(self.path)
            if self.path.startswith("/jobs"):
                self.send_response(302)
                self.send_header("Location", "/queues")
            else:
                self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("command", "status"), [("queues", 5), ("workers", 5), ("tasks", 3)])
def test_server_that_is_not_ours_is_told(
    stranger: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    status: int,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert main(["--url", stranger, "--token", "x", command]) == status
    assert "not as Bellpull's API does" in capsys.readouterr().err


def test_redirect_is_not_followed_for_the_token_is_not_for_everybody(
    stranger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--url", stranger, "--token", "x", "jobs", "list"]) == 3
    assert "answered 302, but not as Bellpull's API does" in capsys.readouterr().err

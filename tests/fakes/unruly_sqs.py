"""An SQS on loopback that passes on to another, and misbehaves at receives when told to."""

from __future__ import annotations

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class UnrulySqs:
    """Verbs: `obey`, `hang`, `refuse(status)`, `babble`, `hang_up`; also a context manager."""

    def __init__(self, behind: str) -> None:
        """`behind`: URL of the SQS that answers when this one obeys."""
        self._behind = urlsplit(behind).netloc
        self._mood = "obey"
        self._status = 500
        #: Receives that were answered badly, or not at all.
        self.misdeeds = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def obey(self) -> None:
        """Answer as SQS does."""
        self._mood = "obey"

    def hang(self) -> None:
        """Accept and never answer."""
        self._set("hang")

    def refuse(self, status: int) -> None:
        """Answer with an HTTP error."""
        self._status = status
        self._set("refuse")

    def babble(self) -> None:
        """Answer 200 with what is no answer."""
        self._set("babble")

    def hang_up(self) -> None:
        """Close the connection in the middle of an answer."""
        self._set("hang_up")

    def _set(self, mood: str) -> None:
        self.misdeeds, self._mood = 0, mood

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.obey()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        unruly = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_receive = self.headers.get("X-Amz-Target", "").endswith("ReceiveMessage")
                if is_receive and unruly._mood != "obey":
                    unruly.misdeeds += 1
                    unruly._misbehave(self)
                    return
                unruly._pass_on(self, body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _misbehave(self, handler: BaseHTTPRequestHandler) -> None:
        match self._mood:
            case "hang":
                until = time.monotonic() + 60
                while self._mood == "hang" and time.monotonic() < until:
                    time.sleep(0.05)
                handler.close_connection = True
            case "refuse":
                _answer(handler, self._status, b'{"__type": "com.amazonaws.sqs#Refused"}')
            case "babble":
                _answer(handler, 200, b"<html>Welcome to the airport's Wi-Fi \xff</html>")
            case _:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{")
                handler.close_connection = True

    def _pass_on(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        connection = http.client.HTTPConnection(self._behind, timeout=60)
        try:
            connection.request("POST", handler.path, body, dict(handler.headers))
            response = connection.getresponse()
            _answer(handler, response.status, response.read())
        except (OSError, http.client.HTTPException):
            handler.close_connection = True
        finally:
            connection.close()


def _answer(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/x-amz-json-1.0")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)

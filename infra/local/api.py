"""Serves app.py as API Gateway and Lambda would, on 127.0.0.1 and the port in API_PORT."""

from __future__ import annotations

import functools
import json
import os
import signal
import threading
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import Any

from chalice.app import Chalice
from chalice.cli.factory import CLIFactory
from chalice.config import Config
from chalice.local import (
    ChaliceRequestHandler,
    LocalDevServer,
    LocalGatewayException,
    create_local_server,
)

from chalicelib.api.problems import describe_status

ROOT = Path(__file__).resolve().parents[2]
STAGE = "local"
# API Gateway's own limit; the application's is lower and is its own to enforce.
MAX_BODY_BYTES = 10 * 1024 * 1024
IDLE_SECONDS = 30
# http.server blames itself for a method that it has no do_ for and for an odd version.
_BETTER_STATUS = {
    HTTPStatus.NOT_IMPLEMENTED: HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED: HTTPStatus.BAD_REQUEST,
}


class LocalHandler(ChaliceRequestHandler):
    """Answers in problem+json (RFC 9457) what API Gateway would refuse before the Lambda."""

    # Without it each answer to a keep-alive client waits 40 ms for the client's delayed ACK.
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS

    def handle(self) -> None:
        """Serve one connection; a client that goes away is no error of ours."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def _generic_handle(self) -> None:
        if self._is_body_acceptable():
            try:
                super()._generic_handle()
            except UnicodeError:  # chalice copies the header Authorization as ASCII
                self.send_error(HTTPStatus.NOT_FOUND)

    do_GET = do_PUT = do_POST = do_HEAD = _generic_handle  # noqa: N815  # http.server's names
    do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = _generic_handle  # noqa: N815

    def _is_body_acceptable(self) -> bool:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
        elif not (length.isascii() and length.isdigit() and len(length) < 12):
            self.send_error(HTTPStatus.BAD_REQUEST, "Content-Length is not a number")
        elif int(length) > MAX_BODY_BYTES:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            return True
        return False

    def _send_http_response(
        self, code: int, headers: dict[str, Any], body: str | bytes | None
    ) -> None:
        # Chalice's own answer, which no middleware sees and which API Gateway gives in AWS.
        is_problem = headers.get("Content-Type") == "application/problem+json"
        if code == HTTPStatus.METHOD_NOT_ALLOWED and not is_problem:
            self.send_error(code)
        else:
            super()._send_http_response(code, headers, body)

    def _send_http_response_with_body(
        self, code: int, headers: dict[str, Any], body: str | bytes
    ) -> None:
        if self.command == "HEAD":  # all that GET says but the body
            raw = body if isinstance(body, bytes) else body.encode()
            self.send_response(code)
            self._send_headers({**headers, "Content-Length": str(len(raw))})
        else:
            super()._send_http_response_with_body(code, headers, body)

    def _send_error_response(self, error: LocalGatewayException) -> None:
        # Chalice answers an unknown path with 403 as a bare API Gateway does. Ours answers 404.
        is_unknown = error.CODE == HTTPStatus.FORBIDDEN
        self.send_error(HTTPStatus.NOT_FOUND if is_unknown else error.CODE)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with problem+json and close: what follows on the connection is not known."""
        status = _BETTER_STATUS.get(HTTPStatus(code), HTTPStatus(code))
        problem = describe_status(status, explain or message or status.description).body
        self.close_connection = True
        self.request_version = (
            self.protocol_version
        )  # of an unreadable request line: 0.9, no status
        headers = {"Content-Type": "application/problem+json", "Connection": "close"}
        if status is HTTPStatus.METHOD_NOT_ALLOWED:  # one that no path has
            headers["Allow"] = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
        super()._send_http_response(status, headers, json.dumps(problem))


def make_server(app: Chalice, config: Config, port: int) -> LocalDevServer:
    """A server for `app` that listens already and waits for `serve_forever`."""
    local = create_local_server(app, config, "127.0.0.1", port)
    local.server.RequestHandlerClass = functools.partial(
        LocalHandler, app_object=app, config=config
    )
    local.server.socket.listen(128)  # http.server's own backlog is 5
    return local


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    config = CLIFactory(str(ROOT), environ=os.environ).create_config_obj(STAGE)
    local = make_server(config.chalice_app, config, int(os.environ["API_PORT"]))

    def stop(_number: int, _frame: FrameType | None) -> None:
        # shutdown() waits for serve_forever(), which this handler interrupted.
        threading.Thread(target=local.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    local.serve_forever()


if __name__ == "__main__":
    main()

"""A receiver of webhooks on loopback that answers as badly as a test wants."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Received(NamedTuple):
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Notes every request, and answers with what was queued, else with 204."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        #: Connections that were accepted, with a request or without.
        self.connections = 0
        self._answers: deque[Callable[[socket.socket], None]] = deque()
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._serve, daemon=True).start()

    # --- what a test says ----------------------------------------------------------------

    def answer_next(self, status: int, *headers: str, body: bytes = b"", times: int = 1) -> None:
        """Answer the next requests with a status."""
        lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(body)}", *headers]
        raw = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        self._answers += [lambda connection: connection.sendall(raw)] * times

    def drip_next(self, text: bytes, pause_seconds: float) -> None:
        """Answer the next request byte by byte."""

        def drip(connection: socket.socket) -> None:
            for byte in text:
                connection.sendall(bytes([byte]))
                time.sleep(pause_seconds)

        self._answers.append(drip)

    def flood_next(self, size: int) -> None:
        """Answer the next request with 200 and so many bytes."""

        def flood(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size // 65536):
                connection.sendall(b"x" * 65536)

        self._answers.append(flood)

    def hang_up_next(self) -> None:
        """Close the next connection without an answer."""
        self._answers.append(lambda connection: None)

    def close(self) -> None:
        """Listen no more."""
        with suppress(OSError):  # macOS closes what waits for a connection without this
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    # --- what it does --------------------------------------------------------------------

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                if not (line := stream.readline().decode().strip()):
                    return
                headers = dict(_read_headers(stream))
                body = stream.read(int(headers.get("content-length", "0")))
                self.received.append(Received(line, headers, body))
                answer = self._answers.popleft() if self._answers else None
                (answer or (lambda to: to.sendall(OK)))(connection)


def _read_headers(stream: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    for raw in stream:
        if not raw.strip():
            return
        name, _, value = raw.decode("latin-1").partition(":")
        yield name.strip().lower(), value.strip()


@contextmanager
def run_receiver(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver while the block lasts."""
    receiver = Receiver(context)
    try:
        yield receiver
    finally:
        receiver.close()

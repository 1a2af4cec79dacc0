"""A receiver of webhooks, as a user of Bellpull would write one; it checks what it gets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from infra.local.terminal import paint, say

#: A body that is longer is not read.
_MOST_BYTES = 1024 * 1024


class Message(NamedTuple):
    """One message as it came."""

    headers: dict[str, str]
    body: bytes


class Receiver:
    """Listens on 127.0.0.1, answers 204, and keeps what came."""

    def __init__(self) -> None:
        self._messages: SimpleQueue[Message] = SimpleQueue()
        handler = type("Handler", (_Handler,), {"messages": self._messages})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        #: The secret of the webhook that leads here.
        self.secret = ""

    def take(self) -> Message | None:
        """The oldest message that was not taken yet, None if there is none."""
        try:
            return self._messages.get_nowait()
        except Empty:
            return None

    def show(self, message: Message) -> bool:
        """Print a message and whether its signature verifies; returns whether it does."""
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
            say(f"  {name}: {message.headers.get(name)}")
        try:
            payload = Webhook(self.secret).verify(message.body, message.headers)
        except (WebhookVerificationError, ValueError) as error:
            say(paint(f"  The signature does not verify: {error}", "red"))
            return False
        say(_indent(payload))
        say(f"  {paint('The signature verifies', 'green')}, by the secret of the webhook.\n")
        return True


@contextmanager
def run_receiver() -> Iterator[Receiver]:
    """A receiver while the block lasts."""
    receiver = Receiver()
    threading.Thread(target=receiver.server.serve_forever, args=(0.1,), daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    messages: SimpleQueue[Message]

    def do_POST(self) -> None:  # http.server's name
        """Keep the message, then say that it is kept."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            self.send_error(413)
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.messages.put(Message(headers, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet: messages are shown by whoever takes them."""


def _indent(payload: Any) -> str:
    """The payload without the long middle of its load balancer."""
    data = payload["data"]
    if record := data.get("load_balancer"):
        names = ("id", "name", "provisioning_status", "dns_name")
        data = {**data, "load_balancer": {name: record[name] for name in names}}
    text = json.dumps({**payload, "data": data}, indent=2)
    return "\n".join(f"  {line}" for line in text.splitlines())

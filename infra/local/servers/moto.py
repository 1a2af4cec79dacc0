"""AWS on a free port: moto's server, which forgets everything when it ends."""

from __future__ import annotations

import sys
import urllib.request

from infra.local.servers.readiness import answers_http, open_local
from infra.local.servers.server import Server


class MotoServer(Server):
    """SQS, ELBv2 and the rest, for any access key."""

    def __init__(self) -> None:
        super().__init__("moto")

    @property
    def url(self) -> str:
        """The endpoint for every AWS client."""
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forget everything without a restart."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with open_local(request, timeout=10):
            pass

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def _answers(self) -> bool:
        return answers_http(f"{self.url}/moto-api/")

"""AWS on a free port: moto's server, all of it in memory."""

from __future__ import annotations

import sys
import tempfile
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local.servers.process import GuardedProcess
from infra.local.servers.readiness import answers_http, find_free_port, wait_until


class MotoServer:
    """Also a context manager: started on entry, stopped on exit."""

    def __init__(self, port: int | None = None) -> None:
        self.port = port or find_free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="bellpull-moto-")
        self._process: GuardedProcess | None = None

    @property
    def url(self) -> str:
        """The endpoint for every AWS client."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, empty, on the same port as before; returns when it answers.

        Raises:
            RuntimeError: it did not come up; with the end of what it said.
        """
        log = Path(self._folder.name, "log")
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        process = self._process = GuardedProcess(command, log)
        wait_until(lambda: process.status is not None or answers_http(f"{self.url}/moto-api/"))
        if process.status is not None or not answers_http(f"{self.url}/moto-api/"):
            self.kill()
            raise RuntimeError(f"moto's server did not start: {log.read_text()[-2000:]}")

    def stop(self) -> None:
        """Stop politely; queues and messages are gone."""
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process:
            self._process.kill()

    def reset(self) -> None:
        """Forget everything without a restart."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._folder.cleanup()

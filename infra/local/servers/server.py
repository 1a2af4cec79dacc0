"""What the private servers have in common: a temporary folder, a port and a guarded process."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local.servers.process import GuardedProcess
from infra.local.servers.readiness import find_free_port, wait_until


class Server(ABC):
    """Also a context manager: started on entry, stopped and wiped on exit."""

    def __init__(self, name: str) -> None:
        self.port = find_free_port()
        self._temporary = tempfile.TemporaryDirectory(prefix=f"bellpull-{name}-")
        self._folder = Path(self._temporary.name)
        self._process: GuardedProcess | None = None

    def start(self) -> None:
        """Start on the port, and on what is kept, of before; returns when it answers.

        Raises:
            RuntimeError: it did not come up; with the end of its log.
        """
        log = self._folder / "log"
        process = self._process = GuardedProcess(self._command(), log)
        wait_until(lambda: process.status is not None or self._answers())
        if process.status is not None or not self._answers():
            self.kill()
            raise RuntimeError(f"{type(self).__name__} did not start: {log.read_text()[-2000:]}")

    def stop(self) -> None:
        """Stop politely."""
        if self._process:
            self._process.stop(grace_seconds=30)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process:
            self._process.kill()

    def restart(self) -> None:
        """Stop politely and start again."""
        self.stop()
        self.start()

    @abstractmethod
    def _command(self) -> list[str]:
        """What to run."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it is ready for clients."""

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
        self._temporary.cleanup()

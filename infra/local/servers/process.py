"""A process in a session of its own that is never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

# Waits for the end of its input, which comes when our process is gone, however it went, and
# then kills the group that we would have stopped.
_GUARD = 'while read -r _; do :; done; kill -s KILL -- "-$1"'


class GuardedProcess:
    """Runs a command at once; if we die first, even by SIGKILL, its whole group goes too."""

    def __init__(
        self,
        command: Sequence[str],
        output: Path,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """`output`: file that what the command prints is added to."""
        with output.open("ab") as sink:
            self._process = subprocess.Popen(
                command,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(self.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Id of the process, and of its group."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """What the process ended with, or None while it runs."""
        return self._process.poll()

    def stop(self, grace_seconds: float = 10) -> None:
        """Ask by SIGTERM, wait, then kill what is left of the group. Twice does no harm."""
        try:
            if self.status is None:
                # The process alone: the children of a pool are its own to stop.
                self._process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(grace_seconds)
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill the whole group at once. Twice does no harm."""
        if self._guard.returncode is not None:
            return
        # macOS answers EPERM for a group of which only the unreaped leader is left.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._guard.kill()
        self._guard.communicate()

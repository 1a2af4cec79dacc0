"""The processes of the Procfile: started in its order, stopped in the opposite one."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import FrameType

from honcho.colour import get_colours
from honcho.environ import parse_procfile
from honcho.printer import Message, Printer

from infra.local.servers.process import GuardedProcess
from infra.local.terminal import Screen, say

#: A process that lasted shorter than this is not replaced: another would end like it.
_TOO_SHORT_SECONDS = 5.0


class StopRequested(Exception):
    """Somebody asked for the end: Ctrl-C, SIGTERM, or a closed terminal."""


class ProcessEnded(Exception):
    """A process that should run is gone."""

    def __init__(self, name: str, status: int, log: Path) -> None:
        how = f"signal {-status}" if status < 0 else f"status {status}"
        super().__init__(f"{name} ended with {how}")
        self.log = log


class Processes:
    """Runs them, watches them, keeps what they print in one log file each."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], logs: Path, grace_seconds: float
    ) -> None:
        """`folder`: where the Procfile is and the processes run."""
        self._folder = folder
        self._environment = environment
        self._grace_seconds = grace_seconds
        self._logs = logs
        procfile = parse_procfile((folder / "Procfile").read_text(encoding="utf-8"))
        self._commands: dict[str, str] = dict(procfile.processes)
        self._running: dict[str, GuardedProcess] = {}
        self._shown: dict[str, int] = {}
        self._colours = dict(zip(self._commands, get_colours(), strict=False))
        self._printer = Printer(Screen(), width=max(map(len, self._commands)))
        self._replaceable: set[str] = set()
        self._started_at: dict[str, float] = {}
        self._is_stop_requested = False
        # The signal of a closed terminal may reach make alone, which then waits for us.
        self._has_terminal = sys.stdout.isatty()
        logs.mkdir(exist_ok=True)

    def watch_signals(self) -> None:
        """From now on Ctrl-C, SIGTERM and a closed terminal end the next `pause`."""
        # Only a flag: a signal that raised could strike between a start and its being noted.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._request_stop)

    @property
    def names(self) -> list[str]:
        """Every process of the Procfile, in its order."""
        return list(self._commands)

    def log(self, name: str) -> Path:
        """The file with what a process or command printed."""
        return self._logs / f"{name}.log"

    def start(self, name: str, command: str | None = None) -> GuardedProcess:
        """Start a process of the Procfile, or the `command` given; its log is begun anew."""
        self.log(name).write_bytes(b"")
        return self._start(name, command)

    def _start(self, name: str, command: str | None = None) -> GuardedProcess:
        self._started_at[name] = time.monotonic()
        process = GuardedProcess(
            ["/bin/sh", "-c", f"exec {command or self._commands[name]}"],
            self.log(name),
            environment=self._environment,
            folder=self._folder,
        )
        self._running[name] = process
        return process

    def replace_when_ended(self, name: str) -> None:
        """From now on start another when this one ends, as ECS does; not one that ends at once."""
        self._replaceable.add(name)

    def run(self, name: str, command: str) -> str:
        """Run a command to its end and return what it printed.

        Raises:
            ProcessEnded: its status was not 0.
        """
        process = self.start(name, command)
        while process.status is None:
            self.pause(0.05, name)
        process.kill()
        del self._running[name]
        if process.status:
            raise ProcessEnded(name, process.status, self.log(name))
        return self.log(name).read_text(encoding="utf-8")

    def pause(self, seconds: float, may_end: str | None = None) -> None:
        """Sleep while all is well; every wait of the stack goes through here.

        Raises:
            StopRequested: a signal came.
            ProcessEnded: a process other than `may_end` is gone and not to be replaced.
        """
        time.sleep(seconds)
        if self._is_stop_requested or (self._has_terminal and not sys.stdout.isatty()):
            raise StopRequested
        for name, process in list(self._running.items()):
            if name == may_end or process.status is None:
                continue
            ended = ProcessEnded(name, process.status, self.log(name))
            lasted_seconds = time.monotonic() - self._started_at[name]
            if name not in self._replaceable or lasted_seconds < _TOO_SHORT_SECONDS:
                raise ended
            say(f"{ended}; starting another")
            process.kill()  # what is left of its group
            self._start(name)

    def show_new_lines(self) -> None:
        """Print what was printed since the last time, whole lines, each with its process's name."""
        for name, colour in self._colours.items():
            if not self.log(name).exists():
                continue
            with self.log(name).open("rb") as log:
                log.seek(self._shown.get(name, 0))
                text = log.read()
            text = text[: text.rfind(b"\n") + 1]
            self._shown[name] = self._shown.get(name, 0) + len(text)
            now = datetime.now()  # noqa: DTZ005  # the clock on the wall, for a person
            self._printer.write(Message("line", text, now, name, colour))

    def stop(self) -> None:
        """Stop them, the last started first, so that a worker can still reach its queues."""
        while self._running:
            _, process = self._running.popitem()
            process.stop(self._grace_seconds)

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stop_requested = True

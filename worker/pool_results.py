"""Reads what the pool's processes say: all that has come with one call."""
# ruff: noqa: SLF001 - the pool's processes tell their pipes in no other way

from __future__ import annotations

import os
from contextlib import suppress
from struct import Struct
from typing import Any

from celery.concurrency.asynpool import ResultHandler
from kombu.serialization import pickle

#: The most bytes of one read: what a pipe holds on Linux.
_CHUNK_BYTES = 64 * 1024
#: A message is its length and that many bytes.
_LENGTH = Struct(">i")
#: Seconds that a shutdown waits for one process to say something.
_PATIENCE_SECONDS = 0.5


class Results(ResultHandler):  # type: ignore[misc]  # celery has no types
    """Keeps the begin of a message whose end has not come.

    Celery reads the length of a message and then the message, and asks the loop after each to
    tell of the next; a short job says two things.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        #: By file descriptor.
        self._begun: dict[int, bytearray] = {}

    def _make_process_result(self, hub: Any) -> Any:
        def on_result_readable(fd: int) -> None:
            if fd not in self.fileno_to_outq:  # the process has gone
                hub.remove_reader(fd)
                return
            try:
                self.read(fd)
            except (OSError, EOFError):
                hub.remove_reader(fd)

        return on_result_readable

    def read(self, fd: int) -> bool:
        """Handle the messages that have come; False if nothing has.

        Raises EOFError when there will be no more, and OSError.
        """
        try:
            chunk = os.read(fd, _CHUNK_BYTES)
        except (BlockingIOError, InterruptedError):
            return False
        if not chunk:
            raise EOFError
        begun = self._begun.setdefault(fd, bytearray())
        begun += chunk
        while len(begun) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(begun)[0]
            if len(begun) < end:
                break
            message = bytes(begun[_LENGTH.size : end])
            del begun[:end]
            said = pickle.loads(message)
            if said:
                self.on_state_change(said)
        return True

    def finish(self, process: Any) -> None:
        """Handle what a process has said before it ended, and forget what it began to say."""
        try:
            fd = process.outq._reader.fileno()
        except OSError:
            return  # closed, and its number may be another's
        with suppress(OSError, EOFError):
            while self.read(fd):
                pass
        self._begun.pop(fd, None)

    # Celery goes on with the message that it is in, and then reads message after message.
    def _flush_outqueue(self, fd: int, remove: Any, process_index: Any, _: Any) -> None:
        try:
            if process_index[fd].outq._reader.poll(_PATIENCE_SECONDS):
                self.read(fd)
        except (KeyError, OSError, EOFError):
            remove(fd)

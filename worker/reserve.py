"""How many messages a worker keeps waiting: about a second's work, none beside long jobs."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from kombu.transport import SQS

#: Seconds of work that may wait in a worker. More would only be taken from other workers.
_RESERVE_SECONDS = 1.0
#: The most messages that wait, however short the jobs are.
_MOST = 600


class QoS(SQS.QoS):  # type: ignore[misc]  # kombu has no types
    """Kombu's prefetch count, plus a reserve that follows the rate at which jobs end.

    Kombu's count is fixed. At the number of pool processes each short job waits for a
    receive of its own; at more, long jobs are hoarded behind each other.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ended_at: deque[float] = deque(maxlen=_MOST)

    def note_end(self, at: float | None = None) -> None:
        """A job ended at monotonic time `at`, now if not given."""
        self._ended_at.append(time.monotonic() if at is None else at)

    def reserve(self, at: float | None = None) -> int:
        """How many messages may wait beside those that are worked on."""
        since = (time.monotonic() if at is None else at) - _RESERVE_SECONDS
        while self._ended_at and self._ended_at[0] <= since:
            self._ended_at.popleft()
        return len(self._ended_at)

    def can_consume(self) -> bool:
        """Whether it is time to receive: a process would idle, or a whole batch has room."""
        room = self.can_consume_max_estimate()
        if room is None or room >= SQS.SQS_MAX_MESSAGES:
            return True
        return room > 0 and self._held() < self.prefetch_count

    def can_consume_max_estimate(self) -> int | None:
        """How many more messages there is room for; None for any number."""
        if not self.prefetch_count:
            return None
        return max(0, int(self.prefetch_count) + self.reserve() - self._held())

    def _held(self) -> int:
        return len(self._delivered) - len(self._dirty)

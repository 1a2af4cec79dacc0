"""Which queue is asked for messages when all are full: each by its weight, none left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping


class Shares:
    """What each queue with a backlog has brought, divided by its weight; who is behind is next.

    This is stride scheduling (C. Waldspurger and W. Weihl, 1995): while queues are full each
    brings its weight's share of all messages, however small. A queue that was empty for a while
    has saved nothing up.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        """`weights`: by queue, above 0; 1 for those that it does not name."""
        self._weights = weights
        self._passed: dict[str, float] = {}
        #: Queues whose last answer brought messages.
        self._full: set[str] = set()

    def note(self, queue: str, count: int) -> None:
        """A receive has brought `count` messages; none if it failed."""
        if count == 0:
            self._full.discard(queue)
            return
        if queue not in self._full:
            others = (self._passed[other] for other in self._full)
            self._passed[queue] = max(self._passed.get(queue, 0.0), min(others, default=0.0))
            self._full.add(queue)
        self._passed[queue] += count / self._weights.get(queue, 1)

    def forget(self, queue: str) -> None:
        """The queue is not consumed from any more."""
        self._full.discard(queue)

    def in_turn(self, queues: Collection[str]) -> list[str]:
        """The same queues, those first that are behind."""
        return sorted(queues, key=lambda queue: (self._passed.get(queue, 0.0), queue))

    def is_contended(self, queue: str) -> bool:
        """Whether this queue and another one are full."""
        return queue in self._full and len(self._full) > 1

    def is_next(self, queue: str, others: Collection[str]) -> bool:
        """Whether none of the full ones of `others` is further behind."""
        return self.in_turn(self._full.intersection(others) | {queue})[0] == queue

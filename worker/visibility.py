"""Keeps the messages that a worker holds invisible to others."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.broker.sqs import get_sqs

logger = logging.getLogger(__name__)


class VisibilityKeeper:
    """Renews the visibility of each message before a third of it has passed.

    SQS keeps a message invisible for at most twelve hours in all. Longer jobs are kept by
    their lease alone: the message reappears, finds its job taken, and is deleted.
    """

    def __init__(self, visibility_seconds: int) -> None:
        self._seconds = visibility_seconds
        self._renewed_at: dict[str, float] = {}

    def extend(self, channel: Any) -> None:
        """Renew what is due, ten messages a call. Errors are logged; the next beat tries again."""
        at = time.monotonic()
        held = channel.in_flight()
        tags = {tag for handles in held.values() for tag in handles}
        self._renewed_at = {tag: self._renewed_at.get(tag, at) for tag in tags}
        for url, handles in held.items():
            due = [tag for tag in handles if at - self._renewed_at[tag] > self._seconds / 3]
            for batch in _tens(due):
                # What was given back while others were renewed is not to be hidden again.
                if batch := [tag for tag in batch if channel.holds(tag)]:
                    self._renew(url, batch, at)

    def _renew(self, url: str, batch: list[str], at: float) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": tag, "VisibilityTimeout": self._seconds}
            for number, tag in enumerate(batch)
        ]
        try:
            answer = get_sqs().change_message_visibility_batch(QueueUrl=url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            logger.warning("visibility not renewed: count=%d error=%s", len(batch), error)
            return
        for failure in answer.get("Failed", []):
            # Most often past SQS's twelve hours, or deleted a moment ago: asking less is enough.
            logger.debug("visibility not renewed: %s", failure)
        for tag in batch:
            self._renewed_at[tag] = at


def _tens(items: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), 10):
        yield items[start : start + 10]

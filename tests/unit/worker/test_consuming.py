"""What becomes of messages whose task no worker knows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.broker.message import BELL_HEADER
from worker.consuming import JobConsumer


class Delivered:
    """A delivered message that notes what is done to it."""

    def __init__(self, headers: dict[str, Any]) -> None:
        self.headers, self.delivery_tag, self.done = headers, "tag", ""
        self.channel = SimpleNamespace(bury=self._bury)

    def ack(self) -> None:
        self.done = "acknowledged"

    def _bury(self, tag: str, reason: str) -> None:
        self.done = f"buried: {reason}"


@pytest.mark.parametrize(
    ("headers", "done"),
    [({BELL_HEADER: "carried"}, "acknowledged"), ({}, "buried: there is no task 'x'")],
)
def test_bell_of_a_job_with_an_unknown_task_is_spent_and_a_strangers_message_buried(
    headers: dict[str, Any], done: str
) -> None:
    message = Delivered(headers)
    JobConsumer.on_unknown_task(JobConsumer.__new__(JobConsumer), None, message, KeyError("x"))
    assert message.done == done

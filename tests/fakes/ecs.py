"""An ECS that runs one task, to an end that the test decides."""

from __future__ import annotations

from typing import Any

ARN = "arn:aws:ecs:eu-central-1:123456789012:task/bellpull-dev/0123456789abcdef"


class FakeEcs:
    """Notes what it is asked to run."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self._refusal: str | None = None
        self._statuses = ["PENDING", "RUNNING", "RUNNING", "STOPPED"]
        self._end: dict[str, Any] = {"containers": [{"exitCode": 0}]}

    def refuse(self, reason: str) -> None:
        """Have no room for a task."""
        self._refusal = reason

    def end_with_status(self, status: int) -> None:
        """Let the command end so."""
        self._end = {"containers": [{"exitCode": status}]}

    def never_start(self, reason: str) -> None:
        """Fail before the command runs, as when the image cannot be pulled."""
        self._statuses = ["PENDING", "STOPPED"]
        self._end = {"containers": [{"reason": reason}], "stoppedReason": "Task failed to start"}

    def run_task(self, **asked: Any) -> dict[str, Any]:
        """As boto3's."""
        self.asked = asked
        if self._refusal:
            return {"tasks": [], "failures": [{"reason": self._refusal}]}
        return {"tasks": [{"taskArn": ARN}], "failures": []}

    def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
        """As boto3's; each look sees the task further."""
        assert tasks == [ARN]
        return {"tasks": [{"lastStatus": self._statuses.pop(0), **self._end}]}

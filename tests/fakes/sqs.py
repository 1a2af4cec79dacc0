"""An SQS that keeps what is sent to it, and can refuse a job's bell or go away."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.settings import Settings

SETTINGS = Settings(
    database_url="sqlite:///unused", sqs_queue_url="https://sqs.example/1/test-{queue}"
)


@dataclass(frozen=True)
class Sent:
    """One message that SQS took."""

    queue: str
    body: str
    group: str | None
    delay_seconds: int

    @property
    def headers(self) -> dict[str, Any]:
        """Celery's headers."""
        headers: dict[str, Any] = json.loads(self.body)["headers"]
        return headers

    @property
    def content(self) -> list[Any]:
        """Celery's args, kwargs and embed."""
        content: list[Any] = json.loads(json.loads(self.body)["body"])
        return content

    @property
    def job_id(self) -> str:
        """The job whose bell it is."""
        return str(self.headers["id"])


@dataclass
class FakeSqs:
    """As much of boto3's SQS client as ringing needs."""

    sent: list[Sent] = field(default_factory=list)
    #: Per call the number of its messages; 0 for SendMessage.
    calls: list[int] = field(default_factory=list)
    _refused: set[str] = field(default_factory=set)
    _is_away: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def go_away(self) -> None:
        """Let no call come through."""
        self._is_away = True

    def come_back(self) -> None:
        """Answer again, and take everything."""
        self._is_away = False
        self._refused.clear()

    def refuse(self, job_id: str) -> None:
        """Take any bell but this job's."""
        self._refused.add(job_id)

    def job_ids(self) -> list[str]:
        """The jobs whose bells were taken, in order."""
        return [message.job_id for message in self.sent]

    def send_message(self, **entry: Any) -> dict[str, Any]:
        self._come_through(0)
        if not self._take(entry["QueueUrl"], entry):
            raise ClientError({"Error": {"Code": "InvalidParameterValue"}}, "SendMessage")
        return {}

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        entries = request["Entries"]
        self._come_through(len(entries))
        failed = [one["Id"] for one in entries if not self._take(request["QueueUrl"], one)]
        return {"Failed": [{"Id": name, "Code": "InvalidParameterValue"} for name in failed]}

    def _come_through(self, messages: int) -> None:
        self.calls.append(messages)
        if self._is_away:
            raise EndpointConnectionError(endpoint_url="https://sqs.example")

    def _take(self, url: str, entry: dict[str, Any]) -> bool:
        message = Sent(
            queue=url.rpartition("/test-")[2],
            body=entry["MessageBody"],
            group=entry.get("MessageGroupId"),
            delay_seconds=entry.get("DelaySeconds", 0),
        )
        if message.job_id in self._refused:
            return False
        with self._lock:
            self.sent.append(message)
        return True


def install_sqs(monkeypatch: pytest.MonkeyPatch) -> FakeSqs:
    """Have all bells rung at a new fake."""
    fake = FakeSqs()
    monkeypatch.setattr("chalicelib.broker.bell._get_sender", lambda: fake)
    monkeypatch.setattr("chalicelib.broker.bell.get_settings", lambda: SETTINGS)
    return fake

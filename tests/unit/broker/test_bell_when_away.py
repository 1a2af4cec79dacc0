"""Many bells while SQS is away."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.broker import bell as bell_module
from chalicelib.broker.message import Bell


class AwaySqs:
    """Does not answer, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def send_message_batch(self, **_: Any) -> Any:
        self.asked += 1
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


@pytest.mark.parametrize("count", [95, 1000])
def test_queue_that_takes_nothing_is_asked_once_for_many_bells(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    sqs = AwaySqs()
    monkeypatch.setattr(bell_module, "_get_sender", lambda: sqs)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///nowhere")
    monkeypatch.setenv("SQS_QUEUE_URL", "http://127.0.0.1:1/{queue}")
    bell_module.get_settings.cache_clear()
    bells = [
        Bell(job_id=f"job-{number}", task="t", queue="default", project_id="p", parameters={})
        for number in range(count)
    ]
    assert bell_module.ring(bells) == [bell.job_id for bell in bells]
    assert sqs.asked == 1
    bell_module.get_settings.cache_clear()

"""An SQS that only keeps what is rung."""

from __future__ import annotations

import pytest

from tests.fakes.sqs import FakeSqs, install_sqs


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> FakeSqs:
    """Where bells are rung."""
    return install_sqs(monkeypatch)

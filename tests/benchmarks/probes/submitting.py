"""One job submitted our way: POST /jobs through Chalice, the middleware and the token's check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.benchmarks.contracts import add_contracts
from tests.benchmarks.probes.requests import NEW_JOB, Context, make_event


def make_ours() -> Callable[[], Any]:
    """What submits a job and returns API Gateway's answer."""
    add_contracts()
    from app import app

    event = make_event("POST", "/jobs", body=NEW_JOB)
    return lambda: app(event, Context())

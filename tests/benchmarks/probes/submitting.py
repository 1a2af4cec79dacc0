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

    if "POST" not in app.routes.get("/jobs", {}):
        return _make_service()
    event = make_event("POST", "/jobs", body=NEW_JOB)
    return lambda: app(event, Context())


def _make_service() -> Callable[[], Any]:
    """Without such a route: the service behind it."""
    from chalicelib.broker.contracts import all_contracts
    from chalicelib.db.engine import get_engine
    from chalicelib.services.jobs import NewJob, submit

    contract, engine = all_contracts()[NEW_JOB["task"]], get_engine()

    def work() -> Any:
        parameters = contract.parameters(**NEW_JOB["parameters"])
        submit(engine, "bench", NewJob(contract=contract, parameters=parameters))
        return {"statusCode": 202}

    return work

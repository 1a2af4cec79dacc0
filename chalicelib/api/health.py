"""Whether the API answers at all, and whether what it needs does; neither reveals more."""

from __future__ import annotations

import msgspec
from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route

blueprint = Blueprint(__name__)


class HealthAnswer(msgspec.Struct, frozen=True):
    """Answer of a process that can answer."""

    status: str = "ok"


@route(blueprint, "GET", "/health", scope=None, answers={200: HealthAnswer})
def get_health(call: Call) -> Response:
    """Answer, without asking anybody else."""
    return json_response(HealthAnswer())


@route(blueprint, "GET", "/ready", scope=None, answers={200: HealthAnswer}, is_dependent=True)
def get_readiness(call: Call) -> Response:
    """Answer if the database and SQS can be reached; 503 if not."""
    from chalicelib.services.readiness import require_ready

    require_ready(call.engine)
    return json_response(HealthAnswer())

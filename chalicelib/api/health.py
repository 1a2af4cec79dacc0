"""Whether the API answers at all; says nothing of the database."""

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

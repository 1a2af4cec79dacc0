"""Routes of upstreams, their limits and circuit breakers; for all workers and projects."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.controls import get_limit, limit, unlimit
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.controls import BreakersAnswer, BreakerView, ControlView, NewLimit

blueprint = Blueprint(__name__)

_LIMIT = "/upstreams/{upstream}/limit"
_BREAKER = "/circuit-breakers/{upstream}"
_LIMITED = {200: ControlView}


@route(blueprint, "GET", _LIMIT, scope=Scope.READ, answers=_LIMITED)
def get_upstream_limit(call: Call, upstream: str) -> Response:
    """Look at the limit of an upstream; null where there is none."""
    return get_limit(call, "upstream", upstream)


@route(
    blueprint,
    "PUT",
    _LIMIT,
    scope=Scope.ADMIN,
    body=NewLimit,
    answers=_LIMITED,
    is_conditional=True,
)
def limit_upstream(call: Call, upstream: str, body: NewLimit) -> Response:
    """Limit how many jobs that call an upstream begin in a time, or run at once."""
    return limit(call, "upstream", upstream, body)


@route(blueprint, "DELETE", _LIMIT, scope=Scope.ADMIN, answers={204: None}, is_conditional=True)
def unlimit_upstream(call: Call, upstream: str) -> Response:
    """Take the limit of an upstream away."""
    return unlimit(call, "upstream", upstream)


@route(blueprint, "GET", "/circuit-breakers", scope=Scope.READ, answers={200: BreakersAnswer})
def list_circuit_breakers(call: Call) -> Response:
    """List the circuit breakers of all upstreams: whether jobs that call them may begin."""
    from chalicelib.services import breakers

    found = breakers.list_breakers(call.engine, call.project_id)
    return json_response(BreakersAnswer(found))


@route(blueprint, "POST", f"{_BREAKER}/open", scope=Scope.ADMIN, answers={200: BreakerView})
def open_circuit_breaker(call: Call, upstream: str) -> Response:
    """Let no job that calls an upstream begin until its breaker is closed again."""
    from chalicelib.services import breakers

    return json_response(breakers.open_breaker(call.engine, upstream, by=call.project_id))


@route(blueprint, "POST", f"{_BREAKER}/close", scope=Scope.ADMIN, answers={200: BreakerView})
def close_circuit_breaker(call: Call, upstream: str) -> Response:
    """Let the jobs that wait for an upstream begin at once, without one that tries first."""
    from chalicelib.services import breakers

    return json_response(breakers.close_breaker(call.engine, upstream, by=call.project_id))

"""Routes of load balancers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.fields import AddedResource, ResourcePage
from chalicelib.schemas.jobs import JobView
from chalicelib.schemas.load_balancers import (
    AcceptedLoadBalancer,
    ChangedLoadBalancer,
    LoadBalancersAnswer,
    LoadBalancerView,
    NewLoadBalancer,
)

if TYPE_CHECKING:
    from chalicelib.services.records import Records

blueprint = Blueprint(__name__)

_ALL = "/loadbalancers"
_ONE = "/loadbalancers/{load_balancer_id}"
_ACCEPTED = {202: AcceptedLoadBalancer}
_EXAMPLE = {
    "name": "shop front",
    "type": "network",
    "subnet_ids": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
    "tags": {"team": "shop"},
}


@route(
    blueprint,
    "POST",
    _ALL,
    scope=Scope.WRITE,
    body=NewLoadBalancer,
    answers=_ACCEPTED,
    is_repeatable=True,
    example=_EXAMPLE,
)
def create_load_balancer(call: Call, body: NewLoadBalancer) -> Response:
    """Create a load balancer."""
    accepted = _records().create(
        call.engine,
        call.project_id,
        body.to_spec(),
        once=call.once(body),
        webhook=body.webhook,
    )
    return _accepted(call, *accepted)


@route(
    blueprint,
    "POST",
    f"{_ALL}/add",
    scope=Scope.ADMIN,
    body=AddedResource,
    answers=_ACCEPTED,
    is_repeatable=True,
)
def add_load_balancer(call: Call, body: AddedResource) -> Response:
    """Add a load balancer that exists upstream already."""
    accepted = _records().add(call.engine, call.project_id, body.upstream_id, once=call.once(body))
    return _accepted(call, *accepted)


@route(
    blueprint,
    "GET",
    _ALL,
    scope=Scope.READ,
    query=ResourcePage,
    answers={200: LoadBalancersAnswer},
)
def list_load_balancers(call: Call, query: ResourcePage) -> Response:
    """List load balancers, newest first."""
    from chalicelib.services import record_reading
    from chalicelib.services.load_balancers import LOAD_BALANCERS

    rows = record_reading.list_newest(
        call.engine,
        LOAD_BALANCERS,
        call.project_id,
        limit=query.limit + 1,
        after=query.after,
        provisioning_status=query.provisioning_status,
    )
    page, following = call.cut(rows, query.limit)
    views = [LoadBalancerView.from_row(row) for row in page]
    return json_response(LoadBalancersAnswer(views, following), link=call.next_link(following))


@route(blueprint, "GET", _ONE, scope=Scope.READ, answers={200: LoadBalancerView})
def get_load_balancer(call: Call, load_balancer_id: str) -> Response:
    """Look at a load balancer."""
    from chalicelib.services import record_reading
    from chalicelib.services.load_balancers import LOAD_BALANCERS

    row = record_reading.get(call.engine, LOAD_BALANCERS, call.project_id, load_balancer_id)
    return json_response(LoadBalancerView.from_row(row))


@route(
    blueprint,
    "PUT",
    _ONE,
    scope=Scope.WRITE,
    body=ChangedLoadBalancer,
    answers=_ACCEPTED,
    is_conditional=True,
)
def change_load_balancer(call: Call, load_balancer_id: str, body: ChangedLoadBalancer) -> Response:
    """Change a load balancer; what the body does not name stays."""
    require = call.unchanged(LoadBalancerView.from_row)
    accepted = _records().change(
        call.engine, call.project_id, load_balancer_id, body, require=require
    )
    return _accepted(call, *accepted)


@route(blueprint, "DELETE", _ONE, scope=Scope.WRITE, answers=_ACCEPTED, is_conditional=True)
def destroy_load_balancer(call: Call, load_balancer_id: str) -> Response:
    """Destroy a load balancer."""
    require = call.unchanged(LoadBalancerView.from_row)
    accepted = _records().destroy(call.engine, call.project_id, load_balancer_id, require=require)
    return _accepted(call, *accepted)


def _records() -> Records:
    from chalicelib.services.load_balancers import LOAD_BALANCERS
    from chalicelib.services.records import Records

    return Records(LOAD_BALANCERS)


def _accepted(call: Call, record: Any, job: Any) -> Response:
    answer = AcceptedLoadBalancer(
        LoadBalancerView.from_row(record), JobView.from_row(job, is_admin=call.is_admin)
    )
    return json_response(answer, 202, call.location(_ALL, record.id))

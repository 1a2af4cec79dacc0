"""Routes of servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.fields import AddedResource, ResourcePage
from chalicelib.schemas.jobs import JobView
from chalicelib.schemas.servers import (
    AcceptedServer,
    ChangedServer,
    NewServer,
    ServersAnswer,
    ServerView,
)

if TYPE_CHECKING:
    from chalicelib.services.records import Records

blueprint = Blueprint(__name__)

_ALL = "/servers"
_ONE = "/servers/{server_id}"
_ACCEPTED = {202: AcceptedServer}
_EXAMPLE = {
    "name": "shop 1",
    "image_id": "ami-0a1b2c3d4e5f6a7b8",
    "flavor": "t3.micro",
    "subnet_id": "subnet-0a1b2c3d",
    "tags": {"team": "shop"},
}


@route(
    blueprint,
    "POST",
    _ALL,
    scope=Scope.WRITE,
    body=NewServer,
    answers=_ACCEPTED,
    is_repeatable=True,
    example=_EXAMPLE,
)
def create_server(call: Call, body: NewServer) -> Response:
    """Create a server."""
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
def add_server(call: Call, body: AddedResource) -> Response:
    """Add a server that exists upstream already."""
    accepted = _records().add(call.engine, call.project_id, body.upstream_id, once=call.once(body))
    return _accepted(call, *accepted)


@route(blueprint, "GET", _ALL, scope=Scope.READ, query=ResourcePage, answers={200: ServersAnswer})
def list_servers(call: Call, query: ResourcePage) -> Response:
    """List servers, newest first."""
    from chalicelib.services import record_reading
    from chalicelib.services.servers import SERVERS

    rows = record_reading.list_newest(
        call.engine,
        SERVERS,
        call.project_id,
        limit=query.limit + 1,
        after=query.after,
        provisioning_status=query.provisioning_status,
    )
    page, following = call.cut(rows, query.limit)
    views = [ServerView.from_row(row) for row in page]
    return json_response(ServersAnswer(views, following), link=call.next_link(following))


@route(blueprint, "GET", _ONE, scope=Scope.READ, answers={200: ServerView})
def get_server(call: Call, server_id: str) -> Response:
    """Look at a server."""
    from chalicelib.services import record_reading
    from chalicelib.services.servers import SERVERS

    return json_response(
        ServerView.from_row(record_reading.get(call.engine, SERVERS, call.project_id, server_id))
    )


@route(
    blueprint,
    "PUT",
    _ONE,
    scope=Scope.WRITE,
    body=ChangedServer,
    answers=_ACCEPTED,
    is_conditional=True,
)
def change_server(call: Call, server_id: str, body: ChangedServer) -> Response:
    """Change a server; what the body does not name stays."""
    require = call.unchanged(ServerView.from_row)
    accepted = _records().change(call.engine, call.project_id, server_id, body, require=require)
    return _accepted(call, *accepted)


@route(
    blueprint,
    "POST",
    f"{_ONE}/reboot",
    scope=Scope.WRITE,
    answers=_ACCEPTED,
    is_repeatable=True,
    is_conditional=True,
)
def reboot_server(call: Call, server_id: str) -> Response:
    """Reboot a server."""
    from chalicelib.services.servers import REBOOT

    accepted = _records().order(
        call.engine,
        call.project_id,
        server_id,
        REBOOT,
        once=call.once(),
        require=call.unchanged(ServerView.from_row),
    )
    return _accepted(call, *accepted)


@route(blueprint, "DELETE", _ONE, scope=Scope.WRITE, answers=_ACCEPTED, is_conditional=True)
def destroy_server(call: Call, server_id: str) -> Response:
    """Destroy a server."""
    require = call.unchanged(ServerView.from_row)
    accepted = _records().destroy(call.engine, call.project_id, server_id, require=require)
    return _accepted(call, *accepted)


def _records() -> Records:
    from chalicelib.services.records import Records
    from chalicelib.services.servers import SERVERS

    return Records(SERVERS)


def _accepted(call: Call, record: Any, job: Any) -> Response:
    answer = AcceptedServer(
        ServerView.from_row(record), JobView.from_row(job, is_admin=call.is_admin)
    )
    return json_response(answer, 202, call.location(_ALL, record.id))

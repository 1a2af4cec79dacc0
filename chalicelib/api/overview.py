"""Route of the overview."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.overview import OverviewAnswer, OverviewWindow

blueprint = Blueprint(__name__)


@route(
    blueprint,
    "GET",
    "/overview",
    scope=Scope.READ,
    query=OverviewWindow,
    answers={200: OverviewAnswer},
)
def get_overview(call: Call, query: OverviewWindow) -> Response:
    """Tell whether jobs move, how long they wait, what fails and what is paused."""
    from chalicelib.services import overview

    seen = overview.look(call.engine, call.project_id, query.window, call.seen_at)
    return json_response(seen)

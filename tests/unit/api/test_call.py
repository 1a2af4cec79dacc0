"""Where a client finds what was made, whatever API Gateway puts before the paths."""

from __future__ import annotations

from typing import Any

import pytest
from chalice.app import Request

from chalicelib.api.call import Call


@pytest.mark.parametrize(
    ("resource", "path", "location"),
    [
        ("/loadbalancers", "/loadbalancers", "/loadbalancers/1"),
        ("/loadbalancers", "/loadbalancers/", "/loadbalancers/1"),
        ("/loadbalancers", "/api/loadbalancers", "/api/loadbalancers/1"),
        ("/loadbalancers/add", "/v1/lb/loadbalancers/add", "/v1/lb/loadbalancers/1"),
        ("/loadbalancers/{id}", "/api/loadbalancers/a%2Fb", "/api/loadbalancers/1"),
        ("/loadbalancers", None, "/loadbalancers/1"),
    ],
)
def test_location_stands_behind_what_api_gateway_puts_before(
    resource: str, path: str | None, location: str
) -> None:
    context = {"httpMethod": "POST", "resourcePath": resource, "path": path}
    nothing: list[str] = [
        "multiValueQueryStringParameters",
        "headers",
        "pathParameters",
        "body",
        "stageVariables",
    ]
    event: dict[str, Any] = {"requestContext": context, **dict.fromkeys(nothing)}
    assert Call(Request(event), "id").location("/loadbalancers/1") == location

"""The OpenAPI document that API Gateway is made from: routes, and answers of the gateway's own."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

#: Put in by Terraform, which knows the function.
INVOKE_ARN = "API_INVOKE_ARN"

# What the gateway answers itself, as problems (RFC 9457) like all the API's errors. The words of
# the first are the API's own for a path that it does not have.
_GATEWAY_ANSWERS: dict[str, tuple[int, str, dict[str, str]]] = {
    "MISSING_AUTHENTICATION_TOKEN": (404, "There is nothing at this path.", {}),
    "REQUEST_TOO_LARGE": (413, "The request is larger than the gateway takes.", {}),
    "THROTTLED": (429, "Too many requests: try again in a moment.", {"Retry-After": "1"}),
    "WAF_FILTERED": (403, "The firewall refused this request.", {}),
    "INTEGRATION_FAILURE": (504, "The API could not be reached.", {"Retry-After": "5"}),
    "INTEGRATION_TIMEOUT": (504, "The API did not answer in time.", {"Retry-After": "5"}),
}
# All others: their status is in the answer's first line alone.
_OTHER_ANSWERS = {"DEFAULT_4XX": "Request refused", "DEFAULT_5XX": "Internal Server Error"}


def make_document(swagger: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0 out of Chalice's Swagger 2.0: every method of every path goes to the function.

    Methods that a path lacks go there too, so that the API itself can say 405 and which it has.
    """
    return {
        "openapi": "3.0.1",
        "info": swagger["info"],
        "paths": {
            path: dict.fromkeys([*methods, "x-amazon-apigateway-any-method"], _operation(path))
            for path, methods in swagger["paths"].items()
        },
        "x-amazon-apigateway-gateway-responses": _gateway_responses(),
    }


def _operation(path: str) -> dict[str, Any]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ],
        "responses": {"default": {"description": "See the API's own description."}},
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": INVOKE_ARN,
            "passthroughBehavior": "when_no_match",
            "contentHandling": "CONVERT_TO_TEXT",
        },
    }


def _gateway_responses() -> dict[str, Any]:
    responses = {}
    for kind, (status, detail, headers) in _GATEWAY_ANSWERS.items():
        title = HTTPStatus(status).phrase
        problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        responses[kind] = {"statusCode": status, **_response(json.dumps(problem), headers)}
    for kind, title in _OTHER_ANSWERS.items():
        # The gateway's message comes with its quotation marks.
        template = json.dumps({"type": "about:blank", "title": title})[:-1]
        template += ', "detail": $context.error.messageString}'
        responses[kind] = _response(template, {})
    return responses


def _response(template: str, headers: dict[str, str]) -> dict[str, Any]:
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"} | headers
    return {
        "responseParameters": {
            f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()
        },
        "responseTemplates": {"application/json": template},
    }

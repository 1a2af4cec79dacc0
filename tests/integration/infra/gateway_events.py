"""Events as a REST API of API Gateway sends them to Lambda (payload format 1.0)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SCHEDULED = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2030-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/bellpull-dev-dispatch"],
    "detail": {},
}


def make_event(
    resources: list[str], method: str, target: str, headers: dict[str, str], body: str | None
) -> dict[str, Any]:
    """The event for a request. `resources`: the gateway's paths; `target`: path and query."""
    parts = urlsplit(target)
    resource, parameters = _match(resources, parts.path)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    sent = headers | {"Host": "api.example.com", "X-Forwarded-For": "192.0.2.1"}
    return {
        "resource": resource,
        "path": parts.path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": _group(pairs) or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "resourceId": "3v1q2s",
            "resourcePath": resource,
            "httpMethod": method,
            "extendedRequestId": "LmkPOEzoliAFRzw=",
            "requestTime": "01/Jan/2030:00:00:00 +0000",
            "path": f"/api{parts.path}",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "api",
            "domainPrefix": "3g4b8ue1x7",
            "requestTimeEpoch": 1893456000000,
            "requestId": "0f6b93a4-3ff7-4b2c-8d8f-8e35b1c7a001",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "curl/8.5.0", "accessKey": None},
            "domainName": "3g4b8ue1x7.execute-api.us-east-1.amazonaws.com",
            "apiId": "3g4b8ue1x7",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def _match(resources: list[str], path: str) -> tuple[str, dict[str, str]]:
    for resource in sorted(resources, key=lambda text: text.count("{")):
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", resource)
        if found := re.fullmatch(pattern, path):
            return resource, found.groupdict()
    raise ValueError(f"{path} never reaches the function: the gateway has no such resource")


def _group(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped

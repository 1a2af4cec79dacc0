"""Requests as API Gateway hands them to a Lambda."""

from __future__ import annotations

import json
import os
from typing import Any


def make_event(
    method: str,
    resource: str,
    *,
    body: Any = None,
    query: dict[str, str] | None = None,
    path: dict[str, str] | None = None,
) -> dict[str, Any]:
    """An event for a route; the token is in BENCH_TOKEN."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token := os.environ.get("BENCH_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    filled = resource
    for name, value in (path or {}).items():
        filled = filled.replace(f"{{{name}}}", value)
    many = {name: [value] for name, value in query.items()} if query else None
    return {
        "resource": resource,
        "path": filled,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": many,
        "pathParameters": path,
        "stageVariables": None,
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
        "requestContext": {
            "resourcePath": resource,
            "path": filled,
            "httpMethod": method,
            "identity": {"sourceIp": "127.0.0.1"},
            "requestId": "bench",
        },
    }


class Context:
    """As much of Lambda's context as is looked at."""

    aws_request_id = "bench"
    function_name = "bench"
    memory_limit_in_mb = 512

    def get_remaining_time_in_millis(self) -> int:
        """Plenty."""
        return 30_000


#: The body of POST /jobs, ours and the hand-written one.
NEW_JOB: dict[str, Any] = {"task": "bench.add", "parameters": {"a": 40, "b": 2}}

"""Celery messages as other clients write them, to be spoiled by a test."""

from __future__ import annotations

import json
import uuid
from typing import Any


def envelope(
    task: str | None, args: Any = (), kwargs: Any = None, embed: Any = None, **headers: Any
) -> dict[str, Any]:
    """A Celery message (protocol 2) in kombu's envelope."""
    body = [list(args), kwargs if kwargs is not None else {}, embed or {}]
    made = {"lang": "py", "id": uuid.uuid4().hex, "task": task, **headers}
    return {
        "body": json.dumps(body),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": made,
        "properties": {
            "delivery_info": {"exchange": "", "routing_key": "default"},
            "delivery_tag": uuid.uuid4().hex,
            "body_encoding": None,
        },
    }

"""Asks every GET route once and prints which of the heavy modules that imported."""

from __future__ import annotations

import json
import re
import sys

from tests.benchmarks.probes.requests import Context, make_event

_HEAVY = ("celery", "kombu", "boto3", "botocore")
_ANSWERED = {200, 404, 503}  # 503: /ready, if SQS is not there


def main() -> None:
    """Ask and print."""
    from app import app

    asked: dict[str, int] = {}
    for path, methods in app.routes.items():
        if "GET" not in methods:
            continue
        names = re.findall(r"{(\w+)}", path)
        event = make_event("GET", path, path=dict.fromkeys(names, "unknown") or None)
        asked[path] = app(event, Context())["statusCode"]
    heavy = [name for name in _HEAVY if name in sys.modules]
    if not asked or not set(asked.values()) <= _ANSWERED:
        raise RuntimeError(f"not answered: {asked}")
    sys.stdout.write("\n" + json.dumps({"asked": asked, "heavy": heavy}) + "\n")


if __name__ == "__main__":
    main()

"""Asks every GET route once and prints which of the heavy modules that imported.

`light IDS`: ids of things that exist, by the names that routes have for them, as JSON.
"""

from __future__ import annotations

import json
import re
import sys

from tests.benchmarks.probes.requests import Context, make_event

_HEAVY = ("celery", "kombu", "boto3", "botocore")


def main() -> None:
    """Ask and print."""
    from app import app

    known = {**json.loads(sys.argv[1]), **_find_names()}
    asked: dict[str, int] = {}
    for path, methods in app.routes.items():
        if "GET" not in methods:
            continue
        values = {name: known[name] for name in re.findall(r"{(\w+)}", path)}
        event = make_event("GET", path, path=values or None)
        asked[path] = app(event, Context())["statusCode"]
    heavy = [name for name in _HEAVY if name in sys.modules]
    if not asked or set(asked.values()) != {200}:
        raise RuntimeError(f"not answered: {asked}")
    sys.stdout.write("\n" + json.dumps({"asked": asked, "heavy": heavy}) + "\n")


def _find_names() -> dict[str, str]:
    """What exists without a row; the routes that answer with it import the same."""
    from chalicelib.broker.contracts import all_contracts
    from chalicelib.broker.queues import QUEUES
    from chalicelib.console import find_version, read_assets
    from chalicelib.services.upstreams import list_upstreams

    return {
        "task": next(iter(all_contracts())),
        "queue": next(iter(QUEUES)),
        "upstream": list_upstreams()[0],
        "version": find_version(),
        "name": next(iter(read_assets())),
    }


if __name__ == "__main__":
    main()

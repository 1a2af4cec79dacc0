"""The job list: prints the seconds that its first and its hundredth page take."""

from __future__ import annotations

import json
import sys
import time
from statistics import median
from typing import Any

from tests.benchmarks.probes.requests import Context, make_event

_LIMIT = 50
_PAGES = 100
_TIMES = 30


def main() -> None:
    """Turn to page 100 as a client does, then measure both pages in turn."""
    from app import app

    def turn(after: str | None) -> Any:
        query = {"limit": str(_LIMIT)} | ({"after": after} if after else {})
        answer = app(make_event("GET", "/jobs", query=query), Context())
        if answer["statusCode"] != 200:
            raise RuntimeError(f"no list: {answer}")
        return json.loads(answer["body"])

    marks: list[str | None] = [None]
    while len(marks) < _PAGES:
        marks.append(turn(marks[-1])["next"])
        if marks[-1] is None:
            raise RuntimeError(f"there is no page {len(marks)}")
    spent: dict[str, list[float]] = {"first": [], "deep": []}
    for _ in range(_TIMES):
        for name, mark in (("first", marks[0]), ("deep", marks[-1])):
            began = time.perf_counter()
            page = turn(mark)
            spent[name].append(time.perf_counter() - began)
            if len(page["jobs"]) != _LIMIT:
                raise RuntimeError(f"{len(page['jobs'])} jobs on a page of {_LIMIT}")
    told = {name: median(values) for name, values in spent.items()}
    sys.stdout.write("\n" + json.dumps(told) + "\n")


if __name__ == "__main__":
    main()

"""Runs programs of the bench that measure their own process, and gives them a token."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from chalicelib.db.engine import make_engine
from chalicelib.domain.scopes import Scope
from chalicelib.services.tokens import mint
from tests.benchmarks.lab import OWN_BIN, PROJECT, ROOT, Room

_LIMIT_SECONDS = 300


def probe(room: Room, module: str, *arguments: str, **environment: str) -> Any:
    """What `tests.benchmarks.probes.MODULE` printed as its last line.

    Raises RuntimeError with what it said if it failed.
    """
    done = subprocess.run(
        [str(OWN_BIN / "python"), "-m", f"tests.benchmarks.probes.{module}", *arguments],
        env=room.environment() | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_LIMIT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} failed: {done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def mint_token(room: Room) -> str:
    """A token for everything in the bench's project."""
    engine = make_engine(room.database_url)
    try:
        return mint(engine, PROJECT, [Scope.ADMIN])[1]
    finally:
        engine.dispose()


def submit_in_bulk(room: Room, count: int) -> None:
    """Put `count` jobs that add into a room by the service for many."""
    probe(room, "bulk", "ours", str(count))

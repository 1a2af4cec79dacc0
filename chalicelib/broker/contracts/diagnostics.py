"""Contract of a task for trying out whether jobs are run."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from chalicelib.broker.contracts import TaskContract
from chalicelib.domain.jobs import RetryPolicy


class Echo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of diagnostics.echo."""

    #: What the job's result is to be.
    message: Any = None
    #: Seconds to wait before that.
    seconds: Annotated[float, Meta(ge=0, le=3600, description="a number from 0 to 3600")] = 0.0
    #: Attempts that fail before one succeeds.
    failures: Annotated[int, Meta(ge=0, le=100, description="a number from 0 to 100")] = 0


ECHO = TaskContract(
    name="diagnostics.echo",
    description="Returns its message, after a while or some failures if asked: tries out a fleet.",
    parameters=Echo,
    retry=RetryPolicy(max_attempts=5, base_seconds=1.0, cap_seconds=30.0),
)

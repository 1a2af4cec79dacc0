"""A task for trying out whether jobs are run."""

from __future__ import annotations

import time
from typing import Any

from chalicelib.broker.contracts import diagnostics as contracts
from chalicelib.errors import RetryableError
from worker.tasks.base import Job, implements

#: Seconds of one sleep: a cancelled job is interrupted between two.
_STEP_SECONDS = 0.5


@implements(contracts.ECHO)
def echo(job: Job, parameters: contracts.Echo) -> Any:
    """Wait, fail as often as asked, return the message."""
    until = time.monotonic() + parameters.seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _STEP_SECONDS))
    if job.attempt <= parameters.failures:
        raise RetryableError(f"Attempt {job.attempt} fails, as was asked for.")
    return parameters.message

"""Contract of the task that ends what was to follow a job."""

from __future__ import annotations

import msgspec

from chalicelib.broker.contracts import TaskContract
from chalicelib.domain.jobs import RetryPolicy


class FailFollowers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of canvas.fail_followers."""

    #: The job that ended without success.
    job_id: str


FAIL_FOLLOWERS = TaskContract(
    name="canvas.fail_followers",
    description="Ends the chain and the chord of a job that ended without success, and calls"
    " their errbacks.",
    parameters=FailFollowers,
    retry=RetryPolicy(max_attempts=10, base_seconds=1.0, cap_seconds=60.0),
    is_public=False,
)

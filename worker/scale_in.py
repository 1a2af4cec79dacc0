"""Asks ECS not to end this task while it works, so that scaling in takes idle workers first.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

from __future__ import annotations

import json
import logging
import time
import urllib.request
from http.client import HTTPException

logger = logging.getLogger(__name__)

#: Minutes that a protection lasts; a worker that hangs is not protected for ever.
_MINUTES = 10
_RENEW_SECONDS = 240.0
#: Seconds of idleness before protection is given up: a call a job would be throttled.
_IDLE_SECONDS = 30.0
_TIMEOUT_SECONDS = 2.0


class ScaleInProtection:
    """Keeps the protection of this ECS task equal to whether it is busy."""

    def __init__(self, agent_uri: str | None) -> None:
        """`agent_uri`: ECS_AGENT_URI, which ECS sets in every container; None elsewhere."""
        self._url = f"{agent_uri}/task-protection/v1/state" if agent_uri else None
        self._protected_at: float | None = None
        self._busy_at = 0.0

    def update(self, *, is_busy: bool, at: float | None = None) -> None:
        """Ask for protection, renew it or give it up, as needed; never raises.

        `at`: monotonic time, now if not given.
        """
        if self._url is None:
            return
        at = time.monotonic() if at is None else at
        if is_busy:
            self._busy_at = at
            is_fresh = self._protected_at is not None and at - self._protected_at < _RENEW_SECONDS
            if not is_fresh and self._put(ProtectionEnabled=True, ExpiresInMinutes=_MINUTES):
                self._protected_at = at
            return
        was_long_idle = self._protected_at is not None and at - self._busy_at > _IDLE_SECONDS
        if was_long_idle and self._put(ProtectionEnabled=False):
            self._protected_at = None

    def _put(self, **state: object) -> bool:
        request = urllib.request.Request(  # noqa: S310 - the agent's address comes from ECS
            str(self._url),
            data=json.dumps(state).encode(),
            headers={"Content-Type": "application/json"},
            method="PUT",
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
                answer = json.load(response)
        except (HTTPException, OSError, ValueError) as error:
            logger.warning("scale-in protection not changed: %s", error)
            return False
        if "failure" in answer or "error" in answer:
            logger.warning("scale-in protection not changed: %s", answer)
            return False
        return True

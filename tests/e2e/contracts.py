"""Contracts of the tasks that tests order about."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.queues import DEFAULT
from chalicelib.domain.jobs import RetryPolicy

SOON = RetryPolicy(max_attempts=3, base_seconds=0.2, cap_seconds=0.5)


class Sleep(msgspec.Struct, frozen=True, kw_only=True):
    seconds: float
    #: Carried for its size or its secrecy; returned as its length.
    text: str = ""


class Fail(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    #: Attempts that fail; the next one succeeds.
    times: int = 1
    retry_after_seconds: float | None = None


class Die(msgspec.Struct, frozen=True, kw_only=True):
    #: "child" or "all": the pool process, or the whole worker.
    victim: str = "child"
    times: int = 99
    how: str = "kill"


def _contract(name: str, parameters: type[msgspec.Struct], **options: Any) -> TaskContract:
    options = {"retry": SOON, "queue": DEFAULT, **options}
    return TaskContract(name=name, parameters=parameters, description=f"Test: {name}.", **options)


SLEEP = _contract("e2e.sleep", Sleep)
QUICK = _contract("e2e.quick", Sleep)
FAIL = _contract("e2e.fail", Fail)
FAIL_STRICT = _contract("e2e.fail_strict", Fail, retry_on="retryable")
DIE = _contract("e2e.die", Die)
CLEAN_UP = _contract("e2e.clean_up", Sleep)
STUBBORN = _contract("e2e.stubborn", Sleep)
SOFT_CAUGHT = _contract("e2e.soft_caught", Sleep, soft_time_limit_seconds=1)
SOFT = _contract("e2e.soft", Sleep, soft_time_limit_seconds=1)
HARD = _contract("e2e.hard", Sleep, time_limit_seconds=1)

"""The worker's application with tasks that a test can order about: sleep, fail, die, be deaf.

Started as `celery -A tests.e2e.tasks_app worker`; the environment variables E2E_* steer it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from chalicelib.errors import JobCancelled, PermanentError, RetryableError
from tests.e2e import contracts, plain_tasks
from tests.e2e.contracts import Die, Fail, Sleep
from tests.e2e.ledger import note, write
from worker import receiving, watchdog
from worker.tasks import load_balancers
from worker.tasks.base import Job, implements
from worker.upstream.memory.load_balancers import MemoryLoadBalancers

app = plain_tasks.app

if limit := os.environ.get("E2E_DEAF_SECONDS"):
    watchdog.LIMIT_SECONDS = float(limit)  # type: ignore[misc]
    receiving._ANSWER_SECONDS = 2


@implements(contracts.SLEEP)
def sleep(job: Job, parameters: Sleep) -> dict[str, Any]:
    """Sleep, then have it written in the ledger in the transaction of the outcome."""
    Path(os.environ["E2E_BEGUN"], job.id).touch()
    job.record(write(job.id, "effect"))
    _rest(parameters.seconds)
    return {"attempt": job.attempt, "length": len(parameters.text)}


@implements(contracts.QUICK)
def quick(job: Job, parameters: Sleep) -> int:
    """Leave a line and nothing else, so that it takes no time."""
    with Path(os.environ["E2E_RAN"]).open("a") as ran:
        ran.write(f"{job.id}\n")
    return job.attempt


@implements(contracts.FAIL)
def fail(job: Job, parameters: Fail) -> int:
    """Fail as asked."""
    return _fail(job, parameters)


@implements(contracts.FAIL_STRICT)
def fail_strict(job: Job, parameters: Fail) -> int:
    """Fail as asked, under a contract that retries only what is retryable."""
    return _fail(job, parameters)


@implements(contracts.DIE)
def die(job: Job, parameters: Die) -> int:
    """Die in the middle of an attempt."""
    note(job.id, f"attempt {job.attempt}")
    if job.attempt <= parameters.times:
        if parameters.how == "segfault":
            ctypes.string_at(0)
        if parameters.how == "exit":
            os._exit(3)
        if parameters.victim == "all":
            os.killpg(os.getpgrp(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    return job.attempt


@implements(contracts.CLEAN_UP)
def clean_up(job: Job, parameters: Sleep) -> None:
    """Run until cancelled, and clean up."""
    try:
        _rest(parameters.seconds)
    except JobCancelled:
        note(job.id, "cleaned up")
        raise


@implements(contracts.STUBBORN)
def stubborn(job: Job, parameters: Sleep) -> None:
    """Take no notice of being cancelled."""
    note(job.id, "began")
    until = time.monotonic() + parameters.seconds
    while time.monotonic() < until:
        try:
            _rest(until - time.monotonic())
        except JobCancelled:
            note(job.id, "heard it")


@implements(contracts.SOFT_CAUGHT)
def soft_caught(job: Job, parameters: Sleep) -> str:
    """Answer the soft limit with a result."""
    try:
        _rest(parameters.seconds)
    except SoftTimeLimitExceeded:
        return "in time"
    return "no limit"


@implements(contracts.SOFT)
def soft(job: Job, parameters: Sleep) -> None:
    """Run into the soft limit."""
    note(job.id, "began")
    _rest(parameters.seconds)


@implements(contracts.HARD)
def hard(job: Job, parameters: Sleep) -> None:
    """Run into the hard limit."""
    note(job.id, "began")
    _rest(parameters.seconds)


def _fail(job: Job, parameters: Fail) -> int:
    note(job.id, f"attempt {job.attempt}")
    if job.attempt > parameters.times:
        return job.attempt
    match parameters.kind:
        case "retryable":
            after = parameters.retry_after_seconds
            raise RetryableError("the cloud is busy", retry_after_seconds=after)
        case "slow":
            try:
                _rest(1.5)
            finally:
                raise ZeroDivisionError("a bug while it is told to stop")
        case "permanent":
            raise PermanentError("the cloud will never do this")
    raise ZeroDivisionError("a bug")


# --- An upstream that kills --------------------------------------------------------------------


def _get_upstream(*_: object) -> MemoryLoadBalancers:
    return _upstream()


@lru_cache(maxsize=1)
def _upstream() -> MemoryLoadBalancers:
    """The memory upstream; kills once after a create took effect, if E2E_KILL says whom."""
    upstream = MemoryLoadBalancers(
        os.environ["UPSTREAM_MEMORY_PATH"],
        looks_until_active=int(os.environ.get("E2E_LOOKS", "0")),
    )
    victim, done = os.environ.get("E2E_KILL"), Path(os.environ["UPSTREAM_MEMORY_PATH"] + ".killed")
    if victim and (victim.endswith("always") or not done.exists()):
        upstream.after_next("create_load_balancer", lambda: _kill(victim, done))
    return upstream


def _kill(victim: str, done: Path) -> None:
    done.touch()
    match victim.removesuffix("-always"):
        case "all":
            os.killpg(os.getpgrp(), signal.SIGKILL)
        case "main":
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        case _:
            os.kill(os.getpid(), signal.SIGKILL)


load_balancers.get_upstream = _get_upstream  # type: ignore[assignment]


def _rest(seconds: float) -> None:
    """Sleep in short pieces, so that what interrupts is raised here and not swallowed."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.2))

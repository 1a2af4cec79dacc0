"""The worker's application with tasks that a test can order about: sleep, fail, die, be deaf.

Started as `celery -A tests.e2e.tasks_app worker`; the environment variables E2E_* steer it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded
from sqlalchemy import Connection

from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.queues import DEFAULT
from chalicelib.db.engine import connect
from chalicelib.domain.jobs import RetryPolicy
from chalicelib.errors import JobCancelled, PermanentError, RetryableError
from tests.e2e.ledger import ledger
from worker import process, receiving, watchdog
from worker.celery import app
from worker.tasks import load_balancers
from worker.tasks.base import Job, implements
from worker.upstream.memory import MemoryUpstream

SOON = RetryPolicy(max_attempts=3, base_seconds=0.2, cap_seconds=0.5)

if limit := os.environ.get("E2E_DEAF_SECONDS"):
    watchdog.LIMIT_SECONDS = float(limit)  # type: ignore[misc]
    receiving._ANSWER_SECONDS = 2


# --- Tasks with a contract ---------------------------------------------------------------------


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
FAIL = _contract("e2e.fail", Fail)
FAIL_STRICT = _contract("e2e.fail_strict", Fail, retry_on="retryable")
DIE = _contract("e2e.die", Die)
CLEAN_UP = _contract("e2e.clean_up", Sleep)
STUBBORN = _contract("e2e.stubborn", Sleep)
SOFT_CAUGHT = _contract("e2e.soft_caught", Sleep, soft_time_limit_seconds=1)
SOFT = _contract("e2e.soft", Sleep, soft_time_limit_seconds=1)
HARD = _contract("e2e.hard", Sleep, time_limit_seconds=1)


@implements(SLEEP)
def sleep(job: Job, parameters: Sleep) -> dict[str, Any]:
    """Sleep, then have it written in the ledger in the transaction of the outcome."""
    job.record(_effect(job.id, "effect"))
    _rest(parameters.seconds)
    return {"attempt": job.attempt, "length": len(parameters.text)}


@implements(FAIL)
def fail(job: Job, parameters: Fail) -> int:
    """Fail as asked."""
    return _fail(job, parameters)


@implements(FAIL_STRICT)
def fail_strict(job: Job, parameters: Fail) -> int:
    """Fail as asked, under a contract that retries only what is retryable."""
    return _fail(job, parameters)


@implements(DIE)
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


@implements(CLEAN_UP)
def clean_up(job: Job, parameters: Sleep) -> None:
    """Run until cancelled, and clean up."""
    try:
        _rest(parameters.seconds)
    except JobCancelled:
        note(job.id, "cleaned up")
        raise


@implements(STUBBORN)
def stubborn(job: Job, parameters: Sleep) -> None:
    """Take no notice of being cancelled."""
    note(job.id, "began")
    until = time.monotonic() + parameters.seconds
    while time.monotonic() < until:
        try:
            _rest(until - time.monotonic())
        except JobCancelled:
            note(job.id, "heard it")


@implements(SOFT_CAUGHT)
def soft_caught(job: Job, parameters: Sleep) -> str:
    """Answer the soft limit with a result."""
    try:
        _rest(parameters.seconds)
    except SoftTimeLimitExceeded:
        return "in time"
    return "no limit"


@implements(SOFT)
def soft(job: Job, parameters: Sleep) -> None:
    """Run into the soft limit."""
    note(job.id, "began")
    _rest(parameters.seconds)


@implements(HARD)
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
        case "permanent":
            raise PermanentError("the cloud will never do this")
    raise ZeroDivisionError("a bug")


# --- Plain Celery tasks ------------------------------------------------------------------------


@app.task(name="plain.add")
def add(x: Any, y: Any = 0) -> Any:
    """Add."""
    return x + y


@app.task(name="plain.note", bind=True)
def plain_note(self: Any, text: str = "", seconds: float = 0) -> str:
    """Write in the ledger when it ran."""
    note(self.request.id, text)
    time.sleep(seconds)
    return text


@app.task(name="plain.headers", bind=True)
def headers(self: Any) -> dict[str, Any]:
    """Fail once, then say what the message carried."""
    if self.request.retries == 0:
        raise self.retry(countdown=0.2)
    request = self.request
    return {
        "chain": request.chain,
        "callbacks": request.callbacks,
        "own": (request.headers or {}).get("x-trace") or getattr(request, "x-trace", None),
        "args": list(request.args or ()),
        "group": request.group,
    }


@app.task(name="plain.retry", bind=True, max_retries=2)
def retry(self: Any, countdown: float = 0.3, times: int = 1) -> int:
    """Ask for another attempt `times` times."""
    note(self.request.id, f"retries {self.request.retries}")
    if self.request.retries < times:
        raise self.retry(countdown=countdown, exc=ValueError("not yet"))
    return int(self.request.retries)


@app.task(name="plain.retry_changed", bind=True)
def retry_changed(self: Any, x: int) -> int:
    """Ask for another attempt with other arguments, as resumable tasks do."""
    if x < 3:
        raise self.retry(args=(x + 1,), countdown=0.1)
    return x


@app.task(
    name="plain.autoretry",
    bind=True,
    autoretry_for=(ValueError,),
    retry_backoff=False,
    default_retry_delay=0.2,
    max_retries=3,
)
def autoretry(self: Any, times: int) -> int:
    """Fail with a ValueError that the decorator turns into another attempt."""
    note(self.request.id, f"retries {self.request.retries}")
    if self.request.retries < times:
        raise ValueError("not yet")
    return int(self.request.retries)


@app.task(name="plain.ignore")
def ignore() -> None:
    """Ask to be forgotten."""
    raise Ignore


@app.task(name="plain.reject", bind=True)
def reject(self: Any, requeue: bool) -> str:
    """Reject the message, the first time."""
    seen = len(read_notes(self.request.id))
    note(self.request.id, f"seen {seen}")
    if seen == 0:
        raise Reject("not mine", requeue=requeue)
    return "taken after all"


@app.task(name="plain.give", bind=True)
def give(self: Any, what: str, size: int = 0) -> Any:
    """Return something."""
    match what:
        case "set":
            return {1, 2}
        case "object":
            return object()
        case "nan":
            return float("nan")
        case "surrogate":
            return "\ud800"
        case "deep":
            value: Any = 1
            for _ in range(10_000):
                value = [value]
            return value
    return "x" * size


class _Unpicklable(Exception):
    def __init__(self, code: int, lock: Any) -> None:
        super().__init__(code, lock)
        self.lock = lock


@app.task(name="plain.raise_")
def raise_(what: str) -> None:
    """Raise something awkward."""
    import threading

    if what == "unpicklable":
        raise _Unpicklable(7, threading.Lock())
    if what == "exit":
        raise SystemExit(3)
    if what == "keyboard":
        raise KeyboardInterrupt
    if what == "memory":
        raise MemoryError("too much")
    if what == "long":
        raise ValueError("y" * 3_000_000)
    if what == "surrogate":
        raise ValueError("\ud800 \x00 \U0001f600")
    raise _BadStr


class _BadStr(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


# --- An upstream that kills --------------------------------------------------------------------


@lru_cache(maxsize=1)
def _upstream() -> MemoryUpstream:
    """The memory upstream; kills once after a create took effect, if E2E_KILL says whom."""
    upstream = MemoryUpstream(
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


load_balancers.get_upstream = _upstream  # type: ignore[assignment]


# --- The ledger --------------------------------------------------------------------------------


def note(job_id: str, text: str) -> None:
    """Write a line in the ledger at once, whatever becomes of the attempt."""
    with _connection() as connection:
        _effect(job_id, text)(connection)


def read_notes(job_id: str) -> list[str]:
    """The lines about a job."""
    with _connection() as connection:
        found = connection.execute(ledger.select().where(ledger.c.job_id == job_id))
        return [row.text for row in found]


@contextmanager
def _connection() -> Iterator[Connection]:
    with connect(process.engine()) as connection:
        yield connection


def _effect(job_id: str, text: str) -> Any:
    def effect(connection: Connection) -> None:
        connection.execute(ledger.insert().values(job_id=job_id, text=text, at=time.time()))

    return effect


def _rest(seconds: float) -> None:
    """Sleep in short pieces, so that what interrupts is raised here and not swallowed."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.2))

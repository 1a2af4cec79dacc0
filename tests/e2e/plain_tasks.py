"""Tasks without a contract, written as any Celery user writes them."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any, ClassVar

from celery import Task, group
from celery.exceptions import Ignore, Reject

from tests.e2e.ledger import note, read_notes
from tests.e2e.quick import app


@app.task(name="plain.add")
def add(x: Any, y: Any = 0) -> Any:
    """Add."""
    return x + y


@app.task(name="plain.exit")
def leave() -> None:
    """Raise what ends a process."""
    raise SystemExit(3)


@app.task(name="plain.note", bind=True)
def plain_note(self: Any, text: str = "", seconds: float = 0) -> int:
    """Write in the ledger when it ran."""
    note(self.request.id, text)
    time.sleep(seconds)
    return len(text)


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
    return ('"' if what == "quotes" else "x") * size


class _Unpicklable(Exception):
    def __init__(self, code: int, lock: Any) -> None:
        super().__init__(code, lock)
        self.lock = lock


@app.task(name="plain.raise_")
def raise_(what: str) -> None:
    """Raise something awkward."""
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


@app.task(name="plain.echo_late", bind=True)
def echo_late(self: Any, text: str, moment: Any) -> list[Any]:
    """Ask for one retry, then say what arrived."""
    if self.request.retries == 0:
        raise self.retry(countdown=0.1)
    return [len(text), type(moment).__name__]


@app.task(name="plain.total", bind=True)
def total(self: Any, values: list[Any]) -> Any:
    """Add up what the parts of a chord returned."""
    note(self.request.id, "total")
    return sum(values)


@app.task(name="plain.join", bind=True)
def join(self: Any, x: int) -> int:
    """Bring another part into the chord that this one belongs to."""
    self.add_to_chord(add.s(x, 100))
    return x


@app.task(name="plain.fail")
def fail(*_: Any) -> None:
    """Fail for good."""
    raise KeyError("on purpose")


@app.task(name="plain.add_noted", bind=True)
def add_noted(self: Any, x: int, y: int = 1) -> int:
    """Add, and write in the ledger that it was done."""
    note(self.request.id, f"{x}+{y}")
    return x + y


@app.task(name="plain.become", bind=True)
def become(self: Any, what: str, x: int = 1) -> Any:
    """Be replaced by another task, or by a group."""
    if what == "task":
        raise self.replace(add.s(x, 10))
    raise self.replace(group(add.s(x, n) for n in range(3)))


@app.task(name="plain.spawn", bind=True)
def spawn(self: Any, x: int) -> str:
    """Send another task, and say which."""
    return str(add.delay(x, 5).id)


@app.task(name="plain.errback", bind=True)
def errback(self: Any, failed_id: str) -> None:
    """Hear of a job that failed."""
    note(failed_id, "errback heard")


@app.task(name="plain.errback_3")
def errback_3(request: Any, error: Any, trace: str) -> None:
    """Hear of a job that failed, as Celery calls errbacks of more than one argument."""
    words = [request.args, type(error).__name__, trace.split(" ", 1)[0], request.task]
    note(request.id, " ".join(str(word) for word in words))


@app.task(name="plain.die", bind=True, max_retries=0)
def die(self: Any, times: int = 99) -> int:
    """Take the pool's process down, the first `times` times."""
    seen = len(read_notes(self.request.id))
    note(self.request.id, f"seen {seen}")
    if seen < times:
        os.kill(os.getpid(), signal.SIGKILL)
    return 1


class _Greeting(Task):  # type: ignore[misc]  # celery has no types
    """A base that knows nothing of this project, as users have them."""

    def greet(self, text: str) -> str:
        return f"so {text}"


@app.task(name="plain.based", base=_Greeting, bind=True)
def based(self: Any, text: str) -> str:
    """Be a task of another base class."""
    return str(self.greet(text))


class _Classy(Task):  # type: ignore[misc]
    """A task as old code has them."""

    name = "plain.classy"
    autoretry_for = (ValueError,)
    retry_kwargs: ClassVar[dict[str, int]] = {"max_retries": 1, "countdown": 0}

    def run(self) -> int:
        if self.request.retries == 0:
            raise ValueError("not yet")
        return int(self.request.retries)


@app.on_after_finalize.connect
def _register(sender: Any, **_: Any) -> None:
    """Not before: it would end what an application may still be told of its tasks."""
    sender.register_task(_Classy())


@app.task(name="plain.slow_rate", rate_limit="2/s")
def slow_rate() -> None:
    """Run twice a second in each worker, as Celery's own limit says."""

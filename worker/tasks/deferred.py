"""Successes that a pool process leaves to its main process, which records many at a time."""

from __future__ import annotations

import threading
import time
from typing import Any

import msgspec
from billiard.einfo import ExceptionInfo
from celery import current_app
from celery.app.trace import fast_trace_task, trace_task_ret

from chalicelib import enqueued

#: Results beyond this many bytes are recorded where they are, lest a batch grow too large.
MAX_BYTES = 16 * 1024

#: In the place of Celery's 0 (success) or 1 (failure, recorded): the tracer itself failed.
BROKEN = 2

_here = threading.local()


def run_job(*args: Any, **options: Any) -> tuple[int, Any, float, dict[str, int], str | None]:
    """What a pool runs in the place of Celery's tracer, which it calls.

    Celery answers with a text about the result, for events that are off. Here it is the
    result to record, as a tuple of one, or None if the outcome was recorded already. Last come
    the jobs that this process recorded, by their tasks, and the state that this one was left
    in, or None if it was not this attempt that decided.
    """
    _here.success, _here.state, began = None, None, time.monotonic()
    _here.is_running = True
    trace = fast_trace_task if current_app.use_fast_trace_task else trace_task_ret
    try:
        failed, value, runtime = trace(*args, **options)
    except Exception:  # noqa: BLE001 - the edge: pools of threads would tell nobody
        return BROKEN, ExceptionInfo(), 0.0, enqueued.take(), _here.state
    finally:
        _here.is_running = False
    if failed:  # of which Celery does not say how long it took
        return failed, value, time.monotonic() - began, enqueued.take(), _here.state
    return failed, _here.success, runtime, enqueued.take(), "SUCCESS"


def is_broken(answer: Any) -> bool:
    """Whether a pool's answer is an error of its own, and not what `run_job` returned."""
    return isinstance(answer, ExceptionInfo)


def defer_success(result: msgspec.Raw | None) -> None:
    """Have the main process record that the job of this thread succeeded with `result`."""
    _here.success = (None if result is None else bytes(result),)


def note_end(state: str) -> bool:
    """Have `run_job` say that it left its job in `state`; False if this thread runs none."""
    if not getattr(_here, "is_running", False):
        return False
    _here.state = state
    return True

"""From an exception to what the record says of it, and to when the job is tried again."""

from __future__ import annotations

import json
import traceback
from datetime import datetime
from functools import partial
from typing import Any

from celery.exceptions import (
    Reject,
    Retry,
    SoftTimeLimitExceeded,
    TimeLimitExceeded,
    WorkerLostError,
)
from sqlalchemy.exc import IntegrityError

from chalicelib.broker.contracts import TaskContract
from chalicelib.domain.jobs import RetryPolicy, backoff_seconds
from chalicelib.errors import BellpullError, PermanentError, RetryableError
from chalicelib.services.job_lifecycle import Delay
from chalicelib.services.outcomes import Fault
from worker.upstream.errors import (
    UpstreamBusy,
    UpstreamNotFound,
    UpstreamQuotaExceeded,
    UpstreamRejected,
    UpstreamThrottled,
    UpstreamUnavailable,
)

#: The longest texts that are kept, in characters; the record is no log.
_MESSAGE_CHARACTERS = 4_000
_TRACEBACK_CHARACTERS = 20_000


def describe(error: BaseException, *, retryable: bool) -> Fault:
    """What the record says of an exception."""
    if isinstance(error, BellpullError):
        code, message = error.code, error.message
    else:
        code, message = _CODES.get(type(error), "unexpected"), str(error) or repr(error)
    text = "".join(traceback.format_exception(error))
    return Fault(
        type=type(error).__qualname__,
        module=type(error).__module__,
        code=code,
        message=_storable(message[:_MESSAGE_CHARACTERS]),
        arguments=_arguments(error),
        retryable=retryable,
        traceback=_storable(text[-_TRACEBACK_CHARACTERS:]) if error.__traceback__ else None,
    )


def _arguments(error: BaseException) -> list[Any] | None:
    """The arguments of an exception, if they are plain and more than its message."""
    plain = all(isinstance(one, str | int | float | bool | None) for one in error.args)
    if isinstance(error, BellpullError) or not plain or error.args == (str(error),):
        return None
    told = [_storable(one) if isinstance(one, str) else one for one in error.args]
    return told if len(json.dumps(told)) <= _MESSAGE_CHARACTERS else None


_CODES: dict[type[BaseException], str] = {
    SoftTimeLimitExceeded: "time-limit",
    TimeLimitExceeded: "time-limit",
    WorkerLostError: "worker-lost",
}


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def decide_delay(contract: TaskContract | None, error: BaseException) -> Delay:
    """When the job is tried again after `error`, by the policy of its task."""
    if isinstance(error, WorkerLostError):
        return _at_once_while_attempts_last
    if not is_retryable(contract, error):
        return lambda attempts, max_attempts: None
    earliest = error.retry_after_seconds if isinstance(error, RetryableError) else None
    policy = RetryPolicy() if contract is None else contract.retry
    return partial(_back_off, policy, earliest or 0.0)


def retry_delay(asked: Retry) -> Delay:
    """When the job is tried again after Celery's `retry`, which judged the number already."""
    when = asked.when
    if isinstance(when, datetime):
        seconds = (when - datetime.now(when.tzinfo)).total_seconds()
    else:
        seconds = float(when or 0)
    return lambda attempts, max_attempts: max(0.0, seconds)


def is_retryable(contract: TaskContract | None, error: BaseException) -> bool:
    """Whether another attempt may help, by the error's family and the policy of its task."""
    if isinstance(error, RetryableError | WorkerLostError):
        return True
    # A record that another job took cannot be taken by trying again.
    if isinstance(error, PermanentError | IntegrityError | TimeLimitExceeded | Reject):
        return False
    return contract is not None and contract.retry_on == "any"


def is_upstreams_own(contract: TaskContract | None, error: BaseException) -> bool:
    """Whether it says that the upstream of a task is out of order, whatever it was asked."""
    calls_one = contract is not None and contract.upstream is not None
    return calls_one and isinstance(error, UpstreamUnavailable | UpstreamThrottled)


def is_answer(error: BaseException) -> bool:
    """Whether it is what an upstream in good order answers."""
    return isinstance(
        error, UpstreamBusy | UpstreamNotFound | UpstreamQuotaExceeded | UpstreamRejected
    )


def _at_once_while_attempts_last(attempts: int, max_attempts: int) -> float | None:
    return 0.0 if attempts < max_attempts else None


def _back_off(
    policy: RetryPolicy, earliest_seconds: float, attempts: int, max_attempts: int
) -> float | None:
    if attempts >= max_attempts:
        return None
    return max(earliest_seconds, backoff_seconds(policy, attempts))

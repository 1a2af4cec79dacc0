"""A bell as an ordinary Celery message (protocol 2) in kombu's envelope for SQS.

Written here, not by Celery, because importing Celery costs a Lambda's cold start more
than the rest of a request together; a test holds the result against Celery's own.
https://docs.celeryq.dev/en/stable/internals/protocol.html
"""

from __future__ import annotations

import time
import uuid
from typing import Any

import msgspec

from chalicelib.domain import jsontext

#: Parameters beyond this many bytes stay in MySQL, so that a message is one billing unit
#: (64 KB); the header below tells the worker to read them from the row.
MAX_CARRIED_BYTES = 48 * 1024
#: Header of every message that this project rings: "carried" or "row", where parameters are.
BELL_HEADER = "bellpull"
#: Header that says, in seconds since 1970, when the job may begin: what its wait is measured by.
DUE_HEADER = "due_at"

#: Seconds that a task which was interrupted for its time limit has before it is killed.
HARD_LIMIT_AFTER_SECONDS = 30

_NO_EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


class Bell(msgspec.Struct, frozen=True, kw_only=True):
    """What ringing a job's bell takes from its row."""

    job_id: str
    task: str
    queue: str
    project_id: str
    parameters: dict[str, Any] | msgspec.Raw
    #: What a message of another Celery client carried: args, embed, headers.
    message: dict[str, Any] | None = None
    #: Attempts that came before this one.
    attempts: int = 0
    #: 0 to 900, all that SQS can hold back.
    delay_seconds: int = 0
    #: The key of jobs that must not overlap, for who has to let the next one go.
    key: str | None = None
    #: Where the job comes from: the request to the API, and its W3C trace.
    request_id: str | None = None
    traceparent: str | None = None
    #: How long this attempt may take, if the job says so itself.
    timeout_seconds: int | None = None


def encode_bell(bell: Bell) -> str:
    """The body of the SQS message that rings `bell`."""
    foreign = bell.message or {}
    whole = (foreign.get("args", []), bell.parameters, foreign.get("embed", _NO_EMBED))
    content = jsontext.encode_foreign(whole) if foreign else jsontext.encode(whole)
    carried = len(content.encode()) <= MAX_CARRIED_BYTES
    if not carried:
        content = jsontext.encode(((), {}, _NO_EMBED))
    envelope = {
        "body": _xml_safe(content),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": _headers(bell, foreign.get("headers", {}), carried),
        "properties": {
            "correlation_id": bell.job_id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": bell.queue},
            "priority": 0,
            "body_encoding": None,
            "delivery_tag": str(uuid.uuid4()),
        },
    }
    return _xml_safe(jsontext.encode(envelope))


def _headers(bell: Bell, foreign: dict[str, Any], carried: bool) -> dict[str, Any]:
    return {
        "lang": "py",
        "shadow": None,
        "expires": None,
        "group": None,
        "group_index": None,
        "timelimit": _time_limits(bell),
        "root_id": bell.job_id,
        "parent_id": None,
        "argsrepr": "",  # parameters may be secret, and every Celery tool logs these two
        "kwargsrepr": "",
        "origin": "bellpull",
        "ignore_result": False,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
        **foreign,
        "task": bell.task,
        "id": bell.job_id,
        "retries": bell.attempts,
        "eta": None,  # delays are DelaySeconds or rest in the row; a worker never holds one
        "project_id": bell.project_id,
        **({"key": bell.key} if bell.key is not None else {}),
        **({"request_id": bell.request_id} if bell.request_id else {}),
        **({"traceparent": bell.traceparent} if bell.traceparent else {}),
        BELL_HEADER: "carried" if carried else "row",
        DUE_HEADER: round(time.time() + bell.delay_seconds, 3),
    }


def _time_limits(bell: Bell) -> list[int | None]:
    """Celery's limits, hard and soft: the task is interrupted, and killed if that is no use."""
    if bell.timeout_seconds is None:
        return [None, None]
    return [bell.timeout_seconds + HARD_LIMIT_AFTER_SECONDS, bell.timeout_seconds]


def _xml_safe(text: str) -> str:
    """Escape the two characters that JSON permits and SQS refuses (XML 1.0, section 2.2)."""
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")

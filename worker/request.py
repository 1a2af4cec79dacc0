"""A delivered bell: what this system adds to a Celery message before its task runs."""

from __future__ import annotations

from typing import Any

from celery.worker.request import Request

from chalicelib.broker.message import BELL_HEADER
from chalicelib.domain.ids import new_id
from worker.process import WORKER_ID
from worker.screening import parse_eta, require_sound

#: Headers of another client's message that the job's own columns hold, or that are for logs.
_NOT_KEPT = frozenset({"task", "id", "eta", "retries", "project_id", "argsrepr", "kwargsrepr"})


class JobRequest(Request):  # type: ignore[misc]  # celery has no types
    """Gives each delivery a claim of its own, and takes the ETA out of Celery's hands.

    Celery holds a message with an ETA in the worker's memory, unacknowledged, and SQS
    delivers it again when its visibility ends. Here the ETA becomes the job's `run_at`.
    """

    def __init__(self, message: Any, headers: Any = None, body: Any = None, **options: Any) -> None:
        headers = dict(message.headers if headers is None else headers)
        # Celery decodes bodies of the old protocol before it comes here.
        require_sound(headers, body if options.get("decoded") else message.payload)
        if BELL_HEADER not in headers:
            headers["foreign"] = {k: v for k, v in headers.items() if k not in _NOT_KEPT}
        headers["run_at"] = parse_eta(headers.pop("eta", None))
        headers["eta"] = None
        headers["claim_id"] = new_id()
        headers["worker_id"] = WORKER_ID
        super().__init__(message, headers=headers, body=body, **options)

"""Around every request: its id, its log line, headers, and errors turned into problems."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable

from chalice.app import Request, Response

from chalicelib import enqueued
from chalicelib.api.call import Call, current_call
from chalicelib.api.headers import add_headers
from chalicelib.api.problems import Escaped, describe_error, describe_status
from chalicelib.api.process import prepare_process
from chalicelib.errors import ApiError, SettingsError
from chalicelib.settings import get_settings
from chalicelib.tracing import flush_spans, traced

logger = logging.getLogger(__name__)

Next = Callable[[Request], Response]


def answer_request(request: Request | None, get_response: Next) -> Response:
    """Answer a request; whatever goes wrong becomes a problem, and none shows a trace."""
    began = time.perf_counter()
    if request is None:  # an event that does not come from API Gateway
        return describe_error(ApiError("This event is not an HTTP request."))
    call = Call(request, str(request.context.get("requestId") or uuid.uuid4()))
    reset = current_call.set(call)
    try:
        response = _respond(call, get_response, began)
    finally:
        current_call.reset(reset)
    return add_headers(call, response)


def _respond(call: Call, get_response: Next, began: float) -> Response:
    name, parent = f"{call.request.method} {call.request.path}", call.request.headers
    try:
        prepare_process()
        with traced(
            name, "server", request_id=call.request_id, parent=parent.get("traceparent")
        ) as span:
            response = _answer(call, get_response)
            _log_answer(call, response, 1000 * (time.perf_counter() - began))
            if span is not None:
                span.set_attribute("http.response.status_code", response.status_code)
        flush_spans()
    except Exception as error:  # noqa: BLE001 - the outermost edge of the API
        response = _describe(call, error)
        _log_answer(call, response, 1000 * (time.perf_counter() - began))
    return response


def _answer(call: Call, get_response: Next) -> Response:
    try:
        return _reword(get_response(call.request))
    except Exception as error:  # noqa: BLE001 - the edge of what routes do
        return _describe(call, error.__cause__ if isinstance(error, Escaped) else error)


def _describe(call: Call, error: BaseException | None) -> Response:
    if isinstance(error, ApiError):
        if error.status >= 500:
            # What the driver said; around it, SQLAlchemy quotes the statement's parameters.
            cause = getattr(error.__cause__, "orig", None) or error.__cause__
            logger.warning("request failed: request_id=%s cause=%r", call.request_id, cause)
        return describe_error(error)
    logger.error("request failed: request_id=%s", call.request_id, exc_info=error)
    return describe_status(500, f"Something went wrong here, logged as {call.request_id}.")


def _reword(response: Response) -> Response:
    """Chalice's own errors as problems: there is no such method, above all."""
    body = response.body
    if not isinstance(body, dict) or body.keys() != {"Code", "Message"}:
        return response
    if response.headers.get("Allow") == "":  # a path that no route has
        return describe_status(404, "There is nothing at this path.")
    if allowed := response.headers.get("Allow"):
        methods = sorted(str(allowed).split(", "), key=lambda method: method == "OPTIONS")
        response.headers["Allow"] = ", ".join(methods)
    return describe_status(response.status_code, body["Message"], response.headers)


_ANSWERED = (
    "request answered: method=%s path=%s status=%s duration_ms=%s request_id=%s project_id=%s"
)


def _log_answer(call: Call, response: Response, duration_ms: float) -> None:
    facts = {
        "method": call.request.method,
        # As in a Python string: what a path holds must not write lines or colours of its own.
        "path": ascii(call.request.context.get("path") or call.request.path)[1:-1],
        "status": response.status_code,
        "duration_ms": round(duration_ms, 1),
        "request_id": call.request_id,
        "project_id": call.caller.project_id if call.caller else None,
    }
    try:
        counted = enqueued.facts(get_settings().deployment)
    except SettingsError:  # then it is what this line tells of
        counted = {}
    logger.info(_ANSWERED, *facts.values(), extra=facts | counted)

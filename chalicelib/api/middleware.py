"""Around every request: its id, its log line, headers, and errors turned into problems."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable

from chalice.app import Request, Response

from chalicelib.api.call import Call, current_call
from chalicelib.api.problems import describe_error, describe_status
from chalicelib.api.process import prepare_process
from chalicelib.errors import ApiError

logger = logging.getLogger(__name__)

_UNEXPECTED = "Something went wrong here. The log tells more under request id {}."


def answer_request(
    request: Request | None, get_response: Callable[[Request], Response]
) -> Response:
    """Answer a request; whatever goes wrong becomes a problem, and none shows a trace."""
    began = time.perf_counter()
    context = request.context if request is not None else {}
    request_id = str(context.get("requestId") or uuid.uuid4())
    if request is None:  # an event that is not from API Gateway
        return _finish(describe_error(ApiError()), request_id)
    call = Call(request, request_id)
    reset = current_call.set(call)
    try:
        prepare_process()
        response = _in_our_words(get_response(request))
    except Exception as error:  # noqa: BLE001 - the outermost edge of the API
        response = _describe(error.__cause__ if isinstance(error, Escaped) else error, request_id)
    finally:
        current_call.reset(reset)
    _log_answer(call, response, 1000 * (time.perf_counter() - began))
    return _finish(response, request_id)

"""Each task runs under the trace of its job, which its bell carries."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from celery.signals import task_postrun, task_prerun, worker_process_shutdown

from chalicelib.tracing import flush_spans, traced


@task_prerun.connect  # type: ignore[untyped-decorator]
def _begin(task: Any, task_id: str, **_: Any) -> None:
    request = task.request
    if request.called_directly or request.is_eager:
        return
    stack = request.trace = ExitStack()
    stack.span = stack.enter_context(  # type: ignore[attr-defined]  # for _end
        traced(
            task.name,
            "consumer",
            request_id=_text(request, "request_id"),
            parent=_text(request, "traceparent"),
            **{
                "messaging.system": "aws_sqs",
                "messaging.operation.type": "process",
                "messaging.message.id": task_id,
            },
        )
    )


@task_postrun.connect  # type: ignore[untyped-decorator]
def _end(task: Any, retval: Any, state: str, **_: Any) -> None:
    stack = getattr(task.request, "trace", None)
    if not isinstance(stack, ExitStack):  # a header of a stranger's message can have any name
        return
    span: Any = getattr(stack, "span", None)
    if span is not None and isinstance(retval, BaseException) and state in ("FAILURE", "RETRY"):
        from opentelemetry.trace import StatusCode

        span.record_exception(retval)
        span.set_status(StatusCode.ERROR, str(retval))
    stack.close()


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def _flush(**_: Any) -> None:
    flush_spans()


def _text(request: Any, name: str) -> str | None:
    value = getattr(request, name, None)
    return value if isinstance(value, str) else None

"""What belongs together: a request, its jobs and their log lines share an id and a trace.

The trace is that of W3C Trace Context (https://www.w3.org/TR/trace-context/). It is kept and
handed on with and without OpenTelemetry, of which nothing is imported unless
OTEL_TRACES_EXPORTER names an exporter.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any, Literal

import msgspec

from chalicelib.settings import get_settings

logger = logging.getLogger(__name__)

#: Version 00, the one there is; ids of zeros mean that there is none.
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
#: The longest that a request or a process waits for its spans to be sent.
_FLUSH_MILLISECONDS = 2_000
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,64}")


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What a job and a log line learn of where they come from."""

    #: Of the request to the API that began it; None for what no request began.
    request_id: str | None
    traceparent: str

    @property
    def trace_id(self) -> str:
        """The part of `traceparent` that all of a trace has."""
        return self.traceparent.split("-")[1]


#: The trace of the request or job that this thread works on.
current_trace: ContextVar[Trace | None] = ContextVar("current_trace", default=None)


@contextmanager
def traced(
    name: str,
    kind: Literal["server", "consumer"],
    *,
    request_id: str | None,
    parent: str | None,
    **attributes: Any,
) -> Iterator[Any]:
    """Work under a trace: the parent's, or a new one if that is none; yields a span or None.

    `parent`: a traceparent as it came from outside, whatever that is.
    """
    if request_id is not None and not _REQUEST_ID.fullmatch(request_id):
        request_id = None
    traceparent = parent if parent and _TRACEPARENT.fullmatch(parent) else None
    with _span(name, kind, traceparent, attributes) as span:
        if span is not None:
            traceparent = _describe(span.get_span_context())
        elif traceparent is None:
            traceparent = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
        reset = current_trace.set(Trace(request_id=request_id, traceparent=traceparent))
        try:
            yield span
        finally:
            current_trace.reset(reset)


def trace_columns() -> dict[str, Any]:
    """The columns of a new job that say where it comes from."""
    trace = current_trace.get()
    if trace is None:
        return {"request_id": None, "traceparent": None}
    return {"request_id": trace.request_id, "traceparent": trace.traceparent}


def flush_spans() -> None:
    """Send what has been collected: before a Lambda is frozen, or a process ends."""
    if (provider := _provider()) is not None:
        provider.force_flush(_FLUSH_MILLISECONDS)


@lru_cache(maxsize=1)
def _provider() -> Any:
    """OpenTelemetry's provider of tracers, None if none is configured or installed.

    The SDK reads OpenTelemetry's other environment variables itself.
    """
    wanted = get_settings().otel_traces_exporter
    if wanted in (None, "none"):
        return None
    names = ("otlp_proto_http", "otlp_proto_grpc") if wanted == "otlp" else (wanted,)
    found = {each.name: each for each in entry_points(group="opentelemetry_traces_exporter")}
    exporter = next((found[name] for name in names if name in found), None)
    if exporter is None:
        logger.warning("no spans: no exporter %s of OpenTelemetry is installed", wanted)
        return None
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter.load()()))
    return provider


@contextmanager
def _span(name: str, kind: str, parent: str | None, attributes: dict[str, Any]) -> Iterator[Any]:
    if (provider := _provider()) is None:
        yield None
        return
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({"traceparent": parent} if parent else {})
    with provider.get_tracer("bellpull").start_as_current_span(
        name, context=context, kind=SpanKind[kind.upper()], attributes=attributes
    ) as span:
        yield span


def _describe(context: Any) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"

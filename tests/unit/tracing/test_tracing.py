"""One id and one trace for a request, its jobs and their log lines; spans only when wanted."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib import tracing
from chalicelib.logs import JsonFormatter, TextFormatter
from chalicelib.tracing import current_trace, trace_columns, traced
from tests.fakes.sqs import SETTINGS

ROOT = Path(__file__).parents[3]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(autouse=True)
def _without_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "get_settings", lambda: SETTINGS)
    tracing._provider.cache_clear()


def begin(parent: str | None, request_id: str | None = "request-1") -> Any:
    return traced("test", "server", request_id=request_id, parent=parent)


def test_trace_of_the_caller_is_handed_on() -> None:
    with begin(PARENT):
        assert trace_columns() == {"request_id": "request-1", "traceparent": PARENT}
    assert trace_columns() == {"request_id": None, "traceparent": None}


@pytest.mark.parametrize(
    "parent",
    [
        None,
        "",
        "x",
        PARENT.upper(),
        PARENT + "-00",
        PARENT + "\n",
        "ff" + PARENT[2:],
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
    ],
)
def test_what_is_no_trace_is_replaced_by_a_new_one(parent: str | None) -> None:
    with begin(parent):
        first = trace_columns()["traceparent"]
    with begin(parent):
        second = trace_columns()["traceparent"]
    assert first != second
    for made in (first, second):
        assert tracing._TRACEPARENT.fullmatch(made)
        assert made.endswith("-00"), "nobody asked for it to be sampled"


@pytest.mark.parametrize("request_id", ["x" * 65, "a b", "a\nb", "é", ""])
def test_request_id_that_could_not_be_kept_is_none(request_id: str) -> None:
    with begin(PARENT, request_id):
        assert trace_columns()["request_id"] is None


def make_record() -> logging.LogRecord:
    return logging.makeLogRecord({"msg": "job done", "levelname": "INFO"})


def test_log_lines_tell_the_request_and_the_trace() -> None:
    with begin(PARENT):
        line = json.loads(JsonFormatter().format(make_record()))
        text = TextFormatter("%(message)s").format(make_record())
    assert (line["request_id"], line["trace_id"]) == ("request-1", PARENT[3:35])
    assert text == "job done request_id=request-1"


def test_log_lines_about_no_request_tell_none() -> None:
    assert current_trace.get() is None
    assert "trace_id" not in json.loads(JsonFormatter().format(make_record()))
    assert TextFormatter("%(message)s").format(make_record()) == "job done"


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": "sqlite:////nowhere/x.db",
            "SQS_QUEUE_URL": "http://x/{queue}",
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


WORK = f"""
import sys
import worker.celery
from chalicelib.tracing import trace_columns, traced, flush_spans
with traced("POST /jobs", "server", request_id="r", parent="{PARENT}"):
    told = trace_columns()["traceparent"]
with traced("reports.daily", "consumer", request_id="r", parent=told):
    pass
flush_spans()
"""


@pytest.mark.parametrize("exporter", ["", "none"])
def test_nothing_of_opentelemetry_is_imported_unless_it_is_configured(exporter: str) -> None:
    printed = run(f"{WORK}\nprint(*sys.modules)", OTEL_TRACES_EXPORTER=exporter)
    assert not [name for name in printed.split() if name.startswith("opentelemetry")]


def test_configured_spans_of_request_and_task_make_one_trace() -> None:
    printed = run(WORK, OTEL_TRACES_EXPORTER="console", OTEL_SERVICE_NAME="bellpull")
    decoder, spans = json.JSONDecoder(), []
    while printed.strip():
        span, end = decoder.raw_decode(printed.strip())
        spans.append(span)
        printed = printed.strip()[end:]
    request, task = spans
    assert (request["name"], task["name"]) == ("POST /jobs", "reports.daily")
    assert request["parent_id"] == "0x" + PARENT[36:52]
    assert task["parent_id"] == request["context"]["span_id"]
    assert {span["context"]["trace_id"] for span in spans} == {"0x" + PARENT[3:35]}
    assert task["resource"]["attributes"]["service.name"] == "bellpull"


def test_missing_exporter_is_told_once_and_nothing_else_happens(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tracing, "entry_points", lambda **_: [])
    settings = msgspec.structs.replace(SETTINGS, otel_traces_exporter="otlp")
    monkeypatch.setattr(tracing, "get_settings", lambda: settings)
    for _ in range(2):
        with begin(PARENT):
            assert trace_columns()["traceparent"] == PARENT
    tracing._provider.cache_clear()
    assert caplog.text.count("no exporter otlp") == 1

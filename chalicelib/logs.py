"""Log lines of every process: for people as text, for machines as one JSON object a line."""

from __future__ import annotations

import io
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

from chalicelib.settings import Settings
from chalicelib.tracing import current_trace

#: Attributes that every record has; what a caller adds by `extra` are the others.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "data"}


class TextFormatter(logging.Formatter):
    """Lines for people; those about a request or its jobs end with the request's id."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        trace = current_trace.get()
        if trace is None or trace.request_id is None or "request_id=" in line:
            return line
        return f"{line} request_id={trace.request_id}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what `extra` holds."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if trace := current_trace.get():
            line |= {"request_id": trace.request_id, "trace_id": trace.trace_id}
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        try:
            return msgspec.json.encode(line, enc_hook=repr).decode()
        except UnicodeEncodeError:  # a lone surrogate, which only an escape can say
            return json.dumps(line, default=repr)


def configure_logging(settings: Settings, level: int | str | None = None) -> None:
    """Send the process's log lines to stdout in the format of LOG_FORMAT.

    `level`: INFO if not given.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What strangers sent may hold characters that no encoding can write.
        sys.stdout.reconfigure(errors="backslashreplace")
    handler = logging.StreamHandler(sys.stdout)
    if settings.log_format == "json":
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(
            TextFormatter("[%(asctime)s: %(levelname)s/%(processName)s] %(message)s")
        )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level or logging.INFO)
    # Their INFO lines are about themselves.
    for name in ("botocore", "urllib3", "alembic", "kombu"):
        logging.getLogger(name).setLevel(logging.WARNING)

"""What this worker counts: for Prometheus on a port, for CloudWatch in the log.

Counts are of this process; a monitoring system adds up those of a fleet. What waits and runs
in the whole deployment is measured by `chalicelib.services.backlog` and shown beside them.
"""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chalicelib.errors import DatabaseUnavailable
from chalicelib.services.backlog import measure_backlog
from chalicelib.settings import Settings
from worker import process

logger = logging.getLogger(__name__)

#: Upper bounds of the histogram of run times, in seconds.
_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0, 1800.0)
#: Seconds that one connection may take.
_TIMEOUT_SECONDS = 5

Labels = tuple[tuple[str, str], ...]

_Key = tuple[str, Labels]


@lru_cache(maxsize=1024)
def _run_keys(task: str) -> tuple[list[_Key], _Key, _Key]:
    """Where runs of a task are counted: the buckets, the sum of seconds, the number."""
    label = ("task", task)
    bounds = [*(f"{bound:g}" for bound in _BUCKETS), "+Inf"]
    buckets: list[_Key] = [("job_run_seconds_bucket", (label, ("le", le))) for le in bounds]
    return buckets, ("job_run_seconds_sum", (label,)), ("job_run_seconds_count", (label,))


class Metrics:
    """Counters and the histogram of run times; safe in threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, Labels]] = Counter()
        self._told: Counter[tuple[str, Labels]] = Counter()

    def count(self, name: str, number: float = 1, **labels: str) -> None:
        """Add to a counter, e.g. count("jobs_finished", task="x", state="SUCCESS")."""
        with self._lock:
            self._counts[name, tuple(labels.items())] += number  # type: ignore[assignment]

    def observe_run(self, task: str, seconds: float) -> None:
        """Note how long a job ran."""
        buckets, total, number = _run_keys(task)
        with self._lock:
            for key in buckets[bisect_left(_BUCKETS, seconds) :]:
                self._counts[key] += 1
            self._counts[total] += seconds  # type: ignore[assignment]
            self._counts[number] += 1

    def render(self, gauges: dict[str, float]) -> str:
        """Everything in Prometheus' text format, version 0.0.4."""
        with self._lock:
            counts = sorted(self._counts.items())
        lines = []
        for name, kind in (("jobs_started", "counter"), ("jobs_finished", "counter")):
            lines += [f"# TYPE bellpull_{name}_total {kind}"]
            lines += [_line(f"{name}_total", *one) for one in counts if one[0][0] == name]
        lines += ["# TYPE bellpull_job_run_seconds histogram"]
        lines += [_line(one[0][0], *one) for one in counts if one[0][0].startswith("job_run")]
        for name, value in sorted(gauges.items()):
            lines += [f"# TYPE bellpull_{name} gauge", f"bellpull_{name} {value:g}"]
        return "\n".join(lines) + "\n"

    def log_for_cloudwatch(self, deployment: str) -> None:
        """Log what was counted since the last time, in the Embedded Metric Format."""
        with self._lock:
            since = self._counts - self._told
            self._told = self._counts.copy()
        sums: Counter[str] = Counter()
        for (name, labels), number in since.items():
            if name == "jobs_finished":
                sums[f"Jobs{dict(labels)['state'].title()}"] += number
            elif name in _EMF_NAMES:
                sums[_EMF_NAMES[name]] += number
        if not sums:
            return
        about = {
            "Namespace": "Bellpull",
            "Dimensions": [["Deployment"]],
            "Metrics": [
                {"Name": name, "Unit": "Seconds" if name.endswith("Seconds") else "Count"}
                for name in sorted(sums)
            ],
        }
        facts = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [about]}
        logger.info("jobs counted", extra={"_aws": facts, "Deployment": deployment, **sums})


_EMF_NAMES = {"jobs_started": "JobsStarted", "job_run_seconds_sum": "RunSeconds"}

#: Those of this process.
METRICS = Metrics()


class MetricsServer:
    """Answers GET /metrics in a thread of its own."""

    def __init__(self, host: str, port: int, read_gauges: Callable[[], dict[str, float]]) -> None:
        """Raises OSError if the port cannot be had."""

        class Handler(BaseHTTPRequestHandler):
            timeout = _TIMEOUT_SECONDS

            def do_GET(self) -> None:
                if self.path.partition("?")[0] != "/metrics":
                    self.send_error(404)
                    return
                body = METRICS.render(read_gauges()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
                logger.debug("metrics asked: " + format, *args)  # noqa: G003 - given in parts

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


def serve_metrics(settings: Settings) -> MetricsServer | None:
    """Begin to answer on METRICS_PORT, if it is set; without the port the worker works on."""
    if settings.metrics_port is None:
        return None
    try:
        server = MetricsServer(settings.metrics_host, settings.metrics_port, _read_gauges)
    except OSError as error:
        logger.error("no metrics: port=%d error=%s", settings.metrics_port, error)  # noqa: TRY400
        return None
    server.start()
    logger.info("metrics at http://%s:%d/metrics", settings.metrics_host, server.port)
    return server


def _read_gauges() -> dict[str, float]:
    try:
        backlog = measure_backlog(process.engine())
    except DatabaseUnavailable:
        return {"database_up": 0}
    return {
        "database_up": 1,
        "jobs_waiting": backlog.waiting,
        "jobs_running": backlog.running,
        "oldest_waiting_seconds": backlog.oldest_waiting_seconds,
        "workers": backlog.workers,
        "circuit_breakers_open": backlog.breakers_open,
    }


def _line(name: str, key: tuple[str, Labels], value: float) -> str:
    shown = ",".join(f'{label}="{_escape(text)}"' for label, text in key[1])
    return f"bellpull_{name}{{{shown}}} {value:g}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

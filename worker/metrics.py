"""What this worker counts: for Prometheus on a port, for CloudWatch in the log.

Counts are of this process; a monitoring system adds up those of a fleet. What waits and runs
in the whole deployment is measured by `chalicelib.services.backlog` and shown beside them.
"""

from __future__ import annotations

import logging
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from typing import Any

from chalicelib import emf, enqueued
from chalicelib.errors import DatabaseUnavailable
from chalicelib.services.backlog import measure_backlog
from chalicelib.settings import Settings
from worker import process

logger = logging.getLogger(__name__)

#: Upper bounds of the histograms, in seconds.
BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0, 1800.0)
#: What is told of the jobs above the last bound, where one number has to be told.
_BEYOND_SECONDS = 3600.0
#: CloudWatch takes so many values of a metric in one line.
_MOST_VALUES = 100
#: Seconds that one connection may take.
_TIMEOUT_SECONDS = 5

Labels = tuple[tuple[str, str], ...]
#: A name, its labels and its value.
Gauge = tuple[str, Labels, float]

#: Counters by what they count: their labels.
COUNTERS: dict[str, tuple[str, ...]] = {
    "jobs_enqueued": ("task",),
    "jobs_started": ("task",),
    "jobs_finished": ("task", "state"),
    "jobs_retried": ("task",),
    "jobs_rescued": (),
}
HISTOGRAMS = ("job_wait_seconds", "job_run_seconds")


class Metrics:
    """Counters and histograms; safe in threads. One lock and a few additions a call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: By name and the values of its labels.
        self._counts: Counter[tuple[str, ...]] = Counter()
        #: By name and task: jobs in each class, the one beyond the last bound, the sum.
        self._histograms: dict[tuple[str, str], list[float]] = {}
        self._told: Counter[tuple[str, ...]] = Counter()
        self._told_classes: dict[str, list[float]] = {}

    def started(self, task: str, wait_seconds: float | None) -> None:
        """A job begins. `wait_seconds`: for how long it could have, None if that is not known."""
        with self._lock:
            self._counts["jobs_started", task] += 1
            if wait_seconds is not None:
                self._observe(("job_wait_seconds", task), wait_seconds)

    def ended(self, task: str, state: str, run_seconds: float | None) -> None:
        """An attempt left its job in `state`. `run_seconds`: None if that is not known.

        One that was given back, or replaced, left it PENDING and is no end.
        """
        if state == "PENDING":
            return
        counted = ("jobs_retried", task) if state == "RETRY" else ("jobs_finished", task, state)
        with self._lock:
            self._counts[counted] += 1
            if run_seconds is not None:
                self._observe(("job_run_seconds", task), run_seconds)

    def rescued(self, number: int) -> None:
        """Jobs were put back whose worker was lost."""
        with self._lock:
            self._counts["jobs_rescued",] += number

    def enqueued(self, counts: Mapping[str, int]) -> None:
        """Jobs were recorded, by their tasks."""
        with self._lock:
            for task, number in counts.items():
                self._counts["jobs_enqueued", task] += number

    def render(self, gauges: Iterable[Gauge]) -> str:
        """Everything in Prometheus' text format, version 0.0.4."""
        self.enqueued(enqueued.take())
        with self._lock:
            counts = sorted(self._counts.items())
            histograms = sorted((key, list(row)) for key, row in self._histograms.items())
        lines = []
        for name, labels in COUNTERS.items():
            lines += [f"# TYPE bellpull_{name}_total counter"]
            for (counted, *values), number in counts:
                if counted == name:
                    shown = tuple(zip(labels, values, strict=True))
                    lines += [_line(f"{name}_total", shown, number)]
        for name in HISTOGRAMS:
            lines += [f"# TYPE bellpull_{name} histogram"]
            for (observed, task), row in histograms:
                if observed == name:
                    lines += _histogram_lines(name, task, row)
        typed = set()
        for name, shown, value in gauges:
            lines += [] if name in typed else [f"# TYPE bellpull_{name} gauge"]
            lines += [_line(name, shown, value)]
            typed.add(name)
        return "\n".join(lines) + "\n"

    def log_for_cloudwatch(self, deployment: str) -> None:
        """Log what was counted since the last time, in the Embedded Metric Format.

        Times are lists of values, of which CloudWatch makes percentiles: at most a hundred, in
        the shares of the histogram's classes, each as the upper bound of its class.
        """
        self.enqueued(enqueued.take())
        with self._lock:
            since = self._counts - self._told
            self._told = self._counts.copy()
            times = {name: self._classes_since(name) for name in HISTOGRAMS}
        told: dict[str, Any] = {}
        for (name, *labels), number in since.items():
            is_end = name == "jobs_finished"
            metric = f"Jobs{labels[1].title()}" if is_end else emf.camel(name)
            told[metric] = told.get(metric, 0) + number
        told |= {
            emf.camel(name.removeprefix("job_")): values
            for name, classes in times.items()
            if (values := _spread(classes))
        }
        if told:
            logger.info("jobs counted", extra=emf.facts(deployment, told))

    def _observe(self, key: tuple[str, str], seconds: float) -> None:
        row = self._histograms.get(key)
        if row is None:
            row = self._histograms[key] = [0.0] * (len(BOUNDS) + 2)
        row[bisect_left(BOUNDS, seconds)] += 1
        row[-1] += seconds

    def _classes_since(self, name: str) -> list[float]:
        """How many jobs of all tasks fell into each class since the last time."""
        rows = [row[:-1] for (observed, _), row in self._histograms.items() if observed == name]
        sums = [sum(column) for column in zip(*rows, strict=True)] or [0.0] * (len(BOUNDS) + 1)
        before = self._told_classes.get(name, [0.0] * len(sums))
        self._told_classes[name] = sums
        return [now - then for now, then in zip(sums, before, strict=True)]


#: Those of this process.
METRICS = Metrics()


class MetricsServer:
    """Answers GET /metrics in a thread of its own."""

    def __init__(self, host: str, port: int, read_gauges: Callable[[], Iterable[Gauge]]) -> None:
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


def _read_gauges() -> list[Gauge]:
    try:
        backlog = measure_backlog(process.engine())
    except DatabaseUnavailable:
        return [("database_up", (), 0)]
    waiting: list[Gauge] = []
    ages: list[Gauge] = []
    for queue in backlog.queues:
        label = (("queue", queue.name),)
        waiting.append(("jobs_waiting", label, queue.waiting))
        ages.append(("oldest_waiting_seconds", label, queue.oldest_waiting_seconds))
    return [
        ("database_up", (), 1),
        *waiting,
        *ages,
        ("jobs_running", (), backlog.running),
        ("workers", (), backlog.workers),
        ("circuit_breakers_open", (), backlog.breakers_open),
    ]


def _histogram_lines(name: str, task: str, row: list[float]) -> list[str]:
    label = ("task", task)
    bounds = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
    counts = list(accumulate(row[:-1]))
    lines = [
        _line(f"{name}_bucket", (label, ("le", le)), count)
        for le, count in zip(bounds, counts, strict=True)
    ]
    return [
        *lines,
        _line(f"{name}_sum", (label,), row[-1]),
        _line(f"{name}_count", (label,), counts[-1]),
    ]


def _spread(classes: list[float]) -> list[float]:
    """Values for these classes: each job one, or fewer in the same shares; of each class one."""
    share = min(1.0, (_MOST_VALUES - len(classes)) / max(1.0, sum(classes)))
    bounds = (*BOUNDS, _BEYOND_SECONDS)
    return [
        bound
        for bound, count in zip(bounds, classes, strict=True)
        if count
        for _ in range(max(1, round(count * share)))
    ]


def _line(name: str, labels: Labels, value: float) -> str:
    shown = ",".join(f'{label}="{_escape(text)}"' for label, text in labels)
    number = int(value) if value == int(value) else value
    return f"bellpull_{name}{{{shown}}} {number}" if shown else f"bellpull_{name} {number}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

"""The figures of the bench and the goal of each."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

_COMPARE: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True)
class Goal:
    """One figure: its key in bench.json, what it says, and where it should be."""

    key: str
    label: str
    relation: str
    target: float

    def is_reached(self, value: float | bool) -> bool:
        """Whether `value` is where it should be; a yes or no is 1 or 0."""
        return _COMPARE[self.relation](float(value), self.target)

    def describe(self) -> str:
        """The goal in words."""
        return "true" if self.key == LIGHT else f"{self.relation} {self.target:g}"


#: Ratios without a goal, in a table of their own: the race with jobs that wait.
SLEEP_LABELS = {
    "sleep_vs_stock_tuned": "throughput / Celery at its best tuning, -c 16",
    "sleep_vs_dramatiq_sqs": "throughput / dramatiq_sqs, 2 processes x 8 threads",
    "sleep_vs_taskiq_sqs": "throughput / taskiq-aio-sqs, 2 workers x 8 tasks at once",
    "sleep_vs_raw": "throughput / raw boto3 loop, 16 processes",
}

LIGHT = "get_routes_are_light"

GOALS = (
    Goal("throughput_vs_stock_default", "throughput / Celery with its defaults", ">=", 80),
    Goal("throughput_vs_stock_tuned", "throughput / Celery at its best tuning", ">=", 5),
    Goal("throughput_vs_dramatiq_sqs", "throughput / dramatiq_sqs", ">=", 1.3),
    Goal("throughput_vs_taskiq_sqs", "throughput / taskiq-aio-sqs", ">=", 1.5),
    Goal("throughput_vs_raw", "throughput / raw boto3 loop", ">=", 0.8),
    Goal("sqs_calls_per_job", "SQS calls a job, enqueued in bulk, full queue", "<=", 0.32),
    Goal("sql_statements_per_job", "SQL statements a job in the worker", "<=", 2.1),
    Goal(
        "enqueue_cpu_vs_raw",
        "CPU of one enqueue / bare handler with PyMySQL and boto3",
        "<=",
        1.4,
    ),
    Goal("bulk_enqueue_vs_raw", "bulk enqueue, jobs/s / raw bulk", ">=", 0.8),
    Goal("idle_receives_per_minute", "receives a queue and idle worker in 60 s", "<=", 4),
    Goal(
        "pickup_latency_vs_raw",
        "pickup latency, to the job's first line / raw long poll",
        "<=",
        1.5,
    ),
    Goal("growth_throughput", "throughput with many finished rows / with few", ">=", 0.77),
    Goal("growth_first_page", "first page of the list, many rows / few", "<=", 1.3),
    Goal("growth_deep_page", "hundredth page of the list, many rows / few", "<=", 1.3),
    Goal(
        "rss_growth",
        "memory of the worker's process that grew most, after many jobs / few",
        "<=",
        1.05,
    ),
    Goal(
        "cold_start_vs_raw",
        "CPU of a cold start / hand-written Chalice app with SQLAlchemy and boto3",
        "<=",
        1.25,
    ),
    Goal(LIGHT, "GET routes import none of celery, kombu, boto3", ">=", 1),
)

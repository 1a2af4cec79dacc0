"""Who runs: the command of each worker, its settings, and what its messages look like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.benchmarks.feeding import (
    Encode,
    encode_celery,
    encode_dramatiq,
    encode_ours,
    encode_raw,
    encode_taskiq,
)
from tests.benchmarks.lab import OWN_BIN, PEERS_BIN

_COMPETITORS = "tests.benchmarks.competitors"
#: Worker processes of everybody.
PROCESSES = 2


@dataclass(frozen=True)
class Contestant:
    """One worker program and how it is started."""

    name: str
    label: str
    command: tuple[str, ...]
    encode: Encode
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Whether it works on rows of `jobs`; Celery's own backend writes a table of its own.
    has_rows: bool = True
    #: What was chosen for it, in words.
    setting: str = ""
    #: The same, as a search varies it.
    tuning: Mapping[str, Any] = field(default_factory=dict)


def ours(concurrency: int = PROCESSES) -> Contestant:
    """Bellpull's own worker, as it is deployed."""
    command = (_own("celery"), "-A", "tests.benchmarks.ours", "worker", "-c", str(concurrency))
    return Contestant("bellpull", "Bellpull", command, encode_ours, setting=f"-c {concurrency}")


def raw(processes: int = PROCESSES) -> Contestant:
    """The loop by hand."""
    command = (_own("python"), "-m", f"{_COMPETITORS}.raw_loop", str(processes))
    return Contestant(
        "raw", "raw boto3 loop", command, encode_raw, setting=f"{processes} processes"
    )


def stock_default(concurrency: int = PROCESSES) -> Contestant:
    """Celery with the settings that it comes with."""
    return Contestant(
        "stock_default",
        "Celery, defaults",
        _celery("-c", str(concurrency)),
        encode_celery,
        has_rows=False,
        setting=f"-c {concurrency}, all else default",
    )


def stock(tuning: Mapping[str, Any], name: str = "stock_tuned") -> Contestant:
    """Celery with the settings that a search found best; see `tuning`."""
    return Contestant(
        name,
        "Celery, best tuning found",
        _celery("-c", str(tuning["concurrency"]), "-P", tuning["pool"]),
        encode_celery,
        {"BENCH_SETTINGS": json.dumps(_celery_settings(tuning))},
        has_rows=False,
        setting=", ".join(f"{key}={value}" for key, value in tuning.items()),
        tuning=tuning,
    )


def stock_two_updates(tuned: Contestant) -> Contestant:
    """Celery tuned in the same way, which does the same work as the others on the same rows."""
    return replace(
        tuned,
        name="stock_two_updates",
        label="Celery, best tuning found, two UPDATEs",
        command=tuple(part.replace("stock_celery", "stock_two_updates") for part in tuned.command),
        has_rows=True,
        setting=f"{tuned.setting}, task_ignore_result, task_acks_late",
    )


def dramatiq(threads: int, prefetch: int, processes: int = PROCESSES) -> Contestant:
    """dramatiq_sqs; it never receives more than ten ahead."""
    counts = ("--processes", str(processes), "--threads", str(threads))
    # Its own logging begins at INFO; without it, Python's begins at WARNING, as everybody's here.
    app = (f"{_COMPETITORS}.dramatiq_app", "--skip-logging")
    return Contestant(
        "dramatiq_sqs",
        "dramatiq_sqs",
        (str(PEERS_BIN / "dramatiq"), *app, *counts),
        encode_dramatiq,
        {"dramatiq_queue_prefetch": str(prefetch), "BENCH_CONNECTIONS": str(threads + 4)},
        setting=f"{processes} processes x {threads} threads, prefetch {prefetch}",
        tuning={"threads": threads, "prefetch": prefetch, "processes": processes},
    )


def taskiq(
    tasks: int, prefetch: int, processes: int = PROCESSES, *, no_parse: bool = False
) -> Contestant:
    """taskiq-aio-sqs, ten messages a receive, uvloop; `no_parse`: parameters are not validated."""
    app = f"{_COMPETITORS}.taskiq_app:broker"
    counts = ("--workers", str(processes), "--max-async-tasks", str(tasks))
    more = ("--max-prefetch", str(prefetch), "--log-level", "WARNING")
    flags, told = (("--no-parse",), ", no parsing") if no_parse else ((), "")
    return Contestant(
        "taskiq_sqs",
        "taskiq-aio-sqs",
        (str(PEERS_BIN / "taskiq"), "worker", app, *counts, *more, *flags),
        encode_taskiq,
        {"BENCH_CONNECTIONS": str(min(tasks, 20))},
        setting=f"{processes} workers, {tasks} tasks at once, prefetch {prefetch}{told}",
        tuning={
            "tasks": tasks,
            "prefetch": prefetch,
            "processes": processes,
            "no_parse": no_parse,
        },
    )


def _celery_settings(tuning: Mapping[str, Any]) -> dict[str, Any]:
    transport = {
        key: tuning[key] for key in ("polling_interval", "wait_time_seconds") if key in tuning
    }
    transport["sqs_base64_encoding"] = tuning.get("sqs_base64_encoding", True)
    return {
        "worker_prefetch_multiplier": tuning["prefetch_multiplier"],
        "broker_transport_options": transport,
    }


def _celery(*options: str) -> tuple[str, ...]:
    return (_own("celery"), "-A", f"{_COMPETITORS}.stock_celery", "worker", *options)


def _own(program: str) -> str:
    return str(OWN_BIN / program)

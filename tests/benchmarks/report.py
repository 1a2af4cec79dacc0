"""Writes what was measured: bench.json, BENCHMARKS.md and the chart."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.chart import draw_bars
from tests.benchmarks.goals import GOALS, SLEEP_LABELS, Goal
from tests.benchmarks.lab import NODE_FOLDER, PEERS_BIN, ROOT, Lab
from tests.benchmarks.method import describe_method
from tests.benchmarks.plan import Plan
from tests.benchmarks.results import Results

_OWN = ("celery", "kombu", "SQLAlchemy", "PyMySQL", "boto3", "chalice", "msgspec")
_PEERS = ("dramatiq", "dramatiq-sqs", "taskiq", "taskiq-aio-sqs", "asyncmy", "boto3")
_NAMES = {
    "bellpull": "Bellpull",
    "raw": "raw boto3 loop",
    "taskiq_sqs": "taskiq-aio-sqs",
    "dramatiq_sqs": "dramatiq_sqs",
    "stock_two_updates": "Celery, tuned, two UPDATEs",
    "stock_tuned": "Celery + SQS, best tuning found",
    "stock_default": "Celery + SQS, defaults",
}


def describe_machine(lab: Lab, plan: Plan) -> dict[str, Any]:
    """Where, when, with what."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": "make bench QUICK=1" if plan.is_quick else "make bench",
        "is_quick": plan.is_quick,
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()}",
        "load_average": list(os.getloadavg()),
        "versions": {
            "Python": platform.python_version(),
            "MariaDB": lab.database_version(),
            "Node.js": _told("node", "--version").lstrip("v"),
            "fauxqs": json.loads((NODE_FOLDER / "node_modules/fauxqs/package.json").read_text())[
                "version"
            ],
            **{name: version(name) for name in _OWN},
        },
        "peers": _peer_versions(),
    }


def write(results: Results, about: dict[str, Any], plan: Plan) -> Path:
    """Write all three; the quick bench leaves the page of the whole one alone."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    figures: dict[str, Any] = {goal.key: results.figures.get(goal.key) for goal in GOALS}
    figures["goals"] = {goal.key: goal.describe() for goal in GOALS}
    figures["reached"] = {
        goal.key: goal.is_reached(results.figures[goal.key])
        for goal in GOALS
        if goal.key in results.figures
    }
    figures["spread"] = {key: asdict(spread) for key, spread in results.spreads.items()}
    figures["raw"], figures["failures"], figures["about"] = results.raw, results.failures, about
    (build / "bench.json").write_text(json.dumps(figures, indent=2) + "\n")
    page = (build if plan.is_quick else ROOT) / "BENCHMARKS.md"
    chart = (build if plan.is_quick else ROOT / "tests/benchmarks") / "throughput.svg"
    chart.write_text(_chart(results))
    link = os.path.relpath(chart, page.parent)
    page.write_text("\n".join(_page(results, about, plan, link)) + "\n")
    return page


def _chart(results: Results) -> str:
    bars = [
        (name, results.raw[f"throughput_{key}"])
        for key, name in _NAMES.items()
        if f"throughput_{key}" in results.raw
    ]
    values = [(name, one["median"], one["min"], one["max"]) for name, one in bars]
    return draw_bars("Jobs a second, two worker processes, a trivial task", values)


def _page(results: Results, about: dict[str, Any], plan: Plan, link: str) -> Iterator[str]:
    yield "# Benchmarks\n"
    yield f"`{about['command']}`, {about['date']}, {about['machine']}.\n"
    yield ", ".join(f"{name} {text}" for name, text in about["versions"].items()) + ".\n"
    yield "Peers: " + ", ".join(f"{n} {text}" for n, text in about["peers"].items()) + "."
    yield describe_method(plan)
    if about["is_quick"]:
        yield "**This was the quick bench: few rounds, small tables. Its figures are rough.**\n"
    yield f"![Jobs a second]({link})\n"
    yield "| figure | goal | measured | min to max | |"
    yield "|---|---|---|---|---|"
    yield from (_row(results, goal) for goal in GOALS)
    yield "\n## Jobs of 10 ms, 16 at a time\n"
    yield "| figure | measured | min to max |"
    yield "|---|---|---|"
    yield from (_sleep_row(results, key) for key in SLEEP_LABELS)
    yield "\n## What the figures are made of\n"
    yield "| value | median | min | max | unit |"
    yield "|---|---|---|---|---|"
    for key, one in results.raw.items():
        if isinstance(one, dict) and "median" in one and key not in SLEEP_LABELS:
            numbers = " | ".join(_short(one[name]) for name in ("median", "min", "max"))
            yield f"| `{key}` | {numbers} | {one['unit']} |"
    for stage, reason in results.failures.items():
        yield f"\nThe stage `{stage}` failed: {reason.splitlines()[0]}"


def _row(results: Results, goal: Goal) -> str:
    value = results.figures.get(goal.key)
    if value is None:
        return f"| {goal.label} (`{goal.key}`) | {goal.describe()} | not measured | | missed |"
    spread = results.spreads.get(goal.key)
    between = f"{_short(spread.least)} to {_short(spread.most)}" if spread else ""
    verdict = "reached" if goal.is_reached(value) else "**missed**"
    shown = str(value).lower() if isinstance(value, bool) else _short(value)
    label = f"{goal.label} (`{goal.key}`)"
    return f"| {label} | {goal.describe()} | {shown} | {between} | {verdict} |"


def _sleep_row(results: Results, key: str) -> str:
    one, label = results.raw.get(key), f"{SLEEP_LABELS[key]} (`{key}`)"
    if one is None:
        return f"| {label} | not measured | |"
    return f"| {label} | {_short(one['median'])} | {_short(one['min'])} to {_short(one['max'])} |"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _peer_versions() -> dict[str, str]:
    frozen = _told(str(PEERS_BIN / "python"), "-m", "pip", "freeze").splitlines()
    found = dict(line.split("==") for line in frozen if "==" in line)
    return {name: found[name] for name in _PEERS if name in found}


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _told(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip()

"""A made-up day of a busy project: jobs of ten tasks, straight into the tables."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Engine, insert

from chalicelib.db.engine import connect
from chalicelib.db.tables import attempts, jobs
from chalicelib.domain.ids import new_id
from chalicelib.domain.jobs import HELD
from tests.factories.load_balancers import create_load_balancer
from tests.factories.schedules import create_schedule
from tests.factories.servers import create_server
from tests.factories.webhooks import create_webhook

PROJECT = "demo"
_CHUNK = 2_000
_DAY = 86_400


class Kind(msgspec.Struct, frozen=True):
    """A task: how many of a hundred jobs, how long it runs, how many of a thousand fail."""

    name: str
    queue: str
    share: int
    seconds: float
    failing: int


KINDS = [
    Kind("emails.send", "default", 34, 0.4, 4),
    Kind("images.resize", "default", 18, 1.8, 3),
    Kind("search.index", "default", 14, 0.2, 1),
    Kind("invoices.render", "default", 10, 3.5, 6),
    Kind("notifications.deliver", "notifications", 10, 0.3, 12),
    Kind("reports.build", "default", 5, 24.0, 15),
    Kind("network.loadbalancers.create", "network", 3, 42.0, 25),
    Kind("network.loadbalancers.update", "network", 3, 11.0, 10),
    Kind("network.loadbalancers.destroy", "network", 2, 18.0, 8),
    Kind("diagnostics.echo", "default", 1, 0.1, 0),
]
ERRORS = [
    ("ConnectionError", "smtp.example.com closed the connection after 30 s"),
    ("UpstreamThrottled", "Rate exceeded (RequestId 7c1e): the cloud asks to come back later"),
    ("InvalidSubnet", "Subnet subnet-0fe1 has no free addresses"),
    ("SoftTimeLimitExceeded", "The attempt took longer than 300 s"),
]


def fill(engine: Engine, count: int, seed: int = 7) -> str:
    """Put in `count` jobs that ended in the last day, and some that wait and run.

    Returns the id of a job that failed after several attempts.
    """
    draw, now = random.Random(seed), datetime.now(UTC)
    weights = [kind.share for kind in KINDS]
    with connect(engine) as connection:
        for start in range(0, count, _CHUNK):
            rows = [
                _ended(draw, draw.choices(KINDS, weights)[0], now - timedelta(seconds=_ago(draw)))
                for _ in range(min(_CHUNK, count - start))
            ]
            connection.execute(insert(jobs), rows)
        connection.execute(insert(jobs), [_waiting(draw, now) for _ in range(42)])
        connection.execute(insert(jobs), [_running(draw, now, n) for n in range(11)])
        failed = _failed(now)
        connection.execute(insert(jobs), [failed])
        connection.execute(insert(attempts), list(_attempts(failed)))
    _add_records(engine, now)
    return str(failed["id"])


def _ago(draw: random.Random) -> float:
    """Seconds ago: more by day than by night, and an hour of trouble in between."""
    while True:
        ago = draw.uniform(2, _DAY)
        if draw.random() < 0.55 + 0.4 * math.sin(ago / _DAY * 2 * math.pi + 1):
            return ago


def _base(kind: Kind, state: str, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "project_id": PROJECT,
        "task": kind.name,
        "queue": kind.queue,
        "parameters": {"customer_id": int(at.timestamp()) % 9973, "locale": "de_DE"},
        "state": state,
        "created_at": at,
        "run_at": at,
        "rung_at": at,
        "attempts": 0,
        "max_attempts": 5,
        "started_at": None,
        "finished_at": None,
        "worker_id": None,
        "result": None,
        "error": None,
        "progress": None,
        "tags": None,
        "key": None,
        "held_by": None,
    }


def _ended(draw: random.Random, kind: Kind, at: datetime) -> dict[str, Any]:
    is_busy = 0.30 < (datetime.now(UTC) - at).total_seconds() / _DAY < 0.36
    waited = draw.lognormvariate(2.5 if is_busy else -1.6, 0.9)
    ran = kind.seconds * draw.lognormvariate(0, 0.4)
    failing = kind.failing * (25 if is_busy else 1)
    state = "FAILURE" if draw.random() * 1000 < failing else "SUCCESS"
    row = _base(kind, state, at - timedelta(seconds=waited + ran))
    row["started_at"], row["finished_at"] = at - timedelta(seconds=ran), at
    row["attempts"] = 5 if state == "FAILURE" else 1
    if state == "FAILURE":
        kind_of, message = draw.choice(ERRORS[2:] if kind.queue == "network" else ERRORS[:2])
        row["error"] = {"type": kind_of, "message": message, "retryable": True}
    else:
        row["result"] = {"ok": True}
    return row


def _waiting(draw: random.Random, now: datetime) -> dict[str, Any]:
    kind = draw.choice(KINDS[:6])
    row = _base(kind, "PENDING", now - timedelta(seconds=draw.uniform(1, 200)))
    choice = draw.random()
    if choice < 0.4:
        row["run_at"] = now + timedelta(seconds=draw.uniform(60, 40_000))
    elif choice < 0.6:
        row["state"], row["attempts"] = "RETRY", draw.randint(1, 4)
        row["run_at"] = now + timedelta(seconds=draw.uniform(5, 300))
        row["error"] = dict(zip(("type", "message"), draw.choice(ERRORS), strict=True))
    elif choice < 0.7:
        row["run_at"], row["rung_at"] = HELD, None
        row["held_by"], row["key"] = "key", "customer:42"
    return row


def _running(draw: random.Random, now: datetime, number: int) -> dict[str, Any]:
    kind = draw.choice([KINDS[1], KINDS[3], KINDS[5], KINDS[6]])
    row = _base(kind, "STARTED", now - timedelta(seconds=draw.uniform(2, 40)))
    row["started_at"], row["attempts"] = row["created_at"] + timedelta(seconds=0.3), 1
    row["worker_id"] = f"worker-{number % 3}"
    if kind.seconds > 3:
        words = {"reports.build": "reading rows", "invoices.render": "rendering pages"}
        message = words.get(kind.name, "waiting for the cloud")
        row["progress"] = {"percent": draw.randint(5, 95), "message": message}
    return row


def _failed(now: datetime) -> dict[str, Any]:
    row = _base(KINDS[6], "FAILURE", now - timedelta(seconds=95))
    trace = (
        "Traceback (most recent call last):\n"
        '  File "worker/tasks/load_balancers.py", line 41, in create\n'
        "    upstream.create(spec)\n"
        "InvalidSubnet: Subnet subnet-0fe1 has no free addresses"
    )
    error = {"type": "InvalidSubnet", "message": ERRORS[2][1], "retryable": False}
    return row | {
        "parameters": {
            "load_balancer_id": new_id(),
            "spec": {"name": "checkout", "type": "network", "subnet_ids": ["subnet-0fe1"]},
        },
        "started_at": now - timedelta(seconds=12),
        "finished_at": now - timedelta(seconds=9),
        "attempts": 3,
        "tags": ["checkout", "eu-west-1"],
        "key": "loadbalancer:checkout",
        "error": {**error, "traceback": trace},
    }


def _attempts(failed: dict[str, Any]) -> list[dict[str, Any]]:
    throttled = {"type": "UpstreamThrottled", "message": ERRORS[1][1], "retryable": True}
    moments = [(0.4, 2.1, "failed", throttled), (9.0, 30.0, "lost", None)]
    made = [
        {
            "id": new_id(),
            "job_id": failed["id"],
            "number": number,
            "worker_id": f"worker-{number}",
            "started_at": failed["created_at"] + timedelta(seconds=begun),
            "ended_at": failed["created_at"] + timedelta(seconds=ended),
            "outcome": outcome,
            "error": error,
        }
        for number, (begun, ended, outcome, error) in enumerate(moments, 1)
    ]
    last = {"worker_id": "worker-0", "outcome": "failed", "error": failed["error"], "number": 3}
    last |= {"started_at": failed["started_at"], "ended_at": failed["finished_at"]}
    return [*made, {"id": new_id(), "job_id": failed["id"], **last}]


def _add_records(engine: Engine, now: datetime) -> None:
    for name, status in (("web", "ACTIVE"), ("checkout", "ERROR"), ("search", "PENDING_UPDATE")):
        fault = None
        if status == "ERROR":
            fault = {"code": "invalid-subnet", "message": ERRORS[2][1], "advice": "Name another."}
        create_load_balancer(engine, name=name, provisioning_status=status, fault=fault)
    for number, zone in enumerate(("eu-west-1a", "eu-west-1b")):
        address = f"10.0.{number}.17"
        create_server(engine, name=f"web {number + 1}", zone=zone, private_ip_address=address)
    nightly = {"cron": "30 4 * * *", "time_zone": "Europe/Berlin", "every_seconds": None}
    create_schedule(engine, name="nightly report", task="reports.build", **nightly)
    create_schedule(engine, name="reindex", task="search.index", paused_at=now, next_run_at=None)
    create_webhook(engine, url="https://shop.example.com/hooks/bellpull")

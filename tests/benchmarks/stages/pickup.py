"""How long an idle worker takes to begin a job, beside a raw long poll."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.benchmarks import contestants
from tests.benchmarks.arithmetic import ratios, rotate
from tests.benchmarks.contestants import Contestant
from tests.benchmarks.feeding import insert_rows, make_clock_job, send
from tests.benchmarks.lab import Lab, Room, make_sqs
from tests.benchmarks.plan import Plan
from tests.benchmarks.results import Results

_START_SECONDS = 6.0
_REST_SECONDS = 0.3
_LIMIT_SECONDS = 15.0


def measure(lab: Lab, plan: Plan, results: Results) -> None:
    """Both wait at the same time, on queues of their own, and are poked in turn."""
    sides = {"ours": contestants.ours(), "raw": contestants.raw()}
    latencies: dict[str, list[float]] = {side: [] for side in sides}
    sqs = make_sqs(lab.sqs_url)
    with lab.room() as our_room, lab.room() as raw_room:
        rooms = {"ours": our_room, "raw": raw_room}
        with (
            lab.running(sides["ours"].command, our_room),
            lab.running(sides["raw"].command, raw_room),
        ):
            time.sleep(_START_SECONDS)
            for number in range(-2, plan.pokes):  # the first ones connect to the database
                for side, one in rotate(list(sides.items()), number):
                    waited = _poke(lab, sqs, one, rooms[side])
                    if number >= 0:
                        latencies[side].append(1000 * waited)
    for side, values in latencies.items():
        results.keep(
            f"pickup_latency_{side}", values, "ms from SendMessage to the job's first line"
        )
    results.add("pickup_latency_vs_raw", ratios(latencies["ours"], latencies["raw"]))


def _poke(lab: Lab, sqs: Any, contestant: Contestant, room: Room) -> float:
    """Seconds from before the send to the moment that the job itself noted; all share a clock."""
    time.sleep(_REST_SECONDS)
    jobs = [make_clock_job()]
    insert_rows(lab.database, room, jobs)
    bodies = contestant.encode(room.queue, jobs)
    at = time.time()
    send(sqs, room, bodies)
    deadline = time.monotonic() + _LIMIT_SECONDS
    query = "SELECT result FROM jobs WHERE id = %s AND state = 'SUCCESS'"
    while time.monotonic() < deadline:
        if found := lab.rows(room, query, [jobs[0].id]):
            return float(json.loads(found[0][0])) - at
        time.sleep(0.05)
    raise RuntimeError(f"{contestant.label} picked nothing up: {lab.told(room)}")

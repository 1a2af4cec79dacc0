"""SQS calls and SQL statements a job, counted by the servers; and the calls of an idle worker."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.benchmarks import contestants
from tests.benchmarks.lab import Lab, Room, make_sqs
from tests.benchmarks.plan import Plan
from tests.benchmarks.probing import submit_in_bulk
from tests.benchmarks.results import Results
from tests.benchmarks.watching import count_done

#: What MariaDB counts as a statement of a client, the pings that it counts apart, and kinds.
_STATEMENTS, _PINGS = "Questions", "Com_admin_commands"
_KINDS = ("Com_select", "Com_update", "Com_insert", "Com_delete", "Com_begin", "Com_commit")
_START_SECONDS = 6.0
#: Messages that are waiting, and that a worker has.
_WAITING = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


def measure(lab: Lab, plan: Plan, results: Results) -> None:
    """Count while a full queue is worked off."""
    with lab.room() as room:
        before = calls(lab, room)
        submit_in_bulk(room, plan.counted_jobs)
        results.tell(f"counting calls and statements of {plan.counted_jobs} jobs")
        with lab.running(contestants.ours().command, room):
            spent = _count_statements(lab, plan, room)
            looks = _wait_until_empty(lab, plan, room)
        made = calls(lab, room) - before - Counter(GetQueueAttributes=looks)
    jobs = plan.counted_jobs
    results.raw["sqs_calls"] = dict(made)
    results.raw["sql"] = spent
    results.set("sqs_calls_per_job", made.total() / jobs)
    results.set("sql_statements_per_job", spent[_STATEMENTS] / jobs)
    results.tell(f"pings of the database a job, not counted there: {spent[_PINGS] / jobs:.2f}")


def _count_statements(lab: Lab, plan: Plan, room: Room) -> dict[str, float]:
    """Statements from the first job to the last, those of the worker's beat among them.

    What a process says once, when it connects, is in the first tenth, which is left out.
    """
    with lab.database.cursor(room.database) as cursor:

        def finished() -> int:
            return count_done(lab, room, cursor)

        def wait_for(count: int) -> tuple[int, int]:
            """Jobs finished, and how often we looked."""
            deadline = time.monotonic() + 4 * plan.limit_seconds
            looks = 1
            while (done := finished()) < count:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{done} of {count} jobs: {lab.told(room)}")
                time.sleep(0.25)
                looks += 1
            return done, looks

        wait_for(plan.counted_jobs // 10)
        first, done_first = _status(cursor), finished()
        done_last, looks = wait_for(plan.counted_jobs)
        last = _status(cursor)
    jobs = max(1, done_last - done_first)
    own = {_STATEMENTS: looks + 2, "Com_select": looks + 1}
    scale = plan.counted_jobs / jobs
    return {name: scale * (last[name] - first[name] - own.get(name, 0)) for name in last}


def _wait_until_empty(lab: Lab, plan: Plan, room: Room) -> int:
    """Wait until the queue has no message left, so that every delete is made; returns our looks."""
    sqs, looks = make_sqs(lab.sqs_url), 0
    deadline = time.monotonic() + plan.limit_seconds
    while time.monotonic() < deadline:
        answer = sqs.get_queue_attributes(QueueUrl=room.queue_url, AttributeNames=_WAITING)
        looks += 1
        if not any(int(number) for number in answer["Attributes"].values()):
            return looks
        time.sleep(0.25)
    raise RuntimeError(f"messages were left: {answer['Attributes']}: {lab.told(room)}")


def _status(cursor: Any) -> dict[str, int]:
    cursor.execute("SHOW GLOBAL STATUS")
    wanted = {_STATEMENTS, _PINGS, *_KINDS}
    return {name: int(value) for name, value in cursor.fetchall() if name in wanted}


def calls(lab: Lab, room: Room) -> Counter[str]:
    """SQS calls about the queues of a room: action -> number."""
    made: Counter[str] = Counter()
    for (action, queue), number in lab.server.counts().items():
        if queue.startswith(f"{room.name}-"):
            made[action] += number
    return made


@contextmanager
def watching_idle_worker(lab: Lab, plan: Plan, results: Results) -> Iterator[None]:
    """Count the receives of a worker without work, while something else is measured beside it.

    It costs next to nothing: a few statements on each beat.
    """
    with lab.room() as room, lab.running(contestants.ours().command, room):
        time.sleep(_START_SECONDS)
        before, at = _receives(lab, room), time.monotonic()
        yield
        time.sleep(max(0.0, at + plan.idle_seconds - time.monotonic()))
        after, seconds = _receives(lab, room), time.monotonic() - at
    per_minute = [60 * (after[queue] - before[queue]) / seconds for queue in after]
    results.keep("idle_receives_by_queue", per_minute, f"a minute, over {seconds:.0f} s")
    results.set("idle_receives_per_minute", max(per_minute, default=0.0))


def _receives(lab: Lab, room: Room) -> Counter[str]:
    return Counter(
        {
            queue: number
            for (action, queue), number in lab.server.counts().items()
            if action == "ReceiveMessage" and queue.startswith(f"{room.name}-")
        }
    )

"""Jobs that share a key run one at a time, in order of submission."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.engine import in_transaction
from chalicelib.db.tables import job_key_places, job_keys
from chalicelib.domain.ids import new_id
from chalicelib.domain.jobs import HELD
from chalicelib.services import keys
from chalicelib.services.claims import ClaimAnswer, claim
from chalicelib.services.dispatcher import dispatch_due
from chalicelib.services.job_lifecycle import succeed
from tests.factories.jobs import create_job, new_claim, read_job, set_job
from tests.factories.load_balancers import create_load_balancer, read_load_balancer
from tests.factories.workers import create_worker

pytestmark = pytest.mark.usefixtures("sqs")


def submit(
    engine: Engine, key: str = "lb-1", *, supersedes: bool = False, **fields: Any
) -> tuple[str, list[str]]:
    """A job that joins the line of its key; its id, and those of the bells to ring."""

    new = {"project_id": "demo", "task": "test.echo", **fields}
    job_id, in_place_of = new_id(), new["task"] if supersedes else None

    def work(connection: Connection) -> list[str]:
        joined = keys.join_line(connection, new["project_id"], key, job_id, in_place_of=in_place_of)
        values = {"supersedes": joined.supersedes or None} | (
            {} if joined.is_its_turn else {"run_at": HELD, "held_by": "key"}
        )
        create_job(connection, id=job_id, key=key, **(values | new))
        own = [job_id] if joined.is_its_turn else []
        return own + [bell.job_id for bell in joined.bells]

    return job_id, in_transaction(engine, work)


def run(engine: Engine, job_id: str) -> list[str]:
    """Let a job be claimed and succeed; the ids of the bells that follow."""
    held = new_claim(job_id)
    assert claim(engine, held, 40.0) is ClaimAnswer.CLAIMED
    assert succeed(engine, held, None)
    return advance(engine)


def advance(engine: Engine, key: str = "lb-1") -> list[str]:
    return [bell.job_id for bell in keys.advance(engine, "demo", key)]


def count_rows(engine: Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        lines, places = (
            len(connection.execute(select(table)).all()) for table in (job_keys, job_key_places)
        )
    return lines, places


def test_first_job_of_a_key_may_run_at_once(engine: Engine) -> None:
    job_id, rung = submit(engine)
    assert rung == [job_id]
    assert claim(engine, new_claim(job_id), 40.0) is ClaimAnswer.CLAIMED


def test_next_job_is_let_go_when_the_one_before_has_ended(engine: Engine) -> None:
    first, _ = submit(engine)
    second, rung = submit(engine)
    third, _ = submit(engine)
    assert rung == []
    assert claim(engine, new_claim(second), 40.0) is ClaimAnswer.EARLY
    assert run(engine, first) == [second]
    assert claim(engine, new_claim(third), 40.0) is ClaimAnswer.EARLY
    assert run(engine, second) == [third]
    assert run(engine, third) == []
    assert count_rows(engine) == (0, 0), "an empty line leaves nothing behind"


def test_other_keys_and_other_projects_do_not_wait(engine: Engine) -> None:
    submit(engine)
    for key, project in (("lb-2", "demo"), ("lb-1", "else")):
        job_id, rung = submit(engine, key, project_id=project)
        assert rung == [job_id]


@pytest.mark.parametrize("state", ["STARTED", "RETRY"])
def test_job_that_runs_or_is_to_be_tried_again_keeps_its_turn(engine: Engine, state: str) -> None:
    first, _ = submit(engine)
    submit(engine)
    set_job(engine, first, state=state, run_at=seconds_from_now(300))
    assert advance(engine) == []


@pytest.mark.parametrize("state", ["FAILURE", "REVOKED", "SUCCESS"])
def test_however_a_job_ends_the_next_one_follows(engine: Engine, state: str) -> None:
    first, _ = submit(engine)
    second, _ = submit(engine)
    set_job(engine, first, state=state)
    assert advance(engine) == [second]
    assert advance(engine) == [], "its bell is rung once"


def test_cancelled_in_the_middle_of_the_line_is_passed_over(engine: Engine) -> None:
    first, middle, last = (submit(engine)[0] for _ in range(3))
    set_job(engine, middle, state="REVOKED")
    assert run(engine, first) == [last]


def test_held_job_costs_the_dispatcher_nothing(engine: Engine) -> None:
    submit(engine)
    held, _ = submit(engine)
    create_worker(engine, heard={"default": 0.0})
    done = dispatch_due(engine)
    assert (done.rung, done.rerung) == (1, 0)
    assert read_job(engine, held).rung_at is None


def test_job_with_a_delay_keeps_it_when_its_turn_comes(engine: Engine) -> None:
    first, _ = submit(engine)
    later, _ = submit(engine, not_before=seconds_from_now(5000))
    assert run(engine, first) == []
    row = read_job(engine, later)
    assert row.run_at == row.not_before
    assert row.rung_at is None, "the dispatcher rings it when its time comes"


def test_newer_job_takes_the_place_of_those_that_wait_and_says_so(engine: Engine) -> None:
    running, _ = submit(engine)
    claim(engine, new_claim(running), 40.0)
    old = [submit(engine)[0] for _ in range(2)]
    other, _ = submit(engine, task="test.other")
    newer, rung = submit(engine, supersedes=True)
    assert rung == [], "one of the key runs"
    for job_id in old:
        row = read_job(engine, job_id)
        assert (row.state, row.superseded_by) == ("REVOKED", newer)
        assert row.error["code"] == "superseded"
        assert newer in row.error["message"]
        assert row.finished_at is not None
    assert read_job(engine, newer).supersedes == old
    assert read_job(engine, running).state == "STARTED"
    set_job(engine, running, state="SUCCESS")
    assert advance(engine) == [other]


def test_newer_job_takes_the_turn_of_one_that_was_about_to_begin(engine: Engine) -> None:
    first, _ = submit(engine)
    newer, rung = submit(engine, supersedes=True)
    assert rung == [newer]
    assert claim(engine, new_claim(first), 40.0) is ClaimAnswer.TAKEN


def test_record_of_a_superseded_job_is_settled(engine: Engine) -> None:
    balancer = create_load_balancer(engine, provisioning_status="PENDING_UPDATE")
    submit(engine)
    task = "network.loadbalancers.update"
    parameters = {"load_balancer_id": balancer.id, "upstream_id": "x", "change": {}}
    old, _ = submit(engine, task=task, parameters=parameters)
    from chalicelib.db.tables import load_balancers

    with engine.connect() as connection:
        connection.execute(
            load_balancers.update().where(load_balancers.c.id == balancer.id).values(job_id=old)
        )
    submit(engine, task=task, parameters=parameters, supersedes=True)
    assert read_load_balancer(engine, balancer.id).provisioning_status != "PENDING_UPDATE"


def test_sweep_lets_go_whom_nobody_told(engine: Engine) -> None:
    for key in ("lb-1", "lb-2"):
        first, _ = submit(engine, key)
        submit(engine, key)
    set_job(engine, first, state="SUCCESS")
    assert len(keys.sweep(engine)) == 1
    assert keys.sweep(engine) == []


def test_jobs_of_a_key_never_overlap_and_keep_their_order(engine: Engine) -> None:
    """Four threads submit and run jobs of three keys; each tells the next, or is killed."""
    ready: list[str] = []
    lock = threading.Lock()
    order: dict[str, list[str]] = defaultdict(list)
    begun: dict[str, list[str]] = defaultdict(list)
    running: set[str] = set()
    clashes: list[str] = []

    def note(bells: list[str]) -> None:
        with lock:
            ready.extend(bells)

    def act(number: int) -> None:
        key = f"key-{number % 3}"
        with lock_of[key]:  # so that the order of commits is known to the test
            job_id, rung = submit(engine, key)
            order[key].append(job_id)
        note(rung)
        while True:
            with lock:
                if not ready:
                    return
                job_id = ready.pop(0)
            held = new_claim(job_id)
            if claim(engine, held, 40.0) is not ClaimAnswer.CLAIMED:
                continue
            mine = str(read_job(engine, job_id).key)
            with lock:
                if mine in running:
                    clashes.append(mine)
                running.add(mine)
                begun[mine].append(job_id)
            with lock:
                running.discard(mine)
            succeed(engine, held, None)
            if number % 4:  # every fourth dies before it tells the next
                note(advance(engine, mine))

    lock_of = {f"key-{number}": threading.Lock() for number in range(3)}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(act, range(48)))
    while bells := [bell.job_id for bell in keys.sweep(engine)] + ready:
        ready.clear()
        for job_id in dict.fromkeys(bells):
            begun[str(read_job(engine, job_id).key)].append(job_id)
            held = new_claim(job_id)
            claim(engine, held, 40.0)
            succeed(engine, held, None)
    assert clashes == []
    assert begun == order
    assert count_rows(engine) == (0, 0)

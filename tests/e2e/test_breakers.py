"""An upstream goes out of order under a fleet, and comes back."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from chalicelib.domain.load_balancers import LoadBalancerSpec
from chalicelib.services import breakers
from chalicelib.services.load_balancers import LOAD_BALANCERS
from chalicelib.services.records import Records
from tests.e2e.conftest import MakeFleet
from tests.e2e.fleet import PROJECT
from tests.e2e.worker_process import wait_until
from worker.upstream.errors import UpstreamUnavailable
from worker.upstream.memory.load_balancers import MemoryLoadBalancers

COOL_DOWN_SECONDS = 2
#: Three open it, three more may run by then; so two at least are tries.
FAILURES = 8


@pytest.mark.parametrize("database", ["sqlite", "mariadb"])
def test_jobs_wait_for_their_upstream_and_only_one_tries_at_a_time(
    make_fleet: MakeFleet, database: str
) -> None:
    fleet = make_fleet(
        database, CIRCUIT_BREAKER_FAILURES=3, CIRCUIT_BREAKER_SECONDS=COOL_DOWN_SECONDS
    )
    upstream = MemoryLoadBalancers(str(fleet.upstream_path))
    for _ in range(FAILURES):
        upstream.fail_next("create_load_balancer", UpstreamUnavailable("no answer"))
    for _ in range(2):
        fleet.start_worker(concurrency=2)
    service = Records(LOAD_BALANCERS)
    ids = []
    for number in range(8):
        spec = LoadBalancerSpec(name=f"web-{number}", subnet_ids=["subnet-1"])
        ids.append(service.create(fleet.engine, PROJECT, spec)[1].id)
    wait_until(lambda: breakers.list_breakers(fleet.engine, PROJECT)[0].state != "closed", 20)
    for job_id in ids:
        fleet.wait_for_state(job_id, "SUCCESS", seconds=60)
    rows = [fleet.job(job_id) for job_id in ids]
    assert sum(row.attempts for row in rows) == len(ids) + 2, "those before it opened"
    failed = [attempt for job_id in ids for attempt in fleet.attempts(job_id)]
    assert len(failed) == FAILURES
    # The third failure opened it. Others had been claimed by then; those after them tried one by
    # one, each a cool-down after the one before.
    opened_at = sorted(attempt.ended_at for attempt in failed)[2] + timedelta(seconds=1)
    tries = sorted(attempt.started_at for attempt in failed if attempt.started_at > opened_at)
    assert len(tries) >= 2
    for one, following in pairwise(tries):
        assert (following - one).total_seconds() >= COOL_DOWN_SECONDS
    assert breakers.list_breakers(fleet.engine, PROJECT)[0].state == "closed"
    fleet.wait_until_queues_empty()


def test_first_answer_of_a_long_job_closes_it(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(CIRCUIT_BREAKER_FAILURES=1, CIRCUIT_BREAKER_SECONDS=COOL_DOWN_SECONDS)
    upstream = MemoryLoadBalancers(str(fleet.upstream_path), looks_until_active=100)
    spec = LoadBalancerSpec(name="web", subnet_ids=["subnet-1"])
    there = upstream.create("somebody else's", spec)
    upstream.fail_next("create_load_balancer", UpstreamUnavailable("no answer"))
    fleet.start_worker(concurrency=2)
    service = Records(LOAD_BALANCERS)
    short = service.create(fleet.engine, PROJECT, spec)[1].id
    wait_until(lambda: breakers.list_breakers(fleet.engine, PROJECT)[0].state != "closed", 20)
    long = service.add(fleet.engine, PROJECT, there.upstream_id)[1].id
    fleet.wait_for_state(short, "SUCCESS", seconds=30)
    assert fleet.job(long).state == "STARTED", "it has waited since the upstream answered it"
    assert breakers.list_breakers(fleet.engine, PROJECT)[0].state == "closed"

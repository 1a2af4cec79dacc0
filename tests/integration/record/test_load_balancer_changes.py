"""Changes of load balancers that meet: decided under lock, told as ImmutableObject."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import Engine

from chalicelib.db.tables import jobs, load_balancers
from chalicelib.domain.load_balancers import LoadBalancerChange
from chalicelib.errors import ImmutableObject, NotFound
from chalicelib.services import record_reading
from chalicelib.services.load_balancers import LOAD_BALANCERS
from chalicelib.services.records import Records
from tests.factories.jobs import read_job
from tests.factories.load_balancers import create_load_balancer, make_spec, read_load_balancer
from tests.factories.rows import read_rows
from tests.fakes.sqs import FakeSqs

service = Records(LOAD_BALANCERS)
CHANGE = LoadBalancerChange(name="shop back")


def test_of_six_simultaneous_changes_one_wins(engine: Engine, sqs: FakeSqs) -> None:
    record = create_load_balancer(engine)
    together = threading.Barrier(6, timeout=30)

    def rush(number: int) -> str:
        together.wait()
        try:
            wanted = LoadBalancerChange(name=f"name {number}")
            return str(service.change(engine, "demo", record.id, wanted)[1].id)
        except ImmutableObject as error:
            return error.code

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(rush, range(6)))
    assert answers.count("immutable-object") == 5
    (job,) = read_rows(engine, jobs)
    row = read_load_balancer(engine, record.id)
    assert job.id in answers
    assert (row.provisioning_status, row.job_id) == ("PENDING_UPDATE", job.id)
    assert sqs.job_ids() == [job.id]


def test_of_six_that_add_the_same_one_wins(engine: Engine, sqs: FakeSqs) -> None:
    together = threading.Barrier(6, timeout=30)

    def rush(number: int) -> bool:
        together.wait()
        try:
            service.add(engine, f"project-{number}", "upstream-1")
        except ImmutableObject:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(rush, range(6))) == [False] * 5 + [True]
    assert len(read_rows(engine, load_balancers)) == len(read_rows(engine, jobs)) == 1


@pytest.mark.parametrize(
    "status", ["PENDING_CREATE", "PENDING_UPDATE", "PENDING_DELETE", "DELETED"]
)
def test_state_that_permits_no_change_is_told(engine: Engine, sqs: FakeSqs, status: str) -> None:
    record = create_load_balancer(engine, provisioning_status=status)
    with pytest.raises(ImmutableObject, match=status):
        service.change(engine, "demo", record.id, CHANGE)
    with pytest.raises(ImmutableObject, match=status):
        service.destroy(engine, "demo", record.id)
    assert read_load_balancer(engine, record.id) == record
    assert (read_rows(engine, jobs), sqs.sent) == ([], [])


def test_what_never_came_to_exist_can_be_destroyed_and_not_updated(
    engine: Engine, sqs: FakeSqs
) -> None:
    record = create_load_balancer(engine, provisioning_status="ERROR", upstream_id=None)
    with pytest.raises(ImmutableObject, match="does not exist upstream"):
        service.change(engine, "demo", record.id, CHANGE)
    row, job = service.destroy(engine, "demo", record.id)
    assert row.provisioning_status == "PENDING_DELETE"
    assert job.parameters == {"load_balancer_id": record.id, "upstream_id": None}


def test_load_balancer_of_another_project_is_not_found(engine: Engine, sqs: FakeSqs) -> None:
    record = create_load_balancer(engine)
    with pytest.raises(NotFound):
        service.change(engine, "other", record.id, CHANGE)
    with pytest.raises(NotFound):
        service.destroy(engine, "other", record.id)
    with pytest.raises(NotFound):
        record_reading.get(engine, LOAD_BALANCERS, "other", record.id)
    assert record_reading.get(engine, LOAD_BALANCERS, "demo", record.id) == record


def test_request_succeeds_while_sqs_is_away(engine: Engine, sqs: FakeSqs) -> None:
    sqs.go_away()
    row, job = service.create(engine, "demo", make_spec())
    assert row.provisioning_status == "PENDING_CREATE"
    assert read_job(engine, job.id).rung_at is None, "the dispatcher would not ring it"


def test_list_is_newest_first_by_pages_without_destroyed_ones(engine: Engine) -> None:
    made = [create_load_balancer(engine) for _ in range(5)]
    create_load_balancer(engine, provisioning_status="DELETED")
    create_load_balancer(engine, project_id="other")
    list_two = partial(record_reading.list_newest, engine, LOAD_BALANCERS, "demo", limit=2)
    pages = [list_two()]
    while pages[-1]:
        pages.append(list_two(after=pages[-1][-1].id))
    assert [row for page in pages for row in page] == made[::-1]

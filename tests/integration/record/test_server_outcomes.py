"""The end of a server's job, its record, and what is told of both are one change."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.db.tables import deliveries, load_balancers, servers
from chalicelib.domain.jobs import HELD
from chalicelib.domain.servers import ServerChange
from chalicelib.services import job_orders
from chalicelib.services.claims import ClaimAnswer
from chalicelib.services.dispatcher import dispatch_due
from chalicelib.services.job_lifecycle import fail
from chalicelib.services.records import Records
from chalicelib.services.servers import REBOOT, SERVERS
from chalicelib.services.upstream_notes import note_upstream
from tests.factories.load_balancers import create_load_balancer
from tests.factories.rows import read_rows
from tests.factories.servers import (
    create_server,
    make_observed_server,
    make_server_spec,
    read_server,
)
from tests.factories.webhooks import create_webhook
from tests.fakes.sqs import FakeSqs
from tests.integration.record.admissions import hear
from tests.integration.record.outcome_verbs import HOPELESS, finish, never, start

service = Records(SERVERS)
KINDS = ["create", "update", "reboot", "destroy", "add"]

pytestmark = pytest.mark.usefixtures("sqs")


def submit(engine: Engine, kind: str) -> tuple[Any, Any]:
    """Ask for something; returns the record and its job."""
    if kind == "create":
        return service.create(engine, "demo", make_server_spec(user_data="hello"))
    if kind == "add":
        return service.add(engine, "demo", "i-1")
    row = create_server(engine, upstream_id="i-1")
    if kind == "destroy":
        return service.destroy(engine, "demo", row.id)
    if kind == "reboot":
        return service.order(engine, "demo", row.id, REBOOT)
    return service.change(engine, "demo", row.id, ServerChange(name="shop 2"))


@pytest.mark.parametrize("kind", ["create", "update", "reboot", "add"])
def test_success_makes_the_record_what_the_upstream_said(engine: Engine, kind: str) -> None:
    record, job = submit(engine, kind)
    seen = make_observed_server(upstream_id="i-1", security_group_ids=["sg-1"], key_name="mine")
    assert finish(engine, start(engine, job.id), seen)
    row = read_server(engine, record.id)
    assert (row.provisioning_status, row.fault, row.upstream_id) == ("ACTIVE", None, "i-1")
    assert (row.private_ip_address, row.public_ip_address) == ("10.0.0.5", None)
    assert (row.image_id, row.flavor, row.subnet_id) == ("image-1", "small", "subnet-a")
    assert (row.security_group_ids, row.key_name, row.tags) == (["sg-1"], "mine", {"team": "shop"})
    names = {"update": "shop 2", "add": "upstream's name"}
    assert row.name == names.get(kind, "shop 1")


def test_success_of_destroy_makes_the_record_deleted(engine: Engine) -> None:
    record, job = submit(engine, "destroy")
    assert finish(engine, start(engine, job.id), {"upstream_id": "i-1"})
    row = read_server(engine, record.id)
    assert (row.provisioning_status, row.upstream_id, row.fault) == ("DELETED", None, None)


@pytest.mark.parametrize("kind", KINDS)
def test_failure_marks_the_record_and_tells_what_why_and_what_to_do(
    engine: Engine, kind: str
) -> None:
    create_webhook(engine, events=["server.*"])
    record, job = submit(engine, kind)
    fail(engine, start(engine, job.id), HOPELESS, never)
    row = read_server(engine, record.id)
    assert (row.provisioning_status, row.fault["job_id"]) == ("ERROR", job.id)
    (told,) = read_rows(engine, deliveries)
    assert told.event_type == "server.error"
    done = {"update": "changed", "destroy": "destroyed"}.get(kind, f"{kind}ed".replace("ee", "e"))
    expected = f"Server {row.name!r} could not be {done}: No use. {row.fault['advice']}"
    assert told.payload["data"]["message"] == expected
    assert told.payload["data"]["server"]["id"] == record.id
    assert told.payload["data"]["load_balancer"] is None
    assert told.payload["data"]["sequence"] == row.sequence == 1


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("create", "server.active"),
        ("add", "server.active"),
        ("update", "server.updated"),
        ("reboot", "server.rebooted"),
        ("destroy", "server.deleted"),
    ],
)
def test_success_is_told_by_what_was_done(engine: Engine, kind: str, event: str) -> None:
    create_webhook(engine, events=["server.*"])
    _, job = submit(engine, kind)
    finish(engine, start(engine, job.id), make_observed_server(upstream_id="i-1"))
    (told,) = read_rows(engine, deliveries)
    assert told.event_type == told.payload["type"] == event


def test_reboot_that_never_began_leaves_the_record_as_it_was(engine: Engine) -> None:
    record, job = submit(engine, "reboot")
    job_orders.cancel(engine, "demo", job.id)
    assert read_server(engine, record.id).provisioning_status == "ACTIVE"


def test_jobs_of_one_server_share_a_key_and_no_two_overlap(engine: Engine, sqs: FakeSqs) -> None:
    record, reboot = submit(engine, "reboot")
    held = start(engine, reboot.id)
    with engine.connect() as connection:  # as if somebody had mended the record by hand
        connection.execute(servers.update().values(provisioning_status="ERROR"))
    _, destroy = service.destroy(engine, "demo", record.id)
    assert {reboot.key, destroy.key} == {f"server:{record.id}"}
    assert (destroy.run_at, sqs.job_ids()) == (HELD, [reboot.id])
    assert hear(engine, destroy.id)[1] is not ClaimAnswer.CLAIMED, "a bell too many"
    assert finish(engine, held, make_observed_server(upstream_id="i-1"))
    dispatch_due(engine)
    assert sqs.job_ids() == [reboot.id, destroy.id]
    start(engine, destroy.id)


# --- Where it is -------------------------------------------------------------------------------


def test_cloud_that_a_record_was_begun_in_is_kept_when_settings_change(engine: Engine) -> None:
    record, job = submit(engine, "create")
    assert note_upstream(engine, servers, record.id, job.id, "aws:eu-west-1") == "aws:eu-west-1"
    assert note_upstream(engine, servers, record.id, job.id, "openstack") == "aws:eu-west-1"
    assert read_server(engine, record.id).upstream == "aws:eu-west-1"


def test_record_of_before_is_noted_by_its_next_job(engine: Engine) -> None:
    record = create_load_balancer(engine)
    where = note_upstream(engine, load_balancers, record.id, record.job_id, "openstack:berlin")
    assert where == "openstack:berlin"
    (row,) = read_rows(engine, load_balancers, id=record.id)
    assert row.upstream == "openstack:berlin"


def test_job_that_has_no_record_notes_nothing_and_follows_settings(engine: Engine) -> None:
    record = create_server(engine)
    assert note_upstream(engine, servers, record.id, "another job", "memory") == "memory"
    assert note_upstream(engine, servers, "nobody", "job", "memory") == "memory"
    assert read_server(engine, record.id).upstream is None

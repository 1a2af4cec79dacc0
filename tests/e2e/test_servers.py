"""Servers made true by real workers, at the memory cloud and at Nova."""

from __future__ import annotations

import pytest

from chalicelib.domain.servers import ServerChange
from chalicelib.services.load_balancers import LOAD_BALANCERS
from chalicelib.services.records import Records
from chalicelib.services.servers import REBOOT, SERVERS
from tests.e2e.conftest import MakeFleet
from tests.e2e.fleet import PROJECT
from tests.e2e.test_openstack import make_environment
from tests.e2e.worker_process import wait_until
from tests.factories.load_balancers import make_spec, read_load_balancer
from tests.factories.servers import make_server_spec, read_server
from tests.fakes.openstack.cloud import run_openstack
from tests.fakes.openstack.nova import IMAGE
from worker.upstream.errors import UpstreamQuotaExceeded
from worker.upstream.memory.servers import MemoryServers

service = Records(SERVERS)


def test_server_is_created_changed_rebooted_added_and_destroyed(make_fleet: MakeFleet) -> None:
    fleet = make_fleet("mariadb")
    upstream = MemoryServers(str(fleet.upstream_path))
    fleet.start_worker(app="worker")

    made, job = service.create(fleet.engine, PROJECT, make_server_spec())
    fleet.wait_for_state(job.id, "SUCCESS")
    [seen] = upstream.list_all()
    row = read_server(fleet.engine, made.id)
    assert (row.provisioning_status, row.upstream_id) == ("ACTIVE", seen.upstream_id)
    assert (row.upstream, row.private_ip_address) == ("memory", seen.private_ip_address)

    _, job = service.change(fleet.engine, PROJECT, made.id, ServerChange(name="shop 2"))
    fleet.wait_for_state(job.id, "SUCCESS")
    assert upstream.list_all()[0].name == read_server(fleet.engine, made.id).name == "shop 2"

    _, job = service.order(fleet.engine, PROJECT, made.id, REBOOT)
    fleet.wait_for_state(job.id, "SUCCESS")
    assert ("reboot_server", seen.upstream_id) in upstream.list_calls()

    there = upstream.create("somebody else's", make_server_spec(name="theirs"))
    added, job = service.add(fleet.engine, PROJECT, there.upstream_id)
    fleet.wait_for_state(job.id, "SUCCESS")
    assert read_server(fleet.engine, added.id).name == "theirs"

    _, job = service.destroy(fleet.engine, PROJECT, made.id)
    fleet.wait_for_state(job.id, "SUCCESS")
    assert read_server(fleet.engine, made.id).provisioning_status == "DELETED"
    assert [one.upstream_id for one in upstream.list_all()] == [there.upstream_id]

    upstream.fail_next("create_server", UpstreamQuotaExceeded("No more servers."))
    refused, job = service.create(fleet.engine, PROJECT, make_server_spec())
    fleet.wait_for_state(job.id, "FAILURE")
    fault = read_server(fleet.engine, refused.id).fault
    assert (fault["code"], fault["message"]) == ("upstream-quota-exceeded", "No more servers.")


@pytest.mark.parametrize("farewell", ["SIGTERM", "SIGKILL"])
def test_wait_for_nova_is_taken_over_by_another_worker(
    make_fleet: MakeFleet, farewell: str
) -> None:
    with run_openstack() as cloud:
        fleet = make_fleet("mariadb", **make_environment(cloud))
        cloud.nova.looks_until_done = 1000
        first = fleet.start_worker(app="worker")
        subnet_id = next(iter(cloud.neutron.lone_subnets))
        spec = make_server_spec(image_id=IMAGE, flavor="m1.tiny", subnet_id=subnet_id)
        record, job = service.create(fleet.engine, PROJECT, spec)
        wait_until(lambda: cloud.nova.count() == 1, 20)
        (made,) = cloud.nova.servers.values()
        words = f"{made['id']} is provisioning"
        wait_until(lambda: words in str(fleet.job(job.id).progress), 20)
        if farewell == "SIGTERM":
            first.terminate()
            assert first.wait_for_exit() == 0
        else:
            first.kill()
        cloud.nova.set_task(made["id"], "BUILD", "spawning", looks=1)
        fleet.start_worker(app="worker")
        fleet.wait_for_state(job.id, "SUCCESS", seconds=40)
        row = read_server(fleet.engine, record.id)
        assert (row.provisioning_status, row.upstream_id) == ("ACTIVE", made["id"])
        assert (row.upstream, row.private_ip_address) == ("openstack", made["address"])
        assert fleet.outcomes(job.id) == [{"SIGTERM": "released", "SIGKILL": "lost"}[farewell]]

        cloud.nova.looks_until_done = 1
        _, job = service.order(fleet.engine, PROJECT, record.id, REBOOT)
        fleet.wait_for_state(job.id, "SUCCESS", seconds=40)
        assert made["status"] == "ACTIVE", "the reboot was waited for"


def test_what_was_made_in_one_cloud_is_destroyed_there_when_settings_name_another(
    make_fleet: MakeFleet,
) -> None:
    balancers = Records(LOAD_BALANCERS)
    with run_openstack() as cloud:
        fleet = make_fleet("mariadb", **make_environment(cloud))
        first = fleet.start_worker(app="worker")
        spec = make_spec(subnet_ids=list(cloud.neutron.subnets)[:1])
        record, job = balancers.create(fleet.engine, PROJECT, spec)
        fleet.wait_for_state(job.id, "SUCCESS", seconds=40)
        first.terminate()
        assert first.wait_for_exit() == 0

        fleet.start_worker(app="worker", UPSTREAM_BY_PROJECT="")
        _, job = balancers.destroy(fleet.engine, PROJECT, record.id)
        fleet.wait_for_state(job.id, "SUCCESS", seconds=40)
        assert cloud.octavia.load_balancers == {}
        row = read_load_balancer(fleet.engine, record.id)
        assert (row.provisioning_status, row.upstream) == ("DELETED", "openstack")

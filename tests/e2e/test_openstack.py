"""A load balancer at OpenStack, whose job one worker begins and another one finishes."""

from __future__ import annotations

import pytest

from chalicelib.domain.load_balancers import LoadBalancerSpec
from chalicelib.services.load_balancers import LOAD_BALANCERS
from chalicelib.services.records import Records
from tests.e2e.conftest import MakeFleet
from tests.e2e.fleet import PROJECT
from tests.e2e.worker_process import wait_until
from tests.factories.load_balancers import read_load_balancer
from tests.fakes.openstack.cloud import OpenStackCloud, run_openstack

service = Records(LOAD_BALANCERS)


def make_environment(cloud: OpenStackCloud) -> dict[str, str]:
    return {
        "UPSTREAM_BY_PROJECT": f"{PROJECT}=openstack",
        "OS_AUTH_URL": f"{cloud.url}/identity/v3",
        "OS_USERNAME": "bellpull",
        "OS_PASSWORD": "secret",
        "OS_PROJECT_NAME": "load-balancers",
        "OS_USER_DOMAIN_ID": "default",
        "OS_PROJECT_DOMAIN_ID": "default",
        "OS_REGION_NAME": "RegionOne",
        "SHUTDOWN_GRACE_SECONDS": "0.5",
    }


@pytest.mark.parametrize("farewell", ["SIGTERM", "SIGKILL"])
def test_wait_for_octavia_is_taken_over_by_another_worker(
    make_fleet: MakeFleet, farewell: str
) -> None:
    with run_openstack() as cloud:
        fleet = make_fleet("mariadb", **make_environment(cloud))
        cloud.octavia.looks_until_done = 1000
        first = fleet.start_worker(app="worker")
        spec = LoadBalancerSpec(name="web", subnet_ids=list(cloud.neutron.subnets)[:1])
        record, job = service.create(fleet.engine, PROJECT, spec)
        wait_until(lambda: cloud.octavia.count() == 1, 20)
        (made,) = cloud.octavia.load_balancers.values()
        words = f"{made['id']} is provisioning"
        wait_until(lambda: words in str(fleet.job(job.id).progress), 20)
        if farewell == "SIGTERM":
            first.terminate()
            assert first.wait_for_exit() == 0
        else:
            first.kill()
        for id_ in cloud.octavia.load_balancers:
            cloud.octavia.set_status(id_, "PENDING_CREATE", looks=1)
        fleet.start_worker(app="worker")
        fleet.wait_for_state(job.id, "SUCCESS", seconds=40)
        row = read_load_balancer(fleet.engine, record.id)
        assert (row.provisioning_status, row.upstream_id) == ("ACTIVE", made["id"])
        assert (row.vip_address, row.network_id) == (made["vip_address"], made["vip_network_id"])
        assert fleet.outcomes(job.id) == [{"SIGTERM": "released", "SIGKILL": "lost"}[farewell]]

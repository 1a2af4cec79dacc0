"""What is particular to Nova: interrupted attempts, states, faults, quotas, networks."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from chalicelib.domain.servers import ServerChange
from worker.upstream.errors import (
    UpstreamBusy,
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamQuotaExceeded,
    UpstreamRejected,
    UpstreamThrottled,
    UpstreamUnavailable,
)
from worker.upstream.openstack.client import make_connection
from worker.upstream.openstack.servers import NovaServers
from worker.upstream.waiting import wait_until_active

TOKEN = "0b9d9e5e-7f1c-4c3a-9f0e-5d8f8f6c1a2b"


def create(cloud: Any, **overrides: Any) -> Any:
    made = cloud.upstream.create(TOKEN, cloud.spec(**overrides))
    return wait_until_active(cloud.upstream, made, sleep=lambda _: None)


def other_worker() -> NovaServers:
    return NovaServers(make_connection, sleep=lambda _: None)


def test_create_sends_what_the_reference_says(nova_cloud: Any) -> None:
    create(
        nova_cloud,
        tags={"team": "shop"},
        key_name="mine",
        user_data="echo wéb",
        security_group_ids=nova_cloud.security_group_ids[:1],
    )
    (call,) = [call for call in nova_cloud.openstack.calls if call.path.endswith("v2.1/servers")]
    assert call.headers["x-openstack-nova-api-version"] >= "2.52"
    (port,) = nova_cloud.openstack.neutron.ports.values()
    assert call.body["server"] == {
        "name": "shop 1",
        "imageRef": nova_cloud.image_id,
        "flavorRef": "1",
        "networks": [{"uuid": port["network_id"]}],
        "metadata": {"team": "shop"},
        "tags": [f"bellpull:token={TOKEN}"],
        "security_groups": [{"name": nova_cloud.security_group_ids[0]}],
        "key_name": "mine",
        "user_data": base64.b64encode("echo wéb".encode()).decode(),
    }


def test_create_whose_answer_was_lost_is_found_by_another_worker(nova_cloud: Any) -> None:
    nova_cloud.openstack.cut_next("POST", "/servers")
    with pytest.raises(UpstreamUnavailable):
        nova_cloud.upstream.create(TOKEN, nova_cloud.spec())
    made = other_worker().create(TOKEN, nova_cloud.spec())
    assert nova_cloud.count() == 1
    assert wait_until_active(other_worker(), made, sleep=lambda _: None).status == "active"


def test_flavor_is_named_by_its_id_as_well(nova_cloud: Any) -> None:
    assert create(nova_cloud, flavor="2").flavor == "m1.small"


def test_subnet_that_nova_would_choose_itself_is_refused(nova_cloud: Any) -> None:
    shared = next(iter(nova_cloud.openstack.neutron.subnets))
    with pytest.raises(UpstreamRejected, match="has 2 subnets of IPv4"):
        create(nova_cloud, subnet_id=shared)
    assert nova_cloud.openstack.changes() == []


def test_public_address_is_told(nova_cloud: Any) -> None:
    made = create(nova_cloud)
    nova_cloud.openstack.nova.servers[made.upstream_id]["is_public"] = True
    assert nova_cloud.upstream.get(made.upstream_id).public_ip_address == "203.0.113.9"


def test_server_on_a_volume_has_no_image(nova_cloud: Any) -> None:
    made = create(nova_cloud)
    nova_cloud.openstack.nova.servers[made.upstream_id]["image"] = ""
    assert nova_cloud.upstream.get(made.upstream_id).image_id is None


def test_server_that_nova_could_not_make_fails_in_its_words(nova_cloud: Any) -> None:
    nova_cloud.openstack.nova.next_fault = "No valid host was found."
    with pytest.raises(UpstreamRejected, match=r"^No valid host was found\.$"):
        create(nova_cloud)
    seen = nova_cloud.upstream.find(TOKEN)
    assert seen.status == "failed"
    nova_cloud.upstream.delete(seen.upstream_id)
    assert nova_cloud.count() == 0


def test_quota_is_told_in_the_words_of_nova(nova_cloud: Any) -> None:
    nova_cloud.openstack.nova.quota = 0
    with pytest.raises(UpstreamQuotaExceeded, match=r"^Quota exceeded for instances"):
        create(nova_cloud)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"image_id": "none"}, r"^Can not find requested image"),
        ({"key_name": "other"}, r"^Invalid key_name provided\.$"),
        ({"flavor": "../../x"}, r"^Nova has no flavor '../../x'\.$"),
        ({"subnet_id": "../../x"}, r"^Neutron has no subnet '../../x'\.$"),
        ({"tags": {"bellpull:x": "y"}}, "reserved"),
    ],
)
def test_refusal_is_told_and_nothing_is_made(nova_cloud: Any, fields: Any, words: str) -> None:
    with pytest.raises(UpstreamRejected, match=words):
        create(nova_cloud, **fields)
    assert nova_cloud.count() == 0


def test_server_that_is_changing_is_busy(nova_cloud: Any) -> None:
    made = create(nova_cloud)
    nova_cloud.openstack.nova.set_task(made.upstream_id, "ACTIVE", "image_snapshot", looks=9)
    with pytest.raises(UpstreamBusy, match="while it is in task_state image_snapshot"):
        nova_cloud.upstream.reboot(made.upstream_id)
    change = ServerChange(security_group_ids=nova_cloud.security_group_ids[:1])
    with pytest.raises(UpstreamBusy, match="Cannot 'addSecurityGroup'"):
        nova_cloud.upstream.update(made.upstream_id, change)


def test_stopped_server_is_not_rebooted(nova_cloud: Any) -> None:
    made = create(nova_cloud)
    nova_cloud.openstack.nova.servers[made.upstream_id]["status"] = "SHUTOFF"
    assert nova_cloud.upstream.get(made.upstream_id).status == "active"
    with pytest.raises(UpstreamRejected, match="stopped"):
        nova_cloud.upstream.reboot(made.upstream_id)


def test_reboot_is_waited_for(nova_cloud: Any) -> None:
    made = create(nova_cloud)
    nova = nova_cloud.openstack.nova
    nova.looks_until_done = 4
    begun = nova_cloud.upstream.reboot(made.upstream_id)
    assert begun.status == "provisioning"
    looks: list[str] = []
    done = wait_until_active(
        nova_cloud.upstream,
        begun,
        sleep=lambda _: looks.append(nova.servers[made.upstream_id]["status"]),
    )
    assert looks == ["REBOOT"] * 4
    assert (done.status, nova.servers[made.upstream_id]["status"]) == ("active", "ACTIVE")


def test_delete_waits_until_it_is_gone(nova_cloud: Any) -> None:
    made = create(nova_cloud)
    nova_cloud.openstack.nova.looks_until_done = 4
    nova_cloud.upstream.delete(made.upstream_id)
    assert nova_cloud.openstack.nova.servers == {}
    assert nova_cloud.openstack.neutron.ports == {}


def test_delete_that_was_interrupted_is_waited_for_and_not_asked_for_again(
    nova_cloud: Any,
) -> None:
    made = create(nova_cloud)
    nova_cloud.openstack.cut_next("DELETE", "/servers")
    with pytest.raises(UpstreamUnavailable):
        nova_cloud.upstream.delete(made.upstream_id)
    with pytest.raises(UpstreamNotFound):
        nova_cloud.upstream.get(made.upstream_id)
    nova_cloud.openstack.calls.clear()
    other_worker().delete(made.upstream_id)
    assert nova_cloud.openstack.changes() == []
    assert nova_cloud.openstack.nova.servers == {}


def test_delete_that_nova_could_not_do_is_tried_again(nova_cloud: Any) -> None:
    made = create(nova_cloud)
    nova_cloud.openstack.nova.next_fault = "The volume is busy."
    with pytest.raises(UpstreamUnavailable, match=r"The volume is busy\."):
        nova_cloud.upstream.delete(made.upstream_id)
    nova_cloud.upstream.delete(made.upstream_id)
    assert nova_cloud.count() == 0


def test_update_sends_only_what_differs(nova_cloud: Any) -> None:
    made = create(nova_cloud, tags={"team": "shop"})
    nova_cloud.openstack.calls.clear()
    same = ServerChange(name=made.name, tags=made.tags, security_group_ids=made.security_group_ids)
    nova_cloud.upstream.update(made.upstream_id, same)
    assert nova_cloud.openstack.changes() == []


@pytest.mark.parametrize("upstream_id", ["../../v2.1/flavors", "a b", "%2e%2e"])
def test_id_that_is_none_never_becomes_part_of_an_address(
    nova_cloud: Any, upstream_id: str
) -> None:
    with pytest.raises(UpstreamNotFound):
        nova_cloud.upstream.get(upstream_id)
    nova_cloud.upstream.delete(upstream_id)
    assert nova_cloud.openstack.calls == []


@pytest.mark.parametrize(
    ("status", "family"),
    [
        (401, UpstreamForbidden),
        (403, UpstreamForbidden),
        (429, UpstreamThrottled),
        (500, UpstreamUnavailable),
        (503, UpstreamUnavailable),
    ],
)
def test_status_of_a_refusal_decides_whether_it_is_tried_again(
    nova_cloud: Any, status: int, family: Any
) -> None:
    fault = {"fault": {"code": status, "message": "Policy doesn't allow it."}}
    for _ in range(2):  # a 401 makes the SDK ask Keystone for another token first
        nova_cloud.openstack.fail_next("POST", "/servers", status, fault, Retry_After="7")
    with pytest.raises(family, match="Policy doesn't allow it"):
        create(nova_cloud)

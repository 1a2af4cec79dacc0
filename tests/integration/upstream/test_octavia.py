"""What is particular to OpenStack: interrupted attempts, states, public addresses."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.load_balancers import LoadBalancerChange
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
from worker.upstream.openstack.load_balancers import OctaviaLoadBalancers
from worker.upstream.waiting import wait_until_active

TOKEN = "0b9d9e5e-7f1c-4c3a-9f0e-5d8f8f6c1a2b"
BALANCERS = "/lbaas/loadbalancers"


def create(cloud: Any, **overrides: Any) -> Any:
    made = cloud.upstream.create(TOKEN, cloud.spec(**overrides))
    return wait_until_active(cloud.upstream, made, sleep=lambda _: None)


def other_worker() -> OctaviaLoadBalancers:
    return OctaviaLoadBalancers(make_connection, sleep=lambda _: None)


def test_create_sends_what_the_reference_says(octavia_cloud: Any) -> None:
    create(octavia_cloud, tags={"team": "shop"}, type="application")
    (call,) = [call for call in octavia_cloud.openstack.calls if call.method == "POST"][1:]
    assert call.path == "/load-balancer/v2.0/lbaas/loadbalancers"
    first, second = octavia_cloud.subnet_ids[:2]
    assert call.body["loadbalancer"] == {
        "name": "shop front",
        "vip_subnet_id": first,
        "additional_vips": [{"subnet_id": second}],
        "tags": [f"bellpull:token={TOKEN}", "bellpull:type=application", "team=shop"],
    }


def test_create_whose_answer_was_lost_is_found_by_another_worker(octavia_cloud: Any) -> None:
    octavia_cloud.openstack.cut_next("POST", BALANCERS)
    with pytest.raises(UpstreamUnavailable):
        octavia_cloud.upstream.create(TOKEN, octavia_cloud.spec())
    made = other_worker().create(TOKEN, octavia_cloud.spec())
    assert made.status == "provisioning"
    assert octavia_cloud.count() == 1
    assert wait_until_active(other_worker(), made, sleep=lambda _: None).status == "active"


def test_internet_facing_gets_one_public_address_and_gives_it_back(octavia_cloud: Any) -> None:
    neutron = octavia_cloud.openstack.neutron
    octavia_cloud.openstack.cut_next("POST", "/floatingips")
    with pytest.raises(UpstreamUnavailable):
        create(octavia_cloud, scheme="internet-facing")
    made = create(octavia_cloud, scheme="internet-facing")
    assert (made.scheme, made.vip_address) == ("internet-facing", "203.0.113.1")
    assert len(neutron.floating_ips) == 1
    octavia_cloud.upstream.delete(made.upstream_id)
    assert neutron.floating_ips == {}


def test_address_without_a_port_yet_is_waited_for(octavia_cloud: Any) -> None:
    create(octavia_cloud)
    (made,) = octavia_cloud.openstack.octavia.load_balancers.values()
    made["vip_port_id"] = None
    with pytest.raises(UpstreamBusy, match="no port"):
        create(octavia_cloud, scheme="internet-facing")
    assert octavia_cloud.openstack.neutron.floating_ips == {}


def test_public_address_that_somebody_else_made_is_left_to_them(octavia_cloud: Any) -> None:
    made = create(octavia_cloud)
    port_id = next(iter(octavia_cloud.openstack.octavia.load_balancers.values()))["vip_port_id"]
    theirs = {"id": "theirs", "port_id": port_id, "floating_ip_address": "203.0.113.9"}
    octavia_cloud.openstack.neutron.floating_ips["theirs"] = theirs
    assert octavia_cloud.upstream.get(made.upstream_id).scheme == "internet-facing"
    octavia_cloud.upstream.delete(made.upstream_id)
    assert "theirs" in octavia_cloud.openstack.neutron.floating_ips


def test_cloud_without_external_network_refuses_internet_facing(octavia_cloud: Any) -> None:
    octavia_cloud.openstack.neutron.has_external_network = False
    with pytest.raises(UpstreamRejected, match="no external network"):
        create(octavia_cloud, scheme="internet-facing")


def test_vips_of_both_versions_are_dualstack(octavia_cloud: Any) -> None:
    four, six, other_four = octavia_cloud.subnet_ids
    assert create(octavia_cloud, subnet_ids=[four, six]).ip_address_type == "dualstack"
    octavia_cloud.openstack.calls.clear()
    with pytest.raises(UpstreamRejected, match=r"are of IPv4 alone"):
        octavia_cloud.upstream.create(
            "b", octavia_cloud.spec(subnet_ids=[four, other_four], ip_address_type="dualstack")
        )
    assert octavia_cloud.openstack.changes() == []


def test_dualstack_subnet_that_is_no_id_is_refused_and_neutron_not_asked(
    octavia_cloud: Any,
) -> None:
    subnet_ids = ["../networks", "x"]
    spec = octavia_cloud.spec(subnet_ids=subnet_ids, ip_address_type="dualstack")
    with pytest.raises(UpstreamRejected, match="no subnet"):
        octavia_cloud.upstream.create("c", spec)
    calls = octavia_cloud.openstack.calls
    assert [call.path for call in calls if call.path.startswith("/networking/v2.0/")] == []
    assert octavia_cloud.openstack.changes() == []


def test_balancer_that_somebody_else_is_changing_is_busy(octavia_cloud: Any) -> None:
    made = create(octavia_cloud)
    octavia_cloud.openstack.octavia.set_status(made.upstream_id, "PENDING_UPDATE", looks=3)
    with pytest.raises(UpstreamBusy, match="Invalid state PENDING_UPDATE"):
        octavia_cloud.upstream.update(made.upstream_id, LoadBalancerChange(name="other"))
    with pytest.raises(UpstreamBusy, match="Invalid state PENDING_UPDATE"):
        octavia_cloud.upstream.delete(made.upstream_id)


def test_quota_is_told_in_the_words_of_the_service(octavia_cloud: Any) -> None:
    octavia_cloud.openstack.octavia.quota = 0
    with pytest.raises(UpstreamQuotaExceeded, match=r"^Quota has been met for resources"):
        create(octavia_cloud)
    octavia_cloud.openstack.octavia.quota = 1
    octavia_cloud.openstack.neutron.floating_quota = 0
    with pytest.raises(UpstreamQuotaExceeded, match=r"^Quota exceeded for resources: .'floating"):
        create(octavia_cloud, scheme="internet-facing")


def test_refusal_is_told_in_the_words_of_octavia(octavia_cloud: Any) -> None:
    with pytest.raises(UpstreamRejected, match=r"^Subnet unknown not found\.$"):
        create(octavia_cloud, subnet_ids=["unknown"])
    with pytest.raises(UpstreamRejected, match=r"^Validation failure: VIP must contain one of"):
        create(octavia_cloud, subnet_ids=[])


def test_balancer_that_octavia_could_not_make_is_rejected(octavia_cloud: Any) -> None:
    octavia_cloud.openstack.octavia.breaks_next = True
    with pytest.raises(UpstreamRejected, match="ERROR"):
        create(octavia_cloud)
    seen = octavia_cloud.upstream.find(TOKEN)
    assert seen.status == "failed"
    octavia_cloud.upstream.delete(seen.upstream_id)
    assert octavia_cloud.count() == 0


def test_delete_takes_listeners_along_and_waits_until_it_is_gone(octavia_cloud: Any) -> None:
    made = create(octavia_cloud)
    octavia = octavia_cloud.openstack.octavia
    octavia.load_balancers[made.upstream_id]["listeners"] = [{"id": "listener"}]
    octavia.looks_until_done = 4
    octavia_cloud.upstream.delete(made.upstream_id)
    assert octavia.load_balancers == {}


def test_delete_that_was_interrupted_is_waited_for_and_not_asked_for_again(
    octavia_cloud: Any,
) -> None:
    made = create(octavia_cloud)
    octavia_cloud.openstack.cut_next("DELETE", BALANCERS)
    with pytest.raises(UpstreamUnavailable):
        octavia_cloud.upstream.delete(made.upstream_id)
    with pytest.raises(UpstreamNotFound):
        octavia_cloud.upstream.get(made.upstream_id)
    octavia_cloud.openstack.calls.clear()
    other_worker().delete(made.upstream_id)
    assert octavia_cloud.openstack.changes() == []
    assert octavia_cloud.openstack.octavia.load_balancers == {}


def test_delete_that_octavia_could_not_do_is_tried_again(octavia_cloud: Any) -> None:
    made = create(octavia_cloud)
    octavia_cloud.openstack.octavia.breaks_next = True
    with pytest.raises(UpstreamUnavailable, match="ERROR"):
        octavia_cloud.upstream.delete(made.upstream_id)
    octavia_cloud.upstream.delete(made.upstream_id)
    assert octavia_cloud.count() == 0


def test_update_sends_only_what_differs(octavia_cloud: Any) -> None:
    made = create(octavia_cloud, tags={"a=b": "c=d", "100%": ""}, attributes={"description": "x"})
    assert made.tags == {"a=b": "c=d", "100%": ""}
    octavia_cloud.openstack.calls.clear()
    same = LoadBalancerChange(
        name=made.name,
        tags=made.tags,
        subnet_ids=[zone.subnet_id for zone in reversed(made.zones)],
        attributes=made.attributes | {"vip_qos_policy_id": ""},
    )
    octavia_cloud.upstream.update(made.upstream_id, same)
    assert octavia_cloud.openstack.changes() == []
    change = LoadBalancerChange(attributes={"admin_state_up": "false", "description": "x"})
    octavia_cloud.upstream.update(made.upstream_id, change)
    (call,) = [call for call in octavia_cloud.openstack.calls if call.method == "PUT"]
    assert call.body["loadbalancer"] == {"admin_state_up": False}


@pytest.mark.parametrize(
    "change",
    [
        {"subnet_ids": ["other"]},
        {"ip_address_type": "ipv4"},
        {"attributes": {"flavor_id": "large"}},
    ],
)
def test_what_octavia_cannot_change_is_refused_before_anything_is_sent(
    octavia_cloud: Any, change: Any
) -> None:
    made = create(octavia_cloud)
    octavia_cloud.openstack.calls.clear()
    with pytest.raises(UpstreamRejected, match="Octavia cannot change"):
        octavia_cloud.upstream.update(made.upstream_id, LoadBalancerChange(**change))
    assert octavia_cloud.openstack.changes() == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tags": {"bellpull:token": "x"}}, "reserved"),
        ({"tags": {"k" * 128: "v" * 128}}, "too long"),
        ({"attributes": {"idle_timeout": "5"}}, "has no attribute 'idle_timeout'"),
        ({"attributes": {"admin_state_up": "maybe"}}, "true or false"),
    ],
)
def test_what_octavia_does_not_have_is_refused_before_anything_is_sent(
    octavia_cloud: Any, fields: Any, words: str
) -> None:
    with pytest.raises(UpstreamRejected, match=words):
        create(octavia_cloud, **fields)
    assert octavia_cloud.openstack.calls == []


@pytest.mark.parametrize("upstream_id", ["../../v2.0/lbaas/quotas", "a b", "%2e%2e", "x" * 255])
def test_id_that_is_none_never_becomes_part_of_an_address(
    octavia_cloud: Any, upstream_id: str
) -> None:
    with pytest.raises(UpstreamNotFound):
        octavia_cloud.upstream.get(upstream_id)
    octavia_cloud.upstream.delete(upstream_id)
    assert octavia_cloud.openstack.calls == []


@pytest.mark.parametrize(
    ("status", "family"),
    [
        (401, UpstreamForbidden),
        (403, UpstreamForbidden),
        (413, UpstreamThrottled),
        (429, UpstreamThrottled),
        (500, UpstreamUnavailable),
        (501, UpstreamRejected),
        (503, UpstreamUnavailable),
    ],
)
def test_status_of_a_refusal_decides_whether_it_is_tried_again(
    octavia_cloud: Any, status: int, family: Any
) -> None:
    fault = {"faultstring": "Policy does not allow this."}
    for _ in range(2):  # a 401 makes the SDK ask Keystone for another token first
        octavia_cloud.openstack.fail_next("POST", BALANCERS, status, fault, Retry_After="7")
    with pytest.raises(family, match="Policy does not allow this") as caught:
        create(octavia_cloud)
    if family is UpstreamThrottled:
        assert caught.value.retry_after_seconds == 7

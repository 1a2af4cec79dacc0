"""What every cloud behind the Protocol does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.domain.load_balancers import LoadBalancerChange, ObservedLoadBalancer
from worker.upstream.errors import UpstreamNotFound, UpstreamRejected
from worker.upstream.waiting import wait_until_active

TOKEN = "0b9d9e5e-7f1c-4c3a-9f0e-5d8f8f6c1a2b"


def create(cloud: Any, **overrides: Any) -> ObservedLoadBalancer:
    made = cloud.upstream.create(TOKEN, cloud.spec(**overrides))
    return wait_until_active(cloud.upstream, made, sleep=lambda _: None)


def update(cloud: Any, upstream_id: str, change: LoadBalancerChange) -> ObservedLoadBalancer:
    changed = cloud.upstream.update(upstream_id, change)
    return wait_until_active(cloud.upstream, changed, sleep=lambda _: None)


def subnet_ids(observed: ObservedLoadBalancer) -> set[str]:
    return {zone.subnet_id for zone in observed.zones}


def test_created_load_balancer_becomes_active(cloud: Any) -> None:
    made = cloud.upstream.create(TOKEN, cloud.spec())
    assert made.status == "provisioning"
    assert wait_until_active(cloud.upstream, made, sleep=lambda _: None).status == "active"


@pytest.mark.parametrize("kind", ["application", "network"])
def test_created_load_balancer_is_what_was_asked_for(cloud: Any, kind: str) -> None:
    made = create(
        cloud,
        type=kind,
        scheme="internet-facing",
        ip_address_type="dualstack",
        security_group_ids=cloud.security_group_ids[:1],
        tags={"team": "shop", "stage": "test"},
        attributes=cloud.attributes,
    )
    assert made.name == "shop front"
    assert made.type == kind
    assert made.scheme == "internet-facing"
    assert made.ip_address_type == "dualstack"
    assert subnet_ids(made) == set(cloud.subnet_ids[:2])
    assert all(zone.zone for zone in made.zones)
    assert made.security_group_ids == cloud.security_group_ids[:1]
    assert made.tags == {"team": "shop", "stage": "test"}
    assert made.attributes.items() >= cloud.attributes.items()
    assert made.dns_name or made.vip_address
    assert made.network_id


def test_answer_to_create_already_tells_name_tags_and_attributes(cloud: Any) -> None:
    wanted = {"tags": {"team": "shop"}, "attributes": cloud.attributes}
    made = cloud.upstream.create(TOKEN, cloud.spec(**wanted))
    assert (made.name, made.tags) == ("shop front", wanted["tags"])
    assert made.attributes.items() >= cloud.attributes.items()
    assert subnet_ids(made) == set(cloud.subnet_ids[:2])


def test_create_twice_with_one_token_makes_one_load_balancer(cloud: Any) -> None:
    first, second = create(cloud), create(cloud)
    assert first == second
    assert cloud.count() == 1


def test_two_tokens_make_two_load_balancers(cloud: Any) -> None:
    made = [cloud.upstream.create(token, cloud.spec()) for token in ("a", "b")]
    assert made[0].upstream_id != made[1].upstream_id
    assert cloud.count() == 2


def test_create_without_subnets_is_rejected(cloud: Any) -> None:
    with pytest.raises(UpstreamRejected):
        cloud.upstream.create(TOKEN, cloud.spec(subnet_ids=[]))
    assert cloud.count() == 0


def test_found_by_its_token_and_by_no_other(cloud: Any) -> None:
    made = create(cloud)
    assert cloud.upstream.find(TOKEN) == made
    assert cloud.upstream.find("other") is None


def test_get_of_unknown_or_malformed_id_says_not_found(cloud: Any) -> None:
    for upstream_id in (cloud.unknown_id, "no id of any cloud"):
        with pytest.raises(UpstreamNotFound):
            cloud.upstream.get(upstream_id)


def test_update_replaces_tags_and_lists_and_merges_attributes(cloud: Any) -> None:
    made = create(
        cloud,
        security_group_ids=cloud.security_group_ids[:1],
        tags={"team": "shop", "stage": "test"},
        attributes=cloud.attributes,
    )
    change = LoadBalancerChange(
        name="shop back",
        subnet_ids=cloud.other_subnet_ids,
        security_group_ids=cloud.security_group_ids[1:],
        tags={"team": "stock", "owner": "me"},
        attributes=cloud.other_attributes,
    )
    for _ in range(2):
        cloud.upstream.update(made.upstream_id, change)
    seen = cloud.upstream.get(made.upstream_id)
    assert seen.name == "shop back"
    assert subnet_ids(seen) == set(cloud.other_subnet_ids)
    assert seen.security_group_ids == cloud.security_group_ids[1:]
    assert seen.tags == {"team": "stock", "owner": "me"}
    assert seen.attributes.items() >= (cloud.attributes | cloud.other_attributes).items()


def test_update_returns_what_a_look_then_shows(cloud: Any) -> None:
    made = create(cloud)
    updated = update(cloud, made.upstream_id, cloud.some_change)
    wanted = {k: v for k, v in msgspec.structs.asdict(cloud.some_change).items() if v is not None}
    assert {name: getattr(updated, name) for name in wanted} == wanted
    assert updated == cloud.upstream.get(made.upstream_id)


def test_update_of_nothing_changes_nothing(cloud: Any) -> None:
    made = create(cloud, tags={"team": "shop"})
    assert cloud.upstream.update(made.upstream_id, LoadBalancerChange()) == made


def test_update_to_no_tags_removes_the_users_tags_alone(cloud: Any) -> None:
    made = create(cloud, tags={"team": "shop"})
    updated = update(cloud, made.upstream_id, LoadBalancerChange(tags={}))
    assert (updated.tags, updated.name) == ({}, "shop front")
    assert cloud.upstream.find(TOKEN) == updated


def test_update_of_unknown_id_says_not_found(cloud: Any) -> None:
    with pytest.raises(UpstreamNotFound):
        cloud.upstream.update(cloud.unknown_id, LoadBalancerChange(name="x"))


def test_deleted_load_balancer_is_gone_and_can_be_deleted_again(cloud: Any) -> None:
    made = create(cloud)
    for _ in range(2):
        cloud.upstream.delete(made.upstream_id)
    assert cloud.upstream.find(TOKEN) is None
    with pytest.raises(UpstreamNotFound):
        cloud.upstream.get(made.upstream_id)


def test_delete_of_what_never_was_succeeds(cloud: Any) -> None:
    cloud.upstream.delete(cloud.unknown_id)

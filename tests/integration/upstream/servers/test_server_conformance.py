"""What every cloud does that servers are made in."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.servers import ObservedServer, ServerChange
from worker.upstream.errors import UpstreamNotFound, UpstreamRejected
from worker.upstream.waiting import wait_until_active

TOKEN = "0b9d9e5e-7f1c-4c3a-9f0e-5d8f8f6c1a2b"


def create(cloud: Any, **overrides: Any) -> ObservedServer:
    made = cloud.upstream.create(TOKEN, cloud.spec(**overrides))
    return wait_until_active(cloud.upstream, made, sleep=lambda _: None)


def test_created_server_becomes_active(cloud: Any) -> None:
    made = cloud.upstream.create(TOKEN, cloud.spec())
    assert made.status == "provisioning"
    assert wait_until_active(cloud.upstream, made, sleep=lambda _: None).status == "active"


def test_created_server_is_what_was_asked_for(cloud: Any) -> None:
    made = create(
        cloud,
        security_group_ids=cloud.security_group_ids[:1],
        key_name=cloud.key_name,
        user_data="#!/bin/sh\necho wéb",
        tags={"team": "shop", "stage": "test"},
    )
    assert (made.name, made.image_id, made.flavor) == ("shop 1", cloud.image_id, cloud.flavor)
    assert made.subnet_id == cloud.subnet_id
    assert made.security_group_ids == cloud.security_group_ids[:1]
    assert made.key_name == cloud.key_name
    assert made.tags == {"team": "shop", "stage": "test"}
    assert made.network_id
    assert made.zone
    assert made.private_ip_address


def test_answer_to_create_already_tells_name_and_tags(cloud: Any) -> None:
    made = cloud.upstream.create(TOKEN, cloud.spec(tags={"team": "shop"}))
    assert (made.name, made.tags) == ("shop 1", {"team": "shop"})


def test_create_twice_with_one_token_makes_one_server(cloud: Any) -> None:
    first, second = create(cloud), create(cloud)
    assert first == second
    assert cloud.count() == 1


def test_two_tokens_make_two_servers(cloud: Any) -> None:
    made = [cloud.upstream.create(token, cloud.spec()) for token in ("a", "b")]
    assert made[0].upstream_id != made[1].upstream_id
    assert cloud.count() == 2


def test_create_in_a_subnet_that_is_none_is_rejected(cloud: Any) -> None:
    with pytest.raises(UpstreamRejected):
        cloud.upstream.create(TOKEN, cloud.spec(subnet_id=cloud.no_subnet_id))
    assert cloud.count() == 0


@pytest.mark.parametrize("token", ["x", "t" * 155, "a,b/c"])
def test_found_by_its_token_and_by_no_other(cloud: Any, token: str) -> None:
    made = cloud.upstream.create(token, cloud.spec())
    made = wait_until_active(cloud.upstream, made, sleep=lambda _: None)
    assert cloud.upstream.find(token) == made
    assert cloud.upstream.find("other") is None


def test_get_of_unknown_or_malformed_id_says_not_found(cloud: Any) -> None:
    for upstream_id in (cloud.unknown_id, "no id of any cloud"):
        with pytest.raises(UpstreamNotFound):
            cloud.upstream.get(upstream_id)


def test_update_replaces_name_tags_and_groups(cloud: Any) -> None:
    made = create(
        cloud,
        security_group_ids=cloud.security_group_ids[:1],
        tags={"team": "shop", "stage": "test"},
    )
    change = ServerChange(
        name="shop 2",
        security_group_ids=cloud.security_group_ids[1:],
        tags={"team": "stock", "owner": "me"},
    )
    for _ in range(2):
        updated = cloud.upstream.update(made.upstream_id, change)
    assert updated == cloud.upstream.get(made.upstream_id)
    assert updated.name == "shop 2"
    assert updated.security_group_ids == cloud.security_group_ids[1:]
    assert updated.tags == {"team": "stock", "owner": "me"}


def test_update_of_nothing_changes_nothing(cloud: Any) -> None:
    made = create(cloud, tags={"team": "shop"})
    assert cloud.upstream.update(made.upstream_id, ServerChange()) == made


def test_update_to_no_tags_removes_the_users_tags_alone(cloud: Any) -> None:
    made = create(cloud, tags={"team": "shop"})
    updated = cloud.upstream.update(made.upstream_id, ServerChange(tags={}))
    assert (updated.tags, updated.name) == ({}, "shop 1")
    assert cloud.upstream.find(TOKEN) == updated


def test_rebooted_server_is_active_again(cloud: Any) -> None:
    made = create(cloud)
    seen = cloud.upstream.reboot(made.upstream_id)
    assert wait_until_active(cloud.upstream, seen, sleep=lambda _: None) == made


def test_orders_to_an_unknown_id_say_not_found(cloud: Any) -> None:
    with pytest.raises(UpstreamNotFound):
        cloud.upstream.update(cloud.unknown_id, ServerChange(name="x"))
    with pytest.raises(UpstreamNotFound):
        cloud.upstream.reboot(cloud.unknown_id)


def test_deleted_server_is_gone_and_can_be_deleted_again(cloud: Any) -> None:
    made = create(cloud)
    for _ in range(2):
        cloud.upstream.delete(made.upstream_id)
    assert cloud.upstream.find(TOKEN) is None
    with pytest.raises(UpstreamNotFound):
        cloud.upstream.get(made.upstream_id)


def test_delete_of_what_never_was_succeeds(cloud: Any) -> None:
    cloud.upstream.delete(cloud.unknown_id)

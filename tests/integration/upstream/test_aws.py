"""What is particular to AWS: interrupted attempts, foreign names, few calls."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.load_balancers import LoadBalancerChange
from worker.upstream.aws.names import derive_name
from worker.upstream.errors import UpstreamRejected, UpstreamUnavailable

ATTRIBUTES = {"load_balancing.cross_zone.enabled": "true"}


def tags_of(aws_cloud: Any, arn: str) -> dict[str, str]:
    (found,) = aws_cloud.client.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return {tag["Key"]: tag["Value"] for tag in found["Tags"]}


def make_foreign(aws_cloud: Any, token: str) -> None:
    aws_cloud.client.create_load_balancer(
        Name=derive_name(token),
        Type="network",
        Scheme="internal",
        Subnets=aws_cloud.subnet_ids[:2],
    )


def test_second_attempt_finishes_what_an_interrupted_create_left(aws_cloud: Any) -> None:
    spec = aws_cloud.spec(attributes=ATTRIBUTES, tags={"team": "shop"})
    aws_cloud.wire.cut_at_next("ModifyLoadBalancerAttributes")
    with pytest.raises(UpstreamUnavailable):
        aws_cloud.upstream.create("token", spec)
    half_made = aws_cloud.upstream.find("token")
    assert half_made.attributes["load_balancing.cross_zone.enabled"] == "false"
    aws_cloud.client.remove_tags(ResourceArns=[half_made.upstream_id], TagKeys=["team"])

    made = aws_cloud.upstream.create("token", spec)

    assert made.upstream_id == half_made.upstream_id
    assert made.attributes["load_balancing.cross_zone.enabled"] == "true"
    assert made.tags == {"team": "shop"}
    assert aws_cloud.count() == 1


def test_second_attempt_finishes_what_an_interrupted_update_left(aws_cloud: Any) -> None:
    made = aws_cloud.upstream.create("token", aws_cloud.spec())
    change = LoadBalancerChange(subnet_ids=aws_cloud.subnet_ids[1:], tags={"team": "shop"})
    aws_cloud.wire.cut_at_next("AddTags")
    with pytest.raises(UpstreamUnavailable):
        aws_cloud.upstream.update(made.upstream_id, change)
    aws_cloud.wire.sent.clear()
    updated = aws_cloud.upstream.update(made.upstream_id, change)
    assert updated.tags == {"team": "shop"}
    assert aws_cloud.wire.changes() == ["AddTags"]


def test_create_makes_one_look_and_one_change(aws_cloud: Any) -> None:
    aws_cloud.upstream.create("token", aws_cloud.spec())
    assert aws_cloud.wire.sent == ["DescribeLoadBalancers", "CreateLoadBalancer"]


def test_name_token_and_users_tags_become_tags(aws_cloud: Any) -> None:
    made = aws_cloud.upstream.create("token", aws_cloud.spec(tags={"team": "shop"}))
    assert tags_of(aws_cloud, made.upstream_id) == {
        "Name": "shop front",
        "bellpull:token": "token",
        "team": "shop",
    }


def test_foreign_load_balancer_with_our_name_is_not_taken_over(aws_cloud: Any) -> None:
    make_foreign(aws_cloud, "token")
    with pytest.raises(UpstreamRejected, match="was not made here"):
        aws_cloud.upstream.create("token", aws_cloud.spec(attributes=ATTRIBUTES))
    assert aws_cloud.upstream.find("token") is None
    assert aws_cloud.wire.changes() == ["CreateLoadBalancer"]


def test_adopted_load_balancer_without_name_tag_is_called_by_its_own_name(aws_cloud: Any) -> None:
    make_foreign(aws_cloud, "token")
    arn = aws_cloud.client.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    assert aws_cloud.upstream.get(arn).name == derive_name("token")


def test_update_calls_only_for_what_differs(aws_cloud: Any) -> None:
    spec = aws_cloud.spec(
        tags={"team": "shop"},
        attributes=ATTRIBUTES,
        security_group_ids=aws_cloud.security_group_ids,
    )
    made = aws_cloud.upstream.create("token", spec)
    aws_cloud.wire.sent.clear()
    same = LoadBalancerChange(
        name=spec.name,
        ip_address_type=spec.ip_address_type,
        subnet_ids=list(reversed(spec.subnet_ids)),
        security_group_ids=list(reversed(spec.security_group_ids)),
        tags=spec.tags,
        attributes=spec.attributes,
    )
    aws_cloud.upstream.update(made.upstream_id, same)
    assert aws_cloud.wire.changes() == []


@pytest.mark.parametrize("key", ["Name", "bellpull:token", "bellpull:else"])
def test_reserved_tags_are_refused_before_anything_is_sent(aws_cloud: Any, key: str) -> None:
    with pytest.raises(UpstreamRejected, match="set by Bellpull"):
        aws_cloud.upstream.create("token", aws_cloud.spec(tags={key: "x"}))
    with pytest.raises(UpstreamRejected, match="set by Bellpull"):
        aws_cloud.upstream.update("any", LoadBalancerChange(tags={key: "x"}))
    assert aws_cloud.wire.sent == []


def test_refusal_carries_the_words_of_aws(aws_cloud: Any) -> None:
    spec = aws_cloud.spec(attributes={"no.such": "x"})
    with pytest.raises(
        UpstreamRejected, match=r"^Key no\.such not valid \(InvalidConfig.*, Modify"
    ):
        aws_cloud.upstream.create("token", spec)

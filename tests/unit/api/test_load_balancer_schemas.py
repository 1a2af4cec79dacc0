"""What a request may say of a load balancer, at the limits."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.domain.load_balancers import LoadBalancerChange, LoadBalancerSpec
from chalicelib.errors import InvalidFields
from chalicelib.schemas.fields import AddedResource
from chalicelib.schemas.load_balancers import ChangedLoadBalancer, NewLoadBalancer
from chalicelib.schemas.reading import read_body


def pointers(kind: type[msgspec.Struct], body: dict[str, Any]) -> set[str]:
    try:
        read_body(msgspec.json.encode(body), kind)
    except InvalidFields as error:
        return {pointer for pointer, _ in error.fields}
    return set()


def new(**fields: Any) -> dict[str, Any]:
    return {"name": "web", "subnet_ids": ["subnet-1"], **fields}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "x" * 255},
        {"name": "\U0001f600" * 255},
        {"type": "application", "scheme": "internet-facing", "ip_address_type": "dualstack"},
        {"subnet_ids": [f"subnet-{number}" for number in range(16)]},
        {"subnet_ids": ["s" * 64]},
        {"security_group_ids": ["sg-1"] * 16},
        {"tags": {str(number): "" for number in range(50)}},
        {"tags": {"k" * 128: "v" * 256, "aws": "x", "not-aws:x": "y"}},
        {"attributes": {f"idle.timeout_{number}": "60" for number in range(32)}},
    ],
)
def test_new_load_balancer_within_the_limits_is_read(fields: dict[str, Any]) -> None:
    assert pointers(NewLoadBalancer, new(**fields)) == set()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "x" * 256}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"name": "a\n"}, "/name"),
        ({"name": "a\x00"}, "/name"),
        ({"name": "a\x85"}, "/name"),
        ({"type": "gateway"}, "/type"),
        ({"scheme": None}, "/scheme"),
        ({"subnet_ids": []}, "/subnet_ids"),
        ({"subnet_ids": ["x"] * 17}, "/subnet_ids"),
        ({"subnet_ids": ["x", "s" * 65]}, "/subnet_ids/1"),
        ({"subnet_ids": [""]}, "/subnet_ids/0"),
        ({"subnet_ids": ["ö"]}, "/subnet_ids/0"),
        ({"subnet_ids": ["a b"]}, "/subnet_ids/0"),
        ({"security_group_ids": ["x"] * 17}, "/security_group_ids"),
        ({"tags": {str(number): "" for number in range(51)}}, "/tags"),
        ({"tags": {"": "x"}}, "/tags/"),
        ({"tags": {"k" * 129: "x"}}, "/tags/" + "k" * 129),
        ({"tags": {"k": "v" * 257}}, "/tags/k"),
        ({"tags": {"k": None}}, "/tags/k"),
        ({"tags": {"k": "\x1b[31m"}}, "/tags/k"),
        ({"tags": {"aws:x": ""}}, "/tags/aws:x"),
        ({"tags": {"AWS:x": ""}}, "/tags/AWS:x"),
        ({"tags": {"bellpull:id/1": ""}}, "/tags/bellpull:id~11"),
        ({"attributes": {str(number): "" for number in range(33)}}, "/attributes"),
        ({"attributes": {"a": 60}}, "/attributes/a"),
        ({"project_id": "other"}, "/project_id"),
        ({"upstream_id": "arn"}, "/upstream_id"),
    ],
)
def test_new_load_balancer_beyond_the_limits_is_refused(
    fields: dict[str, Any], pointer: str
) -> None:
    assert pointers(NewLoadBalancer, new(**fields)) == {pointer}


def test_change_names_at_least_one_field() -> None:
    assert pointers(ChangedLoadBalancer, {}) == {""}
    assert pointers(ChangedLoadBalancer, {"tags": {}}) == set()


def test_change_to_null_is_refused_since_it_would_not_remove() -> None:
    assert pointers(ChangedLoadBalancer, {"name": "x", "tags": None}) == {"/tags"}


def test_change_cannot_touch_what_is_fixed() -> None:
    body = {"type": "network", "scheme": "internal"}
    assert pointers(ChangedLoadBalancer, body) == {"/type", "/scheme"}


@pytest.mark.parametrize("upstream_id", ["", "x" * 256, "a b", "ö", "a\n", 5, None])
def test_upstream_id_is_printable_and_short(upstream_id: object) -> None:
    assert pointers(AddedResource, {"upstream_id": upstream_id}) == {"/upstream_id"}
    assert pointers(AddedResource, {"upstream_id": "x" * 255}) == set()


def test_request_is_what_the_task_takes_as_its_parameters() -> None:
    created = read_body(msgspec.json.encode(new(tags={"a": "b"})), NewLoadBalancer)
    spec = LoadBalancerSpec(name="web", subnet_ids=["subnet-1"], tags={"a": "b"})
    assert created.to_spec() == spec
    changed = read_body(b'{"tags": {}}', ChangedLoadBalancer)
    assert msgspec.json.encode(changed) == b'{"tags":{}}'
    assert isinstance(changed, LoadBalancerChange)


def test_limits_fit_what_the_domain_knows() -> None:
    assert set(NewLoadBalancer.__struct_fields__) - {"webhook"} == set(
        LoadBalancerSpec.__struct_fields__
    )
    assert ChangedLoadBalancer.__struct_fields__ == LoadBalancerChange.__struct_fields__

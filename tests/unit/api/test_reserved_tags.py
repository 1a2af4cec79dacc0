"""Tags whose keys have a meaning of their own further on."""

from __future__ import annotations

import json

import pytest

from chalicelib.errors import InvalidFields
from chalicelib.schemas.load_balancers import NewLoadBalancer
from chalicelib.schemas.reading import read_body


@pytest.mark.parametrize("key", ["Name", "__type__", "__value__", "aws:x", "bellpull:token"])
def test_reserved_key_is_refused(key: str) -> None:
    body = {"name": "web", "subnet_ids": ["subnet-1"], "tags": {key: "x"}}
    with pytest.raises(InvalidFields):
        read_body(json.dumps(body).encode(), NewLoadBalancer)


@pytest.mark.parametrize("key", ["name", "Names", "_x", "team"])
def test_other_keys_are_accepted(key: str) -> None:
    body = {"name": "web", "subnet_ids": ["subnet-1"], "tags": {key: "x"}}
    assert read_body(json.dumps(body).encode(), NewLoadBalancer).tags == {key: "x"}

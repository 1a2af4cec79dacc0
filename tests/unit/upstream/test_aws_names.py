"""Names at AWS follow from tokens and keep AWS's rules."""

from __future__ import annotations

import base64
import re
import uuid

from hypothesis import given
from hypothesis import strategies as st

from worker.upstream.aws.names import derive_name, select_user_tags

TOKENS = st.text(min_size=1, max_size=155)


@given(TOKENS | st.uuids().map(str))
def test_name_keeps_the_rules_of_aws(token: str) -> None:
    name = derive_name(token)
    assert re.fullmatch(r"bp-[a-z2-7]{26}", name)
    assert len(name) <= 32


@given(TOKENS, TOKENS)
def test_each_token_has_a_name_of_its_own(one: str, other: str) -> None:
    assert (derive_name(one) == derive_name(other)) == (one == other)


@given(st.uuids())
def test_uuid_can_be_read_back_out_of_its_name(token: uuid.UUID) -> None:
    encoded = derive_name(str(token)).removeprefix("bp-").upper() + "======"
    assert base64.b32decode(encoded) == token.bytes


@given(st.uuids())
def test_other_spellings_of_a_uuid_are_other_tokens(token: uuid.UUID) -> None:
    names = {derive_name(spelling) for spelling in (str(token), token.hex, token.urn)}
    assert len(names) == 3


def test_tags_of_bellpull_and_of_aws_are_not_the_users() -> None:
    tags = {"Name": "x", "bellpull:token": "t", "aws:cloudformation:stack-id": "s", "team": "shop"}
    assert select_user_tags(tags) == {"team": "shop"}

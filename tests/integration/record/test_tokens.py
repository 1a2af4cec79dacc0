"""Tokens: shown once, kept as a hash, worthless when revoked."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import Engine

from chalicelib.db.tables import tokens
from chalicelib.domain.scopes import Scope
from chalicelib.errors import NotFound
from chalicelib.services.tokens import InvalidProject, identify, list_all, mint, revoke
from tests.factories.rows import read_rows
from tests.factories.tokens import create_token


def test_minted_token_tells_who_is_calling(engine: Engine) -> None:
    token_id, token = mint(engine, "demo", [Scope.READ, Scope.WRITE])
    caller = identify(engine, token)
    assert caller is not None
    assert (caller.token_id, caller.project_id) == (token_id, "demo")
    assert caller.scopes == ["read", "write"]


def test_token_is_kept_as_its_sha_256_only(engine: Engine) -> None:
    _, token = mint(engine, "demo", [Scope.ADMIN])
    (row,) = read_rows(engine, tokens)
    assert row.digest == hashlib.sha256(token.encode()).hexdigest()
    assert not [value for value in row if isinstance(value, str) and token in value]
    assert identify(engine, row.digest) is None


def test_tokens_are_long_random_and_recognisable(engine: Engine) -> None:
    made = {mint(engine, "demo", [])[1] for _ in range(20)}
    assert len(made) == 20
    assert all(token.startswith("bp_") and len(token) >= 43 for token in made)


@pytest.mark.parametrize("token", ["", "bp_unknown", "ä\uffff", "x" * 10_000, "\udcff", "' OR 1=1"])
def test_unknown_token_is_nobodys(engine: Engine, token: str) -> None:
    create_token(engine, "bp_known")
    assert identify(engine, token) is None


def test_token_is_compared_exactly(engine: Engine) -> None:
    create_token(engine, "bp_known")
    assert identify(engine, "bp_known") is not None
    assert identify(engine, "BP_KNOWN") is None
    assert identify(engine, "bp_known ") is None


def test_revoked_token_is_nobodys(engine: Engine) -> None:
    token_id, token = mint(engine, "demo", [Scope.ADMIN])
    _, other = mint(engine, "demo", [Scope.ADMIN])
    revoke(engine, token_id)
    assert identify(engine, token) is None
    assert identify(engine, other) is not None


def test_token_cannot_be_revoked_twice_or_unless_it_is_there(engine: Engine) -> None:
    token_id, _ = mint(engine, "demo", [])
    revoke(engine, token_id)
    for unknown in (token_id, "no-such-token"):
        with pytest.raises(NotFound):
            revoke(engine, unknown)


def test_list_has_all_oldest_first(engine: Engine) -> None:
    made = [mint(engine, f"project-{number}", [])[0] for number in range(3)]
    revoke(engine, made[1])
    rows = list_all(engine)
    assert [row.id for row in rows] == made
    assert [row.revoked_at is not None for row in rows] == [False, True, False]


@pytest.mark.parametrize("project_id", ["", "a b", "-a", "ä", "x" * 65, "a/b", "a\n"])
def test_project_that_sqs_could_not_name_is_refused(engine: Engine, project_id: str) -> None:
    with pytest.raises(InvalidProject):
        mint(engine, project_id, [])
    assert read_rows(engine, tokens) == []

"""Callers who show a token of Keystone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.services import keystone
from tests.fakes.openstack.cloud import OpenStackCloud, run_openstack
from tests.fakes.sqs import FakeSqs
from tests.integration.api.conftest import CREATE, Api

PROJECT = "c8e1f0a2b3d44c55a6b7c8d9e0f10213"


@pytest.fixture
def cloud(engine: Engine, environment: Callable[..., None]) -> Iterator[OpenStackCloud]:
    """A Keystone that the application asks."""
    with run_openstack() as running:
        environment(AUTH="keystone", KEYSTONE_URL=f"{running.url}/identity/v3")
        keystone.memory.clear()
        yield running
        keystone.memory.clear()
        keystone._pool().clear()


@pytest.fixture
def call_as(cloud: OpenStackCloud, sqs: FakeSqs) -> Callable[..., Api]:
    """The application, called by somebody with these roles."""
    return lambda *roles, **said: Api(cloud.keystone.issue(*roles, **({"project": PROJECT} | said)))


@pytest.mark.parametrize(
    ("roles", "statuses"),
    [
        (["reader"], (200, 403, 403)),
        (["member"], (200, 202, 403)),
        (["Member", "other"], (200, 202, 403)),
        (["admin"], (200, 202, 202)),
        (["other"], (403, 403, 403)),
        ([], (403, 403, 403)),
    ],
)
def test_roles_at_keystone_are_scopes_here(
    call_as: Callable[..., Api], roles: list[str], statuses: tuple[int, ...]
) -> None:
    api = call_as(*roles)
    answers = [
        api("GET", "/loadbalancers"),
        api("POST", "/loadbalancers", CREATE),
        api("POST", "/loadbalancers/add", {"upstream_id": "some"}),
    ]
    assert tuple(answer.status for answer in answers) == statuses


def test_role_gives_the_scope_that_the_setting_says(
    call_as: Callable[..., Api], environment: Callable[..., None]
) -> None:
    environment(KEYSTONE_ROLES="load-balancer_observer=read, load-balancer_member = write")
    assert call_as("load-balancer_observer")("GET", "/jobs").status == 200
    assert call_as("load-balancer_member")("POST", "/loadbalancers", CREATE).status == 202
    assert call_as("admin")("GET", "/jobs").status == 403


def test_project_of_the_token_is_the_project(call_as: Callable[..., Api]) -> None:
    mine, other = call_as("member"), call_as("member", project="f" * 32)
    record = mine.create()
    assert mine("GET", f"/loadbalancers/{record['id']}").status == 200
    assert other("GET", f"/loadbalancers/{record['id']}").status == 404


def test_token_may_come_as_bearer_too(call_as: Callable[..., Api]) -> None:
    api = call_as("reader")
    bearer = {"Authorization": f"Bearer {api.token}"}
    assert api("GET", "/jobs", headers=bearer).status == 200


def count_validations(cloud: OpenStackCloud) -> int:
    return len([call for call in cloud.calls if call.path.endswith("/auth/tokens")])


def test_keystone_is_asked_once_for_many_requests(
    call_as: Callable[..., Api], cloud: OpenStackCloud
) -> None:
    api = call_as("reader")
    for _ in range(5):
        assert api("GET", "/jobs").status == 200
    assert count_validations(cloud) == 1


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass for what is remembered."""
    clock = SimpleNamespace(now=time.monotonic())
    monkeypatch.setattr(keystone, "time", SimpleNamespace(monotonic=lambda: clock.now))

    def pass_by(seconds: float) -> None:
        clock.now += seconds

    return pass_by


@pytest.mark.parametrize(("expires_in_seconds", "remembered_seconds"), [(100, 100), (3600, 300)])
def test_token_is_remembered_until_it_expires_but_not_for_long(
    call_as: Callable[..., Api],
    cloud: OpenStackCloud,
    pass_time: Callable[[float], None],
    expires_in_seconds: float,
    remembered_seconds: float,
) -> None:
    api = call_as("reader", expires_in_seconds=expires_in_seconds)
    assert api("GET", "/jobs").status == 200
    cloud.keystone.tokens.clear()  # revoked, or expired by now
    pass_time(remembered_seconds - 10)
    assert api("GET", "/jobs").status == 200
    pass_time(11)
    assert api("GET", "/jobs").status == 401


def test_token_that_has_expired_by_our_clock_is_refused(
    call_as: Callable[..., Api], cloud: OpenStackCloud
) -> None:
    api = call_as("reader")
    (said,) = cloud.keystone.tokens.values()
    cloud.fail_next(
        "GET", "/auth/tokens", 200, {"token": said | {"expires_at": "2020-01-01T00:00:00Z"}}
    )
    assert api("GET", "/jobs").status == 401


def test_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystone, "_MOST_REMEMBERED", 2)
    known = keystone.Known(token_id="", project_id=PROJECT, scopes=[])
    memory = keystone.Memory()
    for digest in ("a", "b", "c"):
        memory.keep(digest, known, 60)
    assert [memory.recall(digest) for digest in ("a", "b", "c")] == [None, known, known]


def test_unknown_token_is_refused(cloud: OpenStackCloud, sqs: FakeSqs) -> None:
    assert Api("unknown")("GET", "/jobs").status == 401
    assert Api("x" * 3000)("GET", "/jobs").status == 401


def test_token_that_was_minted_here_is_refused(
    cloud: OpenStackCloud, mint_token: Callable[..., str], sqs: FakeSqs
) -> None:
    assert Api(mint_token("admin"))("GET", "/jobs").status == 401


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"project": None}, "not for a project"),
        ({"application_credential": {"id": "x", "access_rules": []}}, "access rules"),
    ],
)
def test_token_for_something_else_is_refused_with_the_reason(
    call_as: Callable[..., Api], said: dict[str, Any], words: str
) -> None:
    answer = call_as("admin", **said)("GET", "/jobs")
    assert answer.status == 401
    assert words in answer.body["detail"]


def test_application_credential_without_rules_is_good(call_as: Callable[..., Api]) -> None:
    api = call_as("reader", application_credential={"id": "x", "restricted": True})
    assert api("GET", "/jobs").status == 200


@pytest.mark.parametrize("status", [500, 503, 429, 302, 200])
def test_keystone_that_answers_nonsense_is_503(
    call_as: Callable[..., Api], cloud: OpenStackCloud, status: int
) -> None:
    api = call_as("reader")
    cloud.fail_next("GET", "/auth/tokens", status, {"token": "?"}, Location=f"{cloud.url}/else")
    answer = api("GET", "/jobs")
    assert (answer.status, answer.body["type"]) == (503, "/problems/keystone-unavailable")
    assert answer.headers["retry-after"] == "5"
    assert api("GET", "/jobs").status == 200


def test_keystone_that_is_away_is_503(
    call_as: Callable[..., Api], environment: Callable[..., None]
) -> None:
    environment(KEYSTONE_URL="http://127.0.0.1:1/v3")
    assert call_as("reader")("GET", "/jobs").status == 503


def test_token_is_in_no_log(
    call_as: Callable[..., Api], cloud: OpenStackCloud, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    api = call_as("member")
    api.create()
    assert api.token not in caplog.text

"""Queues and tasks are paused, resumed and limited over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.services.claims import ClaimAnswer
from chalicelib.settings import get_settings
from tests.integration.record import breaking
from tests.statements import Statement, recorded


@pytest.mark.parametrize("path", ["/queues/default", "/tasks/diagnostics.echo"])
def test_what_is_paused_is_listed_until_it_is_resumed(api: Any, path: str) -> None:
    paused = api("POST", f"{path}/pause").body
    assert paused["paused_at"] is not None
    assert api("GET", "/limits").body["limits"] == [paused]
    assert api("POST", f"{path}/pause").body == paused
    assert api("POST", f"{path}/resume").body == {"let_go": 0}
    assert api("GET", "/limits").body["limits"] == []
    actions = [entry["action"] for entry in api("GET", "/audit?limit=3").body["entries"]]
    noun = path.split("/")[1]
    assert actions == [f"{noun}.resume", f"{noun}.pause", f"{noun}.pause"]


@pytest.mark.parametrize(
    "path", ["/queues/default", "/tasks/diagnostics.echo", "/upstreams/aws:us-east-1"]
)
def test_limit_is_set_replaced_and_taken_away(api: Any, path: str) -> None:
    limit = api("PUT", f"{path}/limit", {"rate_count": 5, "rate_seconds": 60}).body
    assert (limit["rate_count"], limit["rate_seconds"], limit["at_once"]) == (5, 60, None)
    limit = api("PUT", f"{path}/limit", {"at_once": 2}).body
    assert (limit["rate_count"], limit["at_once"]) == (None, 2)
    assert api("GET", f"{path}/limit").body == limit
    assert api("DELETE", f"{path}/limit").status == 204
    assert api("GET", "/limits").body["limits"] == []
    limit = api("GET", f"{path}/limit").body
    assert (limit["name"], limit["at_once"]) == (path.split("/")[2], None)


@pytest.mark.parametrize(
    "body", [{}, {"rate_seconds": 5}, {"at_once": 0}, {"rate_count": 10_001}, {"at_once": "2"}]
)
def test_limit_that_cannot_be_is_refused(api: Any, body: Any) -> None:
    assert api("PUT", "/queues/default/limit", body).status == 422


def test_what_is_not_there_is_not_found(api: Any) -> None:
    for base in ("/queues/nowhere", "/tasks/no.such"):
        for verb in ("pause", "resume"):
            assert api("POST", f"{base}/{verb}").status == 404
        assert api("PUT", f"{base}/limit", {"at_once": 1}).status == 404
        assert api("DELETE", f"{base}/limit").status == 404
        assert api("GET", f"{base}/limit").status == 404
    assert api("PUT", "/upstreams/aws:moon/limit", {"at_once": 1}).status == 404
    for verb in ("open", "close"):
        assert api("POST", f"/circuit-breakers/aws:moon/{verb}").status == 404


def test_circuit_breaker_is_opened_and_closed_by_hand(api: Any) -> None:
    closed = api("GET", "/circuit-breakers").body["circuit_breakers"]
    assert [(one["upstream"], one["state"]) for one in closed] == [("aws:us-east-1", "closed")]
    opened = api("POST", "/circuit-breakers/aws:us-east-1/open").body
    assert (opened["state"], opened["next_probe_at"], opened["waiting"]) == ("open", None, 0)
    assert api("GET", "/overview").body["circuit_breakers"] == [opened]
    assert api("GET", "/limits").body["limits"] == [], "there it is neither paused nor limited"
    assert [api("POST", "/circuit-breakers/aws:us-east-1/close").body] == closed


def test_job_that_tries_is_named_to_its_own_project_alone(
    api: Any, engine: Engine, mint_token: Callable[..., str]
) -> None:
    breaking.open_by_failures(engine)
    breaking.let_cool_down(engine)
    assert breaking.hear(engine, breaking.new(engine))[1] is ClaimAnswer.CLAIMED
    other = {"X-Auth-Token": mint_token("admin", "other")}
    for path in ("/circuit-breakers", "/overview"):
        (own,) = api("GET", path).body["circuit_breakers"]
        (foreign,) = api("GET", path, headers=other).body["circuit_breakers"]
        assert (own["state"], foreign["state"]) == ("half_open", "half_open")
        assert api("GET", f"/jobs/{own['probe_job_id']}").body["upstream"] == own["upstream"]
        assert foreign == own | {"probe_job_id": None}


def test_upstreams_are_those_that_the_settings_name(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSTREAM_BY_PROJECT", "demo=aws:eu-west-1,lab=openstack:berlin")
    get_settings.cache_clear()
    seen = api("GET", "/circuit-breakers").body["circuit_breakers"]
    names = [one["upstream"] for one in seen]
    assert names == ["aws:eu-west-1", "aws:us-east-1", "openstack:berlin"]
    made = api("POST", "/loadbalancers", {"name": "web", "subnet_ids": ["a"]}).body
    assert made["job"]["upstream"] == "aws:eu-west-1"
    assert api("POST", "/circuit-breakers/aws%3Aeu-west-1/open").body["state"] == "open"


def test_order_and_its_entry_in_the_audit_are_one_transaction(api: Any, engine: Engine) -> None:
    api("GET", "/limits")  # the token's use is written down, which happens once a minute
    for method, path, body in (
        ("POST", "/queues/default/pause", None),
        ("POST", "/queues/default/resume", None),
        ("PUT", "/queues/default/limit", {"at_once": 1}),
        ("DELETE", "/queues/default/limit", None),
    ):
        with recorded(engine) as sent:
            assert api(method, path, body).status < 300
        told = [each for each in transactions(sent) if "INSERT INTO audit_entries" in each]
        assert len(told) == 1
        assert "controls SET" in told[0]


def transactions(sent: list[Statement]) -> list[str]:
    """The statements from each BEGIN to its COMMIT; what was sent alone, alone."""
    found: list[str] = []
    is_open = False
    for statement in sent:
        if is_open:
            found[-1] += statement.text
        else:
            found.append(statement.text)
        is_open = (is_open or statement.verb == "BEGIN") and statement.verb != "COMMIT"
    return found

"""Queues and tasks are paused, resumed and limited over HTTP."""

from __future__ import annotations

from typing import Any

import pytest


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


@pytest.mark.parametrize("path", ["/queues/default", "/tasks/diagnostics.echo"])
def test_limit_is_set_replaced_and_taken_away(api: Any, path: str) -> None:
    limit = api("PUT", f"{path}/limit", {"rate_count": 5, "rate_seconds": 60}).body
    assert (limit["rate_count"], limit["rate_seconds"], limit["at_once"]) == (5, 60, None)
    limit = api("PUT", f"{path}/limit", {"at_once": 2}).body
    assert (limit["rate_count"], limit["at_once"]) == (None, 2)
    assert api("DELETE", f"{path}/limit").status == 204
    assert api("GET", "/limits").body["limits"] == []


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

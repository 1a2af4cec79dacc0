"""Jobs are listed by what they are; one is waited for."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

from tests.factories.jobs import create_job, set_job


def listed(api: Any, query: str) -> list[str]:
    return [job["id"] for job in api("GET", f"/jobs?{query}").body["jobs"]]


@pytest.fixture
def several(api: Any, engine: Engine) -> dict[str, str]:
    """Jobs by what is special about them, the oldest first."""
    made = datetime(2026, 1, 1, tzinfo=UTC)
    kinds: dict[str, dict[str, Any]] = {
        "failed": {"state": "FAILURE", "error": {"type": "Boom", "message": '50% of "it"'}},
        "network": {"queue": "network"},
        "other": {"task": "test.other", "key": "shop:7"},
        "both": {"parent_id": "p", "task": "test.other", "state": "FAILURE", "queue": "network"},
    }
    return {
        name: create_job(engine, created_at=made + timedelta(days=number), **kind).id
        for number, (name, kind) in enumerate(kinds.items())
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["both", "other", "network", "failed"]),
        ("state=FAILURE", ["both", "failed"]),
        ("queue=network", ["both", "network"]),
        ("task=test.other", ["both", "other"]),
        ("task=test.other&state=FAILURE", ["both"]),
        ("state=SUCCESS", []),
        ("error=50%25+of+%22it%22", ["failed"]),
        ("error=5_%25", []),
        ("error=Boom&state=SUCCESS", []),
        ("parent_id=p", ["both"]),
        ("parent_id=p&queue=default", []),
        ("created_after=2026-01-02T00:00:00Z", ["both", "other", "network"]),
        ("created_before=2026-01-02T00:00:00Z", ["failed"]),
        ("created_after=9999-12-31T23:59:59-14:00", []),
        ("created_before=0001-01-01T00:00:00%2B14:00", []),
        ("created_before=9999-12-31T23:59:59-14:00", ["both", "other", "network", "failed"]),
        (
            "created_after=2026-01-02T01:00:00%2B01:00&created_before=2026-01-03T00:00:00Z",
            ["network"],
        ),
        ("task=nothing", []),
        ("key=shop%3A7", ["other"]),
        ("key=shop%3A7&state=FAILURE", []),
    ],
)
def test_jobs_are_listed_by_what_they_are(
    api: Any, several: dict[str, str], query: str, names: list[str]
) -> None:
    assert listed(api, query) == [several[name] for name in names]
    assert api("GET", f"/jobs?{query}&total=true").body["total"] == len(names)


def test_jobs_are_found_by_any_of_their_tags(api: Any, mint_token: Any) -> None:
    tags = [["blue", "weekly"], ["blue"], ["grün & gelb"], []]
    ids = [
        api("POST", "/jobs", {"task": "diagnostics.echo", "tags": some}).body["id"] for some in tags
    ]
    assert sorted(listed(api, "tag=blue")) == sorted(ids[:2])
    assert listed(api, "tag=weekly&state=PENDING&task=diagnostics.echo") == [ids[0]]
    assert listed(api, f"tag={quote('grün & gelb')}") == [ids[2]]
    other = {"X-Auth-Token": mint_token("read", "other")}
    assert api("GET", "/jobs?tag=blue", headers=other).body["jobs"] == []


@pytest.mark.parametrize("query", ["", "tag=t&", "task=diagnostics.echo&", "state=PENDING&"])
def test_pages_follow_each_other_by_their_link(api: Any, query: str) -> None:
    wanted = [{"task": "diagnostics.echo", "tags": ["t"]}] * 7
    made = api("POST", "/jobs/batch", {"jobs": wanted}).body["job_ids"]
    path, seen = f"/jobs?{query}limit=3", []
    while path:
        answer = api("GET", path)
        seen += [job["id"] for job in answer.body["jobs"]]
        link = answer.headers.get("Link", "")
        found = re.fullmatch(r'<([^>]+)>; rel="next"', link)
        assert (found is None) == (answer.body["next"] is None)
        path = found[1] if found else ""
    assert seen == sorted(made, reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        "state=BROKEN",
        "limit=0",
        "limit=101",
        "created_after=yesterday",
        "created_after=null",
        "state=null",
        "state=NULL",
        "total=maybe",
        "tag=",
        "x=1",
    ],
)
def test_query_that_cannot_be_is_refused(api: Any, query: str) -> None:
    answer = api("GET", f"/jobs?{query}")
    assert answer.status == 422
    assert answer.body["errors"][0]["parameter"] == query.partition("=")[0]


def test_page_after_a_job_of_another_project_is_not_found(api: Any, engine: Engine) -> None:
    job = create_job(engine, project_id="other")
    assert api("GET", f"/jobs?after={job.id}").status == 404


# --- Waiting ---------------------------------------------------------------------------------


def test_wait_ends_as_soon_as_the_job_changes(api: Any, engine: Engine) -> None:
    job = create_job(engine)
    timer = threading.Timer(0.3, set_job, (engine, job.id), {"state": "STARTED"})
    timer.start()
    began = time.monotonic()
    assert api("GET", f"/jobs/{job.id}?wait=20").body["state"] == "STARTED"
    assert time.monotonic() - began < 10
    timer.join()


@pytest.mark.parametrize("query", ["wait=20&state=PENDING", "wait=0.01", ""])
def test_wait_ends_at_once_if_there_is_news_or_no_time(
    api: Any, engine: Engine, query: str
) -> None:
    job = create_job(engine, state="STARTED")
    assert api("GET", f"/jobs/{job.id}?{query}").body["state"] == "STARTED"


def test_nobody_waits_for_a_job_that_has_ended(api: Any, engine: Engine) -> None:
    job = create_job(engine, state="SUCCESS")
    assert api("GET", f"/jobs/{job.id}?wait=20&state=SUCCESS").status == 200


@pytest.mark.parametrize("wait", ["-1", "25.1", "x", "nan", "inf"])
def test_wait_is_at_most_what_api_gateway_waits(api: Any, engine: Engine, wait: str) -> None:
    assert api("GET", f"/jobs/{create_job(engine).id}?wait={wait}").status == 422

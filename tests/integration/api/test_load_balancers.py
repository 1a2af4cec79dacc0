"""Load balancers over HTTP: accepted at once, changed only when their state permits it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.factories.load_balancers import create_load_balancer

RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def test_create_is_accepted_with_location_and_both_ids(api: Any) -> None:
    body = {"name": "wéb", "subnet_ids": ["s-1"], "tags": {"team/a": "x"}, "type": "application"}
    answer = api("POST", "/loadbalancers", body)
    record, job = answer.body["load_balancer"], answer.body["job"]
    assert answer.status == 202
    assert answer.headers["Location"] == f"/loadbalancers/{record['id']}"
    assert (record["provisioning_status"], record["job_id"]) == ("PENDING_CREATE", job["id"])
    assert (job["state"], job["task"]) == ("PENDING", "network.loadbalancers.create")
    assert body.items() <= record.items()
    assert RFC_3339_UTC.fullmatch(record["created_at"])
    assert RFC_3339_UTC.fullmatch(job["run_at"])


def test_accepted_load_balancer_and_its_job_can_be_looked_at(api: Any) -> None:
    record = api.create()
    found = api("GET", f"/loadbalancers/{record['id']}")
    assert (found.status, found.body) == (200, record)
    job = api("GET", f"/jobs/{record['job_id']}").body
    assert job["parameters"]["load_balancer_id"] == record["id"]
    assert "project_id" not in record.keys() | job.keys()


def test_create_rings_for_its_job_once(api: Any, sqs: Any) -> None:
    record = api.create()
    assert sqs.job_ids() == [record["job_id"]]
    assert sqs.sent[0].queue == "network"


def test_create_is_accepted_when_sqs_is_down(api: Any, sqs: Any) -> None:
    sqs.go_away()
    assert api.create()["provisioning_status"] == "PENDING_CREATE"


def test_refused_create_leaves_no_trace(api: Any, sqs: Any) -> None:
    assert api("POST", "/loadbalancers", {"name": "x"}).status == 422
    assert api("GET", "/loadbalancers").body == {"load_balancers": [], "next": None}
    assert not sqs.sent


def test_change_is_accepted_and_says_what_it_is(api: Any, engine: Engine) -> None:
    path = f"/loadbalancers/{create_load_balancer(engine).id}"
    answer = api("PUT", path, {"tags": {"a": "b"}})
    assert (answer.status, answer.headers["Location"]) == (202, path)
    assert answer.body["load_balancer"]["provisioning_status"] == "PENDING_UPDATE"
    assert answer.body["job"]["parameters"]["change"] == {"tags": {"a": "b"}}


def test_change_that_the_state_forbids_is_a_conflict(api: Any) -> None:
    answer = api("PUT", f"/loadbalancers/{api.create()['id']}", {"tags": {}})
    assert (answer.status, answer.body["type"]) == (409, "/problems/immutable-object")


def test_of_six_simultaneous_changes_one_wins(api: Any, engine: Engine, sqs: Any) -> None:
    path = f"/loadbalancers/{create_load_balancer(engine).id}"
    start = Barrier(6)

    def change(number: int) -> int:
        start.wait()
        return int(api("PUT", path, {"tags": {"number": str(number)}}).status)

    with ThreadPoolExecutor(6) as threads:
        statuses = sorted(threads.map(change, range(6)))
    assert statuses == [202, 409, 409, 409, 409, 409]
    assert len(sqs.sent) == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [("ACTIVE", 202), ("ERROR", 202), ("PENDING_CREATE", 409), ("DELETED", 409)],
)
def test_destroy_is_accepted_from_active_and_error_only(
    api: Any, engine: Engine, status: str, expected: int
) -> None:
    path = f"/loadbalancers/{create_load_balancer(engine, provisioning_status=status).id}"
    answer = api("DELETE", path)
    assert answer.status == expected
    if expected == 202:
        assert answer.headers["Location"] == path
        assert answer.body["load_balancer"]["provisioning_status"] == "PENDING_DELETE"


def test_add_takes_over_an_upstream_load_balancer_once(api: Any) -> None:
    answer = api("POST", "/loadbalancers/add", {"upstream_id": "arn:aws:x/1"})
    assert answer.status == 202
    assert answer.headers["Location"] == f"/loadbalancers/{answer.body['load_balancer']['id']}"
    assert answer.body["job"]["task"] == "network.loadbalancers.add"
    again = api("POST", "/loadbalancers/add", {"upstream_id": "arn:aws:x/1"})
    assert (again.status, again.body["type"]) == (409, "/problems/immutable-object")


def test_pages_hold_each_load_balancer_once_newest_first(api: Any) -> None:
    made = [api.create(name=f"n{number}")["id"] for number in range(5)]
    seen: list[str] = []
    after = ""
    while True:
        page = api("GET", f"/loadbalancers?limit=2{after}").body
        seen += [record["id"] for record in page["load_balancers"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == made[::-1]


def test_full_last_page_says_that_it_is_the_last(api: Any) -> None:
    api.create()
    assert api("GET", "/loadbalancers?limit=1").body["next"] is None


def test_list_by_status_shows_that_status_alone(api: Any, engine: Engine) -> None:
    active = create_load_balancer(engine)
    gone = create_load_balancer(engine, provisioning_status="DELETED")

    def listed(query: str) -> set[str]:
        found = api("GET", f"/loadbalancers{query}").body["load_balancers"]
        return {record["id"] for record in found}

    assert listed("?provisioning_status=ACTIVE") == {active.id}
    assert listed("?provisioning_status=DELETED") == {gone.id}
    assert listed("") == {active.id}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("limit=abc", {"limit"}),
        ("limit=0", {"limit"}),
        ("limit=101", {"limit"}),
        ("limit=", {"limit"}),
        ("limit=1&limit=2", {"limit"}),
        ("after=nobody", {"after"}),
        ("provisioning_status=active", {"provisioning_status"}),
        ("page=2&sort=%FF", {"page", "sort"}),
    ],
)
def test_bad_query_is_named(api: Any, query: str, names: set[str]) -> None:
    answer = api("GET", f"/loadbalancers?{query}")
    assert (answer.status, answer.body["type"]) == (422, "/problems/invalid-query")
    assert {error["parameter"] for error in answer.body["errors"]} == names


def test_query_where_none_is_taken_is_refused(api: Any) -> None:
    assert api("GET", "/loadbalancers/1?verbose=1").status == 422

"""Jobs are submitted over HTTP: what a client may ask for, and what it is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.factories.jobs import read_job, set_job
from tests.fakes.sqs import FakeSqs

ECHO = {"task": "diagnostics.echo", "parameters": {"message": "hello"}}


def pointers(answer: Any) -> set[str]:
    assert answer.status == 422, answer
    return {error["pointer"] for error in answer.body["errors"]}


def test_job_is_recorded_rung_and_answered(api: Any, engine: Engine, sqs: FakeSqs) -> None:
    answer = api("POST", "/jobs", ECHO)
    job = answer.body
    assert (answer.status, answer.headers["Location"]) == (202, f"/jobs/{job['id']}")
    assert (job["state"], job["queue"], job["max_attempts"]) == ("PENDING", "default", 5)
    assert sqs.job_ids() == [job["id"]]
    assert sqs.sent[0].content[1]["message"] == "hello"
    assert read_job(engine, job["id"]).rung_at is not None


def test_answer_says_what_the_record_says(api: Any) -> None:
    wanted = {**ECHO, "delay_seconds": 60.5, "tags": ["a", "b", "a"], "timeout_seconds": 9}
    made = api("POST", "/jobs", wanted).body
    assert api("GET", f"/jobs/{made['id']}").body == made
    assert made["tags"] == ["a", "b"]


def test_everything_asked_for_is_kept(api: Any, engine: Engine, sqs: FakeSqs) -> None:
    wanted = {"queue": "network", "max_attempts": 2, "timeout_seconds": 60, "delay_seconds": 30}
    row = read_job(engine, api("POST", "/jobs", ECHO | wanted).body["id"])
    assert (row.queue, row.max_attempts, row.timeout_seconds) == ("network", 2, 60)
    assert (row.run_at - row.created_at).total_seconds() == 30
    [sent] = sqs.sent
    assert (sent.queue, sent.delay_seconds) == ("network", 30)
    assert sent.headers["timelimit"] == [90, 60]


def test_time_may_be_given_with_any_offset_and_may_have_passed(api: Any, engine: Engine) -> None:
    soon = datetime.now(UTC) + timedelta(hours=3)
    text = soon.isoformat().replace("+00:00", "Z")
    assert api("POST", "/jobs", {**ECHO, "run_at": text}).body["run_at"] == text
    past = api("POST", "/jobs", {**ECHO, "run_at": "2001-01-01T00:00:00+05:30"}).body
    assert past["run_at"] == past["created_at"]


def test_job_that_is_due_after_what_sqs_can_hold_is_left_to_the_dispatcher(
    api: Any, engine: Engine, sqs: FakeSqs
) -> None:
    job_id = api("POST", "/jobs", {**ECHO, "delay_seconds": 901}).body["id"]
    assert (sqs.sent, read_job(engine, job_id).rung_at) == ([], None)


def test_whole_number_is_an_integer_however_it_is_written(api: Any) -> None:
    parameters = {"message": 1.0, "failures": 2.0}
    body = {**ECHO, "parameters": parameters, "max_attempts": 3.0}
    job = api("POST", "/jobs", body).body
    assert job["max_attempts"] == 3
    assert repr(job["parameters"]["failures"]) == "2"
    assert repr(job["parameters"]["message"]) == "1.0"
    schedule = api("POST", "/schedules", {"name": "s", **ECHO, "every_seconds": 60.0}).body
    path = f"/schedules/{schedule['id']}"
    changed = api("PUT", path, {"parameters": parameters}).body
    assert repr(changed["parameters"]["failures"]) == "2"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"task": "no.such"}, "#/task"),
        ({"task": "network.loadbalancers.destroy"}, "#/task"),
        ({"task": ""}, "#/task"),
        ({"task": 5}, "#/task"),
        ({"parameters": {"seconds": -1}}, "#/parameters/seconds"),
        ({"parameters": {"colour": "red"}}, "#/parameters/colour"),
        ({"parameters": [1]}, "#/parameters"),
        ({"run_at": "2027-01-01T00:00:00"}, "#/run_at"),
        ({"run_at": "tomorrow"}, "#/run_at"),
        ({"run_at": "9999-12-31T23:59:59-23:59"}, "#/run_at"),
        ({"run_at": "2027-01-01T00:00:00Z", "delay_seconds": 1}, "#/delay_seconds"),
        ({"delay_seconds": -1}, "#/delay_seconds"),
        ({"delay_seconds": 1e12}, "#/delay_seconds"),
        ({"queue": "nowhere"}, "#/queue"),
        ({"max_attempts": 0}, "#/max_attempts"),
        ({"max_attempts": 101}, "#/max_attempts"),
        ({"timeout_seconds": 0}, "#/timeout_seconds"),
        ({"timeout_seconds": 1.5}, "#/timeout_seconds"),
        ({"unique": "yes"}, "#/unique"),
        ({"tags": ["x"] * 21}, "#/tags"),
        ({"tags": ["", "ok", " x", "x" * 65]}, "#/tags/0"),
        ({"id": "mine"}, "#/id"),
        ({"project_id": "other"}, "#/project_id"),
    ],
)
def test_field_that_cannot_be_is_named(
    api: Any, sqs: FakeSqs, changes: dict[str, Any], pointer: str
) -> None:
    assert pointer in pointers(api("POST", "/jobs", ECHO | changes))
    assert sqs.sent == []


@pytest.mark.parametrize("message", [1e999, "\ud800", [[[]]] * 2 + [2**70]])
def test_parameters_arrive_as_they_were_sent_or_are_refused(
    api: Any, sqs: FakeSqs, message: Any
) -> None:
    answer = api("POST", "/jobs", {**ECHO, "parameters": {"message": message}})
    if answer.status == 202:
        assert sqs.sent[0].content[1]["message"] == message
    else:
        assert answer.body["type"] in ("/problems/malformed-body", "/problems/invalid-fields")


def test_what_nests_too_deep_is_refused(api: Any) -> None:
    deep: Any = "x"
    for _ in range(70):
        deep = [deep]
    answer = api("POST", "/jobs", {**ECHO, "parameters": {"message": deep}})
    assert answer.status == 422
    assert "nested" in answer.body["errors"][0]["detail"]


def test_number_beyond_doubles_is_refused(api: Any) -> None:
    body = b'{"task": "diagnostics.echo", "parameters": {"message": 1e999}}'
    assert pointers(api("POST", "/jobs", body)) == {"#/parameters/message"}


# --- Unique jobs -----------------------------------------------------------------------------


def test_unique_job_is_there_once_until_it_has_ended(api: Any, engine: Engine) -> None:
    first = api("POST", "/jobs", {**ECHO, "unique": True})
    again = api("POST", "/jobs", {**ECHO, "unique": True})
    assert (first.status, again.status) == (202, 200)
    assert again.body == first.body
    other = api("POST", "/jobs", {**ECHO, "parameters": {}, "unique": True})
    assert other.status == 202
    for state in ("STARTED", "RETRY"):
        set_job(engine, first.body["id"], state=state)
        assert api("POST", "/jobs", {**ECHO, "unique": True}).status == 200
    set_job(engine, first.body["id"], state="SUCCESS")
    assert api("POST", "/jobs", {**ECHO, "unique": True}).status == 202


def test_job_that_does_not_ask_to_be_unique_is_made_beside_one_that_does(api: Any) -> None:
    api("POST", "/jobs", {**ECHO, "unique": True})
    assert api("POST", "/jobs", ECHO).status == 202


def test_unique_job_of_another_project_forbids_nothing(api: Any, mint_token: Any) -> None:
    api("POST", "/jobs", {**ECHO, "unique": True})
    other = {"X-Auth-Token": mint_token("write", "other")}
    assert api("POST", "/jobs", {**ECHO, "unique": True}, headers=other).status == 202


# --- Many at once ----------------------------------------------------------------------------


def test_batch_is_recorded_and_rung(api: Any, engine: Engine, sqs: FakeSqs) -> None:
    wanted = [{**ECHO, "parameters": {"message": n}, "tags": ["batch"]} for n in range(25)]
    answer = api("POST", "/jobs/batch", {"jobs": wanted})
    assert (answer.status, answer.body["created"]) == (202, 25)
    assert sqs.job_ids() == answer.body["job_ids"]
    assert sorted(sqs.calls) == [5, 10, 10]
    for number, job_id in enumerate(answer.body["job_ids"]):
        assert read_job(engine, job_id).parameters["message"] == number


def test_batch_with_one_bad_job_makes_none(api: Any, sqs: FakeSqs) -> None:
    wanted = [ECHO, {**ECHO, "task": "no.such"}, {**ECHO, "parameters": {"seconds": "x"}}]
    answer = api("POST", "/jobs/batch", {"jobs": wanted})
    assert pointers(answer) == {"#/jobs/1/task", "#/jobs/2/parameters/seconds"}
    assert sqs.sent == []
    assert api("GET", "/jobs").body["jobs"] == []


def test_unique_jobs_of_a_batch_are_made_once(api: Any, sqs: FakeSqs) -> None:
    unique = {**ECHO, "unique": True}
    there = api("POST", "/jobs", unique).body["id"]
    other = {**unique, "parameters": {"message": "other"}}
    answer = api("POST", "/jobs/batch", {"jobs": [other, unique, ECHO, other]})
    assert answer.body["created"] == 2
    ids = answer.body["job_ids"]
    assert (ids[0], ids[1]) == (ids[3], there)
    assert len(sqs.sent) == 3


@pytest.mark.parametrize("jobs", [[], [ECHO] * 1001, {}, None])
def test_batch_has_one_to_a_thousand_jobs(api: Any, jobs: Any) -> None:
    assert pointers(api("POST", "/jobs/batch", {"jobs": jobs})) == {"#/jobs"}


def test_thousand_jobs_are_one_batch(api: Any) -> None:
    big = {**ECHO, "parameters": {"message": "x" * 1000}}
    assert api("POST", "/jobs/batch", {"jobs": [big] * 1000}).body["created"] == 1000

"""What requests cost: statements, transactions and calls of SQS, counted."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.fakes.sqs import FakeSqs
from tests.statements import recorded, verbs

ECHO = {"task": "diagnostics.echo", "parameters": {"message": "hello"}}
CREATE = {"name": "web", "subnet_ids": ["subnet-1"]}
BATCH = {"jobs": [ECHO] * 20}
WRITING = ("INSERT", "UPDATE", "DELETE")


def test_job_costs_a_look_at_the_token_one_insert_and_one_call(
    api: Any, engine: Engine, sqs: FakeSqs
) -> None:
    api("GET", "/tasks")  # the token's use is written down, which happens once a minute
    with recorded(engine) as sent:
        assert api("POST", "/jobs", ECHO).status == 202
    assert verbs(sent) == ["SELECT", "INSERT"]
    assert sqs.calls == [0]  # one SendMessage


@pytest.mark.parametrize(
    ("asked", "calls"),
    [
        (("/jobs", {**ECHO, "tags": ["x"]}, {}), 1),
        (("/jobs", {**ECHO, "unique": True}, {}), 1),
        (("/jobs", {**ECHO, "unique": True, "tags": ["x"]}, {"Idempotency-Key": "k"}), 1),
        (("/jobs/batch", BATCH, {}), 2),
        (("/loadbalancers", CREATE, {}), 1),
    ],
)
def test_everything_that_a_post_writes_is_one_transaction(
    api: Any, engine: Engine, sqs: FakeSqs, asked: tuple[str, Any, dict[str, str]], calls: int
) -> None:
    path, body, headers = asked
    api("GET", "/tasks")
    with recorded(engine) as sent:
        answer = api("POST", path, body, headers={"X-Auth-Token": api.token, **headers})
    assert answer.status == 202
    words = verbs(sent)
    assert (words.count("BEGIN"), words.count("COMMIT"), len(sqs.calls)) == (1, 1, calls)
    inside = words[words.index("BEGIN") : words.index("COMMIT")]
    assert [word for word in words if word in WRITING] == [
        word for word in inside if word in WRITING
    ]


def test_all_queues_are_measured_by_one_statement(api: Any, engine: Engine) -> None:
    api("GET", "/tasks")
    for path in ("/queues", "/queues/default"):
        with recorded(engine) as sent:
            assert api("GET", path).status == 200
        assert verbs(sent) == ["SELECT", "SELECT"]


def test_look_at_a_job_costs_one_statement_besides_the_token(api: Any, engine: Engine) -> None:
    job_id = api("POST", "/jobs", ECHO).body["id"]
    for path in (f"/jobs/{job_id}", "/jobs"):
        with recorded(engine) as sent:
            api("GET", path)
        assert verbs(sent) == ["SELECT", "SELECT"]

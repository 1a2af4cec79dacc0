"""Servers over HTTP: accepted at once, changed only when their state permits it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.db.tables import servers
from tests.factories.servers import create_server

BODY = {
    "name": "wéb",
    "image_id": "ami-1",
    "flavor": "t3.micro",
    "subnet_id": "s-1",
    "security_group_ids": ["sg-1"],
    "key_name": "mine",
    "tags": {"team/a": "x"},
}


def test_create_is_accepted_with_location_and_both_ids(api: Any, sqs: Any) -> None:
    answer = api("POST", "/servers", BODY)
    record, job = answer.body["server"], answer.body["job"]
    assert answer.status == 202
    assert answer.headers["Location"] == f"/servers/{record['id']}"
    assert (record["provisioning_status"], record["job_id"]) == ("PENDING_CREATE", job["id"])
    assert (job["state"], job["task"]) == ("PENDING", "compute.servers.create")
    assert BODY.items() <= record.items()
    assert api("GET", f"/servers/{record['id']}").body == record
    assert sqs.job_ids() == [job["id"]]


def test_text_for_the_first_boot_goes_to_the_job_alone(api: Any) -> None:
    answer = api("POST", "/servers", BODY | {"user_data": "#!/bin/sh"}).body
    assert "user_data" not in answer["server"]
    assert answer["job"]["parameters"]["spec"]["user_data"] == "#!/bin/sh"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"image_id": ""}, "/image_id"),
        ({"flavor": "x" * 256}, "/flavor"),
        ({"subnet_id": "a b"}, "/subnet_id"),
        ({"key_name": ""}, "/key_name"),
        ({"user_data": "x" * 16_385}, "/user_data"),
        ({"tags": {"bellpull:token": "x"}}, "/tags/bellpull:token"),
        ({"size": "large"}, "/size"),
    ],
)
def test_field_that_is_not_valid_is_pointed_at(
    api: Any, sqs: Any, fields: Any, pointer: str
) -> None:
    answer = api("POST", "/servers", BODY | fields)
    assert answer.status == 422
    assert [error["pointer"] for error in answer.body["errors"]] == [f"#{pointer}"]
    assert not sqs.sent


def test_change_is_accepted_and_says_what_it_is(api: Any, engine: Engine) -> None:
    path = f"/servers/{create_server(engine).id}"
    answer = api("PUT", path, {"tags": {"a": "b"}})
    assert (answer.status, answer.headers["Location"]) == (202, path)
    assert answer.body["server"]["provisioning_status"] == "PENDING_UPDATE"
    assert answer.body["job"]["parameters"]["change"] == {"tags": {"a": "b"}}


@pytest.mark.parametrize("field", ["image_id", "flavor", "subnet_id", "key_name", "user_data"])
def test_change_cannot_touch_what_is_fixed(api: Any, engine: Engine, field: str) -> None:
    answer = api("PUT", f"/servers/{create_server(engine).id}", {"name": "x", field: "y"})
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, f"#/{field}")


def test_reboot_is_a_job_of_its_own(api: Any, engine: Engine) -> None:
    record = create_server(engine)
    answer = api("POST", f"/servers/{record.id}/reboot")
    assert answer.status == 202
    assert answer.body["server"]["provisioning_status"] == "PENDING_UPDATE"
    job = answer.body["job"]
    assert job["task"] == "compute.servers.reboot"
    assert job["parameters"] == {"server_id": record.id, "upstream_id": record.upstream_id}
    again = api("POST", f"/servers/{record.id}/reboot")
    assert (again.status, again.body["type"]) == (409, "/problems/immutable-object")


def test_reboot_that_is_asked_for_again_is_one(api: Any, engine: Engine, sqs: Any) -> None:
    path = f"/servers/{create_server(engine).id}/reboot"
    first, again = (api.post_once(path) for _ in range(2))
    assert first.body == again.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(sqs.sent) == 1


def test_repeated_order_is_answered_with_its_own_job_after_a_later_one(
    api: Any, engine: Engine
) -> None:
    record = create_server(engine)
    path = f"/servers/{record.id}"
    first = api.post_once(f"{path}/reboot")
    with engine.begin() as connection:
        connection.execute(servers.update().values(provisioning_status="ACTIVE"))
    later = api("PUT", path, {"name": "other"})
    again = api.post_once(f"{path}/reboot")
    assert again.body["job"]["id"] == first.body["job"]["id"] != later.body["job"]["id"]
    assert again.body["job"]["task"] == "compute.servers.reboot"


def test_reboot_of_what_does_not_exist_upstream_is_a_conflict(api: Any, engine: Engine) -> None:
    record = create_server(engine, upstream_id=None, provisioning_status="ERROR")
    answer = api("POST", f"/servers/{record.id}/reboot")
    assert answer.status == 409
    assert "destroy it and create it again" in answer.body["detail"]


def test_order_for_what_has_changed_since_is_refused(api: Any, engine: Engine) -> None:
    path = f"/servers/{create_server(engine).id}"
    stale = {"X-Auth-Token": api.token, "If-Match": '"old"'}
    assert api("PUT", path, {"name": "x"}, headers=stale).status == 412
    assert api("DELETE", path, headers=stale).status == 412
    assert api("POST", f"{path}/reboot", headers=stale).status == 412
    fresh = {"X-Auth-Token": api.token, "If-Match": api("GET", path).headers["ETag"]}
    assert api("POST", f"{path}/reboot", headers=fresh).status == 202


@pytest.mark.parametrize(
    ("status", "expected"),
    [("ACTIVE", 202), ("ERROR", 202), ("PENDING_CREATE", 409), ("DELETED", 409)],
)
def test_destroy_is_accepted_from_active_and_error_only(
    api: Any, engine: Engine, status: str, expected: int
) -> None:
    path = f"/servers/{create_server(engine, provisioning_status=status).id}"
    assert api("DELETE", path).status == expected


def test_add_takes_an_admin_and_holds_each_server_once(api: Any, mint_token: Any) -> None:
    body = {"upstream_id": "i-0123"}
    writer = {"X-Auth-Token": mint_token("write")}
    assert api("POST", "/servers/add", body, headers=writer).status == 403
    answer = api("POST", "/servers/add", body)
    assert answer.status == 202
    assert answer.body["server"]["image_id"] is None
    again = api("POST", "/servers/add", body)
    assert (again.status, again.body["type"]) == (409, "/problems/immutable-object")


def test_list_by_status_shows_that_status_alone(api: Any, engine: Engine) -> None:
    active = create_server(engine)
    gone = create_server(engine, provisioning_status="DELETED")

    def listed(query: str) -> list[str]:
        return [record["id"] for record in api("GET", f"/servers{query}").body["servers"]]

    assert listed("?provisioning_status=DELETED") == [gone.id]
    assert listed("") == [active.id]

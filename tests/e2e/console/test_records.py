"""Records of a cloud in the console: made, changed and destroyed by a worker, from there."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from chalicelib.db.engine import connect
from chalicelib.db.tables import load_balancers
from tests.e2e.console.conftest import Console
from tests.e2e.console.test_forms import expect_wrong
from tests.factories.load_balancers import create_load_balancer, read_load_balancer


def fill(page: Page, **values: str) -> None:
    for label, value in values.items():
        page.get_by_role("dialog").get_by_label(label.replace("_", " "), exact=True).fill(value)


def test_a_server_is_made_rebooted_changed_and_destroyed(console: Console, page: Page) -> None:
    console.open("servers")
    page.get_by_role("button", name="New server").click()
    fill(page, Name="web by form", Image="ami-1", Flavor="t3.micro")
    page.get_by_role("button", name="Create").click()
    expect_wrong(page.get_by_label("Subnet"), "required")
    fill(page, Subnet="subnet-1", Security_groups="sg-1, sg-2")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="web by form").click()
    state = page.locator(".lead .badge")
    expect(state).to_have_text("ACTIVE")
    expect(page.locator(".facts")).to_contain_text("sg-1, sg-2")
    page.get_by_role("button", name="Reboot").click()
    page.get_by_role("button", name="Reboot it").click()
    history = page.locator(".card", has_text="History")
    expect(history).to_contain_text("compute.servers.reboot")
    expect(state).to_have_text("ACTIVE")
    page.get_by_role("button", name="Change …").click()
    fill(page, Name="web renamed")
    page.get_by_role("button", name="Change it").click()
    expect(page.locator("h1")).to_have_text("web renamed")
    expect(state).to_have_text("ACTIVE")
    page.get_by_role("button", name="Destroy").click()
    page.get_by_role("button", name="Destroy it").click()
    expect(state).to_have_text("DELETED")
    history.get_by_role("link", name="compute.servers.create").click()
    page.locator(".card", has_text="Related").get_by_role("link").first.click()
    expect(page.locator("h1")).to_have_text("web renamed")


def test_a_load_balancer_is_made_by_a_form_and_found_by_its_state(
    console: Console, page: Page
) -> None:
    console.open("loadbalancers?state=ACTIVE")
    page.get_by_role("button", name="New load balancer").click()
    fill(page, Name="front by form", Subnets="subnet-1 subnet-2")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="front by form").click()
    expect(page.locator(".lead .badge")).to_have_text("ACTIVE")
    expect(page.locator(".facts")).to_contain_text("subnet-1, subnet-2")


def test_what_of_a_record_is_changed_is_all_that_is_sent(console: Console, page: Page) -> None:
    balancer = create_load_balancer(console.fleet.engine, tags={"team": "shop"})
    console.open(f"loadbalancers/{balancer.id}")
    page.get_by_role("button", name="Change …").click()
    fill(page, Tags='{"team": "shop", "cost": "42=x"}')
    sent: list[object] = []
    page.on("request", lambda one: sent.append(one.post_data) if one.method == "PUT" else None)
    page.get_by_role("button", name="Change it").click()
    expect(page.locator(".lead .badge")).not_to_have_text("ACTIVE")
    assert [json.loads(str(body)) for body in sent] == [{"tags": {"team": "shop", "cost": "42=x"}}]


def test_tags_of_any_characters_are_kept_when_one_is_added(console: Console, page: Page) -> None:
    tags = {"a=b": "c", " kept ": " as it is "}
    balancer = create_load_balancer(console.fleet.engine, tags=tags)
    console.open(f"loadbalancers/{balancer.id}")
    page.get_by_role("button", name="Change …").click()
    shown = json.loads(page.get_by_role("dialog").get_by_label("Tags").input_value())
    fill(page, Tags="a=b")
    page.get_by_role("button", name="Change it").click()
    expect_wrong(page.get_by_role("dialog").get_by_label("Tags"), "Tags are a JSON object")
    fill(page, Tags=json.dumps(shown | {"new": "1"}))
    with page.expect_request(lambda one: one.method == "PUT") as sent:
        page.get_by_role("button", name="Change it").click()
    assert sent.value.post_data_json == {"tags": tags | {"new": "1"}}


def test_a_tag_that_was_added_meanwhile_is_not_lost(console: Console, page: Page) -> None:
    engine = console.fleet.engine
    balancer = create_load_balancer(engine, tags={"team": "shop"})
    console.open(f"loadbalancers/{balancer.id}")
    page.get_by_role("button", name="Pause updates").click()
    page.get_by_role("button", name="Change …").click()
    with connect(engine) as connection:
        connection.execute(
            load_balancers.update()
            .where(load_balancers.c.id == balancer.id)
            .values(tags={"team": "shop", "by": "a colleague"})
        )
    fill(page, Tags='{"team": "front"}')
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("alert")).to_contain_text("It was changed meanwhile")
    assert read_load_balancer(engine, balancer.id).tags["by"] == "a colleague"
    page.get_by_role("button", name="Leave it").click()
    expect(page.locator(".card", has_text="Tags")).to_contain_text("a colleague")
    page.get_by_role("button", name="Change …").click()
    fill(page, Tags='{"team": "front", "by": "both"}')
    with page.expect_response(lambda one: one.request.method == "PUT") as answer:
        page.get_by_role("button", name="Change it").click()
    assert answer.value.status == 202
    expect(page.get_by_role("dialog")).to_have_count(0)

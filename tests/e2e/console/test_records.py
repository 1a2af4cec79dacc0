"""Records of a cloud in the console: made, changed and destroyed by a worker, from there."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from tests.e2e.console.conftest import Console
from tests.factories.load_balancers import create_load_balancer


def fill(page: Page, **values: str) -> None:
    for label, value in values.items():
        page.get_by_role("dialog").get_by_label(label.replace("_", " "), exact=True).fill(value)


def test_a_server_is_made_rebooted_changed_and_destroyed(console: Console, page: Page) -> None:
    console.open("servers")
    page.get_by_role("button", name="New server").click()
    fill(page, Name="web by form", Image="ami-1", Flavor="t3.micro")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert")).to_contain_text("subnet_id")
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
    fill(page, Tags="team=shop\ncost=42=x")
    sent: list[object] = []
    page.on("request", lambda one: sent.append(one.post_data) if one.method == "PUT" else None)
    page.get_by_role("button", name="Change it").click()
    expect(page.locator(".lead .badge")).not_to_have_text("ACTIVE")
    assert [json.loads(str(body)) for body in sent] == [{"tags": {"team": "shop", "cost": "42=x"}}]

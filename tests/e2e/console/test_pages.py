"""The other pages of the console: everything is seen, and what can be done is done from there."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from chalicelib.schemas.schedules import NewSchedule
from chalicelib.services import controls, deliveries, job_orders, schedules
from tests.e2e.console.conftest import Console
from tests.e2e.console.test_forms import expect_wrong
from tests.e2e.fleet import PROJECT
from tests.factories.jobs import create_job
from tests.factories.webhooks import create_webhook


def test_a_job_is_submitted_by_a_form_that_says_what_is_wrong(console: Console, page: Page) -> None:
    console.open("submit")
    page.get_by_label("seconds", exact=True).fill("99999")
    page.get_by_role("button", name="Submit").click()
    expect_wrong(page.get_by_label("seconds", exact=True), "Expected a number from 0 to 3600")
    page.get_by_label("seconds", exact=True).fill("0")
    page.get_by_label("message").fill('{"greeting": "hello"}')
    page.get_by_label("Tags").fill("by form, nightly")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".lead .badge")).to_have_text("SUCCESS")
    expect(page.locator(".card", has_text="Result")).to_contain_text('"greeting": "hello"')
    expect(page.get_by_role("link", name="by form")).to_be_visible()


def test_overview_says_what_moves(console: Console, page: Page) -> None:
    console.open("overview")
    expect(page.locator(".figure", has_text="Workers")).to_contain_text("alive")
    expect(page.locator(".chart svg")).to_have_count(2)
    page.get_by_role("link", name="Last day").click()
    expect(page.locator(".chart svg")).to_have_count(2)
    assert page.url.endswith("#/overview?window=day")


def test_a_queue_is_paused_and_resumed(console: Console, page: Page) -> None:
    console.open("queues")
    row = page.locator("tr", has_text="notifications")
    row.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Pause it").click()
    expect(row).to_contain_text("paused")
    console.open("overview")
    expect(page.locator(".card", has_text="Since")).to_contain_text("notifications")
    console.open("queues")
    row.get_by_role("button", name="Resume").click()
    expect(row).not_to_contain_text("paused")


@pytest.fixture
def paused(console: Console) -> Iterator[str]:
    """The name of a queue that is paused for as long as a test runs."""
    controls.pause(console.fleet.engine, "queue", "notifications")
    yield "notifications"
    controls.resume(console.fleet.engine, "queue", "notifications")


def test_what_a_pause_holds_is_counted(console: Console, page: Page, paused: str) -> None:
    engine = console.fleet.engine
    webhook = create_webhook(engine, events=["load_balancer.deleted"])
    job_id = deliveries.ping(engine, PROJECT, webhook.id).job_id
    console.open("queues")
    row = page.locator("tr", has_text=paused)
    expect(row.locator("td[data-name=Held]")).to_have_text("1")
    console.open(f"webhooks/{webhook.id}")
    expect(page.locator(".head")).to_contain_text(webhook.url)
    expect(page.locator("td[data-name='Next attempt']")).to_have_text("held")
    console.open(f"jobs?queue={paused}&state=PENDING")
    row = page.locator("tr", has=page.locator(f"[href='#/job/{job_id}']"))
    expect(row).to_contain_text("paused or full")
    job_orders.cancel(engine, PROJECT, job_id)


def test_dead_letters_are_looked_at_and_put_back(console: Console, page: Page) -> None:
    fleet = console.fleet
    body = json.dumps({"headers": {"task": "<b>unknown</b>", "id": "lost"}, "body": ""})
    url = fleet.queue_url("notifications-dead")
    fleet.sqs.send_message(QueueUrl=url, MessageBody=body)
    console.open("queues")
    page.locator("tr", has_text="notifications").get_by_role("button", name="Dead letters").click()
    letters = page.locator(".card", has_text="Dead letters of notifications")
    expect(letters).to_contain_text("<b>unknown</b>")
    letters.get_by_role("button", name="Put all back").click()
    page.get_by_role("button", name="Put them back").click()
    expect(page.get_by_text("1 put back.")).to_be_visible()


def test_a_schedule_is_paused_and_run_at_once(console: Console, page: Page) -> None:
    new = NewSchedule(name="nightly", task="diagnostics.echo", cron="30 4 * * *")
    schedules.create(console.fleet.engine, PROJECT, new)
    console.open("schedules")
    row = page.locator("tr", has_text="nightly")
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("paused")
    row.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("A job was made.")).to_be_visible()


def test_a_token_is_made_shown_once_and_revoked(console: Console, page: Page) -> None:
    console.open("tokens")
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Name").fill("robot")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog").locator("pre")).to_contain_text("bp_")
    page.get_by_role("button", name="Close").click()
    row = page.locator("tr", has_text="robot")
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke it").click()
    expect(row).to_contain_text("revoked")
    console.open("audit")
    expect(page.locator("tbody tr").first).to_contain_text("tokens.revoke")


def test_on_a_phone_the_pages_are_behind_a_button(console: Console, page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    console.open("jobs")
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Workers").click()
    expect(page.get_by_role("heading", name="Workers")).to_be_visible()
    expect(page.locator("tbody tr")).to_contain_text("alive")


def test_a_schedule_is_changed_and_keeps_what_is_not_named(console: Console, page: Page) -> None:
    new = NewSchedule(
        name="to be changed", task="diagnostics.echo", cron="30 4 * * *", parameters={"seconds": 1}
    )
    made = schedules.create(console.fleet.engine, PROJECT, new)
    console.open(f"schedules/{made.id}")
    page.get_by_role("button", name="Change …").click()
    expect(page.get_by_label("Cron")).to_have_value("30 4 * * *")
    expect(page.get_by_label("seconds", exact=True)).to_have_value("1")
    page.get_by_label("Cron").fill("nonsense")
    page.get_by_role("button", name="Change it").click()
    expect_wrong(page.get_by_label("Cron"), "Expected a cron expression of five fields")
    page.get_by_label("Cron").fill("")
    page.get_by_label("Every so many seconds").fill("7200")
    page.get_by_role("button", name="Change it").click()
    expect(page.locator(".facts")).to_contain_text("every 2 h")
    changed = schedules.get(console.fleet.engine, PROJECT, made.id)
    assert (changed.name, changed.cron) == ("to be changed", None)
    assert changed.parameters["seconds"] == 1


def test_webhooks_of_one_job_are_listed_apart(console: Console, page: Page) -> None:
    engine = console.fleet.engine
    events = ["load_balancer.deleted"]  # no other test's: their jobs would be delivered to it
    lasting = create_webhook(engine, url="https://example.com/lasting", events=events)
    job = create_job(engine, state="SUCCESS")
    one_off = create_webhook(engine, url="https://example.com/one-off", job_id=job.id)
    console.open("webhooks")
    rows = page.locator("tbody")
    expect(rows).to_contain_text(lasting.url)
    expect(rows).not_to_contain_text(one_off.url)
    page.get_by_role("link", name="Of one job").click()
    expect(rows).to_contain_text(one_off.url)
    expect(rows).not_to_contain_text(lasting.url)
    rows.locator("tr", has_text=one_off.url).get_by_role("link", name="its job").click()
    expect(page.locator(".crumbs")).to_contain_text(job.id)


def test_a_webhook_is_changed(console: Console, page: Page) -> None:
    hook = create_webhook(console.fleet.engine, events=["load_balancer.deleted"])
    console.open("webhooks")
    row = page.locator("tr", has=page.locator(f"a[href='#/webhooks/{hook.id}']"))
    row.get_by_role("button", name="Change …").click()
    page.get_by_label("Events").fill("load_balancer.error, load_balancer.deleted")
    page.get_by_role("button", name="Change it").click()
    expect(row).to_contain_text("load_balancer.error")

"""Limits in the console: tasks and clouds that are held back, and circuit breakers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.tables import control_slots
from chalicelib.services import breakers
from tests.e2e.console.conftest import Console
from tests.e2e.fleet import PROJECT
from tests.factories.jobs import create_job


def test_a_task_is_limited_paused_and_resumed(console: Console, page: Page) -> None:
    console.open("limits")
    page.get_by_role("button", name="Pause or limit a task").click()
    page.get_by_label("Task", exact=True).select_option("network.loadbalancers.add")
    page.get_by_label("Jobs that may run at once").fill("3")
    page.get_by_role("button", name="Set it").click()
    row = page.locator("tr", has_text="network.loadbalancers.add")
    expect(row).to_contain_text("at most 3 at once")
    row.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Pause it").click()
    expect(row).to_contain_text("paused")
    console.open("overview")
    page.get_by_role("link", name="network.loadbalancers.add").click()
    row.get_by_role("button", name="Resume").click()
    expect(row).not_to_contain_text("paused")
    row.get_by_role("button", name="Limit …").click()
    page.get_by_label("Jobs that may run at once").fill("")
    page.get_by_role("button", name="Set the limit").click()
    expect(row).to_have_count(0)


def test_a_circuit_breaker_is_opened_told_of_and_closed(console: Console, page: Page) -> None:
    console.open("limits")
    row = page.locator("tr", has=page.get_by_text("memory", exact=True))
    expect(row).to_contain_text("closed")
    row.get_by_role("button", name="Open breaker").click()
    page.get_by_role("button", name="Hold them").click()
    expect(row).to_contain_text("when it is closed by hand")
    console.open("overview")
    expect(page.get_by_role("alert")).to_contain_text("memory is left alone")
    clouds = page.locator(".card", has_text="Clouds that are left alone")
    clouds.get_by_role("button", name="Close breaker").click()
    expect(page.get_by_text("Jobs of it begin again.")).to_be_visible()
    expect(clouds).to_have_count(0)


@pytest.fixture
def is_open(console: Console) -> Iterator[None]:
    """The circuit breaker of the cloud is open for as long as a test runs."""
    breakers.open_breaker(console.fleet.engine, "memory")
    yield
    breakers.close_breaker(console.fleet.engine, "memory")


@pytest.mark.usefixtures("is_open")
def test_a_job_that_tries_is_linked_for_its_own_project(console: Console, page: Page) -> None:
    engine = console.fleet.engine
    lease = seconds_from_now(600)
    for project_id, words, links in (("other", "now", 0), (PROJECT, "now, by this job", 1)):
        job = create_job(engine, project_id=project_id, state="STARTED", lease_expires_at=lease)
        with engine.begin() as connection:
            probe = control_slots.c.kind == "probe"
            connection.execute(update(control_slots).where(probe).values(job_id=job.id))
        console.open("limits")
        row = page.locator("tr", has=page.get_by_text("memory", exact=True))
        expect(row.locator("td[data-name='Next try']")).to_have_text(words)
        expect(row).to_contain_text("half open")
        assert row.get_by_role("link").count() == links


def test_a_token_that_may_look_sees_limits_and_no_orders(console: Console) -> None:
    console.sign_in("read")
    page = console.open("limits")
    expect(page.locator("tr", has=page.get_by_text("memory", exact=True))).to_contain_text("closed")
    assert page.locator("main button").count() == 0

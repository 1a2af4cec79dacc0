"""Forms of the console: what is wrong is told at its field, and nothing is done by an oversight."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from chalicelib.services import controls
from tests.e2e.console.conftest import Console


def expect_wrong(control: Locator, words: str) -> None:
    """The control is marked, and its description says why."""
    expect(control).to_have_attribute("aria-invalid", "true")
    expect(control).to_have_accessible_description(re.compile(words))


def test_options_that_cannot_be_are_told_at_their_fields(console: Console, page: Page) -> None:
    console.open("submit")
    delay, tags = page.get_by_label("Delay in seconds"), page.get_by_label("Tags")
    delay.fill("-1")
    tags.fill(f"good, {'x' * 65}")
    page.get_by_role("button", name="Submit").click()
    expect_wrong(delay, "Expected a number from 0")
    expect_wrong(tags, "Expected a text of 1 to 64")
    expect(delay).to_be_focused()
    expect(page.get_by_role("alert")).to_have_count(0)
    delay.fill("3600")
    tags.fill("good")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".lead .badge")).to_have_text("PENDING")


def test_json_that_is_none_is_not_sent(console: Console, page: Page) -> None:
    console.open("submit")
    posts: list[str] = []
    page.on("request", lambda one: posts.append(one.url) if one.method == "POST" else None)
    message = page.get_by_label("message")
    for text in ('{"a": ', "[1, 2", '"open', " {a: 1}"):
        message.fill(text)
        page.get_by_role("button", name="Submit").click()
        expect_wrong(message, "This is not valid JSON")
        message.fill("")
    assert posts == []
    message.fill("text that is no JSON")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".card", has_text="Result")).to_contain_text('"text that is no JSON"')


def test_a_number_that_is_none_is_not_left_out(console: Console, page: Page) -> None:
    console.open("submit")
    for label in ("seconds", "Attempts at most"):
        control = page.get_by_label(label, exact=True)
        control.fill("")
        control.press_sequentially("1e")
        page.get_by_role("button", name="Submit").click()
        expect_wrong(control, "This is not a number")
        control.fill("1")


def test_a_dialog_marks_what_is_missing(console: Console, page: Page) -> None:
    console.open("loadbalancers")
    page.get_by_role("button", name="New load balancer").click()
    name, subnets = page.get_by_label("Name"), page.get_by_label("Subnets")
    page.get_by_role("button", name="Create").click()
    expect_wrong(name, "This field is required")
    expect_wrong(subnets, "Expected a list of 1 to 16 subnet ids")
    expect(name).to_be_focused()


def test_parameters_of_a_schedule_are_marked_too(console: Console, page: Page) -> None:
    console.open("schedules")
    page.get_by_role("button", name="New schedule").click()
    page.get_by_label("Name").fill("never made")
    page.get_by_label("Every so many seconds").fill("3600")
    seconds = page.get_by_label("seconds", exact=True)
    seconds.fill("99999")
    page.get_by_role("button", name="Create").click()
    expect_wrong(seconds, "Expected a number from 0 to 3600")


def test_no_task_is_paused_by_an_oversight(console: Console, page: Page) -> None:
    console.open("limits")
    page.get_by_role("button", name="Pause or limit a task").click()
    page.get_by_role("button", name="Set it").click()
    expect_wrong(page.get_by_label("Task", exact=True), "Which task")
    expect_wrong(page.get_by_label("Jobs that may run at once"), "0 pauses the task")
    assert [one for one in controls.list_controls(console.fleet.engine) if one.paused_at] == []


def test_a_task_that_is_not_there_is_told(console: Console, page: Page) -> None:
    console.open("submit?task=no.such")
    expect(page.locator(".head")).to_contain_text("There is no task no.such that may be submitted.")


@pytest.mark.parametrize("width", [1360, 390])
def test_no_button_lies_below_a_table(console: Console, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    controls.pause(console.fleet.engine, "task", "network.loadbalancers.add")
    console.open("limits")
    button = page.get_by_role("button", name="Pause or limit a task")
    table, own = page.locator("main .scroll").first.bounding_box(), button.bounding_box()
    controls.resume(console.fleet.engine, "task", "network.loadbalancers.add")
    assert table
    assert own
    assert own["y"] >= table["y"] + table["height"]

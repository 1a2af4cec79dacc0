"""How often the console asks: seldom while nobody looks, and not at all when it is told to wait.

Chromium without a window never hides a tab, so `hide` says to the page what a browser would: both
properties change and the event is dispatched. Time is Playwright's clock.
"""

from __future__ import annotations

from playwright.sync_api import Page, Request, expect

from tests.e2e.console.conftest import Console
from tests.factories.schedules import create_schedule

HIDE = """isHidden => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
  Object.defineProperty(document, "visibilityState",
    { configurable: true, get: () => isHidden ? "hidden" : "visible" });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
ASKED = "**/jobs?*"


def count_asked(page: Page, seconds: int) -> int:
    """How often the list of jobs is asked for in so many seconds of the page's clock."""
    asked: list[str] = []
    under_way: set[Request] = set()

    def begin(request: Request) -> None:
        if "/jobs?" in request.url:
            asked.append(request.url)
            under_way.add(request)

    def end(request: Request) -> None:
        under_way.discard(request)

    page.on("request", begin)
    page.on("requestfinished", end)
    for _ in range(seconds):
        page.clock.run_for(1000)
        page.wait_for_timeout(50)
        while under_way:  # the page plans to ask again when it has the answer
            page.wait_for_timeout(50)
    page.remove_listener("request", begin)
    page.remove_listener("requestfinished", end)
    return len(asked)


def test_a_tab_that_nobody_sees_asks_once_a_minute(console: Console, page: Page) -> None:
    page.clock.install()
    console.open("jobs")
    expect(page.locator(".freshness")).to_have_text("Live")
    assert count_asked(page, 20) >= 3, "it asks every three seconds while it is seen"
    page.evaluate(HIDE, True)
    with page.expect_response(ASKED):  # to the question that was planned before
        page.clock.run_for(4000)
    page.wait_for_timeout(200)
    assert count_asked(page, 50) == 0
    assert count_asked(page, 15) == 1
    with page.expect_request(ASKED):
        page.evaluate(HIDE, False)
    assert count_asked(page, 20) >= 3


def test_updates_wait_until_they_are_wanted_again(console: Console, page: Page) -> None:
    page.clock.install()
    console.open("jobs")
    page.get_by_role("button", name="Pause updates").click()
    expect(page.locator(".freshness")).to_contain_text("Paused: as of")
    assert count_asked(page, 30) == 0
    with page.expect_request(ASKED):
        page.keyboard.press("r")
    assert count_asked(page, 30) == 0
    with page.expect_request(ASKED):
        page.get_by_role("button", name="Resume updates").click()
    expect(page.locator(".freshness")).to_have_text("Live")
    assert count_asked(page, 20) >= 3


def test_data_that_is_old_is_called_old(console: Console, page: Page) -> None:
    console.open("jobs")
    expect(page.locator(".freshness")).to_have_text("Live")
    page.route(ASKED, lambda route: route.abort())
    expect(page.locator(".freshness")).to_contain_text("Not up to date: As of")
    expect(page.locator(".freshness")).to_contain_text("Trying again.")
    page.unroute(ASKED)
    expect(page.locator(".freshness")).to_have_text("Live")


def test_nothing_is_tried_again_while_updates_are_paused(console: Console, page: Page) -> None:
    console.open("jobs")
    page.get_by_role("button", name="Pause updates").click()
    expect(page.locator(".freshness")).to_contain_text("Paused: as of")
    page.route(ASKED, lambda route: route.abort())
    page.keyboard.press("r")
    expect(page.locator(".freshness")).to_contain_text("Not up to date: As of")
    expect(page.locator(".freshness")).not_to_contain_text("Trying again.")
    page.unroute(ASKED)
    page.get_by_role("button", name="Resume updates").click()
    expect(page.locator(".freshness")).to_have_text("Live")


def test_what_comes_back_unchanged_is_shown_again(console: Console, page: Page) -> None:
    schedule = create_schedule(console.fleet.engine)
    console.open(f"schedules/{schedule.id}")
    page.route("**/schedules/*", lambda route: route.fulfill(status=404, json={}))
    page.keyboard.press("r")
    expect(page.get_by_role("alert")).to_contain_text("It was here a moment ago")
    page.unroute("**/schedules/*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Next runs")).to_be_visible()

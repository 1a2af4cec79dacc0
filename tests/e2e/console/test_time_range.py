"""Jobs of a time: between two moments that stand in the address, and what nonsense is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from chalicelib.db.engine import connect
from tests.e2e.console.conftest import Console
from tests.factories.jobs import create_job

#: Of yesterday: older rows of jobs that ended may be cleaned away at any moment.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)


LOCAL = "%Y-%m-%dT%H:%M"


def stamp(hour: int, at: str = "%Y-%m-%dT%H:%MZ") -> str:
    """An hour of that day, as addresses have it."""
    return f"{NOON.replace(hour=hour):{at}}"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser an hour east of Greenwich: what controls say is not what addresses say."""
    context = browser.new_context(timezone_id="Etc/GMT-1", viewport={"width": 1360, "height": 860})
    yield context
    context.close()


@pytest.fixture
def task(console: Console) -> str:
    """A task of which a job was made each hour from 10:00 to 14:00 of that day."""
    name = f"made.hourly_{uuid4().hex[:8]}"
    with connect(console.fleet.engine) as connection:
        for hour in range(-2, 3):
            create_job(
                connection,
                created_at=NOON + timedelta(hours=hour),
                state="FAILURE",
                task=name,
            )
    return name


def test_an_address_names_the_time_and_the_form_changes_it(
    console: Console, page: Page, task: str
) -> None:
    console.open(f"jobs?task={task}&from={stamp(11)}&to={stamp(13)}")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_label("Submitted before")).to_have_value(stamp(14, LOCAL))
    page.get_by_label("Submitted from").fill(stamp(13, LOCAL))
    expect(page.locator("tbody tr")).to_have_count(1)
    assert f"from={quote(stamp(12))}" in page.url
    page.get_by_label("Submitted before").fill("")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_label("Submitted in").select_option("the last hour")
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()
    assert "since=3600" in page.url
    assert "from=" not in page.url


def test_a_date_without_a_time_begins_at_the_midnight_of_who_looks(
    console: Console, page: Page
) -> None:
    with page.expect_request(lambda one: "created_after=" in one.url) as asked:
        console.open(f"jobs?from={NOON:%Y-%m-%d}")
    midnight = NOON.replace(hour=0) - timedelta(hours=1)
    wanted = quote(f"{midnight:%Y-%m-%dT%H:%M:%S.000Z}")
    assert f"created_after={wanted}" in asked.value.url
    expect(page.get_by_label("Submitted from")).to_have_value(f"{NOON:%Y-%m-%d}T00:00")


def test_orders_to_all_that_match_stay_within_the_time(
    console: Console, page: Page, task: str
) -> None:
    console.open(f"jobs?task={task}&state=FAILURE&to={stamp(12)}")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Retry all").click()
    expect(page.get_by_role("dialog")).to_contain_text("Retry 2 jobs?")
    expect(page.get_by_role("dialog")).to_contain_text(f"submitted before {NOON.day} {NOON:%b %Y}")
    page.get_by_role("button", name="Keep things as they are").click()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("from=yesterday", '"from=yesterday" is no moment'),
        ("to=2026-13-40T00:00Z", "is no moment"),
        ("from=0", '"from=0" is no moment'),
        ("since=-5", '"since=-5" is no number of seconds'),
        ("from=2026-03-14T12:00Z&to=2026-03-14T11:00Z", "is not behind its beginning"),
    ],
)
def test_nonsense_is_told_and_nothing_is_asked(
    console: Console, page: Page, asked: str, told: str
) -> None:
    requests: list[str] = []
    page.on("request", lambda one: requests.append(one.url))
    console.open(f"jobs?{asked}")
    expect(page.get_by_role("alert")).to_contain_text(told)
    expect(page.get_by_label("Submitted in")).to_be_visible()
    assert [url for url in requests if "/jobs?" in url] == []
    page.get_by_role("link", name="Clear filters").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_bar_of_the_chart_tells_its_numbers_and_leads_to_its_jobs(
    console: Console, page: Page
) -> None:
    console.open("overview")
    chart = page.get_by_role("img", name="Jobs that ended over time")
    expect(chart.locator("path.bars")).to_have_count(3)
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
    expect(page.locator(".said-now").first).to_have_text(
        re.compile(r"\d\d:\d\d.\d\d:\d\d: [\d,]+ succeeded, \d+ failed, \d+ revoked")
    )
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 80)
    expect(page.locator("h1")).to_have_text("Jobs")
    assert re.search(r"#/jobs\?from=[\dT%A-]+Z&to=[\dT%A-]+Z$", page.url)


def test_a_job_is_found_by_its_id_and_all_that_match_are_counted(
    console: Console, page: Page
) -> None:
    with connect(console.fleet.engine) as connection:
        ids = [create_job(connection, task="made.counted", state="SUCCESS").id for _ in range(51)]
    console.open("jobs?task=made.counted")
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Count all").click()
    expect(page.get_by_role("navigation", name="Pages of the list")).to_contain_text("51 match")
    page.get_by_label("Id of a job").fill(f" {ids[0]} ")
    page.get_by_label("Id of a job").press("Enter")
    expect(page.locator(".crumbs")).to_contain_text(str(ids[0]))

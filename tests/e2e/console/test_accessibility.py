"""The console for everybody: axe-core on every page, every detail and every dialog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from chalicelib.broker.contracts.diagnostics import ECHO, Echo
from chalicelib.db.clock import seconds_from_now
from chalicelib.services.jobs import NewJob, submit
from tests.e2e.console.conftest import Console
from tests.e2e.fleet import PROJECT
from tests.factories.jobs import create_job
from tests.factories.load_balancers import create_load_balancer
from tests.factories.schedules import create_schedule
from tests.factories.servers import create_server
from tests.factories.webhooks import create_webhook

LISTS = {
    "overview": "Overview",
    "jobs": "Jobs",
    "submit": "Submit a job",
    "schedules": "Schedules",
    "loadbalancers": "Load balancers",
    "servers": "Servers",
    "webhooks": "Webhooks",
    "queues": "Queues",
    "limits": "Limits",
    "workers": "Workers",
    "tokens": "Tokens",
    "audit": "Audit",
}
#: Buttons that open a dialog, by the place where they stand.
DIALOGS = [
    ("schedules", "New schedule"),
    ("loadbalancers", "New load balancer"),
    ("loadbalancers", "Add an existing one"),
    ("a load balancer", "Change …"),
    ("a load balancer", "Destroy"),
    ("servers", "New server"),
    ("a server", "Reboot"),
    ("webhooks", "New webhook"),
    ("webhooks", "Delete"),
    ("tokens", "New token"),
    ("tokens", "Replace"),
    ("queues", "Pause"),
    ("queues", "Limit …"),
    ("limits", "Pause or limit a task …"),
    ("limits", "Open breaker"),
    ("jobs", "Cancel all …"),
]


@pytest.fixture(params=[("light", 1360), ("dark", 375)], ids=["light", "dark phone"])
def look(request: pytest.FixtureRequest, page: Page) -> Iterator[Callable[[str], None]]:
    """Says what is wrong with what is seen at this moment, in one of two looks."""
    scheme, width = request.param
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 860})
    found: list[tuple[str, ...]] = []

    def look(name: str) -> None:
        expect(page.locator(".loading"), name).to_have_count(0)
        for violation in Axe().run(page).response["violations"]:
            nodes = [node["html"][:150] for node in violation["nodes"][:3]]
            found.append((name, violation["id"], *nodes))
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wider > 0:
            found.append((name, f"{wider} pixels too wide"))

    yield look
    assert found == []


@pytest.fixture
def places(console: Console) -> dict[str, str]:
    """Places of one of each kind."""
    engine = console.fleet.engine
    fault = {"code": "invalid-subnet", "message": "No free addresses", "advice": "Name another."}
    balancer = create_load_balancer(engine, provisioning_status="ERROR", fault=fault)
    echo = Echo(message={"text": "<b>"}, failures=1)
    job = submit(engine, PROJECT, NewJob(contract=ECHO, parameters=echo, max_attempts=1))
    console.fleet.wait_for_state(str(job.id), "FAILURE")
    progress = {"percent": 40, "message": "reading rows"}
    lease = seconds_from_now(600)
    running = create_job(engine, state="STARTED", progress=progress, lease_expires_at=lease)
    return {
        "a load balancer": f"loadbalancers/{balancer.id}",
        "a server": f"servers/{create_server(engine).id}",
        "a schedule": f"schedules/{create_schedule(engine).id}",
        "a webhook": f"webhooks/{create_webhook(engine, events=['load_balancer.deleted']).id}",
        "a job that failed": f"job/{job.id}",
        "a job that runs": f"job/{running.id}",
        "an empty list": "jobs?tag=nothing-has-this",
        "nonsense": "jobs?from=yesterday",
        "nothing": "job/00000000-0000-7000-8000-000000000000",
    }


def test_every_list_is_accessible(console: Console, page: Page, look: Any) -> None:
    for place, title in LISTS.items():
        console.open(place)
        expect(page.locator("h1")).to_have_text(title)
        look(place)


def test_every_detail_is_accessible(
    console: Console, page: Page, look: Any, places: dict[str, str]
) -> None:
    for name, place in places.items():
        page.goto(f"{console.url}#/{place}")
        expect(page.locator("h1, [role=alert]").first).to_be_visible()
        for details in page.locator("summary").all():
            details.click()
        look(name)


def test_every_dialog_is_accessible_and_escape_closes_it(
    console: Console, page: Page, look: Any, places: dict[str, str]
) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    look("keys")
    page.keyboard.press("Escape")
    for name, text in DIALOGS:
        console.open(places.get(name, name))
        page.locator("main").get_by_role("button", name=text, exact=True).first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        look(f"{name}: {text}")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_signing_in_is_accessible(console: Console, look: Any, page: Page) -> None:
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(page.get_by_label("API token")).to_be_visible()
    look("sign in")


def test_navigation_is_accessible_on_a_phone(console: Console, look: Any, page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Workers", exact=True)).to_be_visible()
    look("menu")


def test_focus_stays_where_it_is_while_the_page_is_drawn_anew(console: Console, page: Page) -> None:
    """What was pressed or read last is still at hand after the next answer."""
    console.open("overview")
    link = page.locator(".card", has_text="Queues").get_by_role("link", name="default")
    link.focus()
    with page.expect_response("**/overview?*"):
        page.keyboard.press("r")
    expect(page.locator(":focus")).to_have_text("default")

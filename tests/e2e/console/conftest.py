"""A browser at the console of a running system: API, worker and MariaDB, one for all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from chalicelib.domain.scopes import Scope
from chalicelib.services.tokens import mint
from infra.local.servers.process import GuardedProcess
from infra.local.servers.readiness import answers_http, find_free_port, wait_until
from tests.databases import database_on
from tests.e2e.console.browser import CHROMIUM, FLAGS
from tests.e2e.fleet import FOLDER, PROJECT, Fleet


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them share one system and one browser, so they run in one process."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("console"))


class Console:
    """A person at the console; every error of the page fails the test."""

    def __init__(self, page: Page, url: str, fleet: Fleet) -> None:
        self.page = page
        self.url = url
        self.fleet = fleet
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)

    def sign_in(self, scope: str = "admin", project_id: str = PROJECT) -> str:
        """Show a new token of this scope; returns it."""
        _, token = mint(self.fleet.engine, project_id, [Scope(scope)])
        self.page.goto(self.url)
        self.page.get_by_label("API token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("navigation", name="Pages")).to_be_attached()
        return token

    def open(self, place: str) -> Page:
        """Go to a page by what stands behind #/ and wait for its name."""
        self.page.goto(f"{self.url}#/{place}")
        expect(self.page.locator("h1")).to_be_visible()
        return self.page

    def _note(self, message: Any) -> None:
        # What the API refuses is in the browser's log by itself.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(message.text)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: `make chromium` says how to get it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def system(
    browser: Browser,
    moto_server: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Fleet]:
    """A worker and an API on one database; the API's address is in `environment`."""
    folder = tmp_path_factory.mktemp("console")
    port = find_free_port()
    with ExitStack() as stack:
        url = stack.enter_context(database_on("mariadb", request, folder))
        fleet = Fleet(folder, moto_server, url, API_PORT=port, AWS_REGION="us-east-1")
        stack.callback(fleet.close)
        api = GuardedProcess(
            [sys.executable, "-m", "infra.local.api"],
            folder / "api.log",
            environment={**os.environ, **fleet.environment},
            folder=FOLDER,
        )
        stack.callback(api.stop)
        fleet.start_worker(app="worker")
        assert wait_until(lambda: answers_http(f"http://127.0.0.1:{port}/health"))
        yield fleet


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that remembers nothing."""
    context = browser.new_context(viewport={"width": 1360, "height": 860})
    context.set_default_timeout(10_000)
    expect.set_options(timeout=10_000)
    yield context
    context.close()


@pytest.fixture
def console(context: BrowserContext, system: Fleet) -> Iterator[Console]:
    """The console before anybody has signed in; services act on its database."""
    url = f"http://127.0.0.1:{system.environment['API_PORT']}/console"
    console = Console(context.new_page(), url, system)
    with system.activated():
        yield console
    assert console.errors == []


@pytest.fixture
def page(console: Console) -> Page:
    """The console, with an administrator of the project at it."""
    console.sign_in()
    return console.page

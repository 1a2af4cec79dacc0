"""`python -m tests.screenshots [JOBS]`: draws docs/images/*.png of the console.

Says how long the overview and the list took on so many jobs (100,000 if not told).
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.engine import connect
from chalicelib.db.migrate import upgrade
from chalicelib.db.tables import workers
from chalicelib.domain.scopes import Scope
from chalicelib.services import controls
from chalicelib.services.job_counts import keep_counts
from chalicelib.services.tokens import mint
from infra.local.servers.mariadb import MariaDB
from infra.local.servers.moto import MotoServer
from infra.local.servers.process import GuardedProcess
from infra.local.servers.readiness import answers_http, find_free_port, open_local, wait_until
from tests.e2e.console.browser import CHROMIUM, FLAGS
from tests.e2e.fleet import FOLDER, PROJECT, Fleet
from tests.factories.workers import create_worker
from tests.screenshots.sample import fill

IMAGES = FOLDER / "docs/images"
MEASURED = ["/overview", "/overview?window=day", "/jobs", "/jobs?state=FAILURE&error=smtp"]
#: The places in the console by the kind of picture; "job" is one that failed.
PICTURES = {
    "light": ["overview?window=day", "jobs"],
    "dark": ["job"],
    "phone": ["overview?window=day", "jobs"],
}
#: Browsers call it long from 50 ms on, and tell of no shorter one.
LONG_TASKS = """() => {
  window.longest = 0;
  new PerformanceObserver(list => {
    for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
  }).observe({ type: "longtask" });
}"""
WIDE, PHONE = {"width": 1360, "height": 900}, {"width": 390, "height": 844}


def main() -> int:
    """Fill a system, measure it, draw it."""
    if CHROMIUM is None:
        sys.stderr.write("There is no chromium on this machine: `make chromium`.\n")
        return 1
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    IMAGES.mkdir(exist_ok=True)
    with run_system() as fleet:
        began = time.perf_counter()
        failed = fill(fleet.engine, count)
        say(f"{count} jobs in {time.perf_counter() - began:.0f} s")
        began = time.perf_counter()
        counts = sum(iter(lambda: keep_counts(fleet.engine), 0))
        say(f"{counts} counts in {time.perf_counter() - began:.1f} s")
        _, token = mint(fleet.engine, PROJECT, [Scope.ADMIN])
        base = f"http://127.0.0.1:{fleet.environment['API_PORT']}"
        for path in MEASURED:
            say(f"{path}: {measure(base + path, token):.0f} ms")
        draw_all(fleet, f"{base}/console", token, failed)
    return 0


@contextmanager
def run_system() -> Iterator[Fleet]:
    """An API on a database and an SQS of its own, and three workers that are rows alone."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(MariaDB(options=["--innodb-buffer-pool-size=512M"]))
        moto = stack.enter_context(MotoServer())
        os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        url, port = server.create_database(), find_free_port()
        upgrade(url)
        fleet = Fleet(folder, moto.url, url, API_PORT=port, AWS_REGION="us-east-1")
        stack.callback(fleet.close)
        for number in range(3):
            host = f"ip-10-0-{number}-17.eu-west-1"
            create_worker(fleet.engine, id=f"worker-{number}", hostname=host, concurrency=8)
        with fleet.activated():
            controls.pause(fleet.engine, "queue", "notifications")
        api = GuardedProcess(
            [sys.executable, "-m", "infra.local.api"],
            folder / "api.log",
            environment={**os.environ, **fleet.environment},
            folder=FOLDER,
        )
        stack.callback(api.stop)
        assert wait_until(lambda: answers_http(f"http://127.0.0.1:{port}/health"))
        yield fleet


def measure(url: str, token: str) -> float:
    """Milliseconds that an answer takes, the median of ten."""
    request = urllib.request.Request(url, headers={"X-Auth-Token": token})
    times = []
    for _ in range(11):
        began = time.perf_counter()
        with open_local(request, timeout=60) as answer:
            answer.read()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times[1:])


def draw_all(fleet: Fleet, console: str, token: str, failed: str) -> None:
    """Every picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for kind, places in PICTURES.items():
            context = browser.new_context(
                viewport=PHONE if kind == "phone" else WIDE,  # type: ignore[arg-type]
                color_scheme="dark" if kind == "dark" else "light",
            )
            page = context.new_page()
            page.goto(console)
            page.get_by_label("API token").fill(token)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("link", name="Bellpull").wait_for()
            page.evaluate(LONG_TASKS)
            for name in places:
                keep_alive(fleet)
                place = f"job/{failed}" if name == "job" else name
                draw(page, f"{console}#/{place}", f"{name.partition('?')[0]}-{kind}.png")
            context.close()
        browser.close()


def draw(page: Page, url: str, name: str) -> None:
    """One picture, once nothing is loading any more."""
    page.goto(url)
    page.wait_for_timeout(300)
    page.locator(".loading").first.wait_for(state="detached")
    page.wait_for_timeout(700)
    say(f"{name}: longest task of the page {page.evaluate('window.longest'):.0f} ms")
    page.screenshot(path=IMAGES / name)
    page.evaluate("window.longest = 0")  # drawing it into a file is one too


def keep_alive(fleet: Fleet) -> None:
    """What real workers do on their beat."""
    with connect(fleet.engine) as connection:
        connection.execute(workers.update().values(last_heartbeat_at=seconds_from_now(-2)))


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

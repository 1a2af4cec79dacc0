"""What Lighthouse looks at, without its clock: what is sent and kept, what the browser says."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect

from tests.e2e.console.conftest import Console
from tests.e2e.console.test_accessibility import LISTS

#: Lighthouse warns from 800 elements on; fifty lines of eight cells are half of it.
MOST_ELEMENTS = 1_500
VIOLATIONS = """addEventListener("securitypolicyviolation",
  event => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));"""


@pytest.fixture
def answers(context: BrowserContext) -> list[Response]:
    """Every answer that the browser gets."""
    answers: list[Response] = []

    def note(answer: Response) -> None:  # Playwright marks its listeners: lists bear no marks
        answers.append(answer)

    context.on("response", note)
    context.add_init_script(VIOLATIONS)
    return answers


def test_first_visit_is_few_requests_of_this_host_that_may_be_kept(
    answers: list[Response], console: Console
) -> None:
    console.sign_in()
    host = urlsplit(console.url).netloc
    assert {urlsplit(answer.url).netloc for answer in answers} == {host}
    files = [answer for answer in answers if "/console" in answer.url]
    names = sorted(urlsplit(file.url).path.rpartition("/")[2] for file in files)
    assert names == ["app.css", "app.js", "console", "icon.svg", "theme.js"]
    assert sum(len(file.body()) for file in files) < 150_000
    for file in files:
        kept = "no-store" if file.url == console.url else "public, max-age=31536000, immutable"
        assert file.headers["cache-control"] == kept
        assert file.headers["x-content-type-options"] == "nosniff"


def test_next_visit_takes_the_files_out_of_the_browsers_cache(console: Console, page: Page) -> None:
    page.reload()
    expect(page.get_by_role("navigation", name="Pages")).to_be_attached()
    sent = page.evaluate(
        "performance.getEntriesByType('resource')"
        ".filter(one => /console.*(css|js)$/.test(one.name)).map(one => one.transferSize)"
    )
    assert sent == [0, 0, 0]


def test_page_says_what_it_is(console: Console, page: Page) -> None:
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("meta[name=description]").get_attribute("content")
    assert "width=device-width" in str(page.locator("meta[name=viewport]").get_attribute("content"))
    assert page.evaluate("document.doctype.name + document.compatMode") == "htmlCSS1Compat"
    assert page.evaluate("document.characterSet") == "UTF-8"
    titles = set()
    for place, title in LISTS.items():
        console.open(place)
        expect(page).to_have_title(re.compile(f"^{title} · Bellpull$"))
        titles.add(page.title())
    assert len(titles) == len(LISTS)


def test_browser_has_nothing_to_complain_of(
    answers: list[Response], console: Console, page: Page
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    for place in LISTS:
        console.open(place)
        expect(page.locator(".loading"), place).to_have_count(0)
    assert said == []
    assert [(answer.url, answer.status) for answer in answers if answer.status >= 400] == []


def test_pages_ask_for_little_and_hold_little(
    answers: list[Response], console: Console, page: Page
) -> None:
    found = {}
    for place in LISTS:
        answers.clear()
        console.open(place)
        expect(page.locator(".loading"), place).to_have_count(0)
        found[place] = len(answers), page.locator("*").count()
    assert {place: many for place, many in found.items() if many[0] > 4} == {}
    assert {place: many for place, many in found.items() if many[1] > MOST_ELEMENTS} == {}

"""Jobs in the console: signing in, watching, filtering, orders to one and to many."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from chalicelib.broker.contracts.diagnostics import ECHO, Echo
from chalicelib.db.engine import connect
from chalicelib.services.jobs import NewJob, submit
from tests.e2e.console.conftest import Console
from tests.e2e.fleet import PROJECT
from tests.factories.jobs import create_job

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'`${alert(3)}"


def send(console: Console, message: object = None, **options: object) -> str:
    parameters = {name: options.pop(name) for name in ("seconds", "failures") if name in options}
    new = NewJob(contract=ECHO, parameters=Echo(message=message, **parameters), **options)  # type: ignore[arg-type]
    return str(submit(console.fleet.engine, PROJECT, new).id)


def test_a_token_is_asked_for_and_never_in_an_address(console: Console) -> None:
    page = console.page
    page.goto(console.url)
    page.get_by_label("API token").fill("bp_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not known, or was revoked")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    token = console.sign_in()
    expect(page.get_by_text("This token administers.")).to_be_visible()
    assert addresses
    assert not [url for url in addresses if token in url or not url.startswith(console.url[:-8])]
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API token")).to_be_visible()
    assert page.evaluate("Object.values(sessionStorage).concat(Object.values(localStorage))") == []


def test_a_job_is_seen_to_run_and_to_stop_when_it_is_told_to(console: Console, page: Page) -> None:
    job_id = send(console, "long", seconds=600)
    console.open(f"job/{job_id}")
    expect(page.locator(".lead .badge")).to_have_text("STARTED")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.locator(".lead .badge")).to_have_text("REVOKED")
    for moment in ("Submitted", "Rung", "on worker", "Cancelling was asked for"):
        expect(page.locator(".timeline")).to_contain_text(moment)


def test_a_job_that_failed_tells_why_and_is_retried(console: Console, page: Page) -> None:
    job_id = send(console, "again", failures=1, max_attempts=1)
    console.fleet.wait_for_state(job_id, "FAILURE")
    console.open(f"job/{job_id}")
    expect(page.locator(".card.trouble")).to_contain_text("Attempt 1 fails, as was asked for.")
    page.get_by_text("Traceback").first.click()
    expect(page.locator("pre", has_text="RetryableError").first).to_be_visible()
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("The job is to run once more.")).to_be_visible()


def test_a_waiting_job_is_cancelled_after_a_question(console: Console, page: Page) -> None:
    job_id = send(console, "later", delay_seconds=3600)
    console.open(f"job/{job_id}")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Keep things as they are").click()
    expect(page.locator(".lead .badge")).to_have_text("PENDING")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.locator(".lead .badge")).to_have_text("REVOKED")


def test_filters_stand_in_the_address_and_come_back_from_it(console: Console, page: Page) -> None:
    send(console, "mine", tags=["console"], delay_seconds=900)
    console.open("jobs")
    page.get_by_role("link", name="PENDING").click()
    page.get_by_label("Tag").fill("console")
    page.get_by_label("Tag").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.url.endswith("#/jobs?state=PENDING&tag=console")
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_label("Tag")).to_have_value("console")
    page.get_by_label("Tag").fill("nothing-has-this")
    page.get_by_label("Tag").press("Enter")
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()


def test_all_that_match_are_counted_and_then_cancelled(console: Console, page: Page) -> None:
    for number in range(3):
        send(console, number, tags=["many"], delay_seconds=900)
    console.open("jobs?tag=many&state=PENDING")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Cancel all").click()
    expect(page.get_by_role("dialog")).to_contain_text("Cancel 3 jobs?")
    page.get_by_role("button", name="Cancel 3 jobs").click()
    expect(page.get_by_text("3 jobs cancelled.")).to_be_visible()
    expect(page.get_by_role("heading", name="No job matches")).to_be_visible()


def test_some_that_failed_are_retried_by_keys_alone(console: Console, page: Page) -> None:
    ids = [send(console, n, failures=1, max_attempts=1, tags=["some"]) for n in range(3)]
    for job_id in ids:
        console.fleet.wait_for_state(job_id, "FAILURE")
    console.open("jobs?tag=some&error=as+was+asked&state=FAILURE")
    expect(page.locator("tbody tr")).to_have_count(3)
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.get_by_text("2 jobs selected")).to_be_visible()
    page.get_by_role("button", name="Retry 2").click()
    page.get_by_role("button", name="Retry 2 jobs").click()
    expect(page.get_by_text("2 jobs put back to run again.")).to_be_visible()


def test_what_followed_a_job_is_shown_with_it(console: Console, page: Page) -> None:
    job_id = send(console, "told")
    console.fleet.wait_for_state(job_id, "SUCCESS")
    with connect(console.fleet.engine) as connection:
        follower = create_job(
            connection, parent_id=job_id, task="notifications.deliver", state="SUCCESS"
        )
    console.open(f"job/{job_id}")
    followed = page.locator(".card", has_text="What followed")
    followed.locator(f"a[href='#/job/{follower.id}']").click()  # webhooks may be told of it too
    expect(page.locator("h1")).to_have_text("notifications.deliver")
    page.locator(".card", has_text="Related").get_by_role("link", name=job_id).click()
    expect(page.locator("h1")).to_have_text("diagnostics.echo")


def test_what_jobs_say_is_text_and_never_markup(console: Console, page: Page) -> None:
    dialogs: list[object] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog), dialog.dismiss()))
    job_id = send(console, HOSTILE, tags=[HOSTILE[:60]], key=HOSTILE)
    console.fleet.wait_for_state(job_id, "SUCCESS")
    console.open(f"job/{job_id}")
    expect(page.locator(".card", has_text="Result")).to_contain_text("<img src=x onerror=alert(1)>")
    page.get_by_role("link", name=HOSTILE, exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("main img, main script").count() == 0
    assert dialogs == []


def test_a_token_that_may_look_sees_no_orders_and_is_refused_them(console: Console) -> None:
    token = console.sign_in("read")
    job_id = send(console, "later", delay_seconds=900)
    page = console.open(f"job/{job_id}")
    expect(page.get_by_text("This token may look and changes nothing.")).to_be_visible()
    expect(page.get_by_role("button", name="Copy as curl")).to_be_visible()
    assert page.get_by_role("button", name="Cancel").count() == 0
    answer = page.evaluate(
        "async ([path, token]) => (await fetch(path, "
        "{method: 'POST', headers: {'X-Auth-Token': token}})).status",
        [f"/jobs/{job_id}/cancel", token],
    )
    assert answer == 403

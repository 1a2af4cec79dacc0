"""Parameters and results of any size that the database takes, and a clear word on larger ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from tests.e2e.fleet import Fleet

LARGE = "x" * 90_000


def test_large_foreign_arguments_survive_a_wait_and_a_retry(fleet: Fleet) -> None:
    eta = datetime.now(UTC) + timedelta(seconds=1)
    sent = fleet.foreign_app().send_task("plain.echo_late", args=[LARGE, eta], eta=eta)
    row = fleet.wait_for_state(sent.id, "SUCCESS")
    assert row.attempts == 2
    assert row.result == [len(LARGE), "datetime"]
    fleet.wait_until_queues_empty()


def test_result_of_a_megabyte_is_kept(fleet: Fleet) -> None:
    sent = fleet.foreign_app().send_task("plain.give", args=["text", 1_000_000])
    assert len(fleet.read_result(sent.id).get(timeout=15)) == 1_000_000


def test_result_larger_than_the_database_takes_is_a_clear_failure(fleet: Fleet) -> None:
    with fleet.engine.connect() as connection:
        limit = connection.execute(text("SELECT @@max_allowed_packet")).scalar_one()
    sent = fleet.foreign_app().send_task("plain.give", args=["text", limit - 500])
    row = fleet.wait_for_state(sent.id, "FAILURE")
    assert row.error["code"] == "result-unusable"
    assert "max_allowed_packet" in row.error["message"]
    assert row.attempts == 1
    fleet.wait_until_queues_empty()


def test_result_full_of_quotes_counts_what_the_statement_takes(fleet: Fleet) -> None:
    with fleet.engine.connect() as connection:
        limit = connection.execute(text("SELECT @@max_allowed_packet")).scalar_one()
    sent = fleet.foreign_app().send_task("plain.give", args=["quotes", limit // 3])
    row = fleet.wait_for_state(sent.id, "FAILURE", "SUCCESS", seconds=30)
    assert row.state == "FAILURE"
    assert row.error["code"] == "result-unusable"

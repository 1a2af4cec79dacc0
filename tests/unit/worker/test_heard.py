"""What a worker concludes from the answers to its receives, and when it is deaf."""

from __future__ import annotations

from typing import Any

from worker import watchdog
from worker.receiving import Heard
from worker.watchdog import LIMIT_SECONDS, find_deaf_queue


def _sent(*moments: float) -> list[Any]:
    return [{"Attributes": {"SentTimestamp": str(int(m * 1000))}} for m in moments]


def test_nothing_is_known_before_the_first_answer() -> None:
    assert Heard().age_seconds(100) is None


def test_empty_answer_means_that_all_was_heard_at_that_moment() -> None:
    heard = Heard()
    heard.answer([], at=100, wall=5000)
    assert heard.age_seconds(107) == 7


def test_empty_answer_to_a_brief_receive_says_nothing_but_that_sqs_answers() -> None:
    heard = Heard()
    heard.answer([], at=100, wall=5000, is_brief=True)
    assert heard.age_seconds(101) is None
    assert heard.asked_since == 100


def test_answer_with_messages_means_that_all_older_ones_were_heard() -> None:
    heard = Heard()
    heard.answer(_sent(4990, 4970, 4999), at=100, wall=5000)
    assert heard.age_seconds(103) == 33


def test_most_cautious_answer_of_the_last_minute_counts() -> None:
    heard = Heard()
    heard.answer(_sent(4950), at=100, wall=5000)
    heard.answer(_sent(5009), at=110, wall=5010)
    assert heard.age_seconds(110) == 60
    heard.answer(_sent(5069), at=170, wall=5070)
    assert heard.age_seconds(170) == 1


def test_empty_answer_overrules_cautious_ones() -> None:
    heard = Heard()
    heard.answer(_sent(4000), at=100, wall=5000)
    heard.answer([], at=101, wall=5001)
    assert heard.age_seconds(102) == 1


def test_what_was_heard_a_minute_ago_says_nothing() -> None:
    heard = Heard()
    heard.answer([], at=100, wall=5000)
    assert heard.age_seconds(161) is None


def test_clock_that_is_behind_the_senders_does_not_make_ages_negative() -> None:
    heard = Heard()
    heard.answer(_sent(5030), at=100, wall=5000)
    assert heard.age_seconds(100) == 0


def test_message_without_a_time_makes_everything_old_and_nothing_lost() -> None:
    heard = Heard()
    heard.answer([{}], at=100, wall=5000)
    assert heard.age_seconds(100) == 5000


def test_queue_that_does_not_answer_is_deaf_after_the_limit() -> None:
    heard = Heard()
    heard.ask(100)
    heard.ask(150)  # the retry after a failure does not start the time again
    assert find_deaf_queue({"default": heard}, at=100 + LIMIT_SECONDS) is None
    reason = find_deaf_queue({"default": heard}, at=101 + LIMIT_SECONDS)
    assert reason is not None
    assert "default" in reason


def test_queue_that_answers_or_rests_is_not_deaf() -> None:
    heard = Heard()
    heard.ask(100)
    heard.answer([], at=160, wall=5000)
    assert find_deaf_queue({"default": heard}, at=101 + LIMIT_SECONDS) is None
    heard.rest()
    assert find_deaf_queue({"default": heard}, at=10_000) is None


def test_one_deaf_queue_among_several_is_found() -> None:
    well, deaf = Heard(), Heard()
    deaf.ask(100)
    well.answer([], at=500, wall=5000)
    reason = find_deaf_queue({"network": well, "default": deaf}, at=500)
    assert reason is not None
    assert "default" in reason


def test_limit_is_three_long_polls_and_a_little() -> None:
    assert 3 * watchdog.WAIT_SECONDS < LIMIT_SECONDS < 4 * watchdog.WAIT_SECONDS


def test_message_that_comes_again_does_not_make_the_queue_look_behind() -> None:
    heard = Heard()
    heard.answer(_sent(4999), at=100, wall=5000)
    again = _sent(4000)
    again[0]["Attributes"]["ApproximateReceiveCount"] = "2"
    heard.answer(again, at=101, wall=5001)
    assert heard.age_seconds(101) == 2
    heard.answer(again + _sent(4998), at=102, wall=5002)
    assert heard.age_seconds(102) == 4

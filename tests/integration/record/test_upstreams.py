"""Upstreams are limited, and their breakers opened and closed by hand."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.errors import NotFound
from chalicelib.schemas.controls import BreakerView
from chalicelib.services import breakers, controls
from chalicelib.services.backlog import measure_backlog
from chalicelib.services.claims import ClaimAnswer
from chalicelib.services.controls import Limit
from chalicelib.services.dispatcher import dispatch_due
from chalicelib.settings import get_settings
from tests.factories.jobs import read_job
from tests.fakes.sqs import FakeSqs
from tests.integration.record import admissions
from tests.integration.record.admissions import hear
from tests.integration.record.breaking import (
    UPSTREAM,
    end,
    let_cool_down,
    look,
    new,
    open_by_failures,
)


def test_breaker_that_is_opened_by_hand_lets_nobody_try(engine: Engine, sqs: FakeSqs) -> None:
    seen = breakers.open_breaker(engine, UPSTREAM)
    assert (seen.state, seen.next_probe_at) == ("open", None)
    let_cool_down(engine)
    job_id = new(engine)
    assert hear(engine, job_id)[1] is ClaimAnswer.HELD
    dispatch_due(engine)
    assert read_job(engine, job_id).held_by == "breaker"
    assert breakers.close_breaker(engine, UPSTREAM) == BreakerView(upstream=UPSTREAM)
    assert hear(engine, job_id)[1] is ClaimAnswer.CLAIMED
    with pytest.raises(NotFound, match="there are memory"):
        breakers.open_breaker(engine, "elsewhere")


def test_jobs_that_were_not_let_go_when_it_closed_are_let_go_by_the_dispatcher(
    engine: Engine, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    breakers.open_breaker(engine, UPSTREAM)
    job_id = new(engine)
    hear(engine, job_id)

    def die(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(breakers, "let_all_go", die)
        with pytest.raises(SystemExit):
            breakers.close_breaker(engine, UPSTREAM)
    dispatch_due(engine)
    assert hear(engine, job_id)[1] is ClaimAnswer.CLAIMED
    held, answer = hear(engine, new(engine))
    assert (answer, held.has_slot) == (ClaimAnswer.CLAIMED, False), "there is nothing to tell"


def test_upstream_is_limited_for_all_its_tasks(engine: Engine, sqs: FakeSqs) -> None:
    controls.set_limit(engine, "upstream", UPSTREAM, Limit(at_once=1))
    first, second = new(engine), new(engine)
    held, _ = hear(engine, first)
    assert hear(engine, second)[1] is ClaimAnswer.HELD
    assert hear(engine, admissions.new(engine))[1] is ClaimAnswer.CLAIMED
    end(engine, held)
    assert hear(engine, second)[1] is ClaimAnswer.CLAIMED
    controls.set_limit(engine, "upstream", UPSTREAM, Limit(rate_count=2, rate_seconds=60))
    answers = [hear(engine, new(engine))[1] for _ in range(3)]
    assert answers.count(ClaimAnswer.CLAIMED) == 2
    controls.remove_limit(engine, "upstream", UPSTREAM)
    assert controls.list_controls(engine) == []


def test_limit_and_breaker_of_an_upstream_do_not_disturb_each_other(
    engine: Engine, sqs: FakeSqs
) -> None:
    controls.set_limit(engine, "upstream", UPSTREAM, Limit(at_once=9))
    open_by_failures(engine)
    controls.remove_limit(engine, "upstream", UPSTREAM)
    assert look(engine).state == "open"
    controls.set_limit(engine, "upstream", UPSTREAM, Limit(at_once=1))
    breakers.close_breaker(engine, UPSTREAM)
    (limit,) = controls.list_controls(engine)
    assert limit.at_once == 1


def test_upstream_that_the_settings_name_no_longer_is_known_while_there_is_something_to_tell(
    engine: Engine, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    breakers.open_breaker(engine, UPSTREAM)
    job_id = new(engine)
    hear(engine, job_id)
    monkeypatch.setenv("UPSTREAM", "aws")
    get_settings.cache_clear()
    seen = {one.upstream: one.state for one in breakers.list_breakers(engine, "demo")}
    assert seen == {"aws:us-east-1": "closed", UPSTREAM: "open"}
    assert breakers.close_breaker(engine, UPSTREAM).state == "closed"
    assert hear(engine, job_id)[1] is ClaimAnswer.CLAIMED
    with pytest.raises(NotFound):
        breakers.close_breaker(engine, UPSTREAM)


def test_open_breakers_are_measured(engine: Engine, sqs: FakeSqs) -> None:
    assert measure_backlog(engine).breakers_open == 0
    breakers.open_breaker(engine, UPSTREAM)
    assert measure_backlog(engine).metrics()["CircuitBreakersOpen"] == 1

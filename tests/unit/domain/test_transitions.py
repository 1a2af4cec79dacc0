"""Which state of a job may follow which."""

from __future__ import annotations

import pytest

from chalicelib.domain.jobs import FINAL, TRANSITIONS, WAITING, JobState
from chalicelib.services.claims import transition


def test_states_are_those_of_celery() -> None:
    from celery import states

    # RECEIVED is an event's; here nobody writes that a message was seen.
    assert {state.value for state in JobState} == states.ALL_STATES - {"RECEIVED"}
    assert {state.value for state in FINAL} == states.READY_STATES


def test_every_state_waits_runs_or_is_final() -> None:
    assert WAITING | FINAL | {JobState.STARTED} == set(JobState)
    assert not WAITING & FINAL


def test_final_states_are_left_only_when_somebody_asks() -> None:
    leaving = {name for name, (begins, _) in TRANSITIONS.items() if begins & FINAL}
    assert leaving == {"resubmit"}


def test_success_is_never_left() -> None:
    assert not [name for name, (begins, _) in TRANSITIONS.items() if JobState.SUCCESS in begins]


def test_only_a_claim_starts_a_job() -> None:
    starting = {name for name, (_, ends) in TRANSITIONS.items() if ends is JobState.STARTED}
    assert starting == {"claim"}
    assert TRANSITIONS["claim"][0] == WAITING


def test_every_state_can_be_reached() -> None:
    assert {ends for _, ends in TRANSITIONS.values()} == set(JobState)


def test_transition_is_guarded_by_where_it_may_begin() -> None:
    statement = transition("cancel").compile(compile_kwargs={"literal_binds": True})
    assert "state IN ('PENDING', 'RETRY')" in str(statement)
    assert "SET state='REVOKED'" in str(statement)


def test_unknown_transition_is_refused() -> None:
    with pytest.raises(KeyError):
        transition("resurrect")

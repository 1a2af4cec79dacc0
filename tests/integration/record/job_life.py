"""What a job's life should be, told once more in Python; the record is held against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.services.claims import Claim


@dataclass
class Life:
    """One job as it should be."""

    max_attempts: int
    state: str = "PENDING"
    attempts: int = 0
    is_due: bool = True
    is_cancel_ordered: bool = False
    has_lapsed: bool = False
    holder: Claim | None = None
    #: Every claim there was, the holder's included.
    claims: list[Claim] = field(default_factory=list)
    #: Outcomes of the attempts that did not succeed, in order.
    ended: list[str] = field(default_factory=list)
    #: How often its effect must have happened.
    effects: int = 0
    #: Its row when it became final.
    final_row: Any = None

    @property
    def waits(self) -> bool:
        return self.state in ("PENDING", "RETRY")

    @property
    def is_final(self) -> bool:
        return self.state in ("SUCCESS", "FAILURE", "REVOKED")

    def is_held_by(self, held: Claim) -> bool:
        return self.state == "STARTED" and self.holder == held

    def expect_answer(self, held: Claim) -> str:
        """What a bell's claim is to be answered, and what it changes."""
        if self.is_held_by(held):
            return "claimed"
        if not self.waits:
            return "taken"
        if not self.is_due:
            return "early"
        self.state, self.holder, self.has_lapsed = "STARTED", held, False
        self.attempts += 1
        return "claimed"

    def succeed(self, held: Claim, *, effects: int) -> bool:
        if self.is_held_by(held):
            self.state = "SUCCESS"
            self.effects += effects
            return True
        return self.state == "SUCCESS" and self.holder == held

    def end_attempt(
        self, held: Claim, outcome: str, state: str, *, is_due: bool = True
    ) -> str | None:
        """The state that the attempt leaves the job in, None if the claim was lost."""
        if not self.is_held_by(held):
            return None
        if self.is_cancel_ordered:
            outcome, state = "cancelled", "REVOKED"
        self.ended.append(outcome)
        self.state, self.is_due = state, is_due
        if outcome == "released":
            self.attempts -= 1
        return state

    def unclaim(self, held: Claim) -> bool:
        """Whether it is given back as if it had never been claimed."""
        if not self.is_held_by(held) or self.is_cancel_ordered:
            return False
        self.state, self.is_due = "PENDING", True
        self.attempts -= 1
        return True

    def lose_worker(self) -> bool:
        """Whether its worker is found to be lost."""
        if self.state != "STARTED" or not self.has_lapsed or self.holder is None:
            return False
        state = "PENDING" if self.attempts < self.max_attempts else "FAILURE"
        self.end_attempt(self.holder, "lost", state)
        return True

    def cancel(self) -> bool:
        """Whether it can be cancelled."""
        if self.waits:
            self.state = "REVOKED"
        if self.state == "STARTED":
            self.is_cancel_ordered = True
        return self.state in ("STARTED", "REVOKED")


def check_row(row: Any, life: Life) -> None:
    """What holds for every job at every moment."""
    # A retried job waits for one more attempt: only a claim makes it one too many.
    assert 0 <= row.attempts <= row.max_attempts
    counted = [outcome for outcome in life.ended if outcome != "released"]
    is_running_or_succeeded = row.state in ("STARTED", "SUCCESS")
    assert row.attempts == len(counted) + is_running_or_succeeded
    assert (row.lease_expires_at is not None) == (row.state == "STARTED")
    assert (row.finished_at is not None) == life.is_final
    assert row.state != "REVOKED" or row.result is None
    if life.is_final:
        life.final_row = life.final_row or row
        assert row == life.final_row, "a job left its final state"

"""How long jobs had to wait that a fault took out of a worker's hands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.chaos.checks import Check
from tests.chaos.diary import Blow, Diary
from tests.chaos.evidence import Claimed, Evidence

_ABOUT = timedelta(seconds=5)


@dataclass(frozen=True)
class Recovery:
    """One job that was in hand when a fault struck, until somebody had it again."""

    job_id: str
    blow: Blow
    #: Seconds from the fault to the next claim, or to the end of a job without attempts left.
    seconds: float
    #: The same, less the time in which database or SQS was away, and less what other jobs
    #: waited in the queue at that time.
    net_seconds: float
    #: Its new bell was destroyed: noticing that is another promise than this one.
    is_bell_lost: bool


def find_recoveries(evidence: Evidence, diary: Diary) -> list[Recovery]:
    """Every job that a fault hit and that had to be taken up again."""
    found = []
    for blow in diary.blows:
        for claims in evidence.claims.values():
            for number, claim in enumerate(claims):
                if not _is_hit(evidence, blow, claim):
                    continue
                after = claims[number + 1].begin if number + 1 < len(claims) else claim.end
                if claim.outcome in ("lost", "failed", "released") and claim.end and after:
                    found.append(_measure(evidence, diary, blow, claim, after))
    return found


def check_recoveries(recoveries: list[Recovery], limit_seconds: float) -> Check:
    """Whether all were in time, and how long it took."""
    timed = sorted(one.net_seconds for one in recoveries if not one.is_bell_lost)
    late = [r for r in recoveries if not r.is_bell_lost and r.net_seconds > limit_seconds]
    detail = "no job was in such hands"
    if timed:
        raw = max(one.seconds for one in recoveries)
        lost = sum(one.is_bell_lost for one in recoveries)
        detail = (
            f"{len(timed)} jobs: p50 {timed[len(timed) // 2]:.1f} s, max {timed[-1]:.1f} s"
            f" ({raw:.1f} s with outages and queues; {lost} more lost their bell)"
        )
    claim = f"a dead worker's jobs are taken up within {limit_seconds:.0f} s"
    return Check(claim, not late, detail, [one.job_id for one in late])


def _is_hit(evidence: Evidence, blow: Blow, claim: Claimed) -> bool:
    if not claim.begin <= blow.at or (claim.end is not None and claim.end <= blow.at):
        return False
    if blow.who == "worker":
        return claim.worker_id in evidence.worker_ids[blow.pid]
    return claim.pid == blow.pid


def _measure(
    evidence: Evidence, diary: Diary, blow: Blow, claim: Claimed, after: datetime
) -> Recovery:
    rescued_at = claim.end or after
    seconds = (after - blow.at).total_seconds()
    queued = min((after - rescued_at).total_seconds(), _usual_wait(evidence, after))
    return Recovery(
        job_id=claim.job_id,
        blow=blow,
        seconds=seconds,
        net_seconds=seconds - diary.seconds_of_outage(blow.at, rescued_at) - queued,
        is_bell_lost=any(rescued_at <= lost <= after for lost in diary.losses),
    )


def _usual_wait(evidence: Evidence, at: datetime) -> float:
    """Seconds from bell to claim of the jobs that were claimed at about this time."""
    waits = sorted(
        (row.started_at - max(row.rung_at, row.run_at)).total_seconds()
        for row in evidence.jobs.values()
        if row.started_at and row.rung_at and abs(row.started_at - at) < _ABOUT
    )
    return max(0.0, waits[len(waits) // 2]) if waits else 0.0

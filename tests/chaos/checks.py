"""What has to be true when a run is over, each as one line of a table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from chalicelib.domain.jobs import FINAL, JobState
from tests.chaos.evidence import Evidence
from tests.chaos.kinds import ENDS, KEYED

#: When a job was first claimed, when it ended for good, and its id.
Span = tuple[datetime, datetime | None, str]


@dataclass(frozen=True)
class Check:
    """One assertion, and the jobs that break it."""

    claim: str
    is_kept: bool
    detail: str
    broken: list[str] = field(default_factory=list)


def check_found(claim: str, broken: list[str], detail: str, found: int, due: int) -> Check:
    """A check of `found` things, which is not kept either if some are `due` and none is there."""
    return Check(claim, not broken and (found > 0 or due == 0), detail, broken)


def check_jobs(
    evidence: Evidence, submitted: set[str], frozen_ids: set[str], drawn: Counter[str]
) -> list[Check]:
    """Everything that can be said job by job.

    `submitted`: ids of jobs that must have a row. `frozen_ids`: workers that were frozen
    beyond their leases; what they did after that must have had no effect. `drawn`: how many
    jobs of each task were to be submitted.
    """
    return [
        *_check_states(evidence, submitted, drawn.total()),
        *_check_effects(evidence),
        *_check_claims(evidence, frozen_ids),
        _check_keys(evidence, drawn[KEYED.contract.name]),
    ]


def _check_states(evidence: Evidence, submitted: set[str], due: int) -> list[Check]:
    rows = evidence.jobs
    states = Counter(str(row.state) for row in rows.values())
    unknown = sorted(submitted - set(rows))
    detail = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    count = len(rows)
    return [
        check_found("every job submitted is on record", unknown, f"{count} jobs", count, due),
        _each(rows, "every job is final", detail, lambda i: rows[i].state in FINAL),
        _each(rows, "every job ended as its kind must", detail, lambda i: _is_as_due(evidence, i)),
    ]


def _check_effects(evidence: Evidence) -> list[Check]:
    rows = {i: row for i, row in evidence.jobs.items() if row.task.startswith("chaos.")}
    succeeded = sum(1 for row in rows.values() if row.state == JobState.SUCCESS)
    effects = sum(map(len, evidence.effects.values()))
    begun = sum(map(len, evidence.starts.values()))
    claims = sum(map(len, evidence.claims.values()))
    return [
        _each(
            rows,
            "effects in the outcome's transaction: once, if SUCCESS",
            f"{effects} effects, {succeeded} SUCCESS",
            lambda i: len(evidence.effects[i]) == (rows[i].state == JobState.SUCCESS),
        ),
        _each(
            rows,
            "effects outside of it: never more than attempts",
            f"{begun} starts, {claims} claims",
            lambda i: _has_no_start_too_many(evidence, i),
        ),
    ]


def _check_claims(evidence: Evidence, frozen_ids: set[str]) -> list[Check]:
    rows = evidence.jobs
    failed = sum(map(len, evidence.attempts.values()))
    begun = sum(map(len, evidence.starts.values()))
    claims = sum(map(len, evidence.claims.values()))
    return [
        _each(
            rows,
            "every attempt is accounted for",
            f"{failed} did not succeed",
            lambda i: _is_accounted_for(evidence, i),
        ),
        _each(
            rows,
            "no two claims of a job at the same time",
            f"{claims} claims",
            lambda i: not _claims_overlap(evidence, i),
        ),
        _each(
            rows,
            "no two runs of a job at the same time",
            f"{begun} starts",
            lambda i: not _runs_overlap(evidence, i, frozen_ids),
        ),
    ]


def _check_keys(evidence: Evidence, due: int) -> Check:
    """From the claim of a keyed job to its end, all attempts included, no other is claimed."""
    lines: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for job_id, row in evidence.jobs.items():
        if row.key is not None and (claims := evidence.claims[job_id]):
            lines[row.project_id, row.key].append((claims[0].begin, row.finished_at, job_id))
    broken = [
        job_id
        for line in lines.values()
        for (_, ended, _), (began, _, job_id) in pairwise(sorted(line))
        if ended is None or began < ended
    ]
    count = sum(map(len, lines.values()))
    detail = f"{count} jobs, {len(lines)} keys"
    return check_found("no two jobs of a key at the same time", broken, detail, count, due)


def print_table(checks: Iterable[Check]) -> None:
    """Print one line each."""
    checks = list(checks)
    width = max(len(check.claim) for check in checks)
    for check in checks:
        broken = f"; broken by {len(check.broken)}" if check.broken else ""
        verdict = "PASS" if check.is_kept else "FAIL"
        print(f"{verdict}  {check.claim:<{width}}  {check.detail}{broken}", flush=True)  # noqa: T201


def _each(ids: Iterable[str], claim: str, detail: str, is_kept: Callable[[str], bool]) -> Check:
    broken = [job_id for job_id in ids if not is_kept(job_id)]
    return Check(claim, not broken, detail, broken)


def _is_as_due(evidence: Evidence, job_id: str) -> bool:
    row = evidence.jobs[job_id]
    return ENDS.get(row.task) == row.state


def _has_no_start_too_many(evidence: Evidence, job_id: str) -> bool:
    """At most one for each attempt, counted or taken back, and one for each delivery."""
    begun = evidence.starts[job_id]
    attempts = evidence.jobs[job_id].attempts + evidence.count_released(job_id)
    by_claim = Counter(start.claim_id for start in begun)
    return len(begun) <= attempts and max(by_claim.values(), default=0) <= 1


def _is_accounted_for(evidence: Evidence, job_id: str) -> bool:
    """Counted attempts are those on record, and the successful one; each start has its claim."""
    row = evidence.jobs[job_id]
    counted = sum(1 for one in evidence.attempts[job_id] if one.outcome != "released")
    return (
        row.attempts == counted + (row.state == JobState.SUCCESS)
        and row.attempts <= row.max_attempts
        and not evidence.find_stray_starts(job_id)
    )


def _claims_overlap(evidence: Evidence, job_id: str) -> bool:
    claims = evidence.claims[job_id]
    return any(before.end is None or after.begin < before.end for before, after in pairwise(claims))


def _runs_overlap(evidence: Evidence, job_id: str, frozen_ids: set[str]) -> bool:
    """A run that was killed has no end in the ledger: its claim's end tells more."""
    runs = sorted(evidence.starts[job_id], key=lambda start: start.started_at)
    return any(
        before.ended_at is not None
        and after.started_at < before.ended_at
        and before.worker_id not in frozen_ids
        for before, after in pairwise(runs)
    )

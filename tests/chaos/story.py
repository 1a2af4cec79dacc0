"""The story of one job: its row, attempts, ledger, and the lines of logs that name it."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.diary import Diary
from tests.chaos.evidence import Evidence

_MOST_LINES = 40


def tell(job_id: str, evidence: Evidence, diary: Diary, folder: Path) -> str:
    """All that is known of a job, in order of time where there is one."""
    row = evidence.jobs.get(job_id)
    parts = [f"--- job {job_id}"]
    if row is None:
        parts.append("it has no row")
    else:
        parts += [f"  {name} = {value}" for name, value in row._mapping.items()]
    events = [
        (claim.begin, f"claimed by worker {claim.worker_id}")
        for claim in evidence.claims.get(job_id, [])
    ]
    events += [
        (claim.end, f"claim of worker {claim.worker_id} ended: {claim.outcome}")
        for claim in evidence.claims.get(job_id, [])
        if claim.end
    ]
    for start in evidence.starts[job_id]:
        where = f"process {start.pid} of {start.main_pid}, its attempt {start.attempt}"
        events.append((start.started_at, f"code began in {where}"))
        if start.ended_at:
            events.append((start.ended_at, f"code ended in process {start.pid}"))
    pids = {pid for start in evidence.starts[job_id] for pid in (start.pid, start.main_pid)}
    events += [
        (blow.at, f"({blow.worker}: {blow.who} {blow.pid} was hit)")
        for blow in diary.blows
        if blow.pid in pids
    ]
    events += [(lost, "(every bell in the queues was destroyed)") for lost in diary.losses]
    parts += [f"  {at:%H:%M:%S.%f} {words}" for at, words in sorted(events)]
    parts += [f"  {len(evidence.effects[job_id])} effects of its transaction", "  logs:"]
    return "\n".join(parts + _grep(job_id, folder))


def _grep(job_id: str, folder: Path) -> list[str]:
    found = [
        f"    {log.stem}: {line.rstrip()[:300]}"
        for log in sorted(folder.glob("*.log"))
        for line in log.read_text(errors="replace").splitlines()
        if job_id in line
    ]
    return found[:_MOST_LINES] or ["    none names it"]

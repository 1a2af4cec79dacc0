"""What has to be true of keys, limits, schedules and chords when a run is over."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from chalicelib.domain.cron import GRACE
from chalicelib.domain.jobs import JobState
from tests.chaos.canvases import Canvas
from tests.chaos.checks import Check, check_found
from tests.chaos.evidence import Evidence
from tests.chaos.flow import LIMIT
from tests.chaos.kinds import CANVAS, KEYED, LIMITED

#: A beginning is written a moment after its place in the rate was taken, by other statements of
#: the same transaction.
_MOMENT = timedelta(seconds=0.25)


def check_flow(
    evidence: Evidence,
    canvases: Sequence[Canvas],
    schedules: dict[str, int],
    drawn: Counter[str],
) -> list[Check]:
    """Keys in order, limits kept, chords once, runs neither doubled nor lost.

    `schedules`: the seconds of each, by its id. `drawn`: how many jobs of each task were to be
    submitted.
    """
    return [
        _check_order(evidence, drawn[KEYED.contract.name]),
        _check_rate(evidence, drawn[LIMITED.contract.name]),
        _check_at_once(evidence, drawn[LIMITED.contract.name]),
        _check_canvases(evidence, canvases, drawn[CANVAS.contract.name]),
        _check_runs(evidence, schedules),
    ]


def _check_order(evidence: Evidence, due: int) -> Check:
    """Jobs of a key begin in the order in which their transactions had the key's line."""
    lines: dict[tuple[str, str], list[str]] = defaultdict(list)
    for job_id in evidence.keyed:
        if (row := evidence.jobs.get(job_id)) is not None and evidence.claims[job_id]:
            lines[row.project_id, row.key].append(job_id)
    broken = [
        job_id
        for line in lines.values()
        for before, job_id in pairwise(line)
        if evidence.claims[job_id][0].begin < evidence.claims[before][0].begin
    ]
    found = sum(map(len, lines.values()))
    detail = f"{found} jobs, {len(lines)} keys"
    return check_found("jobs of a key begin in order of submission", broken, detail, found, due)


def _check_rate(evidence: Evidence, due: int) -> Check:
    count, window = LIMIT.rate_count, timedelta(seconds=LIMIT.rate_seconds)
    assert count is not None
    begun = sorted(
        (claim.begin, job_id)
        for job_id, row in evidence.jobs.items()
        if row.task == LIMITED.contract.name
        for claim in evidence.claims[job_id]
    )
    late = zip(begun, begun[count:], strict=False)
    broken = [job_id for (first, _), (last, job_id) in late if last - first < window - _MOMENT]
    claim = f"at most {count} of a limited task begin in any {LIMIT.rate_seconds} s"
    compared, least = len(begun) - count, 2 * due - count  # each begins twice
    detail = f"{len(begun)} beginnings"
    return check_found(claim, broken, detail, max(0, compared), max(0, least))


def _check_at_once(evidence: Evidence, due: int) -> Check:
    steps: list[tuple[datetime, int, str]] = []
    for job_id, row in evidence.jobs.items():
        if row.task == LIMITED.contract.name:
            for claim in evidence.claims[job_id]:
                steps.append((claim.begin, 1, job_id))
                if claim.end is not None:
                    steps.append((claim.end, -1, job_id))
    running = most = 0
    broken = []
    for _, step, job_id in sorted(steps):
        running += step
        most = max(most, running)
        if LIMIT.at_once is not None and running > LIMIT.at_once:
            broken.append(job_id)
    claim = f"at most {LIMIT.at_once} of a limited task run at once"
    return check_found(claim, broken, f"at most {most}", most, due)


def _check_canvases(evidence: Evidence, canvases: Sequence[Canvas], due: int) -> Check:
    heard = Counter(row.parent_id for row in evidence.jobs.values() if row.task == "chaos.errback")
    broken = [one.part_ids[0] for one in canvases if not _is_kept(evidence, one, heard)]
    kinds = Counter(
        "chains" if one.body_id is None else "fired" if one.total is not None else "broke"
        for one in canvases
    )
    detail = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    claim = "each chord fires once, or its errback is called once; chains go on"
    return check_found(claim, broken, detail or "none", len(canvases), due)


def _is_kept(evidence: Evidence, canvas: Canvas, heard: Counter[str]) -> bool:
    """One by one, what has to be there and in which order."""
    if canvas.body_id is None:
        return _follow(evidence, canvas.part_ids) and _ran_once(
            evidence, canvas.part_ids[-1], canvas.total
        )
    body = evidence.jobs.get(canvas.body_id)
    if body is None:
        return False
    if canvas.total is None:
        is_error = (body.error or {}).get("type") == "ChordError"
        is_unborn = body.state == JobState.FAILURE and body.attempts == 0
        return is_unborn and is_error and heard[canvas.body_id] == 1
    return _ran_once(evidence, canvas.body_id, canvas.total) and all(
        _follow(evidence, [part_id, canvas.body_id]) for part_id in canvas.part_ids
    )


def _ran_once(evidence: Evidence, job_id: str, result: int | None) -> bool:
    return evidence.jobs[job_id].result == result and len(evidence.effects[job_id]) == 1


def _follow(evidence: Evidence, job_ids: list[str]) -> bool:
    """Whether all are there, and each began after the one before it had ended."""
    if any(job_id not in evidence.jobs or not evidence.claims[job_id] for job_id in job_ids):
        return False
    return all(
        evidence.jobs[before].finished_at <= evidence.claims[job_id][0].begin
        for before, job_id in pairwise(job_ids)
    )


def _check_runs(evidence: Evidence, schedules: dict[str, int]) -> Check:
    """No run is left out but those that were missed for longer than the grace when next made.

    Each schedule has two runs at least: with fewer nothing can be seen to be left out.
    """
    broken, counts = [], []
    for schedule_id, seconds in schedules.items():
        made = sorted(
            (datetime.strptime(f"{job_id.split('.', 1)[1]}+0000", "%Y%m%dT%H%M%S.%fZ%z"), job_id)
            for job_id in evidence.jobs
            if job_id.startswith(f"{schedule_id}.")
        )
        counts.append(len(made))
        every = timedelta(seconds=seconds)
        for (before, _), (run, job_id) in pairwise(made):
            is_missed = evidence.jobs[job_id].created_at - (run - every) > GRACE
            if run - before != every and not ((run - before) % every == timedelta() and is_missed):
                broken.append(job_id)
    is_kept = not broken and min(counts, default=0) > 1
    detail = f"{' and '.join(map(str, counts)) or 'no'} runs"
    return Check("scheduled runs are neither doubled nor lost", is_kept, detail, broken)

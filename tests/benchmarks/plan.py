"""How much is run: the whole bench, and the quick one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Sizes of every stage; the defaults are the whole bench."""

    is_quick: bool = False
    #: Rounds of the race, each contestant once a round; and of the other comparisons.
    rounds: int = 5
    #: Jobs of one run: of everybody, of Celery tuned, of Celery as it comes.
    jobs: int = 8_000
    stock_jobs: int = 1_500
    default_jobs: int = 120
    #: How long a run is watched, from its first finished job; longest that it takes in all.
    window_seconds: float = 12.0
    limit_seconds: float = 60.0
    #: Jobs that wait 10 ms, and rounds of them.
    sleep_jobs: int = 6_000
    sleep_rounds: int = 3
    #: Whether settings are searched again, or the ones found before are taken.
    is_searching: bool = True
    #: Jobs of the run in which calls and statements are counted.
    counted_jobs: int = 5_000
    idle_seconds: float = 60.0
    #: Pairs of processes: what is noisy has many of them.
    enqueues: int = 500
    enqueue_rounds: int = 20
    bulk_jobs: int = 5_000
    bulk_rounds: int = 9
    pokes: int = 60
    #: Rows of the tables that are compared: the large one, and the small of throughput and pages.
    large_rows: int = 1_000_000
    small_rows: int = 1_000
    small_page_rows: int = 10_000
    growth_jobs: int = 5_000
    growth_rounds: int = 5
    page_rounds: int = 7
    #: Jobs after which a worker's memory is read.
    memory_jobs: tuple[int, ...] = (10_000, 55_000, 100_000)
    cold_starts: int = 50


def make_plan(*, is_quick: bool) -> Plan:
    """The whole bench; the quick one takes under three minutes and says less."""
    if not is_quick:
        return Plan()
    return Plan(
        is_quick=True,
        rounds=2,
        jobs=1_500,
        stock_jobs=250,
        default_jobs=32,
        window_seconds=3.0,
        limit_seconds=20.0,
        sleep_jobs=800,
        sleep_rounds=1,
        is_searching=False,
        counted_jobs=1_500,
        enqueues=200,
        enqueue_rounds=3,
        bulk_jobs=1_000,
        bulk_rounds=3,
        pokes=12,
        large_rows=100_000,
        growth_jobs=1_000,
        growth_rounds=2,
        page_rounds=2,
        memory_jobs=(500, 1_250, 2_000),
        cold_starts=3,
    )

"""How the bench measures, in words: printed above what it found."""

from __future__ import annotations

from tests.benchmarks.plan import Plan

_METHOD = """
Everything ran side by side on the machine named above, in one run, over loopback: SQS is
[fauxqs](tests/benchmarks/fauxqs/server.mjs), the database a private MariaDB that syncs each
commit to the disk. Competitors took turns, a round after the other, each round begun by another
one; each run began with a full queue and a database of its own, and its rate was taken between
the moments when 10 % and 95 % of its jobs were finished. A run has {jobs:,} jobs
({sleep_jobs:,} of 10 ms), of tuned Celery {stock_jobs:,} and of Celery with its defaults
{default_jobs:,}, and is watched for {window_seconds:.0f} seconds at most. Only jobs that ended as
`SUCCESS` count. A figure that compares two sides is the median of the ratios of each round.

All but Celery with its own backend, which has a table of its own, claim each job and record its
result in the same table. The loop and the other libraries make two UPDATEs for each job, each
with a commit of its own; Bellpull makes the same two for many jobs at once, so that a job costs
it a part of a statement and of a commit, and gives a process several short jobs at a time. Much
of what it is faster by is this, and could be written for the others too. Its `-c 2` is three
processes with threads of their own, where the loop is two processes without.

"Celery at its best tuning" records results by Celery's own database backend and acknowledges
early, as it does if not told otherwise. "Celery, tuned, two UPDATEs" (`stock_two_updates`) is set
in the same way, but makes the same two UPDATEs as the others and acknowledges late: it does the
same work. Celery with its defaults makes eight jobs a second because it sleeps for a second when
its prefetch, four for each of two processes, is full. All workers log at level WARNING.

The two programs by hand, a Chalice app with SQLAlchemy (cold start) and a bare handler with
PyMySQL (enqueue), both use boto3's client as one does; Bellpull signs its few calls itself.

What is easier here than in AWS: fauxqs answers from memory, and with ten messages whenever it has
them, where SQS takes milliseconds and may return fewer. MariaDB writes no binary log here, and its
buffer holds the whole table of {large_rows:,} rows.

A worker's memory is that of each of its processes, a page that several share divided among them
(PSS) where the system tells; the one that grew most is judged. Calls and statements are counted
by the servers. The programs are in [tests/benchmarks](tests/benchmarks); if you know how one of
them could be faster, please say so.
"""


def describe_method(plan: Plan) -> str:
    """The method, with the sizes of this plan."""
    return _METHOD.format(
        jobs=plan.jobs,
        sleep_jobs=plan.sleep_jobs,
        stock_jobs=plan.stock_jobs,
        default_jobs=plan.default_jobs,
        window_seconds=plan.window_seconds,
        large_rows=plan.large_rows,
    )

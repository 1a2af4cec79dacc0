"""Submits jobs without a pause through the product's own services, a few by foreign Celery."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from celery import Celery
from kombu import Queue
from sqlalchemy import Connection, insert, select

from chalicelib.broker.message import Bell
from chalicelib.broker.queues import QUEUES
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import jobs
from chalicelib.errors import DatabaseUnavailable
from chalicelib.services.canvas import write_sent
from chalicelib.services.jobs import NewJob, insert_job, ring_committed
from chalicelib.settings import get_settings
from tests.chaos.canvases import Canvas, make_canvas
from tests.chaos.evidence import count_unfinished
from tests.chaos.kinds import FOREIGN, Errand, Kind
from tests.chaos.ledger import lines
from tests.chaos.stack import Stack

_THREADS = 3
#: New jobs wait while so many messages are in the queues, since each call to moto's server
#: takes longer the more it holds, or while so many jobs have not ended.
_MOST_MESSAGES = 150
_MOST_WAITING = 400
_PROJECTS = ("acme", "globex", "initech")
#: One job in so many comes from a stock Celery producer.
_FOREIGN_ONE_IN = 50
#: A foreign job has no row until it is claimed, so only its sender can know that it is lost.
_SENT_AGAIN_AFTER_SECONDS = 30.0


@dataclass
class ForeignJob:
    """A job sent by the stock producer."""

    id: str
    kind: Kind
    number: int
    countdown: float | None
    sent_at: float = field(default_factory=time.monotonic)


class Submitter:
    """Submits one job of each kind given, evenly over `duration` seconds."""

    def __init__(
        self, stack: Stack, kinds: Sequence[Kind], duration: float, rng: random.Random
    ) -> None:
        self._stack, self._kinds, self._duration = stack, kinds, duration
        self._engine = stack.engine
        self._rng = rng
        self._next = 0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._began = 0.0
        self._is_over = False
        self._waiting = self._messages = 0
        #: How many jobs of each task are to be submitted, those of foreign Celery left out.
        self.drawn = Counter(
            kind.contract.name for number, kind in enumerate(kinds) if not _is_foreign(number)
        )
        #: Jobs whose commit was answered, and how many submissions that was.
        self.submitted: set[str] = set()
        self._count = 0
        #: The chords among them.
        self.canvases: list[Canvas] = []
        self.foreign: dict[str, ForeignJob] = {}
        self.sent_again = 0
        self.errors: list[str] = []
        #: Bells rung in the last while, for the faults that ring them again.
        self.bells: deque[Bell] = deque(maxlen=400)

    def start(self) -> None:
        """Begin."""
        self._began = time.monotonic()
        works = [self._submit_all] * _THREADS + [self._send_foreign]
        self._threads = [
            threading.Thread(target=self._guard, args=(w,), daemon=True) for w in works
        ]
        for thread in self._threads:
            thread.start()
        threading.Thread(target=self._guard, args=(self._watch_load,), daemon=True).start()

    def stop(self) -> None:
        """Submit no more."""
        self._is_over = True

    def is_done(self) -> bool:
        """Whether each job was submitted."""
        return not any(thread.is_alive() for thread in self._threads)

    def count(self) -> int:
        """Jobs submitted so far."""
        return self._count + len(self.foreign)

    def _guard(self, work: object) -> None:
        assert callable(work)
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the harness must not break in silence
            self.errors.append(f"submitting: {error!r}")

    def _take(self) -> list[int]:
        """Numbers of the next jobs to submit in one transaction."""
        with self._lock:
            count = self._rng.choice((1, 1, 1, 2, 4, 12))
            first, self._next = self._next, min(len(self._kinds), self._next + count)
            return list(range(first, self._next))

    def _submit_all(self) -> None:
        while (numbers := self._take()) and not self._is_over:
            due = self._began + self._duration * numbers[0] / len(self._kinds)
            time.sleep(max(0.0, due - time.monotonic()))
            while self._is_loaded() and not self._is_over:
                time.sleep(0.2)
            own = [n for n in numbers if not _is_foreign(n)]
            while own and not self._submit(own) and not self._is_over:
                time.sleep(0.3)

    def _is_loaded(self) -> bool:
        return self._messages > _MOST_MESSAGES or self._waiting > _MOST_WAITING

    def _watch_load(self) -> None:
        """What cannot be counted at the moment is taken to be as it was."""
        while not self._is_over:
            with suppress(DatabaseUnavailable):
                self._waiting = count_unfinished(self._engine)[1]
            with suppress(BotoCoreError, ClientError):
                self._messages = sum(self._stack.count_messages().values())
            time.sleep(0.5)

    def _submit(self, numbers: list[int]) -> bool:
        """Submit jobs together; False if the database did not say that it has them."""
        made = [make_canvas(number) for number in numbers if self._kinds[number].is_canvas]

        def work(connection: Connection) -> list[Bell]:
            plain = [number for number in numbers if not self._kinds[number].is_canvas]
            bells = [self._insert(connection, number) for number in plain]
            for _, sent in made:
                bells += write_sent(connection, sent)
            return bells

        try:
            bells = in_transaction(self._engine, work)
        except DatabaseUnavailable:
            return False
        with self._lock:
            self.submitted |= {bell.job_id for bell in bells}
            self.canvases += [canvas for canvas, _ in made]
            self._count += len(numbers)
        ring_committed(self._engine, bells)
        self.bells.extend(bells)
        return True

    def _insert(self, connection: Connection, number: int) -> Bell:
        kind = self._kinds[number]
        longest = kind.longest_delay_seconds
        new = NewJob(
            contract=kind.contract,
            parameters=Errand(number=number, padding="x" * kind.padding),
            delay_seconds=random.Random(number).uniform(1, longest) if longest else 0.0,
            key=f"key-{number % kind.keys}" if kind.keys else None,
        )
        bell = insert_job(connection, _PROJECTS[number % len(_PROJECTS)], new)
        if kind.keys:  # its transaction has the line of its key until it commits
            connection.execute(insert(lines).values(job_id=bell.job_id))
        return bell

    # --- the stock producer -------------------------------------------------------------------

    def _send_foreign(self) -> None:
        app = _make_stock_app()
        for number in filter(_is_foreign, range(len(self._kinds))):
            due = self._began + self._duration * number / len(self._kinds)
            time.sleep(max(0.0, due - time.monotonic()))
            kind = FOREIGN[number // _FOREIGN_ONE_IN % len(FOREIGN)]
            countdown = 3.0 if kind.longest_delay_seconds else None
            job = ForeignJob(str(uuid.uuid4()), kind, number, countdown)
            self.foreign[job.id] = job
            self._send(app, job)
        while not self._is_over and (lost := self._find_unknown()):
            for job in lost:
                if time.monotonic() - job.sent_at > _SENT_AGAIN_AFTER_SECONDS:
                    self.sent_again += 1
                    self._send(app, job)
            time.sleep(1)

    def _send(self, app: Celery, job: ForeignJob) -> None:
        job.sent_at = time.monotonic()
        try:
            app.send_task(
                job.kind.contract.name,
                kwargs={"number": job.number},
                queue=job.kind.contract.queue,
                task_id=job.id,
                countdown=job.countdown,
                retry=False,
            )
        except Exception:  # noqa: BLE001 - whatever it is, the message is sent again
            job.sent_at -= _SENT_AGAIN_AFTER_SECONDS - 2

    def _find_unknown(self) -> list[ForeignJob]:
        """Foreign jobs that have no row yet."""
        try:
            with connect(self._engine) as connection:
                query = select(jobs.c.id).where(jobs.c.id.in_(list(self.foreign)))
                known = set(connection.execute(query).scalars())
        except DatabaseUnavailable:
            return list(self.foreign.values())
        return [job for job_id, job in self.foreign.items() if job_id not in known]


def _is_foreign(number: int) -> bool:
    return number % _FOREIGN_ONE_IN == _FOREIGN_ONE_IN - 1


def _make_stock_app() -> Celery:
    """A Celery client that knows nothing of this project but the URLs of its queues."""
    settings = get_settings()
    app = Celery("foreign", broker=f"sqs://{urlsplit(settings.sqs_endpoint_url or '').netloc}")
    app.conf.update(
        task_queues=[Queue(name, routing_key=name) for name in QUEUES],
        broker_transport_options={
            "region": settings.aws_region,
            "is_secure": False,
            "predefined_queues": {name: {"url": settings.queue_url(name)} for name in QUEUES},
        },
    )
    return app

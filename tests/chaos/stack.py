"""The servers of a run: a private MariaDB, an SQS, and the environment that leads to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Engine

from chalicelib.broker.queues import QUEUES, dead_letter_queue
from chalicelib.broker.sqs import get_sqs
from chalicelib.db.engine import make_engine
from chalicelib.db.migrate import upgrade
from chalicelib.settings import Settings, get_settings
from infra.local.servers.mariadb import MariaDB
from infra.local.servers.moto import MotoServer
from tests.chaos import ledger

ROOT = Path(__file__).parents[2]
#: In a short run a message that a dead worker held comes back before the run is over.
_SHORT_VISIBILITY_SECONDS = "8"
_SHORT_SETTINGS = {"BEAT_SECONDS": "1", "LEASE_SECONDS": "5", "SHUTDOWN_GRACE_SECONDS": "4"}
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Stack:
    """Started by `start`, and gone without a trace after `stop`."""

    def __init__(self, *, is_short: bool) -> None:
        self.is_short = is_short
        self.database = MariaDB()
        self.sqs = MotoServer()
        self.environment: dict[str, str] = {}
        self.engine: Engine

    def start(self) -> None:
        """Start both, with schema, ledger and queues; our own environment leads to them."""
        self.database.start()
        self.sqs.start()
        url = self.database.create_database()
        self.environment = _make_environment(url, self.sqs.url)
        if self.is_short:
            self.environment |= _SHORT_SETTINGS
        os.environ.clear()
        os.environ.update(self.environment)
        get_settings.cache_clear()
        get_sqs.cache_clear()
        upgrade(url)
        self.engine = make_engine(url, pool_size=8)
        ledger.metadata.create_all(self.engine)
        self.make_queues()

    def make_queues(self) -> None:
        """Make the queues as an operator does."""
        command = [sys.executable, "-m", "worker", "queues", "create"]
        subprocess.run(command, check=True, timeout=60, cwd=ROOT, stdout=subprocess.DEVNULL)
        if self.is_short:
            for queue in QUEUES:
                get_sqs().set_queue_attributes(
                    QueueUrl=get_settings().queue_url(queue),
                    Attributes={"VisibilityTimeout": _SHORT_VISIBILITY_SECONDS},
                )

    def pause_sqs(self) -> None:
        """SQS accepts connections and answers nothing."""
        self._signal_sqs(signal.SIGSTOP)

    def resume_sqs(self) -> None:
        """SQS goes on where it stopped."""
        self._signal_sqs(signal.SIGCONT)

    def purge(self) -> None:
        """Empty every queue; messages in flight go too."""
        for queue in QUEUES:
            get_sqs().purge_queue(QueueUrl=get_settings().queue_url(queue))

    def count_messages(self) -> dict[str, int]:
        """Messages in the queues: visible, in flight and delayed together, by queue."""
        return {queue: sum(_counts(queue)) for queue in QUEUES}

    def count_dead_letters(self) -> int:
        """Messages in all dead-letter queues."""
        return sum(sum(_counts(dead_letter_queue(queue))) for queue in QUEUES)

    def stop(self) -> None:
        """Stop both; twice does no harm."""
        if hasattr(self, "engine"):
            self.engine.dispose()
        self.sqs.kill()
        self.sqs.__exit__(None, None, None)
        self.database.kill()
        self.database.__exit__(None, None, None)

    def _signal_sqs(self, number: signal.Signals) -> None:
        process = self.sqs._process
        assert process is not None
        os.killpg(process.pid, number)


def _counts(queue: str) -> list[int]:
    answer = get_sqs().get_queue_attributes(
        QueueUrl=get_settings().queue_url(queue), AttributeNames=list(_COUNTS)
    )
    return [int(answer["Attributes"][name]) for name in _COUNTS]


def _make_environment(database_url: str, sqs_url: str) -> dict[str, str]:
    """Ours, with nothing in it that leads elsewhere."""
    settings = {name.upper() for name in Settings.__struct_fields__}
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "CHAOS_")) and name not in settings
    }
    return kept | {
        "DATABASE_URL": database_url,
        "SQS_ENDPOINT_URL": sqs_url,
        "SQS_QUEUE_URL": f"{sqs_url}/123456789012/bellpull-chaos-{{queue}}",
        "UPSTREAM": "memory",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PYTHONUNBUFFERED": "1",
    }

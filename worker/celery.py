"""The worker's Celery application: `celery -A worker worker -l info`."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging

from chalicelib.broker.celery_app import make_app
from chalicelib.db.migrate import is_behind
from chalicelib.errors import DatabaseUnavailable, SettingsError
from chalicelib.logs import configure_logging
from chalicelib.settings import Settings, get_settings
from worker import process, tracing  # noqa: F401 - connects its signals
from worker.beat import BeatStep
from worker.tasks import task_modules


def make_worker_app(settings: Settings) -> Celery:
    """The application with its tasks and its beat."""
    if "pickle" in settings.serializers:
        warnings.warn(
            "ACCEPT_SERIALIZERS names pickle: whoever can send to a queue can run any code "
            "in the workers.",
            stacklevel=2,
        )
    made = make_app(settings)
    made.amqp_cls = "worker.sending:JobsAMQP"
    made.conf.update(
        include=task_modules(),
        worker_consumer="worker.consuming:JobConsumer",
        worker_pool="worker.prefork:TaskPool",  # in the place of Celery's, if no other is chosen
    )
    made.steps["worker"].add(BeatStep)
    return made


@setup_logging.connect  # type: ignore[untyped-decorator]
def _set_up_logging(loglevel: int | None = None, **_: Any) -> None:
    configure_logging(get_settings(), level=loglevel)


@celeryd_init.connect  # type: ignore[untyped-decorator]
def _require_schema(**_: Any) -> None:
    """End before the worker begins, where each of its statements would fail."""
    engine = process.engine()
    try:
        if is_behind(engine):
            sys.exit("The database of DATABASE_URL lacks migrations. Run `make migrate` first.")
    except DatabaseUnavailable:
        pass  # it may come back, and the beat tells
    finally:
        engine.dispose()  # the pool is forked next


try:
    app = make_worker_app(get_settings())
except SettingsError as error:
    sys.exit(str(error))  # read by whoever typed the command: where it came from is of no use

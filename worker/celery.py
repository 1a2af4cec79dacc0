"""The worker's Celery application: `celery -A worker worker -l info`."""

from __future__ import annotations

import warnings
from typing import Any

from celery import Celery
from celery.signals import setup_logging

from chalicelib.broker.configuration import celery_configuration
from chalicelib.logs import configure_logging
from chalicelib.settings import Settings, get_settings
from worker.beat import BeatStep
from worker.tasks import task_modules


def make_app(settings: Settings) -> Celery:
    """The application for these settings."""
    if "pickle" in settings.serializers:
        warnings.warn(
            "ACCEPT_SERIALIZERS names pickle: whoever can send to a queue can run any code "
            "in the workers.",
            stacklevel=2,
        )
    made = Celery("bellpull", task_cls="worker.tasks.base:JobTask", include=task_modules())
    made.conf.update(celery_configuration(settings))
    made.steps["worker"].add(BeatStep)
    return made


@setup_logging.connect
def _set_up_logging(loglevel: int | None = None, **_: Any) -> None:
    configure_logging(get_settings(), level=loglevel)


app = make_app(get_settings())

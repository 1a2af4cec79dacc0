"""The dispatch that runs every minute in a Lambda of its own, workers or none."""

from __future__ import annotations

import logging

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib import enqueued
from chalicelib.api.process import prepare_process
from chalicelib.settings import get_settings

logger = logging.getLogger(__name__)

blueprint = Blueprint(__name__)


@blueprint.schedule(Rate(1, unit=Rate.MINUTES), name="dispatch")
def dispatch(event: CloudWatchEvent) -> dict[str, int]:
    """Ring what is due, rescue what was abandoned, clean up, measure; returns what was done.

    Lambda imports this module alone, not app.py.
    """
    prepare_process()

    import msgspec

    from chalicelib.db.engine import get_engine
    from chalicelib.services.backlog import report_backlog
    from chalicelib.services.dispatcher import dispatch_due, keep_house, rescue_patiently

    engine, settings = get_engine(), get_settings()
    done = dispatch_due(engine, may_rescue=False)
    # Every lease may have lapsed in an outage: workers that are alive have two beats to renew.
    rescued = rescue_patiently(engine, 2.5 * settings.beat_seconds)
    done = msgspec.structs.replace(done, rescued=rescued)
    keep_house(
        engine,
        lease_seconds=settings.lease_seconds,
        retention_days=settings.retention_days,
        audit_retention_days=settings.audit_retention_days,
    )
    if counted := enqueued.facts(settings.deployment, JobsRescued=rescued):
        logger.info("jobs counted", extra=counted)
    if settings.deployment is not None:
        report_backlog(engine, settings.deployment)
    return msgspec.structs.asdict(done)

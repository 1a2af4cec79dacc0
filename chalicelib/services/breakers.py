"""Circuit breakers of upstreams: after failures of the upstream itself its jobs wait.

A breaker that is closed and has nothing to tell has no row, so that its jobs are claimed as all
others are. A failure makes a row in `controls`; from then on claims of that upstream's jobs come
to `services.admission`, which holds them while the breaker is open, and lets one begin when the
cool-down is over. The states are those of M. Nygard's "Release It!": closed, open, half_open.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, and_, delete, func, insert, null, select, update

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import control_slots, controls, jobs
from chalicelib.domain.jobs import HELD
from chalicelib.schemas.controls import BreakerView
from chalicelib.services import audit
from chalicelib.services.control_rows import forget_failures, is_about, lock_control
from chalicelib.services.controls import let_all_go
from chalicelib.services.holding import BREAKER, is_held
from chalicelib.services.upstreams import list_upstreams, require_upstream
from chalicelib.settings import get_settings

logger = logging.getLogger(__name__)

_SCOPE: Final = "upstream"
#: Waiting jobs counted at most.
_MOST = 10_000


def note_failure(engine: Engine, job_id: str, error_type: str) -> bool:
    """The upstream of a job failed it: count that, and open its breaker after so many.

    Returns whether the breaker is open now: the job is to wait, and its attempt not to count.
    """
    settings = get_settings()
    most, seconds = settings.circuit_breaker_failures, settings.circuit_breaker_seconds
    upstream = _upstream_of(engine, job_id)
    if upstream is None or most == 0:
        return False

    def work(connection: Connection) -> bool:
        row = lock_control(connection, _SCOPE, upstream)
        failures = (row.failures or 0) + 1
        _set(connection, upstream, failures=failures, last_error_type=error_type[:80])
        if row.opened_at is not None:
            # Those that began before it was opened change nothing.
            again = {"job_id": None, "free_at": seconds_from_now(seconds)}
            tried = and_(_probe_of(upstream), control_slots.c.job_id == job_id)
            connection.execute(update(control_slots).where(tried).values(again))
            return True
        if failures < most:
            return False
        _open(connection, upstream, seconds_from_now(seconds))
        logger.warning("circuit breaker opened: upstream=%s error=%s", upstream, error_type)
        return True

    return in_transaction(engine, work)


def note_answer(engine: Engine, job_id: str) -> None:
    """The upstream of a job answered: its failures are over.

    An open breaker is closed by the job that was let through to try, and by no other.
    """
    upstream = _upstream_of(engine, job_id)
    if upstream is not None:
        _close(engine, upstream, lambda probe: probe is not None and probe.job_id == job_id)


def open_breaker(engine: Engine, upstream: str, *, by: str | None = None) -> BreakerView:
    """Let no job of an upstream begin until the breaker is closed by hand.

    `by`: the project whose order it was, for its audit.
    Raises NotFound if there is no such upstream.
    """
    require_upstream(engine, upstream)

    def work(connection: Connection) -> None:
        row = lock_control(connection, _SCOPE, upstream)
        if row.opened_at is None:
            _set(connection, upstream, failures=row.failures or 0)
        _open(connection, upstream, HELD)
        if by is not None:
            audit.record(connection, by, "circuitbreakers.open", upstream)

    in_transaction(engine, work)
    return _get(engine, upstream, by)


def close_breaker(engine: Engine, upstream: str, *, by: str | None = None) -> BreakerView:
    """Let the jobs of an upstream begin again, at once. Raises NotFound likewise."""
    require_upstream(engine, upstream)
    _close(engine, upstream, lambda probe: True, by)
    return _get(engine, upstream, by)


def list_breakers(engine: Engine, project_id: str) -> list[BreakerView]:
    """The breaker of every upstream, by name; jobs that try are named if they are the project's."""
    with connect(engine) as connection:
        found = connection.execute(select(controls).where(controls.c.scope == _SCOPE)).all()
        rows = {row.name: row for row in found}
        # Also those that the settings name no longer, as long as there is something to tell.
        names = sorted({*list_upstreams(), *rows})
        return [_view(connection, name, rows.get(name), project_id) for name in names]


def _get(engine: Engine, upstream: str, project_id: str | None) -> BreakerView:
    with connect(engine) as connection:
        query = select(controls).where(is_about(_SCOPE, upstream))
        return _view(connection, upstream, connection.execute(query).one_or_none(), project_id)


def _view(
    connection: Connection, upstream: str, row: Row[Any] | None, project_id: str | None
) -> BreakerView:
    if row is None or row.opened_at is None:
        failures = 0 if row is None else row.failures or 0
        error_type = None if row is None else row.last_error_type
        return BreakerView(upstream=upstream, failures=failures, last_error_type=error_type)
    slot = (
        select(control_slots.c.job_id, control_slots.c.free_at, jobs.c.project_id)
        .outerjoin(jobs, jobs.c.id == control_slots.c.job_id)
        .where(_probe_of(upstream))
    )
    probe = connection.execute(slot).one_or_none()
    job_id, probe_at, owner = (None, HELD, None) if probe is None else probe
    waiting = select(jobs.c.id).where(is_held(BREAKER), jobs.c.upstream == upstream).limit(_MOST)
    return BreakerView(
        upstream=upstream,
        state="open" if job_id is None else "half_open",
        failures=row.failures or 0,
        last_error_type=row.last_error_type,
        opened_at=row.opened_at,
        next_probe_at=None if job_id is not None or probe_at == HELD else probe_at,
        probe_job_id=job_id if owner == project_id else None,
        waiting=connection.execute(
            select(func.count()).select_from(waiting.subquery())
        ).scalar_one(),
    )


def _open(connection: Connection, upstream: str, probe_at: Any) -> None:
    """`probe_at`: when the first job may try."""
    opened = is_about(_SCOPE, upstream) & controls.c.opened_at.is_(None)
    connection.execute(update(controls).where(opened).values(opened_at=now()))
    connection.execute(delete(control_slots).where(_probe_of(upstream)))
    connection.execute(
        insert(control_slots).values(
            scope=_SCOPE, name=upstream, kind="probe", number=0, free_at=probe_at, job_id=None
        )
    )


def _close(
    engine: Engine,
    upstream: str,
    may_close: Callable[[Row[Any] | None], bool],
    by: str | None = None,
) -> None:
    """`may_close`: judges by the slot of the job that may try whether an open breaker is closed."""

    def work(connection: Connection) -> bool:
        if by is not None:
            audit.record(connection, by, "circuitbreakers.close", upstream)
        query = select(controls).where(is_about(_SCOPE, upstream)).with_for_update()
        row = connection.execute(query).one_or_none()
        if row is None or row.failures is None:
            return False
        if row.opened_at is not None:
            slot = select(control_slots).where(_probe_of(upstream))
            if not may_close(connection.execute(slot).one_or_none()):
                return False
            connection.execute(delete(control_slots).where(_probe_of(upstream)))
            logger.warning("circuit breaker closed: upstream=%s", upstream)
        _set(connection, upstream, failures=0, opened_at=null())
        return True

    if in_transaction(engine, work):
        # Should this process die here, the dispatcher does it.
        let_all_go(engine, _SCOPE, upstream, BREAKER)
        in_transaction(engine, lambda connection: forget_failures(connection, upstream))


def _set(connection: Connection, upstream: str, **values: Any) -> None:
    connection.execute(update(controls).where(is_about(_SCOPE, upstream)).values(values))


def _probe_of(upstream: str) -> Any:
    slots = control_slots.c
    return and_(slots.scope == _SCOPE, slots.name == upstream, slots.kind == "probe")


def _upstream_of(engine: Engine, job_id: str) -> str | None:
    with connect(engine) as connection:
        query = select(jobs.c.upstream).where(jobs.c.id == job_id)
        upstream: str | None = connection.execute(query).scalar_one_or_none()
        return upstream

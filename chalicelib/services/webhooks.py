"""Webhooks as their owners see them: created, changed, rotated, deleted, looked at."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, case, delete, func, insert, null, select, update

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.paging import newest_first, older_than
from chalicelib.db.tables import webhooks
from chalicelib.domain.ids import new_id
from chalicelib.domain.webhooks import find_url_problem, is_permitted_topic, topic_region
from chalicelib.errors import InvalidFields, LimitReached, NotFound
from chalicelib.schemas.webhooks import ChangedWebhook, JobWebhook, NewWebhook
from chalicelib.services import audit
from chalicelib.services.idempotency import Once, in_transaction_once
from chalicelib.services.preconditions import Require
from chalicelib.settings import get_settings

#: Webhooks of a project, one-off ones aside: each event is a row for each of them.
MOST_WEBHOOKS = 20
#: Seconds for which the secret before a rotation still signs.
ROTATION_SECONDS = 86_400.0


def create(
    engine: Engine, project_id: str, new: NewWebhook, *, once: Once | None = None
) -> Row[Any]:
    """Make a webhook; returns its row.

    Raises:
        InvalidFields: it cannot have this address.
        LimitReached: the project has MOST_WEBHOOKS already.
    """
    _require_address(project_id, new.url)

    def work(connection: Connection) -> tuple[Row[Any], list[str]]:
        lasting = select(func.count()).where(
            webhooks.c.project_id == project_id, webhooks.c.job_id.is_(None)
        )
        if connection.execute(lasting).scalar_one() >= MOST_WEBHOOKS:
            raise LimitReached(f"A project can have {MOST_WEBHOOKS} webhooks.")
        row = _insert(connection, project_id, new, job_id=None)
        audit.record(connection, project_id, "webhooks.create", row.id)
        return row, [row.id]

    def replay(ids: Sequence[str]) -> Row[Any]:
        return get(engine, project_id, ids[0])

    return in_transaction_once(engine, once, work, replay)


def watch_job(
    connection: Connection, project_id: str, job_id: str, new: JobWebhook, events: str = "*"
) -> None:
    """Make a webhook that hears of one job alone, in the transaction that submits the job.

    Its address was judged when the request was read; it goes when the job is cleaned away.
    `events`: the pattern of what it hears.
    """
    lone = NewWebhook(url=new.url, secret=new.secret, events=[events])  # type: ignore[list-item]
    _insert(connection, project_id, lone, job_id=job_id)


def require_address_of_lone(new: JobWebhook) -> None:
    """Raises InvalidFields if a webhook that comes with a request cannot have its address."""
    is_private_permitted = get_settings().webhooks_allow_private
    if problem := find_url_problem(new.url, is_private_permitted=is_private_permitted):
        raise InvalidFields([("/webhook/url", problem)])


def get(engine: Engine, project_id: str, webhook_id: str) -> Row[Any]:
    """The row of a webhook. Raises NotFound if this project has no such one."""
    with connect(engine) as connection:
        return find(connection, project_id, webhook_id)


def list_newest(
    engine: Engine,
    project_id: str,
    *,
    limit: int,
    after: str | None = None,
    one_off: bool | None = None,
) -> list[Row[Any]]:
    """Webhooks of a project, newest first. `after`: id of the last row of the page before.

    `one_off`: only those of one job each, or only the lasting ones.
    Raises NotFound if this project has no webhook `after`.
    """
    query = select(webhooks).where(webhooks.c.project_id == project_id)
    if one_off is not None:
        is_lasting = webhooks.c.job_id.is_(None)
        query = query.where(~is_lasting if one_off else is_lasting)
    with connect(engine) as connection:
        if after is not None:
            query = query.where(older_than(webhooks, find(connection, project_id, after)))
        return list(connection.execute(newest_first(query, webhooks).limit(limit)))


def change(
    engine: Engine,
    project_id: str,
    webhook_id: str,
    wanted: ChangedWebhook,
    *,
    require: Require | None = None,
) -> Row[Any]:
    """Change a webhook; what `wanted` leaves out stays. Returns the row as it is then.

    Raises:
        NotFound: this project has no such webhook.
        InvalidFields: it cannot have this address.
    """
    values: dict[str, Any] = {}
    if wanted.url is not None:
        _require_address(project_id, wanted.url)
        values["url"] = wanted.url
    if wanted.events is not None:
        values["events"] = wanted.events
    if wanted.is_enabled is True:
        values |= {"disabled_at": null(), "disabled_reason": null()}
    elif wanted.is_enabled is False:
        values["disabled_at"] = func.coalesce(webhooks.c.disabled_at, now())
        values["disabled_reason"] = func.coalesce(webhooks.c.disabled_reason, "Its owner did.")

    def work(connection: Connection) -> Row[Any]:
        if require is not None:
            require(find(connection, project_id, webhook_id, lock=True))
        return _update(connection, project_id, webhook_id, values, "webhooks.change")

    return in_transaction(engine, work)


def rotate(
    engine: Engine, project_id: str, webhook_id: str, *, once: Once | None = None
) -> Row[Any]:
    """Give a webhook a new secret; for a day messages are signed with both.

    Raises NotFound, and IdempotencyKeyReused if the key was used for something else.
    """
    values = {
        # In this order: MySQL assigns from left to right, and sees what it has assigned.
        "previous_secret": webhooks.c.secret,
        "previous_secret_expires_at": seconds_from_now(ROTATION_SECONDS),
        "secret": _make_secret(),
    }

    def work(connection: Connection) -> tuple[Row[Any], list[str]]:
        row = _update(connection, project_id, webhook_id, values, "webhooks.rotate")
        return row, [webhook_id]

    def replay(ids: Sequence[str]) -> Row[Any]:
        return get(engine, project_id, ids[0])

    return in_transaction_once(engine, once, work, replay)


def delete_webhook(
    engine: Engine, project_id: str, webhook_id: str, *, require: Require | None = None
) -> None:
    """Delete a webhook with its deliveries; what is not sent yet is not sent. Raises NotFound."""

    def work(connection: Connection) -> None:
        if require is not None:
            require(find(connection, project_id, webhook_id, lock=True))
        gone = connection.execute(delete(webhooks).where(_is_theirs(project_id, webhook_id)))
        if gone.rowcount == 0:
            raise _not_found(webhook_id)
        audit.record(connection, project_id, "webhooks.delete", webhook_id)

    in_transaction(engine, work)


def disable(engine: Engine, webhook_id: str, reason: str) -> None:
    """Send nothing more to a webhook until its owner enables it again."""
    with connect(engine) as connection:
        connection.execute(
            update(webhooks)
            .where(webhooks.c.id == webhook_id, webhooks.c.disabled_at.is_(None))
            .values(disabled_at=now(), disabled_reason=reason[:255], updated_at=now())
        )


def find(
    connection: Connection, project_id: str, webhook_id: str, *, lock: bool = False
) -> Row[Any]:
    """The row of a webhook. Raises NotFound if this project has no such one."""
    query = select(webhooks).where(_is_theirs(project_id, webhook_id))
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise _not_found(webhook_id)
    return row


def valid_previous_secret() -> Any:
    """In SQL: the secret before the last rotation while it signs, else NULL."""
    return case((webhooks.c.previous_secret_expires_at > now(), webhooks.c.previous_secret))


def _insert(
    connection: Connection, project_id: str, new: NewWebhook, *, job_id: str | None
) -> Row[Any]:
    webhook_id = new_id()
    connection.execute(
        insert(webhooks).values(
            id=webhook_id,
            project_id=project_id,
            job_id=job_id,
            url=new.url,
            events=new.events,
            secret=new.secret or _make_secret(),
            created_at=now(),
            updated_at=now(),
        )
    )
    return find(connection, project_id, webhook_id)


def _update(
    connection: Connection, project_id: str, webhook_id: str, values: dict[str, Any], action: str
) -> Row[Any]:
    ordered = [(webhooks.c[name], value) for name, value in values.items()]
    connection.execute(
        update(webhooks)
        .where(_is_theirs(project_id, webhook_id))
        .ordered_values(*ordered, (webhooks.c.updated_at, now()))
    )
    audit.record(connection, project_id, action, webhook_id)
    return find(connection, project_id, webhook_id)


def _is_theirs(project_id: str, webhook_id: str) -> Any:
    return (webhooks.c.id == webhook_id) & (webhooks.c.project_id == project_id)


def _not_found(webhook_id: str) -> NotFound:
    return NotFound(f"There is no webhook {webhook_id} in this project.")


def _make_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _require_address(project_id: str, url: str) -> None:
    settings = get_settings()
    if topic_region(url) is not None:
        permitted = settings.sns_topic_arn
        if is_permitted_topic(permitted, url, project_id):
            return
        told = "none" if permitted is None else permitted.replace("{project_id}", project_id)
        raise InvalidFields([("/url", f"Expected a topic that is permitted here: {told}.")])
    is_private_permitted = settings.webhooks_allow_private
    if problem := find_url_problem(url, is_private_permitted=is_private_permitted):
        raise InvalidFields([("/url", problem)])

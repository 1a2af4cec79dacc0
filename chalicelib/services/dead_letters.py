"""Dead letters: messages that were received too often or that nobody could read.

A bell that ends there is no loss, since its job has its row; this is for finding out why, and
for putting messages of other Celery clients back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine

from chalicelib.broker.queues import dead_letter_queue
from chalicelib.broker.sqs import get_sqs
from chalicelib.errors import QueueUnavailable
from chalicelib.schemas.fleet import DeadLettersAnswer, DeadLetterView
from chalicelib.services import audit
from chalicelib.services.idempotency import Once, in_transaction_once
from chalicelib.settings import get_settings

#: Seconds that messages which are looked at stay invisible for others.
_LOOK_SECONDS = 30
_SHOWN_CHARACTERS = 4096

Message = dict[str, Any]


def browse(project_id: str, queue: str, limit: int) -> DeadLettersAnswer:
    """Dead letters of a project, and those that name no project; all stay where they are.

    Raises QueueUnavailable.
    """
    url = get_settings().queue_url(dead_letter_queue(queue))
    with _translated_errors(), _received(url, limit, _is_of(project_id)) as (found, _):
        asked = get_sqs().get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        views = [_view(message) for message in found]
    # Those that are being looked at are not among SQS's count.
    rest = int(asked["Attributes"]["ApproximateNumberOfMessages"])
    return DeadLettersAnswer(views, rest + len(views))


def redrive(
    engine: Engine,
    project_id: str,
    queue: str,
    limit: int,
    message_ids: Sequence[str] | None = None,
    *,
    once: Once | None = None,
) -> int:
    """Move dead letters of a project back to their queue; returns how many.

    The audit tells of it before it is done, and of how many afterwards. A request that is
    repeated after one that was not completed goes on with it.

    Raises:
        QueueUnavailable: some may have been moved.
        IdempotencyKeyReused: the key was used for something else.
    """

    def begin(connection: Connection) -> tuple[str, list[str]]:
        entry_id = audit.record(connection, project_id, "queues.redrive", queue)
        return entry_id, [entry_id]

    entry_id = in_transaction_once(engine, once, begin, lambda ids: ids[0])
    if once is not None and once.is_replay:
        if told := audit.read_details(engine, entry_id):
            return int(told["moved"])
        once.is_replay = False
    moved = _move(project_id, queue, limit, message_ids)
    audit.complete(engine, entry_id, moved=moved)
    return moved


def _move(project_id: str, queue: str, limit: int, message_ids: Sequence[str] | None) -> int:
    # A message is sent before it is deleted, so one may be there twice if this is interrupted;
    # a second bell does no harm.
    settings, is_of = get_settings(), _is_of(project_id)
    chosen = None if message_ids is None else frozenset(message_ids)

    def is_wanted(message: Message) -> bool:
        return is_of(message) and (chosen is None or message["MessageId"] in chosen)

    url = settings.queue_url(dead_letter_queue(queue))
    moved = 0
    with _translated_errors(), _received(url, limit, is_wanted) as (found, done):
        for start in range(0, len(found), 10):
            batch = found[start : start + 10]
            sent = _send(settings.queue_url(queue), batch)
            _delete(url, sent)
            done.update(message["ReceiptHandle"] for message in sent)
            moved += len(sent)
    return moved


@contextmanager
def _received(
    url: str, limit: int, is_wanted: Callable[[Message], bool]
) -> Iterator[tuple[list[Message], set[str]]]:
    """Up to `limit` messages that are wanted; afterwards all are visible again.

    Also given is a set for the handles of those that are gone.
    """
    wanted: list[Message] = []
    seen: list[str] = []
    gone: set[str] = set()
    try:
        while len(wanted) < limit and (batch := _receive(url)):
            seen += [message["ReceiptHandle"] for message in batch]
            wanted += [message for message in batch if is_wanted(message)]
        yield wanted[:limit], gone
    finally:
        _show_again(url, [handle for handle in seen if handle not in gone])


def _receive(url: str) -> list[Message]:
    answer = get_sqs().receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=_LOOK_SECONDS,
        WaitTimeSeconds=0,
        MessageAttributeNames=["bellpull.reason"],
        MessageSystemAttributeNames=["All"],
    )
    messages: list[Message] = answer.get("Messages", [])
    return messages


def _show_again(url: str, handles: Sequence[str]) -> None:
    for start in range(0, len(handles), 10):
        entries = [
            {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
            for number, handle in enumerate(handles[start : start + 10])
        ]
        get_sqs().change_message_visibility_batch(QueueUrl=url, Entries=entries)


def _send(url: str, batch: Sequence[Message]) -> list[Message]:
    entries = []
    for number, message in enumerate(batch):
        entry: dict[str, Any] = {"Id": str(number), "MessageBody": message["Body"]}
        if group := message.get("Attributes", {}).get("MessageGroupId"):
            entry["MessageGroupId"] = group
        entries.append(entry)
    answer = get_sqs().send_message_batch(QueueUrl=url, Entries=entries)
    return [batch[int(each["Id"])] for each in answer.get("Successful", [])]


def _delete(url: str, batch: Sequence[Message]) -> None:
    entries = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
        for number, message in enumerate(batch)
    ]
    if entries:
        get_sqs().delete_message_batch(QueueUrl=url, Entries=entries)


def _is_of(project_id: str) -> Callable[[Message], bool]:
    """Whether a message is this project's or nobody's, by its Celery headers."""
    return lambda message: _headers(message).get("project_id") in (None, project_id)


def _headers(message: Message) -> dict[str, Any]:
    try:
        headers = msgspec.json.decode(message["Body"], type=dict[str, Any]).get("headers")
    except msgspec.MsgspecError:
        return {}
    return headers if isinstance(headers, dict) else {}


def _view(message: Message) -> DeadLetterView:
    headers, attributes = _headers(message), message.get("Attributes", {})
    job_id, task = headers.get("id"), headers.get("task")
    sent = attributes.get("SentTimestamp")
    reason = message.get("MessageAttributes", {}).get("bellpull.reason", {})
    return DeadLetterView(
        message_id=message["MessageId"],
        job_id=job_id if isinstance(job_id, str) else None,
        task=task if isinstance(task, str) else None,
        sent_at=sent and datetime.fromtimestamp(int(sent) / 1000, UTC),
        receive_count=int(attributes.get("ApproximateReceiveCount", 0)),
        reason=reason.get("StringValue"),
        body=message["Body"][:_SHOWN_CHARACTERS],
    )


@contextmanager
def _translated_errors() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise QueueUnavailable from error

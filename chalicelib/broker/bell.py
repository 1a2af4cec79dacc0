"""Rings the bell: tells SQS that jobs may run. Called after the commit, never before."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.broker.message import Bell, encode_bell
from chalicelib.settings import get_settings

if TYPE_CHECKING:
    from chalicelib.broker.sending import Sender

logger = logging.getLogger(__name__)

#: The most that one SendMessageBatch takes: entries, and bytes of all bodies together
#: (1 MiB less what names and attributes add).
_BATCH_ENTRIES = 10
_BATCH_BYTES = 1_000_000
#: Longest delay that SQS can hold a message back, in seconds.
MAX_DELAY_SECONDS = 900
#: From so many batches on they are sent at once by so many threads: in AWS each call is a few
#: milliseconds of waiting.
_MANY_BATCHES = 20
AT_ONCE = 4

#: Ids of jobs, and the entries of a SendMessageBatch.
Batch = list[tuple[str, dict[str, Any]]]


def ring(bells: Sequence[Bell]) -> list[str]:
    """Send a message for each bell: one SendMessage, or batches of ten a queue.

    Returns the ids of jobs whose bell could not be sent. Their rows stand, so nothing is
    lost: the caller sets `rung_at` to NULL and the dispatcher rings them later.
    """
    if len(bells) == 1:
        return _send_one(bells[0])
    failed: list[str] = []
    for queue in dict.fromkeys(bell.queue for bell in bells):
        of_queue = (_entry(bell) for bell in bells if bell.queue == queue)
        failed += _ring_queue(queue, list(_batches(of_queue)))
    return failed


def _ring_queue(queue: str, batches: list[Batch]) -> list[str]:
    """Send the batches of one queue; those of a thousand jobs several at a time."""
    is_away = False

    def send(batch: Batch) -> list[str]:
        nonlocal is_away
        missed = [job_id for job_id, _ in batch] if is_away else _send_batch(queue, batch)
        # A queue that takes none of ten is away: each further call would wait in vain.
        is_away = is_away or len(missed) == len(batch)
        return missed

    failed = send(batches[0])
    rest = batches[1:]
    if len(rest) < _MANY_BATCHES or is_away:
        return failed + [job_id for batch in rest for job_id in send(batch)]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return failed + [job_id for missed in pool.map(send, rest) for job_id in missed]


def _send_one(bell: Bell) -> list[str]:
    try:
        _get_sender().send_message(
            QueueUrl=get_settings().queue_url(bell.queue),
            **{key: value for key, value in _entry(bell)[1].items() if key != "Id"},
        )
    except _sqs_errors() as error:
        logger.warning("bell not rung: job_id=%s error=%s", bell.job_id, error)
        return [bell.job_id]
    return []


def _send_batch(queue: str, batch: Batch) -> list[str]:
    entries = [{**entry, "Id": str(number)} for number, (_, entry) in enumerate(batch)]
    try:
        answer = _get_sender().send_message_batch(
            QueueUrl=get_settings().queue_url(queue), Entries=entries
        )
    except _sqs_errors() as error:
        logger.warning("bells not rung: queue=%s count=%d error=%s", queue, len(batch), error)
        return [job_id for job_id, _ in batch]
    failed = [batch[int(failure["Id"])][0] for failure in answer.get("Failed", [])]
    if failed:
        logger.warning("bells not rung: queue=%s failures=%s", queue, answer["Failed"])
    return failed


def _entry(bell: Bell) -> tuple[str, dict[str, Any]]:
    entry: dict[str, Any] = {
        "MessageBody": encode_bell(bell),
        # Fair queues: one noisy project does not delay the others.
        "MessageGroupId": bell.project_id,
    }
    if bell.delay_seconds:
        entry["DelaySeconds"] = bell.delay_seconds
    return bell.job_id, entry


def _batches(entries: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Batch]:
    batch: Batch = []
    size = 0
    for job_id, entry in entries:
        length = len(entry["MessageBody"].encode())
        if batch and (len(batch) == _BATCH_ENTRIES or size + length > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((job_id, entry))
        size += length
    if batch:
        yield batch


def _get_sender() -> Sender:
    """Imported when a bell is rung: no other request pays for botocore."""
    from chalicelib.broker.sending import get_sender

    return get_sender()


def _sqs_errors() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError)

"""The SQS channel: receives ten at a time, delivers, deletes in batches, puts back.

Kombu's channel is extended here and nowhere else. Each override says what kombu 5.7 does
and why ours differs; a test fails when kombu changes a method underneath.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from kombu.transport import SQS

from worker.decoding import Message, decode_json
from worker.outbox import Outbox
from worker.receiving import Connection, CurlClient, Heard, ReceiveFailed
from worker.reserve import QoS
from worker.screening import looks_like_celery
from worker.shares import Shares

logger = logging.getLogger(__name__)

#: Seconds before the next receive after one that failed.
_PAUSE_SECONDS = 2.0
#: Seconds that a message put back stays invisible, lest it go round and round.
_PUT_BACK_SECONDS = 2


class Channel(SQS.Channel):  # type: ignore[misc]  # kombu has no types
    """Kombu's SQS channel with event-driven polling and batched deletes."""

    #: Kombu makes every unacknowledged message visible when a channel closes, also those that
    #: are being worked on. Here `worker.leaving` gives back what was not started.
    do_restore = False
    QoS = QoS
    Message = Message
    from_transport_options = (*SQS.Channel.from_transport_options, "queue_weights")
    #: By queue: see `worker.shares`.
    queue_weights: Mapping[str, float] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shares = Shares(self.queue_weights)
        #: Queues whose next receive waits for a free slot, or for its turn.
        self._unasked: set[str] = set()
        #: Free slots that are kept for the brief receives under way, by queue.
        self._kept: dict[str, int] = {}
        self._is_to_ask = False
        self.heard: dict[str, Heard] = {}
        self.outbox = Outbox()
        #: Receipt handles of messages that were given back while leaving.
        self._given_back: set[str] = set()
        self.is_draining = False
        #: Set when no poll is under way any more that could bring back what was given back.
        self.has_drained = threading.Event()

    # Kombu answers "no free slot" by asking again after `polling_interval`: at 1 s it sleeps
    # while work waits, at 0 it spins. Here a queue without a slot rests until one is freed.
    def _schedule_queue(self, queue: str) -> None:
        self._unasked.add(queue)
        self._ask_in_turn()

    def _ask_in_turn(self) -> None:
        self._is_to_ask = False
        for queue in self._shares.in_turn(self._unasked):
            if queue not in self._active_queues or self.is_draining:
                self._unasked.discard(queue)
                self._shares.forget(queue)
                continue
            heard = self.heard.setdefault(queue, Heard())
            count = self._count_room(queue)
            if count > 0:
                self._unasked.discard(queue)
                heard.ask(time.monotonic())
                self._get_async(queue, count, callback=partial(self._on_received, queue))
            else:
                heard.rest()

    def _count_room(self, queue: str) -> int:
        """How many messages a queue may be asked for now.

        Among full queues the one that is behind is asked first, and others only if there is
        room for all that it may bring; so they are asked briefly, for an answer at once.
        """
        if not self.qos.can_consume():
            return 0
        if not self._shares.is_contended(queue):
            return int(self._get_message_estimate())
        room = self.qos.can_consume_max_estimate()
        free = SQS.SQS_MAX_MESSAGES if room is None else room - sum(self._kept.values())
        # One that was asked before there was another, and found empty, is waited for by nobody.
        others = self._unasked | self._kept.keys()
        if free <= 0 or (free < SQS.SQS_MAX_MESSAGES and not self._shares.is_next(queue, others)):
            return 0
        self._kept[queue] = min(free, SQS.SQS_MAX_MESSAGES)
        return self._kept[queue]

    # Kombu waits for messages at all queues for the same time.
    def _get_from_sqs(
        self, queue_name: str, queue_url: str, connection: Any, count: int = 1, callback: Any = None
    ) -> Any:
        return connection.receive_message(
            queue_name,
            queue_url,
            number_messages=count,
            wait_time_seconds=0 if queue_name in self._kept else self.wait_time_seconds,
            callback=callback,
        )

    def _on_received(self, queue: str, outcome: Any) -> None:
        self._kept.pop(queue, None)
        if isinstance(outcome, ReceiveFailed):
            logger.warning("receive failed: queue=%s reason=%s", queue, outcome.reason)
            self._shares.note(queue, 0)
            self.hub.call_later(_PAUSE_SECONDS, self._schedule_queue, queue)
        else:
            self._shares.note(queue, outcome)
            self.hub.call_soon(self._schedule_queue, queue)

    def _slot_freed(self) -> None:
        if self._unasked and not self._is_to_ask:
            self._is_to_ask = True
            self.hub.call_soon(self._ask_in_turn)

    # Kombu lets polls go on while it shuts down: what they bring is invisible for a while and
    # nobody works on it. Here they end.
    def basic_cancel(self, consumer_tag: str) -> None:
        super().basic_cancel(consumer_tag)
        if self.is_draining and not self._consumers:
            CurlClient.of(self.hub, len(self.predefined_queues)).close()
            self.has_drained.set()

    # Kombu raises on an HTTP error, out of the event loop's callback, and the queue is never
    # polled again. Here a failed receive is an answer like another.
    def _on_messages_ready(self, queue: str, qname: str, messages: Any) -> Any:
        if isinstance(messages, ReceiveFailed):
            return messages
        found = messages.get("Messages") or []
        self.heard.setdefault(qname, Heard()).answer(
            found, time.monotonic(), time.time(), is_brief=qname in self._kept
        )
        if self.is_draining and found:
            self.outbox.put_back(queue, qname, [one["ReceiptHandle"] for one in found], 0)
            return len(found)
        callback = self.connection._callbacks.get(qname)
        if callback is None:
            return super()._on_messages_ready(queue, qname, messages)
        for message in found:
            self._deliver(callback, message, qname, queue)
        return len(found)

    # Kombu lets what parsing and delivery raise escape into the event loop, and the worker
    # ends. Here no message can do that: it goes to the dead-letter queue.
    def _deliver(self, callback: Any, message: Any, queue: str, q_url: str) -> None:
        handle = message["ReceiptHandle"]
        try:
            payload = self._message_to_python(message, queue, q_url)
            if not looks_like_celery(payload):
                self.outbox.bury(q_url, queue, message, "it is no Celery message")
                return
            # The queue that it was found in, whatever the sender wrote into it.
            payload["properties"]["delivery_info"].update(routing_key=queue, exchange="")
            callback(payload)
        except self.connection.connection_errors:
            raise
        except Exception as error:  # the edge where what strangers sent meets Celery
            logger.exception("delivery failed: queue=%s", queue)
            reason = f"it cannot be delivered: {error!r}"
            if handle in self.qos._delivered:
                self.bury(handle, reason)
            else:
                self.outbox.bury(q_url, queue, message, reason)

    # Kombu decodes with a hook in Python for each object.
    def _prepare_json_payload(self, text: str) -> Any:
        try:
            payload = decode_json(text)
        except (ValueError, TypeError):
            return {}
        return payload if isinstance(payload, dict) else {}

    # Kombu makes one blocking DeleteMessage a message inside the event loop. Here deletes are
    # collected and sent ten at a time by a thread; one that fails is tried again there.
    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        info = self._delivery_info(delivery_tag)
        if info is not None:
            self.outbox.delete(info["sqs_queue"], info["routing_key"], delivery_tag)
            self.qos.note_end()
        super(SQS.Channel, self).basic_ack(delivery_tag)
        self._slot_freed()

    # Kombu deletes a rejected message or leaves it to its redrive policy. Here it goes to the
    # dead-letter queue at once, and one to be requeued becomes visible again, by the thread.
    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if not requeue:
            self.bury(delivery_tag, "its task rejected it")
            return
        info = self._delivery_info(delivery_tag)
        if info is not None:
            url, queue = info["sqs_queue"], info["routing_key"]
            self.outbox.put_back(url, queue, [delivery_tag], _PUT_BACK_SECONDS)
        super(SQS.Channel, self).basic_ack(delivery_tag)
        self._slot_freed()

    def bury(self, delivery_tag: str, reason: str) -> None:
        """Move a delivered message to the dead-letter queue."""
        info = self._delivery_info(delivery_tag)
        if info is not None:
            self.outbox.bury(info["sqs_queue"], info["routing_key"], info["sqs_message"], reason)
        super(SQS.Channel, self).basic_ack(delivery_tag)
        self._slot_freed()

    def _delivery_info(self, delivery_tag: str) -> Any:
        try:
            info = self.qos.get(delivery_tag).delivery_info
        except KeyError:
            return None
        if not {"sqs_message", "sqs_queue"} <= info.keys():
            return None
        return {"routing_key": "", **info}

    # Kombu's connection raises on errors, and its HTTP handles wait for ever on a server that
    # accepts and does not answer.
    def asynsqs(self, queue: str | None = None) -> Any:
        if self.hub is None or queue not in self.predefined_queues:
            return super().asynsqs(queue)
        clients = self._predefined_queue_async_clients
        if queue not in clients:
            attributes = self.get_message_attributes
            clients[queue] = Connection(
                sqs_connection=self.sqs(queue=queue),
                region=self.region,
                http_client=CurlClient.of(self.hub, len(self.predefined_queues)),
                message_system_attribute_names=attributes["MessageSystemAttributeNames"],
                message_attribute_names=attributes["MessageAttributeNames"],
            )
        return clients[queue]

    def in_flight(self) -> dict[str, list[str]]:
        """URL of a queue -> receipt handles of the messages that this worker holds."""
        handles: dict[str, list[str]] = {}
        for tag, message in list(self.qos._delivered.items()):
            info = message.delivery_info
            if "sqs_queue" in info and self.holds(tag):
                handles.setdefault(info["sqs_queue"], []).append(tag)
        return handles

    def holds(self, tag: str) -> bool:
        """Whether a message that was delivered has neither ended nor been given back."""
        # Kombu forgets those that were acknowledged or put back only at the next delivery.
        return tag not in self.qos._dirty and tag not in self._given_back

    def give_back(self, is_wanted: Callable[[str], bool]) -> None:
        """Show the messages whose receipt handles are wanted to other workers, at once.

        They are no longer held, although their slots stay taken: the worker is leaving.
        """
        for url, held in self.in_flight().items():
            tags = [tag for tag in held if is_wanted(tag)]
            self._given_back.update(tags)
            self.outbox.put_back(url, url.rpartition("/")[2], tags, 0)

    def close(self) -> None:
        self.outbox.close()
        super().close()


class Transport(SQS.Transport):  # type: ignore[misc]
    """Kombu's SQS transport with the channel above."""

    Channel = Channel

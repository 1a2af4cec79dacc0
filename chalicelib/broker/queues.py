"""The queues there are; Terraform, the local stack and the workers agree with this list."""

from __future__ import annotations

#: Queue of tasks that name no other.
DEFAULT = "default"
#: Queue of what is made in a cloud: load balancers, servers.
NETWORK = "network"

#: Queue of messages to users: a slow receiver keeps nothing else waiting.
NOTIFICATIONS = "notifications"

#: Every queue, in the order in which a worker polls them. At most ten: kombu's client has
#: ten handles, and a queue beyond that would wait for another's long poll to end.
QUEUES: tuple[str, ...] = (NETWORK, DEFAULT, NOTIFICATIONS)

#: Seconds that a received message stays invisible; an attribute of each SQS queue.
VISIBILITY_SECONDS = 120
#: Seconds of a long poll, the most that SQS allows.
WAIT_SECONDS = 20
#: Receives after which SQS moves a message to the dead-letter queue. High, because busy workers
#: give messages back for others to take, and messages that nobody can read are moved there at
#: once. A bell that ends there is no loss: its job still has its row.
MAX_RECEIVE_COUNT = 100
#: Seconds that SQS keeps a message: 14 days, the most that it allows.
RETENTION_SECONDS = 1_209_600


def dead_letter_queue(queue: str) -> str:
    """Name of the dead-letter queue of a queue."""
    return f"{queue}-dead"

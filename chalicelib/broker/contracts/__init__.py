"""What the API and the workers agree on about each task: one `TaskContract` a task.

A contract is found by being a module-level name of a module in this package.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache
from typing import Literal

import msgspec

from chalicelib.broker.queues import DEFAULT, NETWORK
from chalicelib.domain.jobs import RetryPolicy

#: For `TaskContract.upstream`: the cloud of the job's project.
CLOUD = "cloud"


class TaskContract(msgspec.Struct, frozen=True, kw_only=True):
    """A task's name, parameters, queue and limits; its docstring-like text is `description`."""

    #: Name in messages, rows and logs, e.g. "network.loadbalancers.create".
    name: str
    #: Keyword arguments of the task, as a msgspec.Struct.
    parameters: type[msgspec.Struct]
    description: str
    queue: str = DEFAULT
    retry: RetryPolicy = RetryPolicy()
    #: Which failures are tried again besides RetryableError: "any" but PermanentError, or none.
    retry_on: Literal["any", "retryable"] = "any"
    #: Seconds after which the task is interrupted by SoftTimeLimitExceeded.
    soft_time_limit_seconds: float | None = None
    #: Seconds after which the process that runs the task is killed.
    time_limit_seconds: float | None = None
    #: What it calls: CLOUD, or a name of your own. Jobs of one upstream share a circuit breaker
    #: and may be limited together; None: it calls nobody.
    upstream: str | None = None
    #: Whether clients may submit it. Not those that trust their parameters, because the system
    #: itself makes them: the id of a record, say, that must be the project's own.
    is_public: bool = True


def cloud_task(name: str, parameters: type[msgspec.Struct], description: str) -> TaskContract:
    """The contract of a task that makes a record true upstream; clients may not submit it.

    Upstreams have bad quarters of an hour: eight attempts spread over about that long.
    """
    return TaskContract(
        name=name,
        parameters=parameters,
        description=description,
        queue=NETWORK,
        upstream=CLOUD,
        retry=RetryPolicy(max_attempts=8, base_seconds=2.0, cap_seconds=300.0),
        soft_time_limit_seconds=900.0,
        time_limit_seconds=960.0,
        is_public=False,
    )


@lru_cache(maxsize=1)
def all_contracts() -> dict[str, TaskContract]:
    """Every contract by its name, from all modules of this package."""
    found: dict[str, TaskContract] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for value in vars(module).values():
            if not isinstance(value, TaskContract):
                continue
            if found.setdefault(value.name, value) is not value:
                raise ValueError(f"two contracts share the name {value.name}")
    return found

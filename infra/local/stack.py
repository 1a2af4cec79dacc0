"""Starts the whole stack in the right order and takes all of it down again."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chalicelib.settings import read_settings
from infra.local.environment import make_environment, write_shell_lines
from infra.local.processes import Processes
from infra.local.servers.readiness import answers_http, find_free_port, wait_until
from infra.local.terminal import step

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
ENV_FILE = LOCAL / "stack.env"
_MINT_TOKEN = "python -m worker tokens create --project demo --scope admin"  # noqa: S105  # a command


class StackFailed(Exception):
    """The stack cannot run; the message is for a person."""


@dataclass(frozen=True)
class Stack:
    """A stack that runs."""

    processes: Processes
    api_url: str
    token: str
    subnets: list[str]


@contextmanager
def run_stack() -> Iterator[Stack]:
    """The stack while the block lasts; afterwards nothing of it runs or listens.

    Raises:
        StackFailed: another one runs in this folder, or a server does not answer.
        ProcessEnded: a process or a command of the start ended as it should not.
        SettingsError: a setting in our own environment cannot be used.
        StopRequested: the person did not want to wait.
    """
    LOCAL.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as cleanup:
        cleanup.enter_context(_only_one())
        environment = make_environment(LOCAL, find_free_port(), find_free_port())
        grace_seconds = read_settings(environment).shutdown_grace_seconds + 5
        processes = Processes(ROOT, environment, LOCAL / "logs", grace_seconds)
        processes.watch_signals()
        cleanup.callback(_stop, processes)
        stack = _start(processes, environment)
        cleanup.callback(ENV_FILE.unlink, missing_ok=True)
        write_shell_lines(ENV_FILE, _shell_values(stack, environment))
        processes.replace_when_ended("worker")
        yield stack


def _start(processes: Processes, environment: Mapping[str, str]) -> Stack:
    sqs_url = environment["SQS_ENDPOINT_URL"]
    api_url = f"http://127.0.0.1:{environment['API_PORT']}"
    with step("starting sqs"):
        processes.start("sqs")
        _await_answer(processes, "sqs", f"{sqs_url}/moto-api/")
    with step("migrating the database"):
        processes.run("migrate", "python -m worker migrate")
    with step("creating queues"):
        processes.run("queues", "python -m worker queues create")
    with step("minting a token"):
        printed = processes.run("token", _MINT_TOKEN)
        processes.log("token").unlink()
    with step("making a network in the local cloud"):
        subnets = processes.run("network", "python -m infra.local.cloud").split()
    for name in processes.names:
        if name != "sqs":
            with step(f"starting {name}"):
                processes.start(name)
                if name == "api":
                    _await_answer(processes, name, api_url)
    return Stack(processes, api_url, printed.split()[-1], subnets)


def _stop(processes: Processes) -> None:
    with step("stopping"):
        processes.stop()


def _shell_values(stack: Stack, environment: Mapping[str, str]) -> dict[str, str]:
    names = ("DATABASE_URL", "SQS_ENDPOINT_URL", "SQS_QUEUE_URL")
    return {
        "API_URL": stack.api_url,
        "API_TOKEN": stack.token,
        **{name: environment[name] for name in names},
        "SUBNET_A": stack.subnets[0],
        "SUBNET_B": stack.subnets[1],
    }


def _await_answer(processes: Processes, name: str, url: str) -> None:
    if not wait_until(lambda: answers_http(url), processes.pause):
        raise StackFailed(f"{name} does not answer on {url}; its log is {processes.log(name)}")


@contextmanager
def _only_one() -> Iterator[None]:
    """Hold the lock of this folder; the system drops it even if we crash."""
    with (LOCAL / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid = lock.read().strip()
            raise StackFailed(
                f"A stack already runs in this folder (process {pid}). Use it"
                f" (. .local/stack.env), or stop it: kill {pid}"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield

"""The demonstration: one load balancer from POST to ACTIVE, and the message that tells of it."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from typing import Any

from infra.local.receiver import Receiver
from infra.local.servers.readiness import open_local
from infra.local.stack import LOCAL, Stack
from infra.local.terminal import paint, say

_LIMIT_SECONDS = 120
_POLL_SECONDS = 0.1
_COLOURS = {
    "ACTIVE": "green",
    "SUCCESS": "green",
    "ERROR": "red",
    "FAILURE": "red",
    "REVOKED": "red",
    "RETRY": "yellow",
    "STARTED": "cyan",
}


class DemoFailed(Exception):
    """It did not go as it should; the message says what happened instead."""


def show_demo(stack: Stack, receiver: Receiver) -> None:
    """Create a load balancer, print its way to ACTIVE and the message that tells of it.

    Raises:
        DemoFailed: it did not get there, or not in two minutes, or the message was not good.
    """
    say(f"\nWhat the processes print goes to {os.path.relpath(LOCAL / 'logs')}/*.log\n")
    _make_webhook(stack, receiver)
    began = time.monotonic()
    wanted = {"name": "demo", "type": "network", "subnet_ids": list(stack.subnets)}
    status, headers, made = _request(stack, "POST", "/loadbalancers", wanted)
    say(f"POST /loadbalancers -> {status}, Location: {headers.get('Location')}")
    if status != 202:
        raise DemoFailed(f"POST /loadbalancers answered {status}: {json.dumps(made)}")
    record = _watch(stack, made["load_balancer"]["id"], made["job"]["id"], began)
    say("\n" + json.dumps(record, indent=2))
    _await_message(stack, receiver, began)
    _suggest(stack, record["id"])


def _make_webhook(stack: Stack, receiver: Receiver) -> None:
    """Have the receiver told of load balancers, and not those of demonstrations before."""
    for old in _get(stack, "/webhooks?limit=100")["webhooks"]:
        if old["url"].startswith("http://127.0.0.1:"):
            _request(stack, "DELETE", f"/webhooks/{old['id']}")
    wanted = {"url": receiver.url, "events": ["load_balancer.*"]}
    status, _, made = _request(stack, "POST", "/webhooks", wanted)
    say(f"POST /webhooks -> {status}, for {receiver.url}")
    if status != 201:
        raise DemoFailed(f"POST /webhooks answered {status}: {json.dumps(made)}")
    receiver.secret = made["secret"]


def _await_message(stack: Stack, receiver: Receiver, began: float) -> None:
    while (message := receiver.take()) is None:
        if time.monotonic() - began > _LIMIT_SECONDS:
            raise DemoFailed(f"no message came within {_LIMIT_SECONDS} seconds")
        stack.processes.pause(_POLL_SECONDS)
    say(f"\n{time.monotonic() - began:8.3f} s  a message arrived at {receiver.url}\n")
    if not receiver.show(message):
        raise DemoFailed("the signature of the message does not verify")


def _watch(stack: Stack, record_id: str, job_id: str, began: float) -> dict[str, Any]:
    """Print a line for each change; returns the record once it is ACTIVE and its job done."""
    shown: tuple[str, str] | None = None
    while True:
        record = _get(stack, f"/loadbalancers/{record_id}")
        job = _get(stack, f"/jobs/{job_id}")
        now = (str(job["state"]), str(record["provisioning_status"]))
        seconds = time.monotonic() - began
        if now != shown:
            say(f"{seconds:8.3f} s  job {_status(now[0])} load balancer {_status(now[1])}".rstrip())
            shown = now
        if now == ("SUCCESS", "ACTIVE"):
            return dict(record)
        if now[0] in ("FAILURE", "REVOKED"):
            raise DemoFailed(f"the job ended as {now[0]}: {json.dumps(job)}")
        if seconds > _LIMIT_SECONDS:
            raise DemoFailed(f"it was still {now[1]} after {_LIMIT_SECONDS} seconds")
        stack.processes.pause(_POLL_SECONDS)


def _suggest(stack: Stack, record_id: str) -> None:
    """Lines that work when they are pasted, one by one or all at once."""
    token = f"-H 'X-Auth-Token: {stack.token}'"
    one = f"{stack.api_url}/loadbalancers/{record_id}"
    json_body = '-H \'Content-Type: application/json\' -d \'{"tags": {"team": "demo"}}\''
    say(f"\nThe console is {paint(stack.api_url + '/console', 'green')}. Its token: {stack.token}")
    say(f"The API's routes: {paint(stack.api_url + '/docs', 'green')}. Some lines to try:\n")
    say(f"  curl -s {token} {stack.api_url}/loadbalancers")
    say(f"  curl -s {token} -X PUT {json_body} {one}")
    # The pause lets the update end: a record that is being changed refuses another change.
    say(f"  sleep 2; curl -s {token} -X DELETE {one}\n")


def _status(word: str) -> str:
    return paint(f"{word:14}", _COLOURS.get(word, "dim"))


def _get(stack: Stack, path: str) -> Any:
    status, _, body = _request(stack, "GET", path)
    if status != 200:
        raise DemoFailed(f"GET {path} answered {status}: {json.dumps(body)}")
    return body


def _request(
    stack: Stack, method: str, path: str, body: object = None
) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of an answer."""
    request = urllib.request.Request(
        stack.api_url + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-Auth-Token": stack.token, "Content-Type": "application/json"},
    )
    try:
        with open_local(request, timeout=30) as answer:
            return answer.status, dict(answer.headers), json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), json.load(error)
    except (OSError, ValueError) as error:
        raise DemoFailed(f"{method} {path}: {error}") from error

"""`python -m infra.local up` runs the local stack; `demo` also shows a load balancer being made."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from chalicelib.errors import SettingsError
from infra.local.demo import DemoFailed, show_demo
from infra.local.processes import ProcessEnded, StopRequested
from infra.local.receiver import run_receiver
from infra.local.stack import ENV_FILE, LOCAL, Stack, StackFailed, run_stack
from infra.local.terminal import paint, say

_TAIL_LINES = 25


def main() -> int:
    """Run until the person, or in CI the demo, is done; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("what", choices=["up", "demo"])
    is_demo = parser.parse_args().what == "demo"
    is_ci_demo = is_demo and bool(os.environ.get("CI"))
    try:
        with run_receiver() as receiver, run_stack() as stack:
            if is_demo:
                show_demo(stack, receiver)
            else:
                _tell_where(stack)
            while not is_ci_demo:
                stack.processes.pause(0.1)
                if not is_demo:
                    stack.processes.show_new_lines()
                elif message := receiver.take():
                    receiver.show(message)
    except StopRequested:
        return 1 if is_ci_demo else 0
    except ProcessEnded as error:
        _complain(str(error), [error.log])
        return 1
    except (SettingsError, StackFailed, DemoFailed) as error:
        logs = [LOCAL / "logs" / f"{name}.log" for name in ("api", "worker")]
        _complain(str(error), logs if isinstance(error, DemoFailed) else [])
        return 1
    return 0


def _tell_where(stack: Stack) -> None:
    say(f"\nThe API's routes: {paint(stack.api_url + '/docs', 'green')}. For scripts: . {ENV_FILE}")
    say(f"The console is {paint(stack.api_url + '/console', 'green')}. Its token: {stack.token}")
    say("Ctrl-C stops everything.\n")


def _complain(message: str, logs: list[Path]) -> None:
    for log in logs:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        say(f"\n{paint(f'--- the end of {os.path.relpath(log)}', 'dim')}")
        say("\n".join(lines))
    say(paint(f"\n{message}", "red"))


if __name__ == "__main__":
    sys.exit(main())

"""The Procfile's processes: order, logs, and what ends them."""

from __future__ import annotations

import os
import pty
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.processes import ProcessEnded, Processes, StopRequested
from infra.local.servers.readiness import wait_until

PROCFILE = """\
first: trap 'echo first >>order; exit 0' TERM; echo up; while :; do sleep 0.05; done
second: trap 'echo second >>order; exit 0' TERM; echo up; while :; do sleep 0.05; done
doomed: echo 'no database here'; exit 3
"""


def make_processes(folder: Path) -> Processes:
    # `exec` cannot take a list of commands: each line becomes a shell of its own.
    lines = (line.partition(": ") for line in PROCFILE.splitlines())
    text = "".join(f'{name}: sh -c "{command}"\n' for name, _, command in lines)
    (folder / "Procfile").write_text(text)
    return Processes(folder, {"PATH": os.environ["PATH"]}, folder / "logs", grace_seconds=5)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = make_processes(tmp_path)
    yield made
    made.stop()


def start(processes: Processes, *names: str) -> None:
    for name in names:
        processes.start(name)
        assert wait_until(lambda name=name: "up" in processes.log(name).read_text(), limit=10)  # type: ignore[misc]


def test_last_started_is_stopped_first(processes: Processes, tmp_path: Path) -> None:
    start(processes, "first", "second")
    processes.stop()
    assert (tmp_path / "order").read_text().split() == ["second", "first"]


def test_process_that_ends_is_named_with_its_log(processes: Processes) -> None:
    start(processes, "first")
    processes.start("doomed")
    with pytest.raises(ProcessEnded, match="doomed ended with status 3") as caught:
        wait_until(lambda: False, processes.pause, limit=10)
    assert caught.value.log.read_text() == "no database here\n"


def test_process_to_be_replaced_is_started_again(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.local.processes._TOO_SHORT_SECONDS", 0.0)
    start(processes, "first")
    processes.replace_when_ended("first")
    os.kill(processes._running["first"].pid, signal.SIGKILL)
    printed_twice = lambda: processes.log("first").read_text() == "up\nup\n"  # noqa: E731
    assert wait_until(printed_twice, processes.pause, limit=10)
    assert "first ended with signal 9; starting another" in capsys.readouterr().out


def test_process_that_ends_at_once_is_not_replaced(processes: Processes) -> None:
    processes.replace_when_ended("doomed")
    processes.start("doomed")
    with pytest.raises(ProcessEnded, match="doomed ended with status 3"):
        wait_until(lambda: False, processes.pause, limit=10)


def test_command_answers_what_it_printed(processes: Processes) -> None:
    assert processes.run("greeting", "echo hello") == "hello\n"
    processes.pause(0)


def test_command_that_fails_is_named(processes: Processes) -> None:
    with pytest.raises(ProcessEnded, match="migration ended with status 1"):
        processes.run("migration", "false")


@pytest.fixture
def _signals() -> Iterator[None]:
    """What a terminal gives, and afterwards what was there: under nohup, SIGHUP is ignored."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_the_next_pause(processes: Processes, number: signal.Signals) -> None:
    processes.watch_signals()
    os.kill(os.getpid(), number)
    with pytest.raises(StopRequested):
        processes.pause(0)


@pytest.mark.usefixtures("_signals")
def test_nohup_is_heeded(processes: Processes) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    processes.watch_signals()
    os.kill(os.getpid(), signal.SIGHUP)
    processes.pause(0)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_closed_terminal_ends_the_next_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as screen:
        monkeypatch.setattr(sys, "stdout", screen)
        processes = make_processes(tmp_path)
        processes.pause(0)
        os.close(window)
        with pytest.raises(StopRequested):
            processes.pause(0)


def test_lines_are_shown_once_and_whole(
    processes: Processes, capsys: pytest.CaptureFixture[str]
) -> None:
    start(processes, "first")
    with processes.log("first").open("a") as log:
        log.write("one\ntw")
    processes.show_new_lines()
    with processes.log("first").open("a") as log:
        log.write("o\n")
    processes.show_new_lines()
    shown = [line.partition("| ")[2] for line in capsys.readouterr().out.splitlines()]
    assert shown == ["up", "one", "two"]

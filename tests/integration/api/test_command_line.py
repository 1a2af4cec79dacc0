"""The command `bellpull` against the real application: what it prints and how it ends."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from bellpull.commands import main
from infra.local.servers.readiness import wait_until
from tests.factories.jobs import create_job, read_job, set_job
from tests.factories.servers import create_server
from tests.statements import recorded


class Shell:
    """Types commands; afterwards `out` and `err` hold what was printed."""

    def __init__(self, url: str, token: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._words = ["--url", url, "--token", token]
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str, is_json: bool = True) -> int:
        """Run one command; returns its exit status."""
        self._capsys.readouterr()
        status = main([*self._words, *(["--json"] if is_json else []), *words])
        captured = self._capsys.readouterr()
        self.out = captured.out
        self.err = "".join(
            line for line in captured.err.splitlines(keepends=True) if "HTTP/1.1" not in line
        )
        return status

    @property
    def items(self) -> list[Any]:
        """The JSON of each line."""
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]


@pytest.fixture
def shell(port: int, api: Any, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(f"http://127.0.0.1:{port}", api.token, capsys)


def test_job_is_submitted_with_all_that_was_typed(shell: Shell, engine: Engine) -> None:
    words = ["submit", "diagnostics.echo", "message=hello", "seconds=0.5", "--tag", "a"]
    assert shell(*words, "--tag", "b", "--delay", "60", "--max-attempts", "2") == 0
    row = read_job(engine, shell.items[0]["id"])
    assert row.parameters == {"message": "hello", "seconds": 0.5, "failures": 0}
    assert (row.tags, row.max_attempts) == (["a", "b"], 2)


def test_parameters_come_from_stdin_too(
    shell: Shell, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"message": [1, 2]}'))
    assert shell("submit", "diagnostics.echo", "-") == 0
    assert read_job(engine, shell.items[0]["id"]).parameters["message"] == [1, 2]


@pytest.mark.parametrize(("state", "status"), [("SUCCESS", 0), ("FAILURE", 1), ("REVOKED", 1)])
def test_exit_status_says_how_the_job_ended(
    shell: Shell, engine: Engine, state: str, status: int
) -> None:
    job = create_job(engine)
    timer = threading.Timer(0.3, set_job, (engine, job.id), {"state": state})
    timer.start()
    assert shell("jobs", "wait", job.id) == status
    timer.join()
    assert shell.items[-1]["state"] == state


def test_waiting_ends_when_the_time_is_up(shell: Shell, engine: Engine) -> None:
    assert shell("jobs", "wait", create_job(engine).id, "--timeout", "0.2") == 6


def test_jobs_are_listed_over_pages_and_by_criteria(shell: Shell, engine: Engine) -> None:
    for _ in range(130):
        create_job(engine)
    create_job(engine, state="FAILURE")
    assert shell("jobs", "list", "--limit", "120") == 0
    assert len(shell.items) == 120
    assert shell("jobs", "list", "--state", "FAILURE") == 0
    assert len(shell.items) == 1


def test_jobs_are_ordered_about(shell: Shell, engine: Engine) -> None:
    one, other = create_job(engine), create_job(engine, queue="network")
    assert shell("jobs", "cancel", one.id) == 0
    assert read_job(engine, one.id).state == "REVOKED"
    assert shell("jobs", "retry", one.id) == 0
    assert shell("jobs", "cancel", "--queue", "network", "--dry-run") == 0
    assert shell.items[0]["matched"] == 1
    assert shell("jobs", "cancel", "--queue", "network") == 0
    assert read_job(engine, other.id).state == "REVOKED"
    assert shell("jobs", "cancel", one.id, "--queue", "network") == 2


def test_people_get_a_table(shell: Shell, engine: Engine) -> None:
    job = create_job(engine, state="FAILURE", error={"type": "Boom", "message": "It [broke]."})
    assert shell("jobs", "list", is_json=False) == 0
    assert f"{job.id}  FAILURE  test.echo" in shell.out
    assert shell("jobs", "show", job.id, is_json=False) == 0
    assert "Boom: It [broke]." in shell.out
    assert shell("jobs", "list", "--task", "none", is_json=False) == 0
    assert "Nothing found." in shell.out


@pytest.mark.parametrize("command", ["tasks", "queues", "workers", "schedules", "audit"])
def test_everything_else_is_listed(shell: Shell, api: Any, command: str) -> None:
    api.create()
    assert shell(command) == 0
    assert shell(command, is_json=False) == 0


def test_load_balancers_are_made_and_destroyed(shell: Shell, engine: Engine) -> None:
    words = ["loadbalancers", "create", "web", "--subnet", "a", "--subnet", "b", "--tag", "x=y=z"]
    assert shell(*words) == 0
    made = shell.items[0]
    assert (made["subnet_ids"], made["tags"]) == (["a", "b"], {"x": "y=z"})
    assert shell("loadbalancers", "list") == 0
    assert [item["id"] for item in shell.items] == [made["id"]]
    assert shell("loadbalancers", "show", made["id"]) == 0
    assert shell("loadbalancers", "destroy", made["id"]) == 3
    assert "PENDING_CREATE" in shell.err


def test_servers_are_made_rebooted_and_destroyed(
    shell: Shell, engine: Engine, tmp_path: Path
) -> None:
    script = tmp_path / "boot.sh"
    script.write_text("#!/bin/sh")
    words = ["servers", "create", "web", "--image", "a", "--flavor", "b", "--subnet", "c"]
    words += ["--key", "mine", "--user-data-file"]
    assert shell(*words, str(script), "--tag", "x=y") == 0
    made = shell.items[0]
    assert (made["image_id"], made["key_name"], made["tags"]) == ("a", "mine", {"x": "y"})
    with pytest.raises(SystemExit, match="2"):
        shell(*words, str(tmp_path / "nothing"))
    there = create_server(engine)
    assert shell("servers", "list", "--status", "ACTIVE") == 0
    assert [item["id"] for item in shell.items] == [there.id]
    assert shell("servers", "reboot", there.id) == 0
    assert shell.items[0]["provisioning_status"] == "PENDING_UPDATE"
    assert shell("servers", "change", there.id, "--name", "new") == 3
    assert shell("servers", "destroy", made["id"]) == 3
    assert "PENDING_CREATE" in shell.err
    assert shell("servers", "add", "i-1") == 0


def test_refusal_says_which_field_and_why(shell: Shell) -> None:
    assert shell("submit", "diagnostics.echo", "seconds=long") == 3
    assert "#/parameters/seconds: Expected a number from 0 to 3600." in shell.err
    assert shell("jobs", "show", "no such/job") == 3
    assert shell("submit", "diagnostics.echo", "seconds") == 2


def test_token_that_is_not_valid_has_a_status_of_its_own(shell: Shell) -> None:
    shell._words[-1] = "bp_wrong"
    assert shell("queues") == 4


@pytest.mark.parametrize("more", ["/no/path", "/docs", "?a=b", "#part"])
def test_address_with_a_path_that_the_api_has_not_is_told(shell: Shell, more: str) -> None:
    shell._words[1] += more
    assert shell("jobs", "list") == 3
    assert shell.err.startswith(shell._words[1])
    assert shell.err.endswith("not as Bellpull's API does: see BELLPULL_URL or --url.\n")
    assert shell.err.count("\n") == 1


@pytest.mark.parametrize("token", ["bp_a\nb", "bp_ö", " "])
def test_token_that_can_be_none_is_not_sent_and_not_printed(
    shell: Shell, capsys: pytest.CaptureFixture[str], token: str
) -> None:
    shell._words[-1] = token
    assert shell("queues") == 4
    assert token.strip() == "" or token not in shell.err


def test_jobs_are_not_cancelled_all_at_once_by_what_was_left_out(
    shell: Shell, engine: Engine
) -> None:
    job = create_job(engine)
    assert shell("jobs", "cancel") == 3
    assert "at least one criterion" in shell.err
    assert read_job(engine, job.id).state == "PENDING"


def test_empty_id_is_no_list(shell: Shell, engine: Engine) -> None:
    create_job(engine)
    for verb in ("show", "wait", "cancel"):
        assert shell("jobs", verb, "") == 3
        assert shell.out == ""


@pytest.mark.parametrize(
    "words",
    [
        ["jobs", "list", "--limit", "0"],
        ["jobs", "list", "--limit", "-5"],
        ["audit", "--limit", "many"],
        ["jobs", "wait", "x", "--timeout", "nan"],
        ["submit", "diagnostics.echo", "--wait=-1"],
        ["submit", "diagnostics.echo", "--delay", "inf"],
        ["loadbalancers", "create", "web", "--subnet", "a", "--tag", "team"],
        ["servers", "change", "x", "--tag", "=value"],
    ],
)
def test_word_that_cannot_be_meant_is_not_understood(shell: Shell, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        shell(*words)
    assert ended.value.code == 2


def test_interrupted_wait_says_how_to_go_on(port: int, api: Any, engine: Engine) -> None:
    job = create_job(engine)
    words = ["--url", f"http://127.0.0.1:{port}", "--token", api.token, "jobs", "wait", job.id]
    with recorded(engine) as sent:
        waiting = subprocess.Popen(
            [sys.executable, "-m", "bellpull", *words], stderr=subprocess.PIPE, text=True
        )
        assert wait_until(lambda: any("FROM jobs" in statement.text for statement in sent))
    waiting.send_signal(signal.SIGINT)
    _, told = waiting.communicate(timeout=20)
    assert waiting.returncode == 130
    assert told == f"The job goes on: bellpull jobs wait {job.id}\n"


def test_help_says_what_exit_statuses_mean(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "exit status:" in capsys.readouterr().out


def test_address_and_token_are_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BELLPULL_URL", "BELLPULL_TOKEN", "API_URL", "API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["queues"])
    assert ended.value.code == 2
    assert "BELLPULL_URL" in capsys.readouterr().err

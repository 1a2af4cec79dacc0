"""The command `bellpull` among what surrounds it: pipes, stdin, servers that are none."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from bellpull import __version__
from bellpull.commands import main
from tests.factories.jobs import create_job


@pytest.mark.parametrize("words", [["jobs", "list"], ["--json", "jobs", "list"]])
def test_reader_who_has_seen_enough_is_no_failure(
    port: int, api: Any, engine: Engine, words: list[str]
) -> None:
    create_job(engine)
    address = ["--url", f"http://127.0.0.1:{port}", "--token", api.token]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "bellpull", *address, *words],
            env={**os.environ, "PYTHONUNBUFFERED": ""},  # written when the program ends, as usual
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["jobs", "list"], ["--json", "jobs", "list"]])
def test_disk_that_is_full_is_told_in_one_line(
    port: int, api: Any, engine: Engine, words: list[str], unbuffered: str
) -> None:
    create_job(engine)
    address = ["--url", f"http://127.0.0.1:{port}", "--token", api.token]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "bellpull", *address, *words],
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    told = "Standard input or output failed: No space left on device.\n"
    assert (ended.returncode, ended.stderr) == (1, told)


def test_server_that_speaks_no_http_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            for _ in range(3):  # each try of the client
                connection, _ = server.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        threading.Thread(target=greet, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert main(["--url", url, "--token", "t", "jobs", "list"]) == 5
    assert f"{url}/jobs?limit=" in capsys.readouterr().err


def test_address_with_a_space_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "http://exa mple", "--token", "t", "jobs", "list"]) == 5
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["127.0.0.1:1", "127.0.0.1:1/api", "[bad"])
def test_password_in_an_address_is_told_and_not_printed(
    capsys: pytest.CaptureFixture[str], place: str
) -> None:
    assert main(["--url", f"http://user:secret@{place}", "--token", "t", "jobs", "list"]) == 5
    told = capsys.readouterr().err
    assert "BELLPULL_TOKEN" in told
    assert "secret" not in told


def test_version_needs_neither_address_nor_token(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BELLPULL_URL", "BELLPULL_TOKEN", "API_URL", "API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"bellpull {__version__}\n")


def test_stdin_that_is_not_json_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"message":'))
    address = ["--url", "http://127.0.0.1:1", "--token", "t"]
    assert main([*address, "submit", "diagnostics.echo", "-"]) == 2
    assert capsys.readouterr().err.startswith("What came on stdin is not JSON: ")

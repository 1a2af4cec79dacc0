"""`make demo` and `make up` as a person meets them, in a copy of the project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.local.servers.mariadb import MariaDB
from infra.local.servers.readiness import open_local, wait_until

ROOT = Path(__file__).parents[2]
PARTS = ["app.py", "Procfile", ".chalice", "chalicelib", "worker", "infra"]


class Copy:
    """A copy of the project in which one stack at a time can run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env_file = folder / ".local" / "stack.env"
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copyfile
            copy(ROOT / part, folder / part)

    def start(self, what: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "infra.local", what],
            cwd=self.folder,
            env={**os.environ, "CI": "", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, what: str, **environment: str) -> tuple[int, str]:
        process = self.start(what, **environment)
        output, _ = process.communicate(timeout=150)
        return process.returncode, output

    def read_env_file(self) -> dict[str, str]:
        assert wait_until(self.env_file.exists, limit=60)
        assert stat.S_IMODE(self.env_file.stat().st_mode) == 0o600
        lines = shlex.split(self.env_file.read_text())
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A copy in which a stack runs, for tests that leave it as it is."""
    copy = Copy(tmp_path_factory.mktemp("running"))
    process = copy.start("up")
    copy.read_env_file()
    yield copy
    process.terminate()
    process.communicate(timeout=60)


def is_listening(url: str) -> bool:
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname or "", address.port or 0), timeout=2).close()
    except OSError:
        return False
    return True


def test_demo_on_mysql_ends_well_in_ci(copy: Copy, mariadb: MariaDB) -> None:
    status, output = copy.run("demo", CI="1", DATABASE_URL=mariadb.create_database())
    assert status == 0, output
    assert '"provisioning_status": "ACTIVE"' in output
    assert '"type": "load_balancer.active"' in output
    assert "The signature verifies" in output
    assert not copy.env_file.exists()


def test_lines_that_the_demo_suggests_work_when_pasted(copy: Copy) -> None:
    process = copy.start("demo")
    assert process.stdout
    lines = []
    while not lines or " -X DELETE " not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], "".join(lines)
    pasted = "\n".join(line for line in lines if "curl -s" in line)
    told = subprocess.run(["sh", "-c", pasted], capture_output=True, text=True, check=True).stdout
    seen = re.findall(r'"provisioning_status": ?"(\w+)"', told)
    assert seen == ["ACTIVE", "PENDING_UPDATE", "PENDING_DELETE"], told
    os.killpg(process.pid, signal.SIGINT)  # as the terminal does
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output


def test_addresses_that_are_printed_lead_to_pages(copy: Copy) -> None:
    process = copy.start("up")
    assert process.stdout
    lines = []
    while not lines or "Ctrl-C" not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], "".join(lines)
    addresses = re.findall(r"http://[^\s]+?(?=[.,]?\s)", "".join(lines))
    try:
        assert len(addresses) == 2
        for address in addresses:
            with open_local(address, timeout=10) as answer:
                assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    finally:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_listens_after_the_end(copy: Copy, number: signal.Signals) -> None:
    process = copy.start("up")
    values = copy.read_env_file()
    urls = values["API_URL"], values["SQS_ENDPOINT_URL"]
    assert all(is_listening(url) for url in urls)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == (-number if number == signal.SIGKILL else 0), output
    assert wait_until(lambda: not any(is_listening(url) for url in urls), limit=5)
    assert "Traceback" not in output


def test_second_stack_in_one_folder_is_refused(running: Copy) -> None:
    status, output = running.run("up")
    assert status == 1
    assert "already runs in this folder" in output
    assert running.env_file.exists()


def test_process_that_dies_takes_the_stack_down_and_is_named(copy: Copy) -> None:
    procfile = copy.folder / "Procfile"
    ours = re.sub("(?m)^worker: .*", "worker: ls no-such-file", procfile.read_text())
    procfile.write_text(ours)
    status, output = copy.run("up")
    assert status == 1
    assert "No such file" in output
    assert "worker ended with status" in output


def test_token_in_the_env_file_opens_the_api(running: Copy) -> None:
    values = running.read_env_file()
    request = urllib.request.Request(f"{values['API_URL']}/loadbalancers")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    with refused.value:
        assert refused.value.code == 401
    request.add_header("X-Auth-Token", values["API_TOKEN"])
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200

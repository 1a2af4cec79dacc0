"""SQS on a free port for the benchmarks: fauxqs, 5 to 50 times faster than moto on receive."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from infra.local.servers.readiness import answers_http, open_local
from infra.local.servers.server import Server


class Fauxqs(Server):
    """In memory; any access key may do anything."""

    def __init__(self, script: Path, package: Path) -> None:
        """`script`: the program that serves; `package`: folder that npm put fauxqs into.

        Raises:
            RuntimeError: there is no Node.js on this machine, or no fauxqs in the folder.
        """
        node = shutil.which("node")
        if node is None:
            raise RuntimeError(
                "There is no Node.js on this machine: version 20 or newer is needed."
            )
        if not package.is_dir():
            raise RuntimeError(f"There is no fauxqs in {package}: `make bench` puts it there.")
        super().__init__("fauxqs")
        self._parts = [node, str(script), str(package)]

    @property
    def url(self) -> str:
        """The endpoint for every AWS client."""
        return f"http://127.0.0.1:{self.port}"

    def counts(self) -> dict[tuple[str, str], int]:
        """Requests since the start: (action, queue's name) -> number."""
        with open_local(f"{self.url}/_counts", timeout=10) as answer:
            found = json.load(answer)
        return {tuple(key.split(" ", 1)): number for key, number in found.items()}

    def _command(self) -> list[str]:
        return [*self._parts, str(self.port)]

    def _answers(self) -> bool:
        return answers_http(f"{self.url}/health")

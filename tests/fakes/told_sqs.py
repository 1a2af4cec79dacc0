"""An SQS client that writes down what it is told, and fails as often as it is asked to."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError


class ToldSqs:
    """Stands for botocore's client in the outbox."""

    def __init__(self) -> None:
        #: Calls that succeeded: name and arguments.
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._failures: list[Exception] = []
        self._refusals: list[tuple[str, bool]] = []

    def fail_next(self, times: int = 1) -> None:
        """Raise at the next calls."""
        error = ClientError({"Error": {"Code": "ServiceUnavailable"}}, "Any")
        self._failures += [error] * times

    def refuse_entry(self, entry_id: str, *, is_sender_fault: bool) -> None:
        """Report one entry of the next batch as failed."""
        self._refusals.append((entry_id, is_sender_fault))

    def handles(self, name: str) -> list[list[str]]:
        """Receipt handles of each batch of a kind."""
        return [
            [entry["ReceiptHandle"] for entry in arguments["Entries"]]
            for called, arguments in self.calls
            if called == name
        ]

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> dict[str, Any]:
            if self._failures:
                raise self._failures.pop(0)
            self.calls.append((name, arguments))
            failed = [{"Id": i, "SenderFault": fault, "Code": "X"} for i, fault in self._refusals]
            self._refusals = []
            return {"Failed": failed}

        return call

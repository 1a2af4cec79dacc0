"""A cloud that remembers what was made, of whatever kind, and that tests can make fail."""

from __future__ import annotations

import sqlite3
import uuid
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import msgspec

from chalicelib.domain.records import Observed
from chalicelib.errors import PermanentError, RetryableError
from worker.upstream.memory.store import MemoryStore, pop_failure, push_failure

Spec = TypeVar("Spec", bound=msgspec.Struct)
Change = TypeVar("Change", bound=msgspec.Struct)
Seen = TypeVar("Seen", bound=Observed)


class MemoryCloud(Generic[Spec, Change, Seen]):
    """An `Upstream` for tests and laptops, and verbs with which a test steers it."""

    #: What there is, behind an underscore in the names of calls: create_load_balancer.
    noun: str
    #: How it is kept.
    seen_type: type[Seen]

    def __init__(self, path: str | None = None, *, looks_until_active: int = 0) -> None:
        """`path`: file that processes share; None keeps everything in this object.

        `looks_until_active`: how many calls of `get` find each thing that this object makes
        still provisioning.
        """
        self._store = MemoryStore(path, self.noun, self.seen_type)
        self._looks_until_active = looks_until_active
        self._hooks: dict[str, Callable[[], None]] = {}

    @abstractmethod
    def make(self, upstream_id: str, spec: Spec) -> Seen:
        """What is there once a spec is fulfilled. Raises UpstreamRejected."""

    def changed(self, seen: Seen, wanted: dict[str, Any]) -> dict[str, Any]:
        """What an update sets, by the names of what is kept. `wanted`: what it names."""
        return wanted

    # --- what a test says ----------------------------------------------------------------

    def fail_next(self, method: str, error: RetryableError | PermanentError) -> None:
        """Raise `error` at the next such call, in whatever process; several queue up.

        `method`: as in `list_calls`.

        Raises:
            TypeError: `error` is not of a family of `worker.upstream.errors`.
        """
        with self._store.transaction() as db:
            push_failure(db, method, error)

    def after_next(self, method: str, hook: Callable[[], None]) -> None:
        """Call `hook` once in this process, when `method` took effect but did not return yet."""
        self._hooks[method] = hook

    def break_down(self, upstream_id: str, reason: str) -> None:
        """Make a thing's status "failed"."""
        with self._store.transaction() as db:
            whole = self._store.load(db, upstream_id)
            self._store.save(db, msgspec.structs.replace(whole, status="failed", reason=reason))

    def list_calls(self) -> list[tuple[str, str]]:
        """Every call so far, oldest first: method and noun, and the token or id it was for."""
        with self._store.transaction() as db:
            return db.execute("SELECT method, argument FROM calls ORDER BY id").fetchall()

    def list_all(self) -> list[Seen]:
        """Everything of this kind that exists, oldest first."""
        with self._store.transaction() as db:
            return self._store.select_all(db)

    # --- what Bellpull says --------------------------------------------------------------

    def create(self, token: str, spec: Spec) -> Seen:
        """See `Upstream`."""
        with self.call("create", token) as db:
            if found := self._store.find(db, token):
                return found
            made = self.make(f"memory-{uuid.uuid4().hex}", spec)
            if self._looks_until_active:
                made = msgspec.structs.replace(made, status="provisioning")
            self._store.insert(db, token, self._looks_until_active, made)
            return made

    def find(self, token: str) -> Seen | None:
        """See `Upstream`."""
        with self.call("find", token) as db:
            return self._store.find(db, token)

    def get(self, upstream_id: str) -> Seen:
        """See `Upstream`."""
        with self.call("get", upstream_id) as db:
            seen = self._store.load(db, upstream_id)
            if seen.status == "provisioning" and not self._store.look(db, upstream_id):
                seen = self._store.save(db, msgspec.structs.replace(seen, status="active"))
            return seen

    def update(self, upstream_id: str, change: Change) -> Seen:
        """See `Upstream`."""
        with self.call("update", upstream_id) as db:
            seen = self._store.load(db, upstream_id)
            wanted = {k: v for k, v in msgspec.structs.asdict(change).items() if v is not None}
            return self._store.save(db, msgspec.structs.replace(seen, **self.changed(seen, wanted)))

    def delete(self, upstream_id: str) -> None:
        """See `Upstream`."""
        with self.call("delete", upstream_id) as db:
            self._store.remove(db, upstream_id)

    @contextmanager
    def call(self, method: str, argument: str) -> Iterator[sqlite3.Connection]:
        """Record the call, raise what `fail_next` queued, give a transaction, run the hook."""
        method = f"{method}_{self.noun}"
        with self._store.transaction() as db:
            db.execute("INSERT INTO calls (method, argument) VALUES (?, ?)", (method, argument))
            failure = pop_failure(db, method)
        if failure:
            raise failure
        with self._store.transaction() as db:
            yield db
        if hook := self._hooks.pop(method, None):
            hook()

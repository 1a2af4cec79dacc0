"""A cloud without a cloud: it remembers load balancers, and tests can make it fail."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from chalicelib.domain.load_balancers import (
    LoadBalancerChange,
    LoadBalancerSpec,
    ObservedLoadBalancer,
    Zone,
)
from chalicelib.errors import PermanentError, RetryableError
from worker.upstream import memory_store as store
from worker.upstream.errors import UpstreamRejected


class MemoryUpstream:
    """An `Upstream` for tests and laptops, and verbs with which a test steers it."""

    def __init__(self, path: str | None = None, *, looks_until_active: int = 0) -> None:
        """`path`: file that processes share; None keeps everything in this object.

        `looks_until_active`: how many calls of `get_load_balancer` find each load balancer
        that this object makes still provisioning.
        """
        self._store = store.MemoryStore(path)
        self._looks_until_active = looks_until_active
        self._hooks: dict[str, Callable[[], None]] = {}

    # --- what a test says ----------------------------------------------------------------

    def fail_next(self, method: str, error: RetryableError | PermanentError) -> None:
        """Raise `error` at the next call of `method`, in whatever process; several queue up.

        Raises:
            TypeError: `error` is not of a family of `worker.upstream.errors`.
        """
        with self._store.transaction() as db:
            store.push_failure(db, method, error)

    def after_next(self, method: str, hook: Callable[[], None]) -> None:
        """Call `hook` once in this process, when `method` took effect but did not return yet."""
        self._hooks[method] = hook

    def break_load_balancer(self, upstream_id: str, reason: str) -> None:
        """Make the load balancer's status "failed"."""
        with self._store.transaction() as db:
            whole = store.load(db, upstream_id)
            store.save(db, msgspec.structs.replace(whole, status="failed", reason=reason))

    def list_calls(self) -> list[tuple[str, str]]:
        """Every call so far, oldest first: method, and the token or upstream id it was for."""
        with self._store.transaction() as db:
            return db.execute("SELECT method, argument FROM calls ORDER BY id").fetchall()

    def list_load_balancers(self) -> list[ObservedLoadBalancer]:
        """Every load balancer that exists, oldest first."""
        with self._store.transaction() as db:
            return store.select_all(db)

    # --- what Bellpull says --------------------------------------------------------------

    def create_load_balancer(self, token: str, spec: LoadBalancerSpec) -> ObservedLoadBalancer:
        """See `Upstream`."""
        with self._call("create_load_balancer", token) as db:
            if found := store.find(db, token):
                return found
            if not spec.subnet_ids:
                raise UpstreamRejected("A load balancer needs a subnet.")
            made = _make(spec)
            if self._looks_until_active:
                made = msgspec.structs.replace(made, status="provisioning")
            store.insert(db, token, self._looks_until_active, made)
            return made

    def find_load_balancer(self, token: str) -> ObservedLoadBalancer | None:
        """See `Upstream`."""
        with self._call("find_load_balancer", token) as db:
            return store.find(db, token)

    def get_load_balancer(self, upstream_id: str) -> ObservedLoadBalancer:
        """See `Upstream`."""
        with self._call("get_load_balancer", upstream_id) as db:
            seen = store.load(db, upstream_id)
            if seen.status == "provisioning" and not store.look(db, upstream_id):
                seen = store.save(db, msgspec.structs.replace(seen, status="active"))
            return seen

    def update_load_balancer(
        self, upstream_id: str, change: LoadBalancerChange
    ) -> ObservedLoadBalancer:
        """See `Upstream`."""
        with self._call("update_load_balancer", upstream_id) as db:
            seen = store.load(db, upstream_id)
            wanted = {k: v for k, v in msgspec.structs.asdict(change).items() if v is not None}
            if "subnet_ids" in wanted:
                wanted["zones"] = _zones(wanted.pop("subnet_ids"))
            wanted["attributes"] = seen.attributes | wanted.get("attributes", {})
            return store.save(db, msgspec.structs.replace(seen, **wanted))

    def delete_load_balancer(self, upstream_id: str) -> None:
        """See `Upstream`."""
        with self._call("delete_load_balancer", upstream_id) as db:
            db.execute("DELETE FROM load_balancers WHERE upstream_id = ?", (upstream_id,))

    @contextmanager
    def _call(self, method: str, argument: str) -> Iterator[sqlite3.Connection]:
        """Record the call, raise what `fail_next` queued, give a transaction, run the hook."""
        with self._store.transaction() as db:
            db.execute("INSERT INTO calls (method, argument) VALUES (?, ?)", (method, argument))
            failure = store.pop_failure(db, method)
        if failure:
            raise failure
        with self._store.transaction() as db:
            yield db
        if hook := self._hooks.pop(method, None):
            hook()


def _make(spec: LoadBalancerSpec) -> ObservedLoadBalancer:
    upstream_id = f"memory-{uuid.uuid4().hex}"
    wanted = msgspec.structs.asdict(spec)
    return ObservedLoadBalancer(
        upstream_id=upstream_id,
        status="active",
        dns_name=f"{upstream_id}.example",
        network_id="memory-network",
        zones=_zones(wanted.pop("subnet_ids")),
        **wanted,
    )


def _zones(subnet_ids: list[str]) -> list[Zone]:
    return [Zone(zone=f"zone-of-{subnet_id}", subnet_id=subnet_id) for subnet_id in subnet_ids]

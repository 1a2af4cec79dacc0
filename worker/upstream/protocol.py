"""What Bellpull asks of a cloud."""

from __future__ import annotations

from typing import Protocol, TypeAlias, TypeVar

from chalicelib.domain.load_balancers import (
    LoadBalancerChange,
    LoadBalancerSpec,
    ObservedLoadBalancer,
)
from chalicelib.domain.records import Observed
from chalicelib.domain.servers import ObservedServer, ServerChange, ServerSpec

Spec_contra = TypeVar("Spec_contra", contravariant=True)
Change_contra = TypeVar("Change_contra", contravariant=True)
Seen_co = TypeVar("Seen_co", bound=Observed, covariant=True)


class Upstream(Protocol[Spec_contra, Change_contra, Seen_co]):
    """A cloud, as far as one kind of thing is made in it.

    Every method may be called twice with the same arguments and have the effect of one
    call: jobs are repeated when a worker dies. Each raises only the families of
    `worker.upstream.errors`.
    """

    def create(self, token: str, spec: Spec_contra) -> Seen_co:
        """Make one, or return the one already made with this `token`.

        `token`: 1 to 155 characters, unique to the intention to create.
        """
        ...

    def find(self, token: str) -> Seen_co | None:
        """Return what `create` made with this token, None if nothing."""
        ...

    def get(self, upstream_id: str) -> Seen_co:
        """Return one as it is now. Raises UpstreamNotFound."""
        ...

    def update(self, upstream_id: str, change: Change_contra) -> Seen_co:
        """Make one match `change`. Raises UpstreamNotFound."""
        ...

    def delete(self, upstream_id: str) -> None:
        """Remove one; one that is already gone is a success."""
        ...


LoadBalancers: TypeAlias = Upstream[LoadBalancerSpec, LoadBalancerChange, ObservedLoadBalancer]


class Servers(Upstream[ServerSpec, ServerChange, ObservedServer], Protocol):
    """A cloud that servers are made in."""

    def reboot(self, upstream_id: str) -> ObservedServer:
        """Reboot a server; asked twice, it may reboot twice. Raises UpstreamNotFound."""
        ...

"""What Bellpull asks of a cloud."""

from __future__ import annotations

from typing import Protocol

from chalicelib.domain.load_balancers import (
    LoadBalancerChange,
    LoadBalancerSpec,
    ObservedLoadBalancer,
)


class Upstream(Protocol):
    """A cloud that load balancers are made in.

    Every method may be called twice with the same arguments and have the effect of one
    call: jobs are repeated when a worker dies. Each raises only the families of
    `worker.upstream.errors`.
    """

    def create_load_balancer(self, token: str, spec: LoadBalancerSpec) -> ObservedLoadBalancer:
        """Make a load balancer, or return the one already made with this `token`.

        `token`: 1 to 155 characters, unique to the intention to create.
        """
        ...

    def find_load_balancer(self, token: str) -> ObservedLoadBalancer | None:
        """Return what `create_load_balancer` made with this token, None if nothing."""
        ...

    def get_load_balancer(self, upstream_id: str) -> ObservedLoadBalancer:
        """Return a load balancer as it is now. Raises UpstreamNotFound."""
        ...

    def update_load_balancer(
        self, upstream_id: str, change: LoadBalancerChange
    ) -> ObservedLoadBalancer:
        """Make the load balancer match `change`. Raises UpstreamNotFound."""
        ...

    def delete_load_balancer(self, upstream_id: str) -> None:
        """Remove the load balancer; one that is already gone is a success."""
        ...

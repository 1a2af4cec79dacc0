"""How a call to an upstream can fail; the family says whether trying again can help."""

from __future__ import annotations

from chalicelib.errors import PermanentError, RetryableError


class UpstreamUnavailable(RetryableError):
    """The upstream did not answer, or answered that it cannot at the moment."""

    code = "upstream-unavailable"


class UpstreamThrottled(RetryableError):
    """The upstream limits how often it may be called."""

    code = "upstream-throttled"


class UpstreamBusy(RetryableError):
    """The upstream cannot do it yet: the object is being changed, or a zone is full."""

    code = "upstream-busy"


class UpstreamRejected(PermanentError):
    """The upstream refused the request; the same request will be refused again."""

    code = "upstream-rejected"


class UpstreamForbidden(PermanentError):
    """The worker's credentials do not permit this at the upstream."""

    code = "upstream-forbidden"


class UpstreamQuotaExceeded(PermanentError):
    """A quota of the upstream is used up."""

    code = "upstream-quota-exceeded"


class UpstreamNotFound(PermanentError):
    """The upstream has no such object."""

    code = "upstream-not-found"

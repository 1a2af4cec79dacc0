"""Sorts what openstacksdk raises into the families of `worker.upstream.errors`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from keystoneauth1 import exceptions as keystone
from openstack import exceptions as sdk

from chalicelib.errors import PermanentError, RetryableError
from worker.upstream.errors import (
    UpstreamBusy,
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamQuotaExceeded,
    UpstreamRejected,
    UpstreamThrottled,
    UpstreamUnavailable,
)

_FAMILY_OF: dict[int, type[RetryableError | PermanentError]] = {
    401: UpstreamForbidden,
    403: UpstreamForbidden,
    404: UpstreamNotFound,
    # Immutable while it is being changed, above all.
    409: UpstreamBusy,
    413: UpstreamThrottled,
    429: UpstreamThrottled,
    # Octavia: the provider has no such feature.
    501: UpstreamRejected,
}


@contextmanager
def openstack_errors() -> Iterator[None]:
    """Within this context, and in functions decorated with it, the SDK's errors become ours."""
    try:
        yield
    except (sdk.SDKException, keystone.ClientException) as error:
        raise upstream_error(error) from error


def upstream_error(
    error: sdk.SDKException | keystone.ClientException,
) -> RetryableError | PermanentError:
    """Return the error of ours that says the same, in the service's own words.

    An error that no service sent (no connection, no answer) may pass.
    """
    if isinstance(error, sdk.HttpException) and error.status_code is not None:
        words = str(error.details or error.message)
        return _by_status(error.status_code, words, _retry_after(error))
    if isinstance(error, keystone.HttpError) and error.http_status:
        return _by_status(error.http_status, f"Keystone: {error.message}", None)
    if isinstance(error, sdk.ConfigException | keystone.AuthPluginException):
        return UpstreamForbidden(f"The worker's credentials cannot be used: {error}")
    if isinstance(error, sdk.EndpointNotFound | keystone.CatalogException):
        return UpstreamRejected(f"This cloud does not offer the service: {error}")
    return UpstreamUnavailable(str(error))


def _by_status(
    status: int, words: str, retry_after_seconds: float | None
) -> RetryableError | PermanentError:
    if status in (403, 409, 413) and "quota" in words.lower():
        return UpstreamQuotaExceeded(words)
    default = UpstreamUnavailable if status >= 500 else UpstreamRejected
    family = _FAMILY_OF.get(status, default)
    if issubclass(family, RetryableError):
        return family(words, retry_after_seconds=retry_after_seconds)
    return family(words)


def _retry_after(error: sdk.HttpException) -> float | None:
    value = "" if error.response is None else error.response.headers.get("Retry-After", "")
    return min(float(value), 3600.0) if value.isdigit() else None

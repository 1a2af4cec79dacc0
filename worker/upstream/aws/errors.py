"""Sorts what boto3 raises into the families of `worker.upstream.errors`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ParamValidationError,
)

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

Family = type[RetryableError] | type[PermanentError]

_CODES: dict[Family, tuple[str, ...]] = {
    UpstreamNotFound: (
        "InvalidInstanceID.Malformed",
        "InvalidInstanceID.NotFound",
        "LoadBalancerNotFound",
    ),
    UpstreamBusy: (
        "CapacityReservationPending",
        # An instance is starting or stopping.
        "IncorrectInstanceState",
        # We look for the name before we create: somebody made it in between. Look again.
        "DuplicateLoadBalancerName",
        "PriorRequestNotComplete",
        # An endpoint service or VPC link still points at it, or did until a moment ago.
        "ResourceInUse",
    ),
    UpstreamThrottled: (
        "BandwidthLimitExceeded",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "TooManyRequests",
        "TooManyRequestsException",
    ),
    UpstreamUnavailable: (
        # Expired credentials are fetched anew by boto3's chain, unless they are static.
        "ExpiredToken",
        "ExpiredTokenException",
        "InternalError",
        "InternalFailure",
        "RequestExpired",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
    ),
    UpstreamForbidden: (
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    ),
}
_FAMILY_OF = {code: family for family, codes in _CODES.items() for code in codes}


@contextmanager
def aws_errors() -> Iterator[None]:
    """Within this context, and in functions decorated with it, boto3's errors become ours."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise upstream_error(error) from error


def upstream_error(error: BotoCoreError | ClientError) -> RetryableError | PermanentError:
    """Return the error of ours that says the same, with AWS's own words where users may see them.

    An error that AWS did not send (no connection, no answer, no credentials) may pass.
    """
    if isinstance(error, ParamValidationError):
        return UpstreamRejected(str(error))
    if isinstance(error, BotoCoreError):
        return UpstreamUnavailable(str(error))
    details = error.response.get("Error", {})
    code = str(details.get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    family = _family(code, status)
    if family is UpstreamForbidden:
        # AWS's words name the worker's role and account, which are no business of users.
        return UpstreamForbidden(
            f"The worker's credentials do not permit {error.operation_name} ({code})."
        )
    return family(f"{details.get('Message') or 'No message.'} ({code}, {error.operation_name})")


def is_out_of_room(code: str) -> bool:
    """Whether a zone or host is full at the moment: EC2 itself is well, and answers with 500.

    Told so of a request ("InsufficientInstanceCapacity") and of a launch that was given up
    ("Server.InsufficientInstanceCapacity").
    """
    name = code.removeprefix("Server.")
    return name.startswith("Insufficient") and "Capacity" in name


def _family(code: str, status: int) -> Family:
    if code in _FAMILY_OF:
        return _FAMILY_OF[code]
    if is_out_of_room(code):
        return UpstreamBusy
    if code.startswith("Thrott") or status == 429:
        return UpstreamThrottled
    if status >= 500:
        return UpstreamUnavailable
    if code.startswith("TooMany") or code.endswith(("LimitExceeded", "LimitExceededException")):
        return UpstreamQuotaExceeded
    return UpstreamRejected

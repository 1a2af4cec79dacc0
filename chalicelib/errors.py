"""Every error that Bellpull raises on purpose, in one tree.

The docstring of a class is its message when none is given, `code` is stable and may be
matched on by clients, and the class alone says whether trying again can help.
"""

from __future__ import annotations

import inspect


class BellpullError(Exception):
    """Something went wrong."""

    code = "internal"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)) or type(self).__name__)

    @property
    def message(self) -> str:
        """The sentence that a user may read."""
        return str(self.args[0])


class SettingsError(BellpullError):
    """An environment variable is missing or has a value that cannot be used."""

    code = "settings"


# --- What a caller of the API is told ------------------------------------------------------


class ApiError(BellpullError):
    """The request cannot be answered."""

    code = "bad-request"
    status = 400
    retry_after_seconds: int | None = None


class MalformedBody(ApiError):
    """The body is not valid JSON."""

    code = "malformed-body"
    status = 400


class InvalidFields(ApiError):
    """Some fields of the request are not valid."""

    code = "invalid-fields"
    status = 422

    def __init__(self, fields: list[tuple[str, str]], message: str | None = None) -> None:
        """`fields`: pairs of a JSON pointer (RFC 6901) and what is wrong at that place."""
        super().__init__(message)
        self.fields = fields


class InvalidQuery(InvalidFields):
    """Some parameters of the query are not valid."""

    code = "invalid-query"


class BodyTooLarge(ApiError):
    """The body of the request is larger than this service accepts."""

    code = "body-too-large"
    status = 413


class UnsupportedMediaType(ApiError):
    """The body must be sent as application/json."""

    code = "unsupported-media-type"
    status = 415


class Unauthorized(ApiError):
    """A valid token is needed: send it as X-Auth-Token or as Authorization: Bearer."""

    code = "unauthorized"
    status = 401


class Forbidden(ApiError):
    """The token does not carry the scope that this request needs."""

    code = "forbidden"
    status = 403


class NotFound(ApiError):
    """Nothing with this id exists in this project."""

    code = "not-found"
    status = 404


class ImmutableObject(ApiError):
    """The state of this object does not permit the change."""

    code = "immutable-object"
    status = 409


class AlreadyExists(ApiError):
    """Something of this name exists in this project."""

    code = "already-exists"
    status = 409


class LimitReached(ApiError):
    """This project has as many objects of this kind as it may have."""

    code = "limit-reached"
    status = 409


class IdempotencyKeyReused(ApiError):
    """This Idempotency-Key was sent within the last day with another request."""

    code = "idempotency-key-reused"
    status = 422


class SecretShownOnce(ApiError):
    """What an earlier request with this Idempotency-Key made is shown once only."""

    code = "secret-shown-once"
    status = 409


class KeystoneUnavailable(ApiError):
    """Keystone cannot be asked about this token at the moment; nothing was changed."""

    code = "keystone-unavailable"
    status = 503
    retry_after_seconds = 5


class PreconditionFailed(ApiError):
    """This object is no longer what If-Match says: look at it again."""

    code = "precondition-failed"
    status = 412


class TooManyRequests(ApiError):
    """This token has sent as many requests as it may in this minute."""

    code = "too-many-requests"
    status = 429
    retry_after_seconds = 60

    def __init__(self, message: str | None = None, retry_after_seconds: int = 60) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class NotReady(ApiError):
    """Something that this service needs cannot be reached at the moment."""

    code = "not-ready"
    status = 503
    retry_after_seconds = 5


class QueueUnavailable(ApiError):
    """SQS cannot be reached at the moment, or does not permit this."""

    code = "queue-unavailable"
    status = 503
    retry_after_seconds = 5


class DatabaseUnavailable(ApiError):
    """The database cannot be reached at the moment; nothing was changed."""

    code = "database-unavailable"
    status = 503
    retry_after_seconds = 5


class RowLocked(DatabaseUnavailable):
    """Somebody else's transaction holds a row for longer than a statement waits."""

    code = "row-locked"


# --- How an attempt at a job can fail --------------------------------------------------------


class RetryableError(BellpullError):
    """The attempt failed in a way that may pass; the job is tried again."""

    code = "retryable"

    def __init__(
        self, message: str | None = None, *, retry_after_seconds: float | None = None
    ) -> None:
        """`retry_after_seconds`: the earliest that another attempt makes sense, if known."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class PermanentError(BellpullError):
    """The attempt failed in a way that no repetition can mend; the job ends."""

    code = "permanent"


class JobCancelled(BellpullError):
    """The job was cancelled while it ran."""

    code = "cancelled"


class IllegalTransition(BellpullError):
    """A job cannot go from its present state to the one asked for."""

    code = "illegal-transition"

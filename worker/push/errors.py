"""How a delivery can fail; the class says whether trying again can help."""

from __future__ import annotations

from chalicelib.errors import PermanentError, RetryableError


class DeliveryFailed(RetryableError):
    """The receiver did not accept the message."""

    code = "delivery-failed"


class DeliveryRefused(PermanentError):
    """The message cannot be delivered there."""

    code = "delivery-refused"

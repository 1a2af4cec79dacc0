"""Which states a record of something in a cloud has, and which changes each permits."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class ProvisioningStatus(StrEnum):
    """State of a record; the words are those of OpenStack Octavia."""

    PENDING_CREATE = "PENDING_CREATE"
    ACTIVE = "ACTIVE"
    PENDING_UPDATE = "PENDING_UPDATE"
    PENDING_DELETE = "PENDING_DELETE"
    DELETED = "DELETED"
    ERROR = "ERROR"


#: States in which a record may be updated. Octavia permits ACTIVE alone; here an update may
#: also mend one in ERROR that exists upstream, since an update that the upstream refused
#: would otherwise cost its owner the thing itself.
MUTABLE = frozenset({ProvisioningStatus.ACTIVE, ProvisioningStatus.ERROR})
#: States in which a record may be destroyed (Octavia's DELETABLE_STATUSES).
DELETABLE = frozenset({ProvisioningStatus.ACTIVE, ProvisioningStatus.ERROR})

#: An upstream's progress with a thing: only "active" makes its record ACTIVE.
Progress = Literal["provisioning", "active", "failed"]


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What an upstream says of a thing, of whatever kind."""

    upstream_id: str
    name: str
    status: Progress
    #: The user's tags; those that Bellpull itself sets are left out.
    tags: dict[str, str] = {}
    #: The upstream's words on why `status` is "failed".
    reason: str | None = None

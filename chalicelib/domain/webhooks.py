"""What webhooks hear of, and which addresses one may have."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from urllib.parse import urlsplit


class EventType(StrEnum):
    """What can happen that a webhook hears of."""

    LOAD_BALANCER_ACTIVE = "load_balancer.active"
    LOAD_BALANCER_UPDATED = "load_balancer.updated"
    LOAD_BALANCER_DELETED = "load_balancer.deleted"
    LOAD_BALANCER_ERROR = "load_balancer.error"
    SERVER_ACTIVE = "server.active"
    SERVER_UPDATED = "server.updated"
    SERVER_REBOOTED = "server.rebooted"
    SERVER_DELETED = "server.deleted"
    SERVER_ERROR = "server.error"
    JOB_SUCCEEDED = "job.succeeded"
    JOB_FAILED = "job.failed"
    JOB_REVOKED = "job.revoked"
    #: Sent on request, to see whether a webhook works.
    PING = "webhook.ping"


#: Arn of an SNS topic, in any partition.
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}")

#: Not for the public, though Python's ipaddress may say so: protocol assignments, relays of
#: 6to4, IPv4 inside of IPv6 as it was done once, translation of IPv4 for local use, site-local.
_NOT_GLOBAL = [
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "::/96", "64:ff9b:1::/48", "fec0::/10")
]
#: IPv4 addresses that gateways make of these (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def wants(patterns: Iterable[str], event_type: str) -> bool:
    """Whether one of a webhook's patterns fits the type of an event."""
    return any(fnmatchcase(event_type, pattern) for pattern in patterns)


def topic_region(url: str) -> str | None:
    """Region of the SNS topic that `url` names, None if it is none."""
    found = _TOPIC.fullmatch(url)
    return found[1] if found else None


def is_permitted_topic(pattern: str | None, arn: str, project_id: str) -> bool:
    """Whether a project may have events published to a topic.

    `pattern`: an ARN in which {project_id} stands for the project, and * for any text.
    """
    if pattern is None:
        return False
    return fnmatchcase(arn, pattern.replace("{project_id}", project_id))


def find_url_problem(url: str, *, is_private_permitted: bool) -> str | None:
    """Why a webhook cannot have this address, None if it can.

    What a host's name resolves to is judged when it is connected to, each time.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("https", "http"):
        return "Expected an address such as https://example.com/hook, or the ARN of an SNS topic."
    if not re.fullmatch(r"[\x21-\x7e]+", url):
        return "Expected printable ASCII characters: percent-encode others, and hosts in punycode."
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "Expected an address without user, password and fragment."
    if parts.scheme == "http" and not is_private_permitted:
        return "Expected https: what is sent would be readable on its way."
    if not is_private_permitted and not _may_be_public(host):
        return "Expected a public address."
    return None


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:  # a name
        return host != "localhost" and not host.endswith((".localhost", ".local", ".internal"))


def is_public(text: str) -> bool:
    """Whether an IP address is one that anybody on the internet can reach.

    Not so: private, loopback, link-local (where clouds serve metadata), multicast, reserved,
    and IPv6 addresses that stand for such an IPv4 one. Raises ValueError if it is no address.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            address = inner
    if any(address in network for network in _NOT_GLOBAL if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast

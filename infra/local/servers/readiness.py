"""Free ports of this machine, and waiting until a server answers on one."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable

#: As urllib's urlopen, past any proxy that the environment names.
open_local = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def find_free_port() -> int:
    """A loopback port that nothing listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers_http(url: str) -> bool:
    """Whether any HTTP answer comes from `url`, be it an error."""
    try:
        with open_local(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def wait_until(
    is_ready: Callable[[], bool], pause: Callable[[float], None] = time.sleep, limit: float = 60
) -> bool:
    """Ask every 50 ms; False if `limit` seconds passed. `pause` may raise to give up earlier."""
    deadline = time.monotonic() + limit
    while not is_ready():
        if time.monotonic() > deadline:
            return False
        pause(0.05)
    return True

"""The browser of this machine, and how it is started without a window."""

from __future__ import annotations

import shutil

#: None: there is none.
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: It runs as root in containers, and must not call home from a network that leads nowhere.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

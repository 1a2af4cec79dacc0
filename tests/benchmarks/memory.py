"""Memory of the processes of a group."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

#: The name of the measure, where the system tells it (Linux) and elsewhere. PSS divides a page
#: that several processes share among them; RSS counts it for each.
_PSS, _RSS = "PSS", "RSS"


def read_group(group: int) -> tuple[dict[int, int], str]:
    """KiB by the id of each process of the group, and what was read: PSS, or else RSS."""
    told = subprocess.run(
        ["ps", "-A", "-o", "pgid=,pid=,rss="], capture_output=True, text=True, check=True
    )
    rows = [tuple(map(int, line.split())) for line in told.stdout.splitlines()]
    resident = {pid: rss for leader, pid, rss in rows if leader == group}
    if not Path("/proc/self/smaps_rollup").exists():
        return resident, _RSS
    shares = {pid: _read_pss(pid) for pid in resident}
    return {pid: kib for pid, kib in shares.items() if kib}, _PSS


def _read_pss(pid: int) -> int:
    """0 if the process has ended meanwhile."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss: +(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) if found else 0


def worst_growth(readings: list[dict[int, int]]) -> tuple[int, float]:
    """Of the processes that lived all the time: which one grew most, and last / first."""
    first, last = readings[0], readings[-1]
    lived = [pid for pid in first if all(pid in reading for reading in readings)]
    if not lived:
        raise ValueError("no process lived from the first reading to the last")
    growths = {pid: last[pid] / first[pid] for pid in lived}
    worst = max(growths, key=lambda pid: growths[pid])
    return worst, growths[worst]

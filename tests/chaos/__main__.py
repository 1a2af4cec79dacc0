"""`python -m tests.chaos`: one run, by the arguments or by JOBS, SEED and WORKERS."""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from infra.local.servers.mariadb import find_server
from tests.chaos.run import Options, Run
from tests.chaos.stack import ROOT


def main() -> int:
    """Exit status: 0 if all promises were kept, 1 if not, 2 if the run cannot begin."""
    options = _read_options()
    if find_server() is None:
        print("There is no MariaDB server on this machine: see `make mariadb`.", file=sys.stderr)  # noqa: T201
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    began, run, is_kept = time.monotonic(), Run(options), False
    try:
        is_kept = run.run()
    except KeyboardInterrupt:
        print("\nstopped: everything it had started ends", flush=True)  # noqa: T201
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # cleaning up is not to be interrupted
        run.stop()
        if not is_kept:
            print(_how_to_repeat(options), flush=True)  # noqa: T201
    if not is_kept:
        return 1
    print(f"seed {options.seed}: all kept, in {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201
    return 0


def _read_options() -> Options:
    def number(name: str, default: int) -> int:
        return int(os.environ.get(name) or default)

    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=number("JOBS", 5000))
    parser.add_argument("--seed", type=int, default=number("SEED", random.randrange(1_000_000)))
    parser.add_argument("--workers", type=int, default=number("WORKERS", 3))
    parser.add_argument("--short", action="store_true", help="a minute, with shorter leases")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "chaos", help="for logs")
    parsed = parser.parse_args()
    if parsed.jobs < 1 or parsed.workers < 1:
        parser.error("there must be a job and a worker")
    return Options(
        jobs=parsed.jobs,
        seed=parsed.seed,
        workers=parsed.workers,
        is_short=parsed.short,
        folder=parsed.folder,
    )


def _how_to_repeat(options: Options) -> str:
    short = " --short" if options.is_short else ""
    return (
        f"seed {options.seed}; again: .venv/bin/python -m tests.chaos --jobs {options.jobs}"
        f" --seed {options.seed} --workers {options.workers}{short}; logs: {options.folder}"
    )


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())

"""`python -m worker COMMAND`: what an operator does by hand."""

from __future__ import annotations

import sys

from worker.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m bellpull` and the command `bellpull`."""

from __future__ import annotations

import sys

from bellpull.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

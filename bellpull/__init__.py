"""The command line client: `bellpull`, a thin layer over the HTTP API."""

#: The newest version in CHANGELOG.md, or with -dev the one that comes next.
__version__ = "0.1.0-dev"

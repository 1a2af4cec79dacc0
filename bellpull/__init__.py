"""The command line client: `bellpull`, a thin layer over the HTTP API."""

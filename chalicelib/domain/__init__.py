"""Rules without I/O: states, transitions, backoff."""

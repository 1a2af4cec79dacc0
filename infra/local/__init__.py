"""The local stack: everything on this machine, with no account."""

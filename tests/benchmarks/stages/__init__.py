"""The bench in parts: each takes the figures of one kind."""

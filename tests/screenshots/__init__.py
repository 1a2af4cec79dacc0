"""Pictures of the console for the README, of a system full of made-up jobs."""

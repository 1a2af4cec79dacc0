"""The tests, by distance: unit, integration, e2e; architecture holds the conventions."""

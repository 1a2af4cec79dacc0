"""From a clone to a running fleet: `make bootstrap`, `plan`, `deploy`, `run`, `destroy`."""

"""Upstreams: what tasks call, by the names under which they are limited and broken off."""

from __future__ import annotations

from sqlalchemy import Engine, select

from chalicelib.broker.contracts import CLOUD, TaskContract, all_contracts
from chalicelib.db.engine import connect
from chalicelib.db.tables import controls
from chalicelib.errors import NotFound
from chalicelib.settings import get_settings

#: Of any project whose things are made where most are.
_ANY_PROJECT = ""


def upstream_of(contract: TaskContract | None, project_id: str) -> str | None:
    """The upstream of a project's job, such as aws:eu-west-1; None: it calls nobody."""
    if contract is None:
        return None
    if contract.upstream != CLOUD:
        return contract.upstream
    return get_settings().upstream_of(project_id)


def list_upstreams() -> list[str]:
    """Every upstream that a job can have, by the contracts and the settings."""
    projects = [_ANY_PROJECT, *get_settings().projects_elsewhere]
    found = {
        upstream_of(contract, project_id)
        for contract in all_contracts().values()
        for project_id in projects
    }
    return sorted(name for name in found if name is not None)


def require_upstream(engine: Engine, name: str) -> None:
    """Raises NotFound if no job can have it as its upstream, and nothing was said about it."""
    known = list_upstreams()
    if name in known:
        return
    said = select(controls.c.name).where(controls.c.scope == "upstream", controls.c.name == name)
    with connect(engine) as connection:
        if connection.execute(said).first() is None:
            raise NotFound(f"There is no upstream {name}; there are {', '.join(known)}.")

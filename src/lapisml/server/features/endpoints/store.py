"""Rows of endpoints, deployments and revisions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update

from lapisml.server.features.endpoints.records import DeploymentRecord, EndpointRecord, Revision, RevisionState
from lapisml.server.features.endpoints.tables import online_deployments as deployments
from lapisml.server.features.endpoints.tables import online_endpoints as endpoints
from lapisml.server.features.endpoints.tables import online_revisions as revisions


def endpoint(connection: Connection, workspace_id: int, name: str, *, lock: bool = False) -> EndpointRecord | None:
    """Read an endpoint by name; `lock` holds its row until the transaction ends (PostgreSQL)."""
    query = select(endpoints).where(endpoints.c.workspace_id == workspace_id, endpoints.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return _endpoint(row) if row else None


def endpoints_of(connection: Connection, workspace_id: int) -> list[EndpointRecord]:
    """Read the endpoints of a workspace, by name."""
    query = select(endpoints).where(endpoints.c.workspace_id == workspace_id).order_by(endpoints.c.name)
    return [_endpoint(row) for row in connection.execute(query)]


def endpoints_at(connection: Connection, site: str) -> list[EndpointRecord]:
    """Read the endpoints of an installation, in the order in which they were made."""
    query = select(endpoints).where(endpoints.c.site == site).order_by(endpoints.c.id)
    return [_endpoint(row) for row in connection.execute(query)]


def add_endpoint(connection: Connection, values: dict[str, Any]) -> None:
    """Insert an endpoint."""
    connection.execute(insert(endpoints).values(**values))


def change_endpoint(connection: Connection, endpoint_id: int, **values: Any) -> None:
    """Update columns of an endpoint."""
    connection.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(**values))


def remove_endpoint(connection: Connection, endpoint_id: int) -> None:
    """Delete an endpoint that has no deployments any longer."""
    connection.execute(delete(endpoints).where(endpoints.c.id == endpoint_id))


def deployment(connection: Connection, endpoint_id: int, name: str) -> DeploymentRecord | None:
    """Read a deployment by name."""
    where = (deployments.c.endpoint_id == endpoint_id, deployments.c.name == name)
    row = connection.execute(select(deployments).where(*where)).first()
    return _deployment(row) if row else None


def deployments_of(connection: Connection, endpoint_id: int) -> list[DeploymentRecord]:
    """Read the deployments of an endpoint, by name."""
    query = select(deployments).where(deployments.c.endpoint_id == endpoint_id).order_by(deployments.c.name)
    return [_deployment(row) for row in connection.execute(query)]


def deployments_in(connection: Connection, endpoint_ids: list[int]) -> list[DeploymentRecord]:
    """Read the deployments of several endpoints, by name."""
    query = select(deployments).where(deployments.c.endpoint_id.in_(endpoint_ids)).order_by(deployments.c.name)
    return [_deployment(row) for row in connection.execute(query)]


def deployments_at(connection: Connection, site: str) -> list[DeploymentRecord]:
    """Read the deployments of all endpoints of an installation."""
    mine = select(endpoints.c.id).where(endpoints.c.site == site)
    query = select(deployments).where(deployments.c.endpoint_id.in_(mine)).order_by(deployments.c.id)
    return [_deployment(row) for row in connection.execute(query)]


def add_deployment(connection: Connection, values: dict[str, Any]) -> int:
    """Insert a deployment and return its number."""
    made = connection.execute(insert(deployments).values(**values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def change_deployment(connection: Connection, deployment_id: int, **values: Any) -> None:
    """Update columns of a deployment."""
    connection.execute(update(deployments).where(deployments.c.id == deployment_id).values(**values))


def remove_deployment(connection: Connection, deployment_id: int) -> None:
    """Delete a deployment; its revisions stay, so that its answers can still be traced."""
    mine = revisions.c.deployment_id == deployment_id
    connection.execute(update(revisions).where(mine).values(deployment_id=None))
    connection.execute(delete(deployments).where(deployments.c.id == deployment_id))


def revision(connection: Connection, revision_id: str) -> Revision | None:
    """Read a revision."""
    row = connection.execute(select(revisions).where(revisions.c.id == revision_id)).first()
    return _revision(row) if row else None


def revisions_by_id(connection: Connection, ids: list[str]) -> dict[str, Revision]:
    """Read revisions, by id."""
    rows = connection.execute(select(revisions).where(revisions.c.id.in_(ids)))
    return {row.id: _revision(row) for row in rows}


def live_revisions(connection: Connection, site: str) -> list[Revision]:
    """Read the revisions of an installation of which something may still run, the oldest first."""
    where = and_(revisions.c.site == site, revisions.c.ended_at.is_(None))
    query = select(revisions).where(where).order_by(revisions.c.created_at, revisions.c.id)
    return [_revision(row) for row in connection.execute(query)]


def add_revision(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a revision."""
    connection.execute(insert(revisions).values(**values))


def change_revision(connection: Connection, revision_id: str, at: int | None = None, **values: Any) -> bool:
    """Update columns of a revision; say whether it was at attempt `at`, which it must be when that is given."""
    where = revisions.c.id == revision_id
    if at is not None:
        where = and_(where, revisions.c.attempt == at)
    return connection.execute(update(revisions).where(where).values(**values)).rowcount == 1


def retire(connection: Connection, deployment_id: int, *, keep: tuple[str | None, ...] = ()) -> None:
    """Let every revision of a deployment end, and be cleared away, but those in `keep`."""
    where = [revisions.c.deployment_id == deployment_id, revisions.c.state != RevisionState.RETIRED.value]
    kept = [one for one in keep if one is not None]
    if kept:
        where.append(revisions.c.id.not_in(kept))
    connection.execute(update(revisions).where(*where).values(state=RevisionState.RETIRED.value, ended_at=None))


def user_of(
    connection: Connection, workspace_id: int | None, model: str | None, environment: str | None
) -> Revision | None:
    """Give a revision of a deployment that uses a model or an environment, by its key; None without one.

    Args:
        workspace_id: whose deployments; None for all, since all may use what a registry has.
    """
    used = [column == value for column, value in _assets(model, environment) if value is not None]
    in_use = (deployments.c.revision == revisions.c.id) | (deployments.c.serving == revisions.c.id)
    query = select(revisions).join(deployments, deployments.c.id == revisions.c.deployment_id)
    where = [or_(*used), or_(in_use, revisions.c.ended_at.is_(None))]
    if workspace_id is not None:
        where.append(revisions.c.workspace_id == workspace_id)
    row = connection.execute(query.where(*where).limit(1)).first()
    return _revision(row) if row else None


def _assets(model: str | None, environment: str | None) -> list[tuple[Any, str | None]]:
    return [(revisions.c.model, model), (revisions.c.environment, environment)]


def _endpoint(row: Row[Any]) -> EndpointRecord:
    return EndpointRecord(**row._mapping)  # noqa: SLF001 - the documented mapping view of a row


def _deployment(row: Row[Any]) -> DeploymentRecord:
    return DeploymentRecord(**row._mapping)  # noqa: SLF001 - the documented mapping view of a row


def _revision(row: Row[Any]) -> Revision:
    values = dict(row._mapping)  # noqa: SLF001 - the documented mapping view of a row
    return Revision(**{**values, "state": RevisionState(values["state"])})

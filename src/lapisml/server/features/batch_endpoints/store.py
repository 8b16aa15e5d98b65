"""Rows of batch endpoints, deployments and invocations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from lapisml.server.features.batch_endpoints.records import BatchDeployment, BatchEndpoint, Invocation
from lapisml.server.features.batch_endpoints.tables import batch_deployments as deployments
from lapisml.server.features.batch_endpoints.tables import batch_endpoints as endpoints
from lapisml.server.features.batch_endpoints.tables import batch_invocations as invocations


def endpoint(connection: Connection, workspace_id: int, name: str) -> BatchEndpoint | None:
    """Read an endpoint by name."""
    where = and_(endpoints.c.workspace_id == workspace_id, endpoints.c.name == name)
    row = connection.execute(select(endpoints).where(where)).first()
    return BatchEndpoint(**_values(row)) if row else None


def find_endpoints(connection: Connection, workspace_id: int, limit: int, after: str | None) -> list[BatchEndpoint]:
    """Read endpoints by name, those after the name `after`."""
    query = select(endpoints).where(endpoints.c.workspace_id == workspace_id)
    if after is not None:
        query = query.where(endpoints.c.name > after)
    return [BatchEndpoint(**_values(row)) for row in connection.execute(query.order_by(endpoints.c.name).limit(limit))]


def add_endpoint(connection: Connection, values: dict[str, Any]) -> None:
    """Insert an endpoint."""
    connection.execute(insert(endpoints).values(**values))


def change_endpoint(connection: Connection, endpoint_id: int, **values: Any) -> None:
    """Update columns of an endpoint."""
    connection.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(**values))


def remove_endpoint(connection: Connection, endpoint_id: int) -> None:
    """Delete an endpoint, its deployments, and what is known of its invocations."""
    connection.execute(delete(invocations).where(invocations.c.endpoint_id == endpoint_id))
    connection.execute(delete(deployments).where(deployments.c.endpoint_id == endpoint_id))
    connection.execute(delete(endpoints).where(endpoints.c.id == endpoint_id))


def deployment(connection: Connection, endpoint_id: int, name: str) -> BatchDeployment | None:
    """Read a deployment by name."""
    where = and_(deployments.c.endpoint_id == endpoint_id, deployments.c.name == name)
    row = connection.execute(select(deployments).where(where)).first()
    return BatchDeployment(**_values(row)) if row else None


def find_deployments(
    connection: Connection, endpoint_id: int, limit: int, after: str | None = None
) -> list[BatchDeployment]:
    """Read an endpoint's deployments by name, those after the name `after`."""
    query = select(deployments).where(deployments.c.endpoint_id == endpoint_id)
    if after is not None:
        query = query.where(deployments.c.name > after)
    rows = connection.execute(query.order_by(deployments.c.name).limit(limit))
    return [BatchDeployment(**_values(row)) for row in rows]


def add_deployment(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a deployment."""
    connection.execute(insert(deployments).values(**values))


def change_deployment(connection: Connection, deployment_id: int, **values: Any) -> None:
    """Update columns of a deployment."""
    connection.execute(update(deployments).where(deployments.c.id == deployment_id).values(**values))


def remove_deployment(connection: Connection, deployment_id: int) -> None:
    """Delete a deployment; the jobs that it made stay with the endpoint."""
    connection.execute(delete(deployments).where(deployments.c.id == deployment_id))


def users_of_model(connection: Connection, workspace_id: int | None, model: str) -> list[tuple[str, str]]:
    """Give (endpoint, deployment) of those that use a model, by its key; no workspace: of every one."""
    where = deployments.c.model == model
    if workspace_id is not None:
        where = and_(endpoints.c.workspace_id == workspace_id, where)
    query = select(endpoints.c.name, deployments.c.name).join(endpoints, endpoints.c.id == deployments.c.endpoint_id)
    return [(row[0], row[1]) for row in connection.execute(query.where(where).order_by(endpoints.c.name))]


def add_invocation(connection: Connection, endpoint_id: int, deployment_name: str, job_name: str, now: int) -> None:
    """Note the job of an invocation; a second time does nothing."""
    if not has_invocation(connection, endpoint_id, job_name):
        values = {"endpoint_id": endpoint_id, "deployment": deployment_name, "job_name": job_name, "created_at": now}
        connection.execute(insert(invocations).values(**values))


def has_invocation(connection: Connection, endpoint_id: int, job_name: str) -> bool:
    """Say whether an invocation of an endpoint started a job."""
    where = and_(invocations.c.endpoint_id == endpoint_id, invocations.c.job_name == job_name)
    return connection.execute(select(invocations.c.id).where(where)).first() is not None


def find_invocations(
    connection: Connection, endpoint_id: int, deployment_name: str | None, limit: int, before: int | None
) -> list[Invocation]:
    """Read invocations, the last first, older than row number `before`; None for the name means all deployments."""
    query = select(invocations).where(invocations.c.endpoint_id == endpoint_id)
    if deployment_name is not None:
        query = query.where(invocations.c.deployment == deployment_name)
    if before is not None:
        query = query.where(invocations.c.id < before)
    rows = connection.execute(query.order_by(invocations.c.id.desc()).limit(limit))
    return [Invocation(**_values(row)) for row in rows]


def _values(row: Row[Any]) -> dict[str, Any]:
    return dict(row._mapping)  # noqa: SLF001 - the documented mapping view of a row

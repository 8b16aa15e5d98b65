"""Which model a deployment runs, and which deployments run models: what lineage asks, in one statement each."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from lapisml.server.features.batch_endpoints.tables import batch_deployments as deployments
from lapisml.server.features.batch_endpoints.tables import batch_endpoints as endpoints
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

_JOINED = endpoints.join(deployments, deployments.c.endpoint_id == endpoints.c.id)


def model_of(database: Database, workspace: Workspace, endpoint: str, deployment: str) -> str | None:
    """Give the key of a deployment's model; None without a deployment or a model."""
    query = select(deployments.c.model).select_from(_JOINED).where(endpoints.c.workspace_id == workspace.id)
    query = query.where(endpoints.c.name == endpoint, deployments.c.name == deployment)
    with database.read() as connection:
        found = connection.execute(query).scalar()
    return str(found) if found is not None else None


def deployments_of(database: Database, workspace: Workspace, models: Collection[str]) -> list[tuple[str, str, str]]:
    """Give (model, endpoint, deployment) of the deployments that run models, which are known by their keys."""
    query = select(deployments.c.model, endpoints.c.name, deployments.c.name).select_from(_JOINED)
    query = query.where(endpoints.c.workspace_id == workspace.id, deployments.c.model.in_(models))
    with database.read() as connection:
        rows = connection.execute(query.order_by(endpoints.c.name, deployments.c.name)).all()
    return [(model, endpoint, deployment) for model, endpoint, deployment in rows]

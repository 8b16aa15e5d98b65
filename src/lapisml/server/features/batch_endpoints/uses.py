"""Which deployments of batch endpoints run a model."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from lapisml.server.features.batch_endpoints.tables import batch_deployments as deployments
from lapisml.server.features.batch_endpoints.tables import batch_endpoints as endpoints
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database


@dataclass(frozen=True)
class BatchUse:
    """A deployment of a model, which is known by its key."""

    model: str
    endpoint: str
    deployment: str
    is_default: bool


def uses_of_model(database: Database, workspace: Workspace, name: str) -> list[BatchUse]:
    """Give the deployments of all versions of a workspace's model, by endpoint and name, in one query."""
    joined = endpoints.join(deployments, deployments.c.endpoint_id == endpoints.c.id)
    columns = (deployments.c.model, endpoints.c.name, deployments.c.name, endpoints.c.document)
    query = select(*columns).select_from(joined).where(endpoints.c.workspace_id == workspace.id)
    query = query.where(deployments.c.model.startswith(f"{name}:", autoescape=True)).order_by(
        endpoints.c.name, deployments.c.name
    )
    with database.read() as connection:
        return [
            BatchUse(model, endpoint, name, (document.get("defaults") or {}).get("deployment_name") == name)
            for model, endpoint, name, document in connection.execute(query)
        ]

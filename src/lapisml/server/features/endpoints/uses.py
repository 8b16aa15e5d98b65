"""Which deployments serve a model, or shall."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select

from lapisml.server.features.endpoints import store
from lapisml.server.features.endpoints.records import DeploymentRecord, Provisioning
from lapisml.server.features.endpoints.tables import online_deployments as deployments
from lapisml.server.features.endpoints.tables import online_endpoints as endpoints
from lapisml.server.features.endpoints.tables import online_revisions as revisions
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database


@dataclass(frozen=True)
class ModelUse:
    """A deployment of a model.

    Attributes:
        model: the model's key (`AssetRecord.key`).
        state: of the deployment.
        is_serving: this model answers; else it shall once it is ready.
        traffic: share of the endpoint's requests, percent.
    """

    model: str
    endpoint: str
    deployment: str
    state: Provisioning
    is_serving: bool
    traffic: int


def uses_of_model(database: Database, workspace: Workspace, name: str) -> list[ModelUse]:
    """Give the deployments of all versions of a workspace's model, by endpoint and name, in two queries."""
    in_use = or_(deployments.c.revision == revisions.c.id, deployments.c.serving == revisions.c.id)
    joined = endpoints.join(deployments, deployments.c.endpoint_id == endpoints.c.id).join(
        revisions, (revisions.c.deployment_id == deployments.c.id) & in_use
    )
    around = (endpoints.c.name.label("endpoint"), endpoints.c.traffic, revisions.c.model, revisions.c.id.label("used"))
    query = select(*deployments.c, *around).select_from(joined)
    query = query.where(endpoints.c.workspace_id == workspace.id, _is_version_of(name))
    with database.read() as connection:
        rows = connection.execute(query.order_by(endpoints.c.name, deployments.c.name)).all()
        wanted = store.revisions_by_id(connection, [row.revision for row in rows])
    found = []
    for row in rows:
        record = DeploymentRecord(**{column.name: getattr(row, column.name) for column in deployments.c})
        state, is_serving = record.state(wanted.get(record.revision)), row.used == record.serving
        share = int(row.traffic.get(record.name, 0)) if is_serving else 0
        found.append(ModelUse(row.model, row.endpoint, record.name, state, is_serving, share))
    return found


def _is_version_of(name: str) -> ColumnElement[bool]:
    return revisions.c.model.startswith(f"{name}:", autoescape=True)

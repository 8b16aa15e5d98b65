"""Native HTTP route of lineage."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from typing_extensions import TypedDict

from lapisml.server.features.studio.ancestry import Node
from lapisml.server.features.studio.lineage import Graph, Lineage
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.openapi import Json, answers
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.wire import timestamp

Kind = Literal["job", "data", "model", "online", "batch"]


class LineageNodeBody(TypedDict):
    """One thing of a lineage.

    Attributes:
        kind: ``job``, ``run``, ``data``, ``model``, ``online``, ``batch``, ``dataset`` or ``uri``.
        version: of an asset; of a deployment its name; of a dataset its digest.
        parent: the job that started this one.
        holder: id of that job's node, where it is shown too.
    """

    id: str
    kind: str
    name: str
    version: str
    label: str
    type: str
    status: str
    at: str | None
    parent: str | None
    holder: str | None


class LineageEdgeBody(TypedDict):
    """From what was used to what came of it."""

    source: str
    target: str


class LineageBody(TypedDict):
    """A lineage; `is_cut`: there is more than is told."""

    start: list[str]
    nodes: list[LineageNodeBody]
    edges: list[LineageEdgeBody]
    is_cut: bool


def router(lineage: Lineage, workspaces: WorkspaceService) -> Routes:
    """Make the route below ``/api/v1/workspaces/{ws}``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}", tags=["studio"])

    @routes.get("/lineage", response_model=None, openapi_extra=answers(LineageBody))
    def get_lineage(
        ws: str, kind: Kind, name: str, version: str = "", depth: Annotated[int, Query(ge=1, le=8)] = 4
    ) -> Json[LineageBody]:
        """Give what something came from and what came of it, some levels each way."""
        return Json(_body(lineage.of(workspaces.get(ws), kind, name, version, depth)))

    return routes


def _body(graph: Graph) -> LineageBody:
    edges: list[LineageEdgeBody] = [{"source": source, "target": target} for source, target in sorted(graph.edges)]
    nodes = [_node(node) for node in graph.nodes.values()]
    return {"start": graph.start, "nodes": nodes, "edges": edges, "is_cut": graph.is_cut}


def _node(node: Node) -> LineageNodeBody:
    return {
        "id": node.id, "kind": node.kind, "name": node.name, "version": node.version, "label": node.label,
        "type": node.type, "status": node.status, "at": timestamp(node.at), "parent": node.parent,
        "holder": node.holder,
    }  # fmt: skip

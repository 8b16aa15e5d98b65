"""Native HTTP routes of computes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.compute.service import ComputeService, capacity, sizes
from lapisml.server.features.compute.store import ComputeRecord
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.wire import arm_id, creation_context


def router(computes: ComputeService, workspaces: WorkspaceService) -> APIRouter:
    """Make the routes below ``/api/v1/workspaces/{ws}``."""
    routes = APIRouter(prefix="/api/v1/workspaces/{ws}", tags=["compute"])

    @routes.get("/computes")
    def list_computes(ws: str) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        return {
            "value": [_wire(computes, workspace, record) for record in computes.all_of(workspace)],
            "next": None,
        }

    @routes.put("/computes/{name}")
    def put_compute(ws: str, name: str, body: dict[str, Any], request: Request) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        if str(body.get("name", name)).lower() != name.lower():
            raise LapisError(ErrorCode.USAGE, "The document's name differs from the address.")
        record = computes.create_or_update(workspace, {**body, "name": name}, request.state.principal.name)
        return _wire(computes, workspace, record)

    @routes.get("/computes/{name}")
    def get_compute(ws: str, name: str) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        return _wire(computes, workspace, computes.get(workspace, name))

    @routes.patch("/computes/{name}")
    def patch_compute(ws: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        return _wire(computes, workspace, computes.update(workspace, name, body))

    @routes.delete("/computes/{name}", status_code=204)
    def delete_compute(ws: str, name: str) -> None:
        computes.delete(workspaces.get(ws), name)

    @routes.post("/computes/{name}/{verb}")
    def turn_compute(ws: str, name: str, verb: str) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        states = {"start": "Running", "stop": "Stopped", "restart": "Running"}
        if verb not in states:
            raise LapisError(ErrorCode.NOT_FOUND, f"A compute can't '{verb}'; it can start, stop, restart.")
        return _wire(computes, workspace, computes.set_state(workspace, name, states[verb]))

    @routes.get("/computes/{name}/nodes")
    def list_nodes(ws: str, name: str) -> dict[str, Any]:
        return {"value": computes.nodes(workspaces.get(ws), name), "next": None}

    @routes.get("/compute-sizes")
    def list_sizes(ws: str) -> dict[str, Any]:
        workspaces.get(ws)
        return {"value": sizes(), "next": None}

    @routes.get("/compute-usage")
    def list_usage(ws: str) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        return {
            "value": [_usage(computes, workspace, record) for record in computes.all_of(workspace)],
            "next": None,
        }

    return routes


def _wire(computes: ComputeService, workspace: Workspace, record: ComputeRecord) -> dict[str, Any]:
    body = {
        **record.document,
        "name": record.name,
        "id": arm_id(workspace.name, "computes", record.name),
        "provisioning_state": "Succeeded",
        "location": record.document.get("location", "local"),
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }
    if record.document["type"] == "computeinstance":
        return {**body, "state": record.state}
    busy = len({index for holder in computes.occupancy(workspace, record.name) for index in holder.nodes})
    low = int(record.document.get("min_instances") or 0)
    return {
        **body,
        "current_node_count": max(low, busy),
        "running_node_count": busy,
        "max_instances": capacity(record),
    }


def _usage(computes: ComputeService, workspace: Workspace, record: ComputeRecord) -> dict[str, Any]:
    busy = len({index for holder in computes.occupancy(workspace, record.name) for index in holder.nodes})
    return {"name": record.name, "unit": "Count", "current_value": busy, "limit": capacity(record)}

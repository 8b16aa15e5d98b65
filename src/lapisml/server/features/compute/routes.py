"""Native HTTP routes of computes."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.compute.service import (
    ComputeNode,
    ComputeService,
    ComputeSize,
    capacity,
    is_attached,
    sizes,
)
from lapisml.server.features.compute.store import ComputeRecord
from lapisml.server.features.compute.wire import ComputeBody, UsageBody, compute_body, node_bodies
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes

_ASKED_WITHIN_S = 10.0
"""How long one waits for an attached compute to say how it is, seconds."""


def router(computes: ComputeService, workspaces: WorkspaceService) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}", tags=["compute"])

    @routes.get("/computes", response_model=None, openapi_extra=answers(Page[ComputeBody]))
    def list_computes(ws: str) -> Json[Page[ComputeBody]]:
        workspace = workspaces.get(ws)
        return Json({"value": [_wire(computes, workspace, one) for one in computes.all_of(workspace)], "next": None})

    @routes.put("/computes/{name}", response_model=None, openapi_extra=answers(ComputeBody))
    def put_compute(ws: str, name: str, body: dict[str, Any], request: Request) -> Json[ComputeBody]:
        workspace = workspaces.get(ws)
        if str(body.get("name", name)).lower() != name.lower():
            raise LapisError(ErrorCode.USAGE, "The document's name differs from the address.")
        record = computes.create_or_update(workspace, {**body, "name": name}, request.state.principal.name)
        return Json(_whole(computes, workspace, record))

    @routes.get("/computes/{name}", response_model=None, openapi_extra=answers(ComputeBody))
    def get_compute(ws: str, name: str) -> Json[ComputeBody]:
        workspace = workspaces.get(ws)
        return Json(_whole(computes, workspace, computes.get(workspace, name)))

    @routes.patch("/computes/{name}", response_model=None, openapi_extra=answers(ComputeBody))
    def patch_compute(ws: str, name: str, body: dict[str, Any]) -> Json[ComputeBody]:
        workspace = workspaces.get(ws)
        return Json(_wire(computes, workspace, computes.update(workspace, name, body)))

    @routes.delete("/computes/{name}", status_code=204)
    def delete_compute(ws: str, name: str, force: bool = False) -> None:
        computes.delete(workspaces.get(ws), name, force)

    @routes.post("/computes/{name}/{verb}", response_model=None, openapi_extra=answers(ComputeBody))
    def turn_compute(ws: str, name: str, verb: str) -> Json[ComputeBody]:
        workspace = workspaces.get(ws)
        states = {"start": "Running", "stop": "Stopped", "restart": "Running"}
        if verb not in states:
            raise LapisError(ErrorCode.NOT_FOUND, f"A compute can't '{verb}'; it can start, stop, restart.")
        return Json(_wire(computes, workspace, computes.set_state(workspace, name, states[verb])))

    @routes.get("/computes/{name}/nodes", response_model=None, openapi_extra=answers(Page[ComputeNode]))
    def list_nodes(ws: str, name: str) -> Json[Page[ComputeNode]]:
        return Json({"value": computes.nodes(workspaces.get(ws), name), "next": None})

    @routes.get("/compute-sizes", response_model=None, openapi_extra=answers(Page[ComputeSize]))
    def list_sizes(ws: str) -> Json[Page[ComputeSize]]:
        workspaces.get(ws)
        return Json({"value": sizes(), "next": None})

    @routes.get("/compute-usage", response_model=None, openapi_extra=answers(Page[UsageBody]))
    def list_usage(ws: str) -> Json[Page[UsageBody]]:
        workspace = workspaces.get(ws)
        return Json({"value": [_usage(computes, workspace, one) for one in computes.all_of(workspace)], "next": None})

    return routes


def _wire(computes: ComputeService, workspace: Workspace, record: ComputeRecord) -> ComputeBody:
    if is_attached(record.document):
        return compute_body(workspace.name, record, 0, computes.standing(workspace, record))
    is_instance = record.document["type"] == "computeinstance"
    busy = 0 if is_instance else computes.busy_nodes(workspace, record.name)
    return compute_body(workspace.name, record, busy)


def _whole(computes: ComputeService, workspace: Workspace, record: ComputeRecord) -> ComputeBody:
    """Make the record of one compute, with its machines and with who waits for it."""
    if not is_attached(record.document):
        return {**_wire(computes, workspace, record), "queue": computes.waiting(workspace, record.name)}
    standing = computes.standing(workspace, record, wait_s=_ASKED_WITHIN_S)
    body = compute_body(workspace.name, record, 0, standing)
    return {**body, "nodes": node_bodies(standing), "queue": computes.waiting(workspace, record.name)}


def _usage(computes: ComputeService, workspace: Workspace, record: ComputeRecord) -> UsageBody:
    pool = computes.pool(workspace, record.name)
    busy = computes.busy_nodes(workspace, record.name)
    limit = capacity(record) if pool is None else pool.shown
    return {"name": record.name, "unit": "Count", "current_value": busy, "limit": limit}

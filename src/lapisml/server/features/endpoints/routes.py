"""Native HTTP routes of online endpoints and their deployments."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.endpoints.deployments import DeploymentService
from lapisml.server.features.endpoints.logs import DeploymentLogs
from lapisml.server.features.endpoints.service import EndpointService, page
from lapisml.server.features.endpoints.wire import (
    LogText,
    OnlineDeploymentBody,
    OnlineEndpointBody,
    PredictionBody,
    deployment_body,
    endpoint_body,
    prediction_body,
)
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes

Limit = Annotated[int, Query(ge=1, le=1000)]


def router(
    endpoints: EndpointService, deployments: DeploymentService, logs: DeploymentLogs, workspaces: WorkspaceService
) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}/online-endpoints``, and ``…/predictions``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}", tags=["online endpoints"])
    _add_endpoints(routes, endpoints, workspaces)
    _add_credentials(routes, endpoints, workspaces)
    _add_deployments(routes, deployments, logs, workspaces)

    @routes.get("/predictions/{request_id}", response_model=None, openapi_extra=answers(PredictionBody))
    def get_prediction(ws: str, request_id: str) -> Json[PredictionBody]:
        return Json(prediction_body(*deployments.prediction(workspaces.get(ws), request_id)))

    return routes


def _add_endpoints(routes: Routes, endpoints: EndpointService, workspaces: WorkspaceService) -> None:
    @routes.get("/online-endpoints", response_model=None, openapi_extra=answers(Page[OnlineEndpointBody]))
    def list_endpoints(ws: str, limit: Limit = 100, token: str | None = None) -> Json[Page[OnlineEndpointBody]]:
        found = endpoints.all_of(workspaces.get(ws))
        indexes, following = page([one.name for one in found], limit, token)
        return Json({"value": [endpoint_body(ws, found[index]) for index in indexes], "next": following})

    @routes.put("/online-endpoints/{name}", response_model=None, openapi_extra=answers(OnlineEndpointBody))
    def put_endpoint(ws: str, name: str, document: dict[str, Any], request: Request) -> Json[OnlineEndpointBody]:
        if document.get("name", name) != name:
            raise LapisError(ErrorCode.USAGE, "The document's name differs from the address.")
        by = request.state.principal.name
        return Json(endpoint_body(ws, endpoints.create_or_update(workspaces.get(ws), name, document, by)))

    @routes.get("/online-endpoints/{name}", response_model=None, openapi_extra=answers(OnlineEndpointBody))
    def get_endpoint(ws: str, name: str) -> Json[OnlineEndpointBody]:
        return Json(endpoint_body(ws, endpoints.get(workspaces.get(ws), name)))

    @routes.delete("/online-endpoints/{name}", status_code=202)
    def delete_endpoint(ws: str, name: str) -> None:
        endpoints.delete(workspaces.get(ws), name)


def _add_credentials(routes: Routes, endpoints: EndpointService, workspaces: WorkspaceService) -> None:
    @routes.post("/online-endpoints/{name}/keys")
    def list_keys(ws: str, name: str) -> dict[str, Any]:
        return endpoints.keys(workspaces.get(ws), name)

    @routes.post("/online-endpoints/{name}/token")
    def make_token(ws: str, name: str) -> dict[str, Any]:
        return endpoints.token(workspaces.get(ws), name)

    @routes.post(
        "/online-endpoints/{name}/regenerate-keys", response_model=None, openapi_extra=answers(OnlineEndpointBody)
    )
    def regenerate_keys(ws: str, name: str, body: dict[str, Any]) -> Json[OnlineEndpointBody]:
        key_type = str(body.get("key_type") or "primary")
        return Json(endpoint_body(ws, endpoints.regenerate_key(workspaces.get(ws), name, key_type)))


def _add_deployments(
    routes: Routes, deployments: DeploymentService, logs: DeploymentLogs, workspaces: WorkspaceService
) -> None:
    below = "/online-endpoints/{endpoint}/deployments"

    @routes.get(below, response_model=None, openapi_extra=answers(Page[OnlineDeploymentBody]))
    def list_deployments(
        ws: str, endpoint: str, limit: Limit = 100, token: str | None = None
    ) -> Json[Page[OnlineDeploymentBody]]:
        found = deployments.all_of(workspaces.get(ws), endpoint)
        indexes, following = page([one.record.name for one in found], limit, token)
        return Json({"value": [deployment_body(ws, found[index]) for index in indexes], "next": following})

    @routes.put(below + "/{name}", response_model=None, openapi_extra=answers(OnlineDeploymentBody))
    def put_deployment(
        ws: str, endpoint: str, name: str, document: dict[str, Any], request: Request
    ) -> Json[OnlineDeploymentBody]:
        by = request.state.principal.name
        return Json(deployment_body(ws, deployments.create_or_update(workspaces.get(ws), endpoint, name, document, by)))

    @routes.get(below + "/{name}", response_model=None, openapi_extra=answers(OnlineDeploymentBody))
    def get_deployment(ws: str, endpoint: str, name: str) -> Json[OnlineDeploymentBody]:
        return Json(deployment_body(ws, deployments.get(workspaces.get(ws), endpoint, name)))

    @routes.delete(below + "/{name}", status_code=202)
    def delete_deployment(ws: str, endpoint: str, name: str) -> None:
        deployments.delete(workspaces.get(ws), endpoint, name)

    @routes.get(below + "/{name}/logs", response_model=None, openapi_extra=answers(LogText))
    def get_logs(
        ws: str, endpoint: str, name: str, lines: int = 50, container: str = "inference-server"
    ) -> Json[LogText]:
        workspace = workspaces.get(ws)
        view = deployments.get(workspace, endpoint, name)
        revision = view.revision or view.serving
        content = logs.tail(workspace, revision, lines, container) if revision is not None else ""
        return Json({"content": content})

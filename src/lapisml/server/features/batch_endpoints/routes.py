"""Native HTTP routes of batch endpoints."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.batch_endpoints import asked, azure_form
from lapisml.server.features.batch_endpoints.service import BatchEndpointService
from lapisml.server.features.batch_endpoints.wire import (
    BatchDeploymentBody,
    BatchEndpointBody,
    deployment_body,
    endpoint_body,
)
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.jobs.wire import JobBody, job_body
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes

_DEPLOYMENT_HEADER = "azureml-model-deployment"
Limit = Annotated[int, Query(ge=1, le=1000)]


def router(endpoints: BatchEndpointService, jobs: JobService, workspaces: WorkspaceService) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}/batch-endpoints``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}/batch-endpoints", tags=["batch endpoints"])
    _add_endpoints(routes, endpoints, workspaces)
    _add_deployments(routes, endpoints, workspaces)
    _add_jobs(routes, endpoints, jobs, workspaces)
    return routes


def _add_endpoints(routes: Routes, endpoints: BatchEndpointService, workspaces: WorkspaceService) -> None:
    @routes.get("", response_model=None, openapi_extra=answers(Page[BatchEndpointBody]))
    def list_batch_endpoints(
        ws: str, request: Request, limit: Limit = 100, token: str | None = None
    ) -> Json[Page[BatchEndpointBody]]:
        found = endpoints.find(workspaces.get(ws), limit, token)
        following = found[-1].name if len(found) == limit else None
        return Json({"value": [endpoint_body(ws, record, _address(request)) for record in found], "next": following})

    @routes.put("/{endpoint}", response_model=None, openapi_extra=answers(BatchEndpointBody))
    def put_batch_endpoint(
        ws: str, endpoint: str, document: dict[str, Any], request: Request
    ) -> Json[BatchEndpointBody]:
        _check_name(document, endpoint)
        record = endpoints.put(workspaces.get(ws), endpoint, document, request.state.principal.name)
        return Json(endpoint_body(ws, record, _address(request)))

    @routes.get("/{endpoint}", response_model=None, openapi_extra=answers(BatchEndpointBody))
    def get_batch_endpoint(ws: str, endpoint: str, request: Request) -> Json[BatchEndpointBody]:
        return Json(endpoint_body(ws, endpoints.get(workspaces.get(ws), endpoint), _address(request)))

    @routes.delete("/{endpoint}", status_code=204)
    def delete_batch_endpoint(ws: str, endpoint: str) -> None:
        endpoints.delete(workspaces.get(ws), endpoint)


def _add_deployments(routes: Routes, endpoints: BatchEndpointService, workspaces: WorkspaceService) -> None:
    @routes.get("/{endpoint}/deployments", response_model=None, openapi_extra=answers(Page[BatchDeploymentBody]))
    def list_batch_deployments(
        ws: str, endpoint: str, limit: Limit = 100, token: str | None = None
    ) -> Json[Page[BatchDeploymentBody]]:
        found = endpoints.deployments(workspaces.get(ws), endpoint, limit, token)
        following = found[-1].name if len(found) == limit else None
        return Json({"value": [deployment_body(ws, endpoint, record) for record in found], "next": following})

    @routes.put("/{endpoint}/deployments/{name}", response_model=None, openapi_extra=answers(BatchDeploymentBody))
    def put_batch_deployment(
        ws: str, endpoint: str, name: str, document: dict[str, Any], request: Request
    ) -> Json[BatchDeploymentBody]:
        _check_name(document, name)
        if document.get("endpoint_name", endpoint) != endpoint:
            raise LapisError(ErrorCode.USAGE, "The document's endpoint_name differs from the address.")
        by = request.state.principal.name
        record, warnings = endpoints.put_deployment(
            workspaces.get(ws), endpoint, name, {**document, "endpoint_name": endpoint}, by
        )
        return Json(deployment_body(ws, endpoint, record, warnings))

    @routes.get("/{endpoint}/deployments/{name}", response_model=None, openapi_extra=answers(BatchDeploymentBody))
    def get_batch_deployment(ws: str, endpoint: str, name: str) -> Json[BatchDeploymentBody]:
        record = endpoints.deployment(workspaces.get(ws), endpoint, name)
        return Json(deployment_body(ws, endpoint, record, record.runs.get("warnings") or ()))

    @routes.delete("/{endpoint}/deployments/{name}", status_code=204)
    def delete_batch_deployment(ws: str, endpoint: str, name: str) -> None:
        endpoints.delete_deployment(workspaces.get(ws), endpoint, name)


def _add_jobs(routes: Routes, endpoints: BatchEndpointService, jobs: JobService, workspaces: WorkspaceService) -> None:
    def body(workspace: Workspace, record: JobRecord, request: Request) -> JobBody:
        return job_body(workspace.name, record, jobs.standing(workspace, record), _address(request))

    def page(
        ws: str, request: Request, endpoint: str, deployment: str | None, limit: int, token: int | None
    ) -> Json[Page[JobBody]]:
        workspace = workspaces.get(ws)
        records, following = endpoints.jobs(workspace, endpoint, deployment, limit, token)
        found = [body(workspace, record, request) for record in records]
        return Json({"value": found, "next": None if following is None else str(following)})

    @routes.post("/{endpoint}/invoke", response_model=None, openapi_extra=answers(JobBody))
    def invoke_batch_endpoint(ws: str, endpoint: str, asking: dict[str, Any], request: Request) -> Json[JobBody]:
        workspace = workspaces.get(ws)
        record = endpoints.invoke(workspace, endpoint, asked.read(asking), request.state.principal.name)
        return Json(body(workspace, record, request))

    @routes.post("/{endpoint}/jobs", response_model=None, openapi_extra=answers(JobBody))
    def score_with_batch_endpoint(ws: str, endpoint: str, asking: dict[str, Any], request: Request) -> Json[JobBody]:
        given = azure_form.translated(asking) if azure_form.is_azure_form(asking) else asking
        named = request.headers.get(_DEPLOYMENT_HEADER)
        workspace = workspaces.get(ws)
        wanted = asked.read({**given, **({"deployment_name": named} if named else {})})
        record = endpoints.invoke(workspace, endpoint, wanted, request.state.principal.name)
        return Json(body(workspace, record, request))

    @routes.get("/{endpoint}/jobs/{name}", response_model=None, openapi_extra=answers(JobBody))
    def get_endpoint_job(ws: str, endpoint: str, name: str, request: Request) -> Json[JobBody]:
        workspace = workspaces.get(ws)
        return Json(body(workspace, endpoints.job(workspace, endpoint, name), request))

    @routes.get("/{endpoint}/jobs", response_model=None, openapi_extra=answers(Page[JobBody]))
    def list_endpoint_jobs(
        ws: str, endpoint: str, request: Request, limit: Limit = 100, token: int | None = None
    ) -> Json[Page[JobBody]]:
        return page(ws, request, endpoint, None, limit, token)

    @routes.get("/{endpoint}/deployments/{name}/jobs", response_model=None, openapi_extra=answers(Page[JobBody]))
    def list_deployment_jobs(
        ws: str, endpoint: str, name: str, request: Request, limit: Limit = 100, token: int | None = None
    ) -> Json[Page[JobBody]]:
        return page(ws, request, endpoint, name, limit, token)


def _check_name(document: dict[str, Any], name: str) -> None:
    if document.get("name", name) != name:
        raise LapisError(ErrorCode.USAGE, "The document's name differs from the address.")


def _address(request: Request) -> str:
    return str(request.base_url).rstrip("/")

"""Native HTTP routes of what pages show of pipelines."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.jobs.records import JobFilter
from lapisml.server.features.pipelines.shown import PipelinePages
from lapisml.server.features.pipelines.wire import (
    ComponentUser,
    PipelineGraph,
    PipelineLine,
    graph_body,
    picture_body,
    pipeline_line,
    user_body,
)
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes

Limit = Annotated[int, Query(ge=1, le=1000)]


def router(pages: PipelinePages, workspaces: WorkspaceService) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}")

    @routes.get("/pipelines", tags=["jobs"], response_model=None, openapi_extra=answers(Page[PipelineLine]))
    def list_pipelines(
        ws: str, limit: Limit = 50, token: str | None = None, status: str | None = None, text: str | None = None
    ) -> Json[Page[PipelineLine]]:
        """List pipeline jobs, newest first, with how far each is.

        Args:
            text: part of the name, the display name or the experiment's name.
        """
        if token is not None and not token.isdigit():
            raise LapisError(ErrorCode.USAGE, "The page token is not one of ours.")
        wanted = JobFilter(status=status, types=("pipeline",), text=text or None)
        found = pages.find(workspaces.get(ws), wanted, limit, None if token is None else int(token))
        following = str(found[-1].job.seq) if len(found) == limit else None
        return Json({"value": [pipeline_line(one) for one in found], "next": following})

    @routes.get("/jobs/{name}/graph", tags=["jobs"], response_model=None, openapi_extra=answers(PipelineGraph))
    def get_graph(ws: str, name: str) -> Json[PipelineGraph]:
        """Give a pipeline with the state of each of its steps."""
        return Json(graph_body(pages.show(workspaces.get(ws), name)))

    @routes.get(
        "/components/{name}/versions/{version}/graph",
        tags=["components"],
        response_model=None,
        openapi_extra=answers(PipelineGraph),
    )
    def get_component_graph(ws: str, name: str, version: str) -> Json[PipelineGraph]:
        """Give the graph of a pipeline component."""
        return Json(picture_body(name, pages.show_component(workspaces.get(ws), name, version)))

    @routes.get(
        "/components/{name}/versions/{version}/jobs",
        tags=["components"],
        response_model=None,
        openapi_extra=answers(Page[ComponentUser]),
    )
    def list_users(ws: str, name: str, version: str, limit: Limit = 50) -> Json[Page[ComponentUser]]:
        """List the pipelines and sweeps that name a component, newest first."""
        found = pages.users_of(workspaces.get(ws), name, version, limit)
        return Json({"value": [user_body(line) for line in found], "next": None})

    return routes

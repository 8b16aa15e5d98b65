"""Native HTTP routes of pages of environments."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from typing_extensions import TypedDict

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.wire import AssetBody, asset_body
from lapisml.server.features.jobs.uses import JobGlimpse
from lapisml.server.features.studio.environments import BuildBody, EnvironmentPages, JobEnvironmentBody
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.wire import timestamp


class JobUseBody(TypedDict):
    """A job that uses something."""

    name: str
    display_name: str
    type: str
    step: str | None
    parent: str | None
    experiment_name: str
    status: str
    created_at: str | None
    started_at: str | None
    ended_at: str | None


def router(pages: EnvironmentPages, workspaces: WorkspaceService) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}", tags=["studio"])

    @routes.get("/curated-environments", response_model=None, openapi_extra=answers(Page[AssetBody]))
    def list_curated(ws: str) -> Json[Page[AssetBody]]:
        """Give the environments that come with Lapis."""
        workspace = workspaces.get(ws)
        return Json({"value": [asset_body(workspace, one) for one in pages.curated(workspace)], "next": None})

    @routes.get("/environments/{name}/versions/{version}/build", response_model=None, openapi_extra=answers(BuildBody))
    def get_build(ws: str, name: str, version: str) -> Json[BuildBody]:
        """Say what was built of a version on this machine: Python, packages, log."""
        return Json(pages.build(workspaces.get(ws), name, version))

    @routes.get(
        "/environments/{name}/versions/{version}/jobs", response_model=None, openapi_extra=answers(Page[JobUseBody])
    )
    def list_users(
        ws: str, name: str, version: str, limit: Annotated[int, Query(ge=1, le=200)] = 50, token: str | None = None
    ) -> Json[Page[JobUseBody]]:
        """Give the jobs that use a version, newest first."""
        if token is not None and not token.isdigit():
            raise LapisError(ErrorCode.USAGE, "The page token is not one that this list gave.")
        found = pages.users(workspaces.get(ws), name, version, limit, int(token) if token else None)
        following = str(found[-1].seq) if len(found) == limit else None
        return Json({"value": [use_body(one) for one in found], "next": following})

    @routes.get("/jobs/{name}/environment", response_model=None, openapi_extra=answers(JobEnvironmentBody))
    def get_job_environment(ws: str, name: str) -> Json[JobEnvironmentBody | None]:
        """Give the environment of a job; null for a job without one."""
        return Json(pages.of_job(workspaces.get(ws), name))

    return routes


def use_body(job: JobGlimpse) -> JobUseBody:
    """Give the wire form of a job that uses something."""
    return {
        "name": job.name, "display_name": job.display_name, "type": job.type, "step": job.step,
        "parent": job.parent_name, "experiment_name": job.experiment_name, "status": job.status.value,
        "created_at": timestamp(job.created_at), "started_at": timestamp(job.started_at),
        "ended_at": timestamp(job.ended_at),
    }  # fmt: skip

"""Native HTTP routes of pages of models."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from lapisml.server.features.studio.models import MOST_VERSIONS, CandidateBody, MeasuredBody, ModelPages
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers

Versions = Annotated[list[str], Query(max_length=MOST_VERSIONS)]


def router(pages: ModelPages, workspaces: WorkspaceService) -> APIRouter:
    """Make the routes below ``/api/v1/workspaces/{ws}``."""
    routes = APIRouter(prefix="/api/v1/workspaces/{ws}", tags=["studio"])

    @routes.get("/models/{name}/measured", response_model=None, openapi_extra=answers(Page[MeasuredBody]))
    def measured_model(
        ws: str, name: str, signature: bool = False,
        version: Versions = [],  # noqa: B006 - the framework copies it
    ) -> Json[Page[MeasuredBody]]:  # fmt: skip
        """Give versions of a model with the runs that made them and where they are deployed."""
        return Json({"value": pages.measured(workspaces.get(ws), name, version, signature), "next": None})

    @routes.get("/jobs/{name}/models", response_model=None, openapi_extra=answers(Page[CandidateBody]))
    def model_candidates(ws: str, name: str) -> Json[Page[CandidateBody]]:
        """Give what a job or run left that can be registered as a model."""
        return Json({"value": pages.candidates(workspaces.get(ws), name), "next": None})

    return routes

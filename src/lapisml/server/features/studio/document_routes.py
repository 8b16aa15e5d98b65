"""Native HTTP routes with which an editor checks and completes documents."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from lapisml.core.errors import LapisError, Problem
from lapisml.core.ids import new_job_name
from lapisml.documents.drafts import Draft, read_draft
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.studio.document_wire import DraftBody, DraftProblem
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.openapi import Json, answers

KIND = "job"


class DraftText(BaseModel):
    """The text of a document that is being written."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=5_000_000)]


def router(jobs: JobService, workspaces: WorkspaceService) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/api/v1", tags=["documents"])

    @routes.get("/schemas/job", response_class=Response)
    def job_schema() -> Response:
        """Give the JSON schema of job documents of every type."""
        headers = {"Cache-Control": "private, max-age=3600"}
        return Response(_schema(), media_type="application/schema+json", headers=headers)

    @routes.post("/workspaces/{ws}/drafts/job", response_model=None, openapi_extra=answers(DraftBody))
    def check_draft(ws: str, body: DraftText) -> Json[DraftBody]:
        """Say what is wrong with a job document, line by line, and create nothing."""
        return Json(_checked(jobs, workspaces.get(ws), body.text))

    return routes


@lru_cache(maxsize=1)
def _schema() -> bytes:
    import orjson

    from lapisml.documents.registry import schema

    return orjson.dumps(schema(KIND))


def _checked(jobs: JobService, workspace: Workspace, text: str) -> DraftBody:
    draft = read_draft(KIND, text)
    if draft.document is None:
        return _body(draft, draft.problems, [])
    try:
        warnings = jobs.validate(workspace, draft.document).warnings
    except LapisError as error:
        found = draft.located(error.problems or [Problem(" ".join(filter(None, (error.message, error.hint))))])
        return _body(draft, found, [])
    return _body(draft, [], warnings)


def _body(draft: Draft, problems: list[Problem], warnings: list[str]) -> DraftBody:
    given = (draft.document or {}).get("name")
    return {
        "name": str(given) if given else new_job_name(),
        "document": None if problems else draft.document,
        "problems": [_problem(problem) for problem in problems],
        "warnings": warnings,
        "uploads": [
            {"path": list(one.path), "text": one.text, "name": one.name, "role": one.role} for one in draft.uploads
        ],
    }


def _problem(problem: Problem) -> DraftProblem:
    return {
        "message": problem.message,
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "expected": problem.expected,
        "suggestion": problem.suggestion,
    }

"""Native HTTP routes with which an editor checks and completes documents."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from lapisml.core.errors import LapisError, Problem
from lapisml.core.ids import new_job_name
from lapisml.documents.drafts import Draft, read_draft
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.studio.document_wire import DraftBody, DraftProblem
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.openapi import Json, answers
from lapisml.server.platform.routing import Routes

Kind = Literal["job", "environment", "component", "schedule"]
"""Kinds of documents that a page lets people write."""


class DraftText(BaseModel):
    """The text of a document that is being written."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=5_000_000)]


def router(jobs: JobService, workspaces: WorkspaceService) -> Routes:
    """Make the routes."""
    routes = Routes(prefix="/api/v1", tags=["documents"])

    @routes.get("/schemas/{kind}", response_class=Response)
    def document_schema(kind: Kind) -> Response:
        """Give the JSON schema of the documents of a kind, of every type."""
        headers = {"Cache-Control": "private, max-age=3600"}
        return Response(_schema(kind), media_type="application/schema+json", headers=headers)

    @routes.post("/workspaces/{ws}/drafts/{kind}", response_model=None, openapi_extra=answers(DraftBody))
    def check_draft(ws: str, kind: Kind, body: DraftText) -> Json[DraftBody]:
        """Say what is wrong with a document, line by line, and create nothing."""
        workspace = workspaces.get(ws)
        if kind == "job":
            return Json(_checked_job(jobs, workspace, body.text))
        draft = read_draft(kind, body.text)
        return Json(_body(draft, draft.problems, []))

    return routes


@lru_cache(maxsize=4)
def _schema(kind: Kind) -> bytes:
    import orjson

    from lapisml.documents.registry import schema

    return orjson.dumps(schema(kind))


def _checked_job(jobs: JobService, workspace: Workspace, text: str) -> DraftBody:
    draft = read_draft("job", text)
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

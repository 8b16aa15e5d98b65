"""Native HTTP routes of jobs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.jobs.logs import JobLogs
from lapisml.server.features.jobs.outputs import JobOutputs
from lapisml.server.features.jobs.records import JobFilter, JobRecord
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.jobs.stream import JobStream
from lapisml.server.features.jobs.wire import EventBody, JobBody, LogFile, OutputBody, event_body, job_body
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes

_ARCHIVED = {"active": False, "archived": True, "all": None}


def router(
    jobs: JobService, workspaces: WorkspaceService, logs: JobLogs, stream: JobStream, outputs: JobOutputs
) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}/jobs``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}/jobs", tags=["jobs"])
    _add_reading(routes, jobs, workspaces)
    _add_changing(routes, jobs, workspaces)
    _add_logs(routes, jobs, workspaces, logs, stream, outputs)
    return routes


def _add_reading(routes: Routes, jobs: JobService, workspaces: WorkspaceService) -> None:
    @routes.get("", response_model=None, openapi_extra=answers(Page[JobBody]))
    def list_jobs(
        ws: str,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        token: str | None = None,
        archived: str = "active",
        experiment_name: str | None = None,
        status: str | None = None,
        parent: str | None = None,
        tag: str | None = None,
    ) -> Json[Page[JobBody]]:
        workspace = workspaces.get(ws)
        if archived not in _ARCHIVED:
            raise LapisError(ErrorCode.USAGE, f"archived={archived} is none of {', '.join(_ARCHIVED)}.")
        wanted = JobFilter(_ARCHIVED[archived], experiment_name, status, parent, _tag(tag))
        records = jobs.find(workspace, wanted, limit, _page(token))
        following = str(records[-1].seq) if len(records) == limit else None
        address = str(request.base_url).rstrip("/")
        standings = zip(records, jobs.standings(workspace, records), strict=True)
        found = [job_body(ws, record, standing, address) for record, standing in standings]
        return Json({"value": found, "next": following})

    @routes.get("/{name}", response_model=None, openapi_extra=answers(JobBody))
    def get_job(ws: str, name: str, request: Request) -> Json[JobBody]:
        workspace = workspaces.get(ws)
        return _body(jobs, workspace, jobs.get(workspace, name), request)

    @routes.get("/{name}/events", response_model=None, openapi_extra=answers(Page[EventBody]))
    def get_events(ws: str, name: str, after: int = 0) -> Json[Page[EventBody]]:
        found = jobs.events(workspaces.get(ws), name, after)
        return Json({"value": [event_body(event) for event in found], "next": None})


def _add_changing(routes: Routes, jobs: JobService, workspaces: WorkspaceService) -> None:
    @routes.put("/{name}", response_model=None, openapi_extra=answers(JobBody))
    def put_job(ws: str, name: str, body: dict[str, Any], request: Request, validate_only: bool = False) -> Any:
        workspace = workspaces.get(ws)
        document = body.get("document")
        if not isinstance(document, dict):
            raise LapisError(ErrorCode.USAGE, "The body holds no `document`.")
        if validate_only:
            return {"warnings": jobs.validate(workspace, document).warnings}
        record = jobs.submit(workspace, name, document, body.get("git"), request.state.principal.name)
        return _body(jobs, workspace, record, request)

    @routes.patch("/{name}", response_model=None, openapi_extra=answers(JobBody))
    def patch_job(ws: str, name: str, body: dict[str, Any], request: Request) -> Json[JobBody]:
        workspace = workspaces.get(ws)
        return _body(jobs, workspace, jobs.update(workspace, name, body), request)

    @routes.post("/{name}/cancel", response_model=None, openapi_extra=answers(JobBody))
    def cancel_job(ws: str, name: str, request: Request) -> Json[JobBody]:
        workspace = workspaces.get(ws)
        return _body(jobs, workspace, jobs.cancel(workspace, name), request)

    @routes.post("/{name}/archive", response_model=None, openapi_extra=answers(JobBody))
    def archive_job(ws: str, name: str, request: Request) -> Json[JobBody]:
        workspace = workspaces.get(ws)
        return _body(jobs, workspace, jobs.set_archived(workspace, name, archived=True), request)

    @routes.post("/{name}/restore", response_model=None, openapi_extra=answers(JobBody))
    def restore_job(ws: str, name: str, request: Request) -> Json[JobBody]:
        workspace = workspaces.get(ws)
        return _body(jobs, workspace, jobs.set_archived(workspace, name, archived=False), request)


def _add_logs(
    routes: Routes,
    jobs: JobService,
    workspaces: WorkspaceService,
    logs: JobLogs,
    stream: JobStream,
    outputs: JobOutputs,
) -> None:
    @routes.get("/{name}/logs", response_model=None, openapi_extra=answers(Page[LogFile]))
    def list_logs(ws: str, name: str) -> Json[Page[LogFile]]:
        workspace = workspaces.get(ws)
        found = logs.files(workspace, jobs.get(workspace, name))
        return Json({"value": [{"path": item.path, "size": item.size} for item in found], "next": None})

    @routes.get("/{name}/logs/file")
    def read_log(
        ws: str, name: str, path: str, offset: int = 0, limit: Annotated[int, Query(ge=1, le=1 << 24)] = 1 << 22
    ) -> Response:
        workspace = workspaces.get(ws)
        part = logs.read(workspace, jobs.get(workspace, name), path, offset, limit)
        headers = {
            "X-Lapis-Size": str(part.size),
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": "attachment",
        }
        return Response(part.data, media_type="application/octet-stream", headers=headers)

    @routes.get("/{name}/stream")
    def stream_job(ws: str, name: str, after: int = 0, log_offset: int = 0, build_offset: int = 0) -> StreamingResponse:
        workspace = workspaces.get(ws)
        job = jobs.get(workspace, name)
        lines = stream.lines(workspace, job, after, log_offset, build_offset)
        return StreamingResponse(lines, media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})

    @routes.get("/{name}/outputs", response_model=None, openapi_extra=answers(Page[OutputBody]))
    def list_outputs(ws: str, name: str) -> Json[Page[OutputBody]]:
        workspace = workspaces.get(ws)
        found = outputs.all_of(workspace, jobs.get(workspace, name))
        return Json({"value": [{"name": o.name, "type": o.type, "uri": o.uri} for o in found], "next": None})


def _body(jobs: JobService, workspace: Workspace, record: JobRecord, request: Request) -> Json[JobBody]:
    address = str(request.base_url).rstrip("/")
    return Json(job_body(workspace.name, record, jobs.standing(workspace, record), address))


def _page(token: str | None) -> int | None:
    if token is None:
        return None
    if not token.isdigit():
        raise LapisError(ErrorCode.USAGE, "The page token is not one of ours.")
    return int(token)


def _tag(text: str | None) -> tuple[str, str | None] | None:
    if text is None:
        return None
    key, equals, value = text.partition("=")
    return key, value if equals else None

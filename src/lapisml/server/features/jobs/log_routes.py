"""Native HTTP routes with which a person looks at a log: its lines by number, a text in it, what comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from fastapi.responses import StreamingResponse

from lapisml.server.features.jobs.following import LogFollower
from lapisml.server.features.jobs.log_index import BLOCK, LogIndexes, Read
from lapisml.server.features.jobs.log_wire import LogMatches, LogWindow
from lapisml.server.features.jobs.logs import JobLogs
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.openapi import Json, answers
from lapisml.server.platform.routing import Routes

MOST_LINES = 2_000
MOST_MATCHES = 10_000


def router(jobs: JobService, workspaces: WorkspaceService, logs: JobLogs) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}/jobs``, to be put into the router of jobs."""
    routes = Routes(prefix="/{name}/logs")
    indexes, follower = LogIndexes(), LogFollower(jobs, logs)

    @routes.get("/lines", response_model=None, openapi_extra=answers(LogWindow))
    def read_lines(
        ws: str, name: str, path: str, first: int = 0, count: Annotated[int, Query(ge=0, le=MOST_LINES)] = 500
    ) -> Json[LogWindow]:
        workspace = workspaces.get(ws)
        job = jobs.get(workspace, name)
        found = indexes.window(_key(workspace, job, path), _reader(logs, workspace, job, path), first, count)
        body: LogWindow = {
            "value": found.lines,
            "first": found.first,
            "total": found.total,
            "end": found.end,
            "size": found.size,
            "is_whole": found.is_whole,
        }
        return Json(body)

    @routes.get("/find", response_model=None, openapi_extra=answers(LogMatches))
    def find(
        ws: str,
        name: str,
        path: str,
        text: Annotated[str, Query(min_length=1, max_length=1_000)],
        first: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_MATCHES)] = 1_000,
        match_case: bool = False,
    ) -> Json[LogMatches]:
        workspace = workspaces.get(ws)
        job = jobs.get(workspace, name)
        read = _reader(logs, workspace, job, path)
        found = indexes.find(_key(workspace, job, path), read, text, first, limit, match_case=match_case)
        return Json({"value": found.lines, "next_line": found.next_line})

    @routes.get("/follow")
    def follow(ws: str, name: str, path: str, offset: Annotated[int, Query(ge=0)] = 0) -> StreamingResponse:
        workspace = workspaces.get(ws)
        lines = follower.lines(workspace, jobs.get(workspace, name), path, offset)
        return StreamingResponse(lines, media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})

    @routes.get("/download")
    def download(ws: str, name: str, path: str) -> StreamingResponse:
        workspace = workspaces.get(ws)
        read = _reader(logs, workspace, jobs.get(workspace, name), path)
        _, size = read(0, 0)
        file = f"{name}-{path.rpartition('/')[2]}"
        headers = {
            "Content-Length": str(size),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file)}",
            "X-Content-Type-Options": "nosniff",
        }
        return StreamingResponse(_pieces(read, size), media_type="application/octet-stream", headers=headers)

    return routes


def _pieces(read: Read, size: int) -> Iterator[bytes]:
    """Give a log as far as it reached at first, piece by piece."""
    at = 0
    while at < size:
        data, _ = read(at, min(BLOCK, size - at))
        if not data:
            return
        at += len(data)
        yield data


def _key(workspace: Workspace, job: JobRecord, path: str) -> tuple[int, int, str]:
    return workspace.id, job.seq, path


def _reader(logs: JobLogs, workspace: Workspace, job: JobRecord, path: str) -> Read:
    def read(offset: int, limit: int) -> tuple[bytes, int]:
        part = logs.read(workspace, job, path, offset, limit)
        return part.data, part.size

    return read

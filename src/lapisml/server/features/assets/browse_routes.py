"""Native HTTP routes for looking at content: a folder's entries, a table's rows, a folder as one file."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from starlette.responses import StreamingResponse
from typing_extensions import TypedDict

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import safe_relative
from lapisml.server.features.assets.archives import zip_stream
from lapisml.server.features.assets.cells import Cell
from lapisml.server.features.assets.content import SAFE_HEADERS, ContentService
from lapisml.server.features.assets.formats import PARQUET, form_of
from lapisml.server.features.assets.rows import Rows, read_rows
from lapisml.server.features.assets.sampling import at_hand
from lapisml.server.features.workspaces.registries import PlaceFinder
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.wire import timestamp


class EntryBody(TypedDict):
    """A file or folder. `size`: bytes, null for a folder; `modified_at`: ISO 8601 in UTC, null when not known."""

    name: str
    is_folder: bool
    size: int | None
    modified_at: str | None


class TableColumnBody(TypedDict):
    """A column of a table and the type of its values."""

    name: str
    type: str


class TableBody(TypedDict):
    """Rows of a file that holds a table.

    Attributes:
        format: ``CSV``, ``TSV``, ``Parquet`` or ``JSON lines``.
        total: rows in all; null when only reading everything would tell.
        next: offset of the rows that follow; null at the end.
        columns_left_out: further columns that are not shown.
        is_head: the file lies in a remote store, and only its beginning was read.
    """

    format: str
    columns: list[TableColumnBody]
    rows: list[list[Cell]]
    total: int | None
    next: int | None
    columns_left_out: int
    is_head: bool


def add_browsing(routes: Routes, content: ContentService, workspaces: PlaceFinder) -> None:
    """Add the routes below ``content``."""

    @routes.get("/content/children", response_model=None, openapi_extra=answers(Page[EntryBody]))
    def list_children(
        ws: str,
        uri: str,
        path: str = "",
        limit: Annotated[int, Query(ge=1, le=10_000)] = 2_000,
        token: str | None = None,
    ) -> Json[Page[EntryBody]]:
        page = content.browser.children(workspaces.get(ws), uri, path, limit, token)
        found: list[EntryBody] = [
            {"name": e.name, "is_folder": e.is_folder, "size": e.size, "modified_at": timestamp(e.modified_at)}
            for e in page.value
        ]
        return Json({"value": found, "next": page.next})

    @routes.get("/content/table", response_model=None, openapi_extra=answers(TableBody))
    def get_table(
        ws: str,
        uri: str,
        path: str = "",
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
    ) -> Json[TableBody]:
        return Json(_table(content, workspaces.get(ws), (uri, path), offset, limit))

    @routes.get("/content/archive")
    def get_archive(ws: str, uri: str, path: str = "") -> StreamingResponse:
        workspace = workspaces.get(ws)
        files = (
            (name, file.modified_at, partial(content.storage.open_read, file.location))
            for name, file in content.browser.walk(workspace, uri, path)
        )
        name = f"{safe_relative(path).rpartition('/')[2] or uri.rstrip('/').rpartition('/')[2] or 'files'}.zip"
        kept = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        headers = {**SAFE_HEADERS, "Accept-Ranges": "none", "Content-Disposition": kept}
        return StreamingResponse(zip_stream(files), headers=headers, media_type="application/zip")


def _table(content: ContentService, workspace: Workspace, which: tuple[str, str], offset: int, limit: int) -> TableBody:
    file = content.browser.file(workspace, *which)
    form = form_of(file.name)
    if form is None:
        sentence = f"'{file.name}' is no table that can be read here."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, "CSV, TSV, Parquet and JSON lines are, by their ending.")
    with at_hand(content.storage, file, needs_all=form == PARQUET) as (local, is_whole):
        return _table_body(form, read_rows(local, form, offset, limit), offset, not is_whole)


def _table_body(form: str, found: Rows, offset: int, is_head: bool) -> TableBody:
    return {
        "format": form,
        "columns": [{"name": name, "type": kind} for name, kind in found.columns],
        "rows": found.rows,
        "total": found.total,
        "next": offset + len(found.rows) if found.has_more else None,
        "columns_left_out": found.columns_left_out,
        "is_head": is_head,
    }

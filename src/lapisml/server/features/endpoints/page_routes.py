"""Native HTTP routes of what the web page shows of endpoints: lists with figures, trying one, logs as they grow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query
from starlette.responses import StreamingResponse

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.server.features.endpoints.deployments import DeploymentService
from lapisml.server.features.endpoints.examples import Examples
from lapisml.server.features.endpoints.figures import Figures
from lapisml.server.features.endpoints.log_follow import LogFollower
from lapisml.server.features.endpoints.page_wire import (
    EndpointAnswer,
    EndpointForm,
    EndpointSummary,
    FiguresBody,
    answer_body,
    figures_body,
    summary_body,
)
from lapisml.server.features.endpoints.service import EndpointService, page
from lapisml.server.features.endpoints.trying import Trials
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes

Limit = Annotated[int, Query(ge=1, le=1000)]
Container = Literal["inference-server", "storage-initializer"]
_JSON = "application/json"


@dataclass(frozen=True)
class PageParts:
    """What the routes work with."""

    endpoints: EndpointService
    deployments: DeploymentService
    figures: Figures
    trials: Trials
    examples: Examples
    logs: LogFollower
    workspaces: WorkspaceService


def page_router(parts: PageParts) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}/online-endpoints``, and ``…/online-endpoint-summaries``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}", tags=["online endpoints"])
    _add_figures(routes, parts)
    _add_trials(routes, parts)

    @routes.get("/online-endpoints/{endpoint}/deployments/{name}/logs/follow")
    def follow_deployment_logs(
        ws: str, endpoint: str, name: str, container: Container = "inference-server"
    ) -> StreamingResponse:
        workspace = parts.workspaces.get(ws)
        parts.deployments.get(workspace, endpoint, name)
        lines = parts.logs.lines(workspace, endpoint, name, container)
        return StreamingResponse(lines, media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})

    return routes


def _add_figures(routes: Routes, parts: PageParts) -> None:
    @routes.get("/online-endpoint-summaries", response_model=None, openapi_extra=answers(Page[EndpointSummary]))
    def list_endpoint_summaries(ws: str, limit: Limit = 100, token: str | None = None) -> Json[Page[EndpointSummary]]:
        workspace = parts.workspaces.get(ws)
        found = parts.endpoints.all_of(workspace)
        indexes, following = page([one.name for one in found], limit, token)
        shown = [found[index] for index in indexes]
        views = parts.deployments.of_each(shown)
        value = [summary_body(ws, one, views[one.id], parts.figures.recent(workspace.name, one.name)) for one in shown]
        return Json({"value": value, "next": following})

    @routes.get("/online-endpoints/{name}/figures", response_model=None, openapi_extra=answers(FiguresBody))
    def get_endpoint_figures(ws: str, name: str) -> Json[FiguresBody]:
        workspace = parts.workspaces.get(ws)
        endpoint = parts.endpoints.get(workspace, name)
        return Json(figures_body(parts.figures.series(workspace.name, endpoint.name)))


def _add_trials(routes: Routes, parts: PageParts) -> None:
    @routes.post("/online-endpoints/{name}/try", response_model=None, openapi_extra=answers(EndpointAnswer))
    def try_endpoint(ws: str, name: str, asking: dict[str, Any]) -> Json[EndpointAnswer]:
        body, deployment, kind = (_text(asking, key) for key in ("body", "deployment", "content_type"))
        if "body" not in asking:
            raise _invalid("body", "the request, as text")
        found = parts.trials.ask(parts.workspaces.get(ws), name, body, deployment or None, kind or _JSON)
        return Json(answer_body(found))

    @routes.get("/online-endpoints/{name}/form", response_model=None, openapi_extra=answers(EndpointForm))
    def get_endpoint_form(ws: str, name: str, deployment: str | None = None) -> Json[EndpointForm]:
        workspace = parts.workspaces.get(ws)
        described = json.loads(parts.trials.description(workspace, name, deployment))
        asked = deployment or _main(parts.endpoints.get(workspace, name).traffic)
        views = {one.record.name: one for one in parts.deployments.all_of(workspace, name)}
        view = views.get(asked) or next(iter(views.values()), None)
        revision = (view.serving or view.revision) if view is not None else None
        return Json({"description": described, "example": parts.examples.of(workspace, revision)})


def _main(traffic: Mapping[str, int]) -> str:
    return max(traffic, key=lambda name: traffic[name], default="")


def _text(asking: Mapping[str, Any], key: str) -> str:
    given = asking.get(key)
    if given is not None and (not isinstance(given, str) or (key != "body" and not _is_header(given))):
        raise _invalid(key, "text" if key == "body" else "text that can stand in a header")
    return given or ""


def _is_header(text: str) -> bool:
    return text.isascii() and text.isprintable() and len(text) <= 256


def _invalid(key: str, expected: str) -> LapisError:
    problem = Problem("is not valid", key, expected=expected)
    return LapisError(ErrorCode.DOCUMENT_INVALID, "The request is not valid.", None, [problem])

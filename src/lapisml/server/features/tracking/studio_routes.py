"""Native HTTP routes of the table of runs, of curves and of kept views."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lapisml.core.clock import Clock
from lapisml.core.lifecycle import JobState
from lapisml.server.features.tracking.curves import MOST_POINTS, Axis, CurveQuery, Curves
from lapisml.server.features.tracking.run_query import JobNames, RunQuery, Shown, Wanted, read_filter, read_orders
from lapisml.server.features.tracking.run_table import MOST_COMPARED, RunTable
from lapisml.server.features.tracking.views import RunViews, View
from lapisml.server.features.tracking.wire import (
    CurveBody,
    ExperimentBody,
    RunCount,
    RunKeys,
    RunRow,
    ViewBody,
    curve_body,
    experiment_body,
    run_row,
)
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes

_MOST_ROWS = 500
_Key = Annotated[str, Field(max_length=250)]
_Keys = Annotated[list[_Key], Field(max_length=200)]
_Runs = Annotated[list[Annotated[str, Field(max_length=255)]], Field(max_length=MOST_COMPARED)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RunColumns(_Body):
    """What is given with each run."""

    metrics: _Keys = []
    params: _Keys = []
    tags: _Keys = []


class RunFilter(_Body):
    """Which runs; `filter` is MLflow's language, an empty list means all."""

    filter: Annotated[str, Field(max_length=20_000)] = ""
    experiments: Annotated[list[str], Field(max_length=500)] = []
    statuses: list[JobState] = []
    types: Annotated[list[str], Field(max_length=20)] = []
    view: Shown = Shown.ACTIVE
    top_level: bool = False

    def query(self, order_by: list[str]) -> RunQuery:
        """Read the filter.

        Raises:
            LapisError: Usage.
        """
        return RunQuery(
            clauses=read_filter(self.filter),
            orders=read_orders(order_by),
            experiments=tuple(self.experiments),
            statuses=tuple(self.statuses),
            types=tuple(self.types),
            shown=self.view,
            top_level=self.top_level,
        )


class RunSearch(RunFilter):
    """A page of the table of runs; `order_by` holds criteria such as ``metrics.acc DESC``."""

    order_by: Annotated[list[str], Field(max_length=5)] = []
    columns: RunColumns = RunColumns()
    limit: Annotated[int, Field(ge=1, le=_MOST_ROWS)] = 100
    token: str | None = None


class RunComparison(_Body):
    """Runs to compare."""

    runs: _Runs


class CurveSearch(_Body):
    """Curves to draw; without `keys` those of every metric. `start` and `end` are in the unit of `x`."""

    runs: _Runs
    keys: _Keys | None = None
    x: Axis = Axis.STEP
    points: Annotated[int, Field(ge=10, le=MOST_POINTS)] = 500
    start: float | None = None
    end: float | None = None


class ViewState(_Body):
    """What the page keeps as a view."""

    state: dict[str, Any]


def assemble(database: Database, clock: Clock, names: JobNames, workspaces: WorkspaceService) -> Routes:
    """Put together what the web page asks of runs, and give its routes."""
    return router(RunTable(database, names), Curves(database), RunViews(database, clock), workspaces)


def router(table: RunTable, curves: Curves, views: RunViews, workspaces: WorkspaceService) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}", tags=["runs"])
    _add_table(routes, table, workspaces)
    _add_comparing(routes, table, curves, workspaces)
    _add_views(routes, views, workspaces)
    return routes


def _add_table(routes: Routes, table: RunTable, workspaces: WorkspaceService) -> None:
    @routes.post("/runs/search", response_model=None, openapi_extra=answers(Page[RunRow]))
    def search_runs(ws: str, body: RunSearch) -> Json[Page[RunRow]]:
        """Give a page of the table of runs."""
        wanted = Wanted(tuple(body.columns.metrics), tuple(body.columns.params), tuple(body.columns.tags))
        found = table.page(workspaces.get(ws).id, body.query(body.order_by), wanted, body.limit, body.token)
        return Json({"value": [run_row(row) for row in found.items], "next": found.token})

    @routes.post("/runs/count", response_model=None, openapi_extra=answers(RunCount))
    def count_runs(ws: str, body: RunFilter) -> Json[RunCount]:
        """Count the runs that a search finds."""
        return Json({"total": table.count(workspaces.get(ws).id, body.query([]))})

    @routes.get("/runs/columns", response_model=None, openapi_extra=answers(RunKeys))
    def run_columns(ws: str, experiment: str | None = None) -> Json[RunKeys]:
        """Give the keys that the latest runs logged, of one experiment or of all."""
        found = table.keys(workspaces.get(ws).id, experiment)
        return Json({"metrics": found.metrics, "params": found.params, "tags": found.tags})

    @routes.get("/experiments", response_model=None, openapi_extra=answers(Page[ExperimentBody]))
    def list_experiments(ws: str) -> Json[Page[ExperimentBody]]:
        """Give the experiments, with how many of their runs are in which state."""
        found = table.experiments(workspaces.get(ws).id)
        return Json({"value": [experiment_body(row) for row in found], "next": None})


def _add_comparing(routes: Routes, table: RunTable, curves: Curves, workspaces: WorkspaceService) -> None:
    @routes.post("/runs/compare", response_model=None, openapi_extra=answers(Page[RunRow]))
    def compare_runs(ws: str, body: RunComparison) -> Json[Page[RunRow]]:
        """Give runs with all that they logged, in the order asked for."""
        found = table.compare(workspaces.get(ws).id, body.runs)
        return Json({"value": [run_row(row) for row in found], "next": None})

    @routes.post("/runs/curves", response_model=None, openapi_extra=answers(Page[CurveBody]))
    def run_curves(ws: str, body: CurveSearch) -> Json[Page[CurveBody]]:
        """Give curves with as many points as are worth drawing; every peak is among them."""
        keys = None if body.keys is None else tuple(body.keys)
        query = CurveQuery(tuple(body.runs), keys, body.x, body.points, body.start, body.end)
        found = curves.find(workspaces.get(ws).id, query)
        return Json({"value": [curve_body(curve) for curve in found], "next": None})


def _add_views(routes: Routes, views: RunViews, workspaces: WorkspaceService) -> None:
    @routes.get("/run-views", response_model=None, openapi_extra=answers(Page[ViewBody]))
    def list_views(ws: str, request: Request) -> Json[Page[ViewBody]]:
        """Give the views that the person keeps."""
        found = views.all_of(workspaces.get(ws).id, request.state.principal.name)
        return Json({"value": [{"name": view.name, "state": view.state} for view in found], "next": None})

    @routes.put("/run-views/{name}", status_code=204, response_class=Response)
    def keep_view(ws: str, name: str, body: ViewState, request: Request) -> None:
        """Keep a view, in the place of one of this name."""
        views.keep(workspaces.get(ws).id, request.state.principal.name, View(name, body.state))

    @routes.delete("/run-views/{name}", status_code=204, response_class=Response)
    def remove_view(ws: str, name: str, request: Request) -> None:
        """Forget a view."""
        views.remove(workspaces.get(ws).id, request.state.principal.name, name)

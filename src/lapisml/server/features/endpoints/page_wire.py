"""The wire form of what the web page shows of endpoints beyond their records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

from lapisml.server.features.endpoints.deployments import DeploymentView
from lapisml.server.features.endpoints.figures import EVERY_S, Point, merged
from lapisml.server.features.endpoints.health import endpoint_health, health_of
from lapisml.server.features.endpoints.records import EndpointRecord
from lapisml.server.features.endpoints.trying import Answer
from lapisml.server.features.endpoints.wire import OnlineEndpointBody, Replicas, endpoint_body


class EndpointFigures(TypedDict):
    """What an endpoint did in the last minute.

    Attributes:
        rate: answers per second.
        error_share: share of the answers with a status from 400 on, 0 to 1; None without answers.
        p50, p95, p99: seconds within which so many of a hundred answers came; None without answers.
        queued, in_flight: requests that wait, and that replicas work on, now.
    """

    rate: float
    error_share: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    queued: int
    in_flight: int


class DeploymentSummary(TypedDict):
    """A deployment in a list of endpoints."""

    name: str
    provisioning_state: str
    health: str
    traffic: int
    replicas: Replicas


class EndpointSummary(TypedDict):
    """An endpoint in a list, with all that a row shows.

    Attributes:
        health: None without deployments.
        figures: None before anything is known of it.
    """

    endpoint: OnlineEndpointBody
    health: str | None
    deployments: list[DeploymentSummary]
    figures: EndpointFigures | None


class FigureSeries(TypedDict):
    """Figures over time, each list as long as `at`; see `EndpointFigures`.

    Attributes:
        at: moments, milliseconds since the epoch.
        ready, wanted: replicas.
    """

    at: list[int]
    rate: list[float]
    error_share: list[float | None]
    p50: list[float | None]
    p95: list[float | None]
    p99: list[float | None]
    queued: list[int]
    in_flight: list[int]
    ready: list[int]
    wanted: list[int]


class FiguresBody(TypedDict):
    """Figures of an endpoint and of its deployments.

    Attributes:
        every_s: time between two moments, seconds.
    """

    every_s: float
    endpoint: FigureSeries
    deployments: dict[str, FigureSeries]


class EndpointAnswer(TypedDict):
    """What an endpoint answered to a request of the page.

    Attributes:
        seconds: how long it took.
        text: the body; empty when it is no text.
        size: of the body as far as it was read, bytes.
        is_cut: whether it goes on.
    """

    status: int
    seconds: float
    request_id: str
    deployment: str
    content_type: str
    text: str
    size: int
    is_cut: bool


class EndpointForm(TypedDict):
    """What an endpoint may be asked.

    Attributes:
        description: OpenAPI 2.0.
        example: a request that the model was saved with; None without one.
    """

    description: dict[str, Any]
    example: Any


def summary_body(
    workspace: str, endpoint: EndpointRecord, views: list[DeploymentView], recent: Point | None
) -> EndpointSummary:
    """Make a row of the list."""
    return {
        "endpoint": endpoint_body(workspace, endpoint),
        "health": endpoint_health(endpoint, views),
        "deployments": [_deployment_summary(view) for view in views],
        "figures": None if recent is None else _figures(recent),
    }


def figures_body(series: Mapping[str, list[Point]]) -> FiguresBody:
    """Make the figures of an endpoint."""
    return {
        "every_s": EVERY_S,
        "endpoint": _series(merged(series.values())),
        "deployments": {name: _series(points) for name, points in series.items()},
    }


def answer_body(answer: Answer) -> EndpointAnswer:
    """Make the record of an answer."""
    return {
        "status": answer.status,
        "seconds": answer.seconds,
        "request_id": answer.request_id,
        "deployment": answer.deployment,
        "content_type": answer.content_type,
        "text": answer.text,
        "size": answer.size,
        "is_cut": answer.is_cut,
    }


def _deployment_summary(view: DeploymentView) -> DeploymentSummary:
    running = view.running
    return {
        "name": view.record.name,
        "provisioning_state": view.record.state(view.revision).value,
        "health": health_of(view).value,
        "traffic": view.endpoint.traffic.get(view.record.name, 0),
        "replicas": {
            "ready": sum(replica.ready for replica in running.replicas) if running is not None else 0,
            "wanted": running.wanted if running is not None else 0,
        },
    }


def _figures(point: Point) -> EndpointFigures:
    return {
        "rate": point.rate,
        "error_share": point.error_share,
        "p50": point.quantile(0.5),
        "p95": point.quantile(0.95),
        "p99": point.quantile(0.99),
        "queued": point.queued,
        "in_flight": point.in_flight,
    }


def _series(points: list[Point]) -> FigureSeries:
    def times(share: float) -> list[float | None]:
        return [one.quantile(share) for one in points]

    return {
        "at": [one.at for one in points],
        "rate": [one.rate for one in points],
        "error_share": [one.error_share for one in points],
        "p50": times(0.5),
        "p95": times(0.95),
        "p99": times(0.99),
        "queued": [one.queued for one in points],
        "in_flight": [one.in_flight for one in points],
        "ready": [one.ready for one in points],
        "wanted": [one.wanted for one in points],
    }

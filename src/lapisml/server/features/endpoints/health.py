"""Whether deployments and endpoints do what they should, in one word each. Pure."""

from __future__ import annotations

from enum import StrEnum

from lapisml.server.features.endpoints.deployments import DeploymentView
from lapisml.server.features.endpoints.records import EndpointRecord, Provisioning


class Health(StrEnum):
    """How something gets on.

    ``Starting``: it has never answered yet. ``Degraded``: it answers, and something of it does not run as it should.
    """

    STARTING = "Starting"
    HEALTHY = "Healthy"
    DEGRADED = "Degraded"
    UNHEALTHY = "Unhealthy"


def health_of(view: DeploymentView) -> Health:
    """Judge a deployment."""
    state = view.record.state(view.revision)
    if view.record.serving is None:
        return Health.UNHEALTHY if state is Provisioning.FAILED else Health.STARTING
    running = view.running
    if running is None:
        return Health.UNHEALTHY
    ready = sum(replica.ready for replica in running.replicas)
    if running.state != "zero" and ready == 0:
        return Health.UNHEALTHY
    is_short = running.state != "zero" and ready < running.wanted
    return Health.DEGRADED if is_short or state is Provisioning.FAILED else Health.HEALTHY


def endpoint_health(endpoint: EndpointRecord, views: list[DeploymentView]) -> Health | None:
    """Judge an endpoint by the deployments that its requests go to, and then by the others; None without any."""
    if endpoint.error is not None:
        return Health.UNHEALTHY
    if not views:
        return None
    found = {view.record.name: health_of(view) for view in views}
    asked = [health for name, health in found.items() if endpoint.traffic.get(name)] or list(found.values())
    if Health.UNHEALTHY in asked:
        return Health.UNHEALTHY
    if all(health is Health.STARTING for health in asked):
        return Health.STARTING
    is_whole = all(health in (Health.HEALTHY, Health.STARTING) for health in found.values())
    return Health.HEALTHY if is_whole else Health.DEGRADED

"""Every noun's routes in one table."""

from __future__ import annotations

from importlib import import_module

from lapisml.server.surfaces.azure.arm import Handler, OperationReader
from lapisml.server.surfaces.azure.operations import operation_routes
from lapisml.server.surfaces.azure.routing import RouteTree
from lapisml.server.surfaces.azure.services import AzureServices

NOUNS = (
    "discovery",
    "subscriptions",
    "workspaces",
    "computes",
    "datastores",
    "refusals",
    "assets",
    "codes",
    "registries",
    "registry_assets",
    "connections",
    "feature_sets",
    "resolved_uris",
    "online_endpoints",
    "online_deployments",
    "batch_endpoints",
    "batch_jobs",
    "schedules",
    "jobs.resource",
    "jobs.history",
    "jobs.log_files",
)
"""Modules of `nouns`. Each has ``routes(services)``; one whose requests take time has ``operations(services)`` too."""


def route_tree(services: AzureServices) -> RouteTree[Handler]:
    """Make the tree in which handlers are found."""
    return RouteTree(all_routes(services))


def all_routes(services: AzureServices) -> dict[tuple[str, str], Handler]:
    """Gather the routes of every noun: (method, pattern) → handler.

    Raises:
        ValueError: two handlers have one address.
    """
    routes: dict[tuple[str, str], Handler] = {}
    readers: dict[str, OperationReader] = {}
    for noun in NOUNS:
        module = import_module(f"lapisml.server.surfaces.azure.nouns.{noun}")
        found: dict[tuple[str, str], Handler] = module.routes(services)
        twice = routes.keys() & found.keys()
        if twice:
            raise ValueError(f"{noun}: {sorted(twice)} have handlers already")
        routes.update(found)
        if hasattr(module, "operations"):
            readers.update(module.operations(services))
    return {**routes, **operation_routes(readers)}

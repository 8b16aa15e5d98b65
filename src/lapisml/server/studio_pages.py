"""Puts together what pages show of many features at once; part of the composition root."""

from __future__ import annotations

from dataclasses import dataclass

from lapisml.server.features.assets.finding import AssetFinder
from lapisml.server.features.jobs.assembly import JobsPart
from lapisml.server.features.jobs.board import JobBoard
from lapisml.server.features.jobs.uses import JobUses
from lapisml.server.features.studio import document_routes, environment_routes, lineage_routes, model_routes
from lapisml.server.features.studio.ancestry import Ancestry
from lapisml.server.features.studio.assembly import StudioPart, assemble
from lapisml.server.features.studio.environments import EnvironmentPages
from lapisml.server.features.studio.lineage import Lineage
from lapisml.server.features.studio.models import ModelPages
from lapisml.server.features.studio.overview import Machine, Overview
from lapisml.server.features.studio.pages import router
from lapisml.server.features.studio.search import Search, few
from lapisml.server.features.tracking.finding import RunFinder
from lapisml.server.parts import Backends, Features, LateFeatures, Platform
from lapisml.server.platform.routing import Routes


@dataclass(frozen=True)
class Pages:
    """What serves the web page: what tells it of changes, and the routes that only it asks."""

    part: StudioPart
    routes: tuple[Routes, ...]


def add_pages(platform: Platform, backends: Backends, features: Features, jobs: JobsPart, late: LateFeatures) -> Pages:
    """Make what pages need of all features; from now on these tell of their changes."""
    part = assemble(platform.database, platform.events, features.workspaces, features.tracking)
    late.endpoints.sampler.on_news = part.changes.tell
    models = ModelPages(platform.database, features.assets, features.tracking, backends.storage)
    of_models = model_routes.router(models, features.workspaces)
    return Pages(part, (part.routes, _spanning(platform, features, jobs, late), of_models))


def _spanning(platform: Platform, features: Features, jobs: JobsPart, late: LateFeatures) -> Routes:
    """Make the routes of overview, search, lines and use of computes, lineage, environments and drafts."""
    p, f = platform, features
    board, assets = JobBoard(p.database, jobs.service, f.computes), AssetFinder(p.database)
    kind = "sqlite" if p.database.is_sqlite else "postgresql"
    machine = Machine(p.settings.home, kind, p.clock.now_ms(), p.reserve.is_full)
    online, batch = late.endpoints, late.batch_endpoints.service
    overview = Overview(p.clock, board, assets, online.endpoints, online.deployments, batch, machine)
    lister = few(f.computes, f.datastores, f.connections, late.schedules.service, online.endpoints, batch)
    search = Search(RunFinder(p.database), JobUses(p.database), assets, lister)
    routes = Routes()
    routes.add(router(overview, search, board, f.workspaces, p.clock))
    routes.add(lineage_routes.router(Lineage(Ancestry(p.database, f.tracking)), f.workspaces))
    routes.add(document_routes.router(jobs.service, f.workspaces))
    root = p.settings.home / "environments"
    environments = EnvironmentPages(f.assets, jobs.service, JobUses(p.database), jobs.launcher, root)
    routes.add(environment_routes.router(environments, f.workspaces))
    return routes

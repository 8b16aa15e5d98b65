"""Puts the parts of the feature together; `server.app` gives what they stand on."""

from __future__ import annotations

from dataclasses import dataclass

from lapisml.server.features.studio.changes import Changes
from lapisml.server.features.studio.layer import ChangeLayer
from lapisml.server.features.studio.routes import router
from lapisml.server.features.studio.watch import ServerWatch
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.auth import AsgiApp
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.routing import Routes


@dataclass(frozen=True)
class StudioPart:
    """The feature: its routes, and what tells of changes."""

    changes: Changes
    routes: Routes

    def watched(self, app: AsgiApp) -> AsgiApp:
        """Put the layer that tells of changes in front of an application."""
        return ChangeLayer(app, self.changes)


def assemble(
    database: Database, events: EventBus, workspaces: WorkspaceService, tracking: TrackingService
) -> StudioPart:
    """Make the feature; from now on runs tell of their changes."""
    changes = Changes(events, ServerWatch(events, database, workspaces))
    tracking.runs.on_change = changes.tell_run
    return StudioPart(changes, router(changes, workspaces))

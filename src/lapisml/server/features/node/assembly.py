"""The parts of this feature."""

from __future__ import annotations

from dataclasses import dataclass

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.ports.storage import Storage
from lapisml.server.features.node.files import NodeFiles
from lapisml.server.features.node.routes import router
from lapisml.server.features.node.tickets import Tickets
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.vault import Vault


@dataclass(frozen=True)
class NodesPart:
    """What the feature is to others.

    Attributes:
        tickets: seals locations for jobs that run elsewhere.
        routes: its native routes.
    """

    tickets: Tickets
    routes: Routes


def assemble(vault: Vault, clock: Clock, storage: Storage, workspaces: WorkspaceService) -> NodesPart:
    """Make the feature."""

    def is_known(workspace: str) -> bool:
        try:
            workspaces.get(workspace)
        except LapisError:
            return False
        return True

    tickets = Tickets(vault, clock)
    return NodesPart(tickets, router(NodeFiles(tickets, storage, is_known)))

"""The parts of this feature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.ports.attach import Hold
from lapisml.ports.compute import Handle
from lapisml.ports.storage import Storage
from lapisml.server.features.node.files import NodeFiles
from lapisml.server.features.node.routes import router
from lapisml.server.features.node.tickets import Tickets
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.vault import Vault

Holder = Callable[[int, Handle], Hold]
"""Says what a feature knows of a job, by the workspace's id and the job's handle: `Hold.OVER` when it has none such."""


@dataclass(frozen=True)
class NodesPart:
    """What the feature is to others.

    Attributes:
        tickets: seals locations for jobs that run elsewhere.
        routes: its native routes.
    """

    tickets: Tickets
    routes: Routes


def assemble(
    vault: Vault, clock: Clock, storage: Storage, workspaces: WorkspaceService, holders: Sequence[Holder]
) -> NodesPart:
    """Make the feature.

    Args:
        holders: of the features whose jobs hold tickets.
    """

    def hold_of(job: Handle) -> Hold:
        try:
            workspace = workspaces.get(job.workspace)
        except LapisError:
            return Hold.OVER
        return next((hold for each in holders if (hold := each(workspace.id, job)) is not Hold.OVER), Hold.OVER)

    tickets = Tickets(vault, clock, hold_of)
    return NodesPart(tickets, router(NodeFiles(tickets, storage)))

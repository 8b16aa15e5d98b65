"""Puts the parts of the registries feature together; `server.app` gives what they stand on."""

from __future__ import annotations

from dataclasses import dataclass

from lapisml.ports.storage import Storage
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.datastores.service import DatastoreService
from lapisml.server.features.registries.routes import router
from lapisml.server.features.registries.service import RegistryService
from lapisml.server.features.registries.sharing import Sharing
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.routing import Routes


@dataclass(frozen=True)
class RegistriesPart:
    """The feature, put together."""

    service: RegistryService
    sharing: Sharing
    routes: Routes


def assemble(
    workspaces: WorkspaceService, datastores: DatastoreService, assets: AssetService, storage: Storage, url: str
) -> RegistriesPart:
    """Make the parts of the feature.

    Args:
        url: the server's public URL, without a slash at its end.
    """
    service, sharing = RegistryService(workspaces, assets), Sharing(assets, datastores, storage)
    return RegistriesPart(service, sharing, router(service, sharing, workspaces, url))

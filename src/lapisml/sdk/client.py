"""The client: one workspace of one server, with an attribute for each noun."""

from __future__ import annotations

import sys
from functools import cached_property
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.autostart import autostart_allowed, locate
from lapisml.sdk.config import choose_workspace, config_workspace
from lapisml.sdk.discovery import Address, home_folder
from lapisml.sdk.operations.assets import AssetOperations
from lapisml.sdk.operations.batch_deployments import BatchDeploymentOperations
from lapisml.sdk.operations.batch_endpoints import BatchEndpointOperations
from lapisml.sdk.operations.compute import ComputeOperations
from lapisml.sdk.operations.connections import ConnectionOperations
from lapisml.sdk.operations.datastores import DatastoreOperations
from lapisml.sdk.operations.jobs import JobOperations
from lapisml.sdk.operations.online_deployments import OnlineDeploymentOperations
from lapisml.sdk.operations.online_endpoints import OnlineEndpointOperations
from lapisml.sdk.operations.registries import RegistryOperations
from lapisml.sdk.operations.schedules import ScheduleOperations
from lapisml.sdk.operations.workspaces import WorkspaceOperations
from lapisml.sdk.poller import Poller
from lapisml.sdk.progress import suitable_progress
from lapisml.sdk.session import Session
from lapisml.sdk.transport import Transport

_LASTING = {
    "compute": "compute",
    "schedule": "schedules",
    "workspace": "workspaces",
    "registry": "registries",
    "online-endpoint": "online_endpoints",
    "online-deployment": "online_deployments",
    "batch-endpoint": "batch_endpoints",
    "batch-deployment": "batch_deployments",
}
"""Kind of entity → attribute of the client, of those that `MLClient.begin_create_or_update` takes."""


class MLClient:
    """A workspace of a Lapis server. Needs no arguments when a server runs here, or may be started here.

    Args:
        credential: a string is the access token; credentials of a cloud are taken and not asked, since Lapis
            has tokens of its own (LAPIS_TOKEN, or the file that the server leaves in its home).
        subscription_id: taken; a server has one subscription.
        resource_group_name: taken; a server has one resource group.
        workspace_name: the workspace; else LAPIS_WORKSPACE, config.json, ``lapis configure``, ``default``.
        url: the server's address; else LAPIS_URL, else the server over LAPIS_HOME.
        show_progress: whether uploads and downloads show bars, on a terminal.
        registry_name: a registry in the workspace's place: its models, data, environments and components.
    """

    def __init__(
        self,
        credential: Any = None,
        subscription_id: str | None = None,
        resource_group_name: str | None = None,
        workspace_name: str | None = None,
        *,
        url: str | None = None,
        show_progress: bool = True,
        registry_name: str | None = None,
    ) -> None:
        if workspace_name is not None and registry_name is not None:
            raise LapisError(ErrorCode.USAGE, "A client is of a workspace or of a registry, not of both.")
        token = credential if isinstance(credential, str) else None
        self._transport = Transport(lambda may_start: _find(url, token, may_start))
        workspace = "" if registry_name else choose_workspace(home_folder(), workspace_name)
        self._session = Session(self._transport, workspace, suitable_progress(show_progress), registry_name)
        self._subscription_id = subscription_id
        self._resource_group_name = resource_group_name

    @classmethod
    def from_config(
        cls, credential: Any = None, *, path: str | Path | None = None, file_name: str | None = None, **options: Any
    ) -> MLClient:
        """Make the client of the workspace that a ``config.json`` names.

        Args:
            credential: see the class.
            path: the file, or a folder that it is in or below; the working folder when left out.
            file_name: its name when it is not ``config.json``.
            options: further arguments of the class.

        Raises:
            LapisError: NotFound when there is no such file, or it names no workspace.
        """
        place = Path(path) if path is not None else Path.cwd()
        name = config_workspace(place.absolute(), file_name or "config.json")
        return cls(credential, workspace_name=name, **options)

    @property
    def workspace_name(self) -> str:
        """Name of the workspace; empty for the client of a registry."""
        return self._session.workspace

    @property
    def registry_name(self) -> str | None:
        """Name of the registry; None for the client of a workspace."""
        return self._session.registry

    @property
    def subscription_id(self) -> str | None:
        """What was given as the subscription."""
        return self._subscription_id

    @property
    def resource_group_name(self) -> str | None:
        """What was given as the resource group."""
        return self._resource_group_name

    @cached_property
    def jobs(self) -> JobOperations:
        """Jobs."""
        return JobOperations(self._session, _entity)

    @cached_property
    def data(self) -> AssetOperations:
        """Data assets."""
        return AssetOperations(self._session, "data", _entity)

    @cached_property
    def models(self) -> AssetOperations:
        """Registered models."""
        return AssetOperations(self._session, "model", _entity)

    @cached_property
    def environments(self) -> AssetOperations:
        """Environments."""
        return AssetOperations(self._session, "environment", _entity)

    @cached_property
    def components(self) -> AssetOperations:
        """Components."""
        return AssetOperations(self._session, "component", _entity)

    @cached_property
    def compute(self) -> ComputeOperations:
        """Computes."""
        return ComputeOperations(self._session, _entity)

    @cached_property
    def datastores(self) -> DatastoreOperations:
        """Datastores."""
        return DatastoreOperations(self._session, _entity)

    @cached_property
    def schedules(self) -> ScheduleOperations:
        """Schedules."""
        return ScheduleOperations(self._session, _entity)

    @cached_property
    def online_endpoints(self) -> OnlineEndpointOperations:
        """Online endpoints."""
        return OnlineEndpointOperations(self._session, _entity)

    @cached_property
    def online_deployments(self) -> OnlineDeploymentOperations:
        """Deployments of online endpoints."""
        return OnlineDeploymentOperations(self._session, _entity)

    @cached_property
    def batch_endpoints(self) -> BatchEndpointOperations:
        """Batch endpoints."""
        return BatchEndpointOperations(self._session, _entity)

    @cached_property
    def batch_deployments(self) -> BatchDeploymentOperations:
        """Deployments of batch endpoints."""
        return BatchDeploymentOperations(self._session, _entity)

    @cached_property
    def workspaces(self) -> WorkspaceOperations:
        """Workspaces."""
        return WorkspaceOperations(self._session, _entity)

    @cached_property
    def registries(self) -> RegistryOperations:
        """Registries."""
        return RegistryOperations(self._session, _entity)

    @cached_property
    def connections(self) -> ConnectionOperations:
        """Connections."""
        return ConnectionOperations(self._session, _entity)

    def create_or_update(self, entity: Any, **options: Any) -> Any:
        """Create or update a job, data asset, model, environment, component, datastore or connection."""
        return self._assets_of(entity).create_or_update(entity, **options)

    def begin_create_or_update(self, entity: Any, **options: Any) -> Poller[Any]:
        """Create or update an endpoint, a deployment, a compute, a schedule, a workspace or a registry."""
        noun = _LASTING.get(getattr(entity, "KIND", ""))
        if noun is None:
            hint = "Jobs and assets are made with create_or_update."
            raise LapisError(ErrorCode.USAGE, f"begin_create_or_update takes no {type(entity).__name__}.", hint)
        made: Poller[Any] = getattr(self, noun).begin_create_or_update(entity, **options)
        return made

    def _assets_of(self, entity: Any) -> Any:
        nouns = {"data": "data", "model": "models", "environment": "environments", "component": "components"}
        nouns |= {"job": "jobs", "datastore": "datastores", "connection": "connections"}
        kind = "component" if hasattr(entity, "__lapis_component__") else getattr(entity, "KIND", None)
        if kind not in nouns:
            hint = "Endpoints, deployments, computes, schedules and workspaces are made with begin_create_or_update."
            raise LapisError(ErrorCode.USAGE, f"create_or_update takes no {kind or type(entity).__name__}.", hint)
        return getattr(self, nouns[kind])

    def __repr__(self) -> str:
        if self.registry_name is not None:
            return f"MLClient(registry_name={self.registry_name!r})"
        return f"MLClient(workspace_name={self.workspace_name!r})"


def _find(url: str | None, token: str | None, may_start: bool) -> Address:
    start = may_start and autostart_allowed()
    found = locate(home_folder(), start=start, notify=_say, url=url, token=token)
    return found if token is None else Address(found.url, token)


def _entity(kind: str, record: dict[str, Any]) -> Any:
    from lapisml.sdk.entities import entity_of

    return entity_of(kind, record)


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")

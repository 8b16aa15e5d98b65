"""Workspaces."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from lapisml.documents.base import RECORD_KEYS, Document
from lapisml.documents.fields import AnyMapping, Choice, Flag, Text


class Workspace(Document):
    """A place of its own for jobs, data, models and everything else.

    The settings of Azure's own resources (network, keys, registries) are kept and shown; nothing here uses them.
    """

    KIND: ClassVar[str] = "workspace"
    NOUN: ClassVar[str] = "workspace"
    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | frozenset(
        "mlflow_tracking_uri discovery_url studio_url workspace_id".split()
    )

    display_name: Text | None = Field(None, description="a name for people")
    location: Text | None = Field(None, description="region")
    resource_group: Text | None = Field(None, description="resource group")
    hbi_workspace: Flag | None = Field(None, description="whether less is reported to the maker")
    storage_account: Text | None = Field(None, description="id of the storage account")
    container_registry: Text | None = Field(None, description="id of the container registry")
    key_vault: Text | None = Field(None, description="id of the key vault")
    application_insights: Text | None = Field(None, description="id of Application Insights")
    customer_managed_key: AnyMapping | None = Field(None, description="key that encrypts the workspace")
    image_build_compute: Text | None = Field(None, description="compute that builds images")
    public_network_access: Annotated[str, Choice("Enabled", "Disabled")] | None = Field(
        None, description="Enabled or Disabled"
    )
    network_acls: AnyMapping | None = Field(None, description="who may connect")
    managed_network: AnyMapping | None = Field(None, description="network of the workspace")
    provision_network_now: Flag | None = Field(None, description="whether the network is made at once")
    identity: AnyMapping | None = Field(None, description="identity of the workspace")
    primary_user_assigned_identity: Text | None = Field(None, description="id of an identity")
    serverless_compute: AnyMapping | None = Field(None, description="settings of serverless compute")
    system_datastores_auth_mode: Text | None = Field(None, description="how the first datastores are reached")
    workspace_hub: Text | None = Field(None, description="id of a hub")
    enable_data_isolation: Flag | None = Field(None, description="whether data is kept apart")
    allow_roleassignment_on_rg: Flag | None = Field(None, description="whether roles may be given on the group")
    feature_store_settings: AnyMapping | None = Field(None, description="settings of a feature store")

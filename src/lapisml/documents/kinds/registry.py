"""Registries: places for assets that several workspaces share."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from lapisml.documents.base import RECORD_KEYS, Document, Part
from lapisml.documents.fields import AnyMapping, Choice, FilledText, Flag, ListOf, Text


class StorageConfig(Part):
    """The storage account of a region."""

    storage_account_hns: Flag | None = Field(None, description="whether the account has a hierarchical namespace")
    storage_account_type: Text | None = Field(None, description="kind of the account, such as Standard_LRS")
    replication_count: Text | None = Field(None, description="how many accounts")
    replicated_ids: Annotated[list[Text], ListOf] | None = Field(None, description="ids of the accounts")


class ReplicationLocation(Part):
    """One region of a registry."""

    location: FilledText = Field(description="region")
    storage_config: StorageConfig | None = Field(None, description="storage of the region")


class IntellectualProperty(Part):
    """Whose assets these are."""

    publisher: Text | None = Field(None, description="the publisher")
    protection_level: Text | None = Field(None, description="all or none")


class Registry(Document):
    """A place for assets that every workspace of the server may use.

    The settings of Azure's own resources (regions, accounts, network) are kept and shown; nothing here uses them.
    """

    KIND: ClassVar[str] = "registry"
    NOUN: ClassVar[str] = "registry"
    READ_ONLY: ClassVar[frozenset[str]] = RECORD_KEYS | frozenset(
        "kind sku resource_group mlflow_registry_uri discovery_url identity".split()
    )

    display_name: Text | None = Field(None, description="a name for people")
    location: Text | None = Field(None, description="region")
    properties: AnyMapping | None = Field(None, description="further facts")
    public_network_access: Annotated[str, Choice("Enabled", "Disabled")] | None = Field(
        None, description="Enabled or Disabled"
    )
    replication_locations: Annotated[list[ReplicationLocation], ListOf] | None = Field(
        None, description="regions that have a copy"
    )
    intellectual_property: IntellectualProperty | None = Field(None, description="whose assets these are")
    container_registry: AnyMapping | Text | None = Field(None, description="id or settings of the container registry")
    managed_resource_group: Text | None = Field(None, description="id of the resource group of its services")

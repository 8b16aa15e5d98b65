"""Registries and connections under azure.ai.ml's names."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from lapisml.documents.base import Part
from lapisml.documents.fields import Choice
from lapisml.documents.kinds import connection, registry
from lapisml.documents.kinds.connection import ConnectionCredentials
from lapisml.sdk.entity import Entity


class Registry(registry.Registry, Entity):
    """A registry."""


class WorkspaceConnection(connection.Connection, Entity):
    """Another system, with the credentials for it.

    Args:
        values: keys of the document; `credentials` may be one of the classes that datastores and jobs take too.
    """

    def __init__(self, **values: Any) -> None:
        given = values.get("credentials")
        if isinstance(given, Part) and not isinstance(given, ConnectionCredentials):
            values["credentials"] = _credentials(given.to_dict())
        super().__init__(**values)

    @property
    def address(self) -> str | None:
        """Where the other system is, under whichever key the document says so."""
        return next((value for key in connection.TARGETS if (value := getattr(self, key)) is not None), None)


def _credentials(found: dict[str, Any]) -> dict[str, Any]:
    """Write credentials of a datastore or the identity of a job as credentials of a connection."""
    if str(found.get("type", "")).startswith("managed"):
        keys = {"client_id": found.get("client_id"), "resource_id": found.get("msi_resource_id")}
        return {"type": "managed_identity", **{key: value for key, value in keys.items() if value}}
    return found


class PatTokenConfiguration(ConnectionCredentials):
    """A personal access token."""

    type: Annotated[str, Choice("pat")] = Field("pat")


class UsernamePasswordConfiguration(ConnectionCredentials):
    """A name and a password."""

    type: Annotated[str, Choice("username_password")] = Field("username_password")


class ApiKeyConfiguration(ConnectionCredentials):
    """An API key."""

    type: Annotated[str, Choice("api_key")] = Field("api_key")


class AadCredentialConfiguration(ConnectionCredentials):
    """The caller's own identity in Azure."""

    type: Annotated[str, Choice("aad")] = Field("aad")


class NoneCredentialConfiguration(ConnectionCredentials):
    """No credentials."""

    type: Annotated[str, Choice("none")] = Field("none")


class AzureOpenAIConnection(WorkspaceConnection):
    """Azure OpenAI."""

    type: Annotated[str, Choice("azure_open_ai")] = Field("azure_open_ai")


class AzureAIServicesConnection(WorkspaceConnection):
    """Azure AI services."""

    type: Annotated[str, Choice("azure_ai_services")] = Field("azure_ai_services")


class AzureAISearchConnection(WorkspaceConnection):
    """Azure AI Search."""

    type: Annotated[str, Choice("azure_ai_search")] = Field("azure_ai_search")


class AzureContentSafetyConnection(WorkspaceConnection):
    """Azure AI Content Safety."""

    type: Annotated[str, Choice("azure_content_safety")] = Field("azure_content_safety")


class AzureSpeechServicesConnection(WorkspaceConnection):
    """Azure AI Speech."""

    type: Annotated[str, Choice("azure_speech_services")] = Field("azure_speech_services")


class APIKeyConnection(WorkspaceConnection):
    """Any system that an API key opens."""

    type: Annotated[str, Choice("api_key")] = Field("api_key")


class OpenAIConnection(WorkspaceConnection):
    """OpenAI."""

    type: Annotated[str, Choice("open_ai")] = Field("open_ai")


class SerpConnection(WorkspaceConnection):
    """The search service Serp."""

    type: Annotated[str, Choice("serp")] = Field("serp")


class ServerlessConnection(WorkspaceConnection):
    """A serverless endpoint."""

    type: Annotated[str, Choice("serverless")] = Field("serverless")


class AzureBlobStoreConnection(WorkspaceConnection):
    """A container of Azure Blob storage."""

    type: Annotated[str, Choice("azure_blob")] = Field("azure_blob")


class MicrosoftOneLakeConnection(WorkspaceConnection):
    """Microsoft OneLake."""

    type: Annotated[str, Choice("azure_one_lake")] = Field("azure_one_lake")
